"""The commands for an instance's packages, units and network, besides ``curl``; ``COMMANDS`` are all that it knows."""

from __future__ import annotations

import getopt
import re
from ipaddress import IPv4Network

from vpce_demo.sandbox.machines.curl import curl, seconds
from vpce_demo.sandbox.machines.files import FILES
from vpce_demo.sandbox.machines.httpd import UNITS, Site
from vpce_demo.sandbox.machines.shell import Run, Shell
from vpce_demo.sandbox.network.names import is_address
from vpce_demo.sandbox.network.pace import wait_until
from vpce_demo.sandbox.network.wire import ConnectionRefused, Unanswered

CONNECT_PATIENCE = "10"
"""AWS seconds until ``nc`` gives up, its own default."""
_ARCHITECTURE = re.compile(r"\.(x86_64|aarch64|noarch)$")
FIRST_FREE_PORT = 1024
"""The ports below are root's."""


async def whoami(shell: Shell, args: list[str]) -> int:
    shell.out(f"{shell.user}\n")
    return 0


async def hostname(shell: Shell, args: list[str]) -> int:
    shell.out(f"{shell.machine.interface.address if '-I' in args else shell.machine.hostname}\n")
    return 0


async def ip(shell: Shell, args: list[str]) -> int:
    if not args or not "address".startswith(args[0].lower()) or not args[0].startswith("a"):
        return shell.cannot("ip: only `ip addr' is known here", 255)
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
        return shell.cannot("nc: only -z, a test of the connection, is known here", 2)
    machine = shell.machine
    address = machine.resolve(host)
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


async def getent(shell: Shell, args: list[str]) -> int:
    """``getent hosts NAME...``, also ``ahosts`` and ``ahostsv4``: the addresses of names; 2 for one that is unknown."""
    database, *wanted = args or [""]
    if database not in ("hosts", "ahosts", "ahostsv4") or not wanted:
        return shell.cannot("getent: only `getent hosts NAME' is known here")
    code = 0
    for name in wanted:
        found = shell.machine.addresses(name)
        code = code if found else 2
        for at, address in enumerate(found):
            if database == "hosts":
                shell.out(f"{address:15} {name}\n")
            else:
                shell.out(f"{address:15} STREAM {'' if at else name}".rstrip() + "\n")
    return code


async def dig(shell: Shell, args: list[str]) -> int:
    """``dig [+short] NAME``: its addresses, as the resolver of the VPC answers."""
    names = [each for each in args if each not in ("+short", "A")]
    if len(names) != 1 or names[0].startswith(("+", "-", "@")):
        return shell.cannot("dig: only `dig [+short] NAME' is known here")
    name = names[0].rstrip(".")
    found = () if is_address(name) else shell.machine.addresses(name)
    if "+short" in args:
        shell.out("".join(f"{each}\n" for each in found))
        return 0
    shell.out(f";; status: {'NOERROR' if found else 'NXDOMAIN'}\n\n;; QUESTION SECTION:\n;{name}. IN A\n")
    if found:
        shell.out("\n;; ANSWER SECTION:\n" + "".join(f"{name}. 60 IN A {each}\n" for each in found))
    return 0


async def nslookup(shell: Shell, args: list[str]) -> int:
    """``nslookup NAME``: its addresses, as the resolver of the VPC answers."""
    if len(args) != 1 or args[0].startswith("-"):
        return shell.cannot("nslookup: only `nslookup NAME' is known here")
    found = shell.machine.addresses(args[0])
    server = IPv4Network(shell.machine.vpc.cidrs[0])[2]
    shell.out(f"Server:\t\t{server}\nAddress:\t{server}#53\n\n")
    if not found:
        shell.out(f"** server can't find {args[0]}: NXDOMAIN\n")
        return 1
    shell.out("Non-authoritative answer:\n" + "".join(f"Name:\t{args[0]}\nAddress: {each}\n" for each in found))
    return 0


async def dnf(shell: Shell, args: list[str]) -> int:
    """``dnf install [-y] PACKAGE...``, ``update``, ``upgrade``, ``makecache``, ``clean``: packages are the newest."""
    verb, *packages = [each for each in args if not each.startswith("-")] or [""]
    if verb not in ("install", "update", "upgrade", "makecache", "clean") or (verb == "install" and not packages):
        return shell.cannot(f"dnf: {verb or 'nothing'}: only `dnf install' and `dnf update' are known here")
    if shell.user != "root":
        shell.err(
            "Error: This command has to be run with superuser privileges (under the root user on most systems).\n"
        )
        return 1
    wanted = [_ARCHITECTURE.sub("", each) for each in packages] if verb == "install" else []
    return 0 if await shell.machine.install(wanted, lambda line: shell.out(f"{line}\n"), shell.not_known) else 1


async def amazon_linux_extras(shell: Shell, args: list[str]) -> int:
    """``amazon-linux-extras install TOPIC...`` of Amazon Linux 2: ``nginx1`` brings nginx, ``python3.8`` python3."""
    verb, *topics = [each for each in args if not each.startswith("-")] or [""]
    if verb != "install" or not topics:
        return 0 if verb == "enable" else shell.cannot(f"amazon-linux-extras: {verb}: only `install' is known here")
    named = [re.match(r"[a-z_-]*", each.lower())[0] for each in topics]  # type: ignore[index]
    return await dnf(shell, ["install", *("python3" if each == "python" else each for each in named)])


async def rpm(shell: Shell, args: list[str]) -> int:
    """``rpm -q PACKAGE...``: whether packages are installed; the exit code is the number of those that are not."""
    packages = [each for each in args if not each.startswith("-")]
    if "-q" not in args or not packages:
        return shell.cannot("rpm: only `rpm -q PACKAGE' is known here")
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
    """The verbs ``start``, ``stop``, ``restart``, ``reload``, ``enable [--now]``, ``disable``, ``status``,
    ``is-active``, for the units in ``UNITS``."""
    machine = shell.machine
    words = [each for each in args if not each.startswith("-")]
    verb, units = (words[0], [each.removesuffix(".service") for each in words[1:]]) if words else ("", [])
    if verb in ("daemon-reload",) and not units:
        return 0
    if verb not in ("start", "stop", "restart", "reload", "enable", "disable", "status", "is-active") or not units:
        return shell.cannot(f"systemctl: unknown or incomplete command: {' '.join(args)[:200]}")
    code = 0
    for unit in units:
        active = machine.is_active(unit)
        if verb == "is-active":
            shell.out("active\n" if active else "inactive\n")
            code = code if active else 3
        elif not machine.has_unit(unit):
            if machine.disk.path(f"/etc/systemd/system/{unit}.service").exists():
                shell.not_known(
                    f"systemctl: {unit}.service, a unit of one's own: only {', '.join(UNITS)} are known here"
                )
            code = _unknown_unit(shell, verb, unit)
        elif verb == "status":
            enabled = "enabled" if machine.is_enabled(unit) else "disabled"
            shell.out(
                f"{'●' if active else '○'} {unit}.service - {UNITS[unit].title}\n"
                f"     Loaded: loaded (/usr/lib/systemd/system/{unit}.service; {enabled})\n"
                f"     Active: {'active (running)' if active else 'inactive (dead)'}\n"
            )
            code = code if active else 3
        else:
            if verb in ("enable", "disable"):
                machine.set_enabled(unit, verb == "enable")
            now = "--now" in args
            again = verb == "restart" or (verb == "reload" and active)
            if verb == "stop" or again or (verb == "disable" and now):
                await machine.stop_unit(unit)
            starts = verb == "start" or again or (verb == "enable" and now)
            for name in UNITS[unit].left_out(machine.disk) if starts else ():
                shell.not_known(f"{unit}: {name} is not read: of {UNITS[unit].settings} only port and folder are")
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


async def service(shell: Shell, args: list[str]) -> int:
    """``service UNIT VERB``, as ``systemctl VERB UNIT``."""
    if len(args) != 2:
        return shell.cannot("service: only `service UNIT VERB' is known here")
    shell.out(f"Redirecting to /bin/systemctl {args[1]} {args[0]}.service\n")
    return await systemctl(shell, [args[1], args[0]])


async def chkconfig(shell: Shell, args: list[str]) -> int:
    """``chkconfig UNIT on``, as ``systemctl enable UNIT``."""
    if len(args) != 2 or args[1] not in ("on", "off"):
        return shell.cannot("chkconfig: only `chkconfig UNIT on' and `off' are known here")
    return await systemctl(shell, ["enable" if args[1] == "on" else "disable", args[0]])


async def python(shell: Shell, args: list[str]) -> int:
    """``python3 -m http.server [-d FOLDER] [-b ADDRESS] [PORT]``: serves a folder until it is ended.

    It listens on all addresses: the instance has one interface.
    """
    try:
        options, rest = getopt.gnu_getopt(args[2:], "b:d:", ["bind=", "directory="])
        port = int(rest[0]) if rest else 8000
    except (getopt.GetoptError, ValueError):
        port = 0
    if args[:2] != ["-m", "http.server"] or not 0 < port < 65536 or len(rest) > 1:
        return shell.cannot("python3: only `python3 -m http.server PORT' is known here")
    folder = next((value for name, value in options if name in ("-d", "--directory")), ".")
    if port < FIRST_FREE_PORT and shell.user != "root":
        shell.err("PermissionError: [Errno 13] Permission denied\n")
        return 1
    try:
        await shell.machine.serve(port, Site(shell.machine.disk, shell.absolute(folder), "SimpleHTTP", lists=True))
    except OSError as error:
        shell.err(f"OSError: [Errno {error.errno}] {error.strerror}\n")
    return 1


async def no_effect(shell: Shell, args: list[str]) -> int:
    """Owners, modes, users and the like: accepted, and nothing here depends on them."""
    return 0


NO_EFFECT = ("chgrp", "chmod", "chown", "groupadd", "hostnamectl", "sync", "timedatectl", "useradd", "usermod")

COMMANDS: dict[str, Run] = {
    **FILES,
    **dict.fromkeys(NO_EFFECT, no_effect),
    "amazon-linux-extras": amazon_linux_extras,
    "chkconfig": chkconfig,
    "curl": curl,
    "dig": dig,
    "dnf": dnf,
    "getent": getent,
    "hostname": hostname,
    "ip": ip,
    "nc": nc,
    "nslookup": nslookup,
    "python": python,
    "python3": python,
    "rpm": rpm,
    "service": service,
    "sleep": sleep,
    "systemctl": systemctl,
    "whoami": whoami,
    "yum": dnf,
}
