"""The commands an instance knows, besides ``curl``."""

from __future__ import annotations

import getopt
from ipaddress import IPv4Network

from vpce_demo.sandbox.machines.curl import curl, seconds
from vpce_demo.sandbox.machines.shell import Run, Shell
from vpce_demo.sandbox.network.names import resolve
from vpce_demo.sandbox.network.pace import wait_until
from vpce_demo.sandbox.network.wire import ConnectionRefused, Unanswered

CONNECT_PATIENCE = "10"
"""AWS seconds until ``nc`` gives up, its own default."""


async def cat(shell: Shell, args: list[str]) -> int:
    code = 0
    for name in args:
        try:
            shell.out(shell.machine.disk.path(name).read_text("utf-8", "surrogateescape"))
        except (OSError, ValueError) as error:
            shell.err(f"cat: {name}: {_reason(error)}\n")
            code = 1
    return code


async def ls(shell: Shell, args: list[str]) -> int:
    code = 0
    for name in [each for each in args if not each.startswith("-")] or ["."]:
        try:
            path = shell.machine.disk.path(name)
            if path.is_dir():
                shell.out("".join(f"{each}\n" for each in sorted(file.name for file in path.iterdir())))
            elif path.exists():
                shell.out(f"{name}\n")
            else:
                raise FileNotFoundError(2, "No such file or directory")
        except (OSError, ValueError) as error:
            shell.err(f"ls: cannot access '{name}': {_reason(error)}\n")
            code = 2
    return code


async def echo(shell: Shell, args: list[str]) -> int:
    bare = args[:1] == ["-n"]
    shell.out(" ".join(args[bare:]) + ("" if bare else "\n"))
    return 0


async def whoami(shell: Shell, args: list[str]) -> int:
    shell.out(f"{shell.user}\n")
    return 0


async def hostname(shell: Shell, args: list[str]) -> int:
    shell.out(f"{shell.machine.interface.address if '-I' in args else shell.machine.hostname}\n")
    return 0


async def ip(shell: Shell, args: list[str]) -> int:
    if not args or not "address".startswith(args[0].lower()) or not args[0].startswith("a"):
        shell.err("ip: only `ip addr' is known here\n")
        return 255
    prefix = IPv4Network(shell.machine.subnet.cidr).prefixlen
    shell.out(
        "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536\n"
        "    inet 127.0.0.1/8 scope host lo\n"
        "2: ens5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9001\n"
        f"    inet {shell.machine.interface.address}/{prefix} scope global dynamic ens5\n"
    )
    return 0


async def nc(shell: Shell, args: list[str]) -> int:
    """``nc -z [-v] [-w seconds] host port``: whether a TCP connection comes about."""
    try:
        options, rest = getopt.gnu_getopt(args, "zvw:4n")
        within = seconds(dict(options).get("-w", CONNECT_PATIENCE))
        host, port = rest[0], int(rest[1])
    except (getopt.GetoptError, ValueError, IndexError):
        shell.err("usage: nc -z [-v] [-w seconds] host port\n")
        return 2
    if ("-z", "") not in options:
        shell.err("nc: only -z, a test of the connection, is known here\n")
        return 2
    machine = shell.machine
    address = resolve(machine.wire.view(), host)
    if address is None:
        shell.err(f'Ncat: Could not resolve hostname "{host}": Name or service not known.\n')
        return 2
    try:
        async with machine.wire.connect(machine.interface.id, address, port, within):
            pass
    except ConnectionRefused:
        shell.err("Ncat: Connection refused.\n")
        return 1
    except Unanswered:
        shell.err("Ncat: TIMEOUT.\n")
        return 1
    if ("-v", "") in options:
        shell.err(f"Ncat: Connected to {address}:{port}.\n")
    return 0


async def dnf(shell: Shell, args: list[str]) -> int:
    """``dnf install PACKAGE...``."""
    words = [each for each in args if not each.startswith("-")]
    if words[:1] != ["install"] or not words[1:]:
        shell.err("dnf: only `dnf install' is known here\n")
        return 1
    if shell.user != "root":
        shell.err(
            "Error: This command has to be run with superuser privileges (under the root user on most systems).\n"
        )
        return 1
    return 0 if await shell.machine.install(words[1:], lambda line: shell.out(f"{line}\n")) else 1


async def rpm(shell: Shell, args: list[str]) -> int:
    """``rpm -q PACKAGE...``: whether packages are installed; the exit code is the number of those that are not."""
    packages = [each for each in args if not each.startswith("-")]
    if "-q" not in args or not packages:
        shell.err("rpm: only `rpm -q PACKAGE' is known here\n")
        return 1
    missing = [each for each in packages if not shell.machine.has_package(each)]
    for each in packages:
        shell.out(f"package {each} is not installed\n" if each in missing else f"{each}\n")
    return min(len(missing), 255)


async def sleep(shell: Shell, args: list[str]) -> int:
    """``sleep SECONDS``, on AWS's clock."""
    try:
        (pause,) = args
        await wait_until(shell.machine.clock, shell.machine.clock.now(), seconds(pause))
    except ValueError:
        shell.err("usage: sleep seconds\n")
        return 1
    return 0


async def systemctl(shell: Shell, args: list[str]) -> int:
    """The verbs ``start``, ``stop``, ``restart``, ``enable [--now]``, ``disable``, ``status``, ``is-active``."""
    machine = shell.machine
    words = [each for each in args if not each.startswith("-")]
    verb, units = (words[0], [each.removesuffix(".service") for each in words[1:]]) if words else ("", [])
    if verb in ("daemon-reload",) and not units:
        return 0
    if verb not in ("start", "stop", "restart", "reload", "enable", "disable", "status", "is-active") or not units:
        shell.err(f"systemctl: unknown or incomplete command: {' '.join(args)[:200]}\n")
        return 1
    code = 0
    for unit in units:
        active = machine.is_active(unit)
        if verb == "is-active":
            shell.out("active\n" if active else "inactive\n")
            code = code if active else 3
        elif not machine.has_unit(unit):
            code = _unknown_unit(shell, verb, unit)
        elif verb == "status":
            enabled = "enabled" if machine.is_enabled(unit) else "disabled"
            shell.out(
                f"{'●' if active else '○'} {unit}.service - The Apache HTTP Server\n"
                f"     Loaded: loaded (/usr/lib/systemd/system/{unit}.service; {enabled})\n"
                f"     Active: {'active (running)' if active else 'inactive (dead)'}\n"
            )
            code = code if active else 3
        else:
            if verb in ("enable", "disable"):
                machine.set_enabled(unit, verb == "enable")
            now = "--now" in args
            if verb in ("stop", "restart") or (verb == "disable" and now):
                await machine.stop_unit(unit)
            starts = verb in ("start", "restart") or (verb == "enable" and now)
            if starts and not await machine.start_unit(unit):
                shell.err(f"Job for {unit}.service failed because the control process exited with error code.\n")
                code = 1
    return code


def _unknown_unit(shell: Shell, verb: str, unit: str) -> int:
    if verb == "status":
        shell.err(f"Unit {unit}.service could not be found.\n")
        return 4
    if verb in ("enable", "disable"):
        shell.err(f"Failed to {verb} unit: Unit file {unit}.service does not exist.\n")
        return 1
    shell.err(f"Failed to {verb} {unit}.service: Unit {unit}.service not found.\n")
    return 5


def _reason(error: Exception) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)


COMMANDS: dict[str, Run] = {
    "cat": cat,
    "curl": curl,
    "dnf": dnf,
    "echo": echo,
    "hostname": hostname,
    "ip": ip,
    "ls": ls,
    "nc": nc,
    "rpm": rpm,
    "sleep": sleep,
    "systemctl": systemctl,
    "whoami": whoami,
    "yum": dnf,
}
