"""One virtual machine: its disk, packages, units and servers, its first boot, and its boot log."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import ssl
from collections.abc import Callable, Coroutine, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vpce_demo.sandbox import timing
from vpce_demo.sandbox.client import NOT_UNDERSTOOD
from vpce_demo.sandbox.clock import Clock
from vpce_demo.sandbox.machines import user_data
from vpce_demo.sandbox.machines.commands import COMMANDS
from vpce_demo.sandbox.machines.disk import Disk
from vpce_demo.sandbox.machines.httpd import UNITS, Site
from vpce_demo.sandbox.machines.shell import Run, Session, Shell, reason
from vpce_demo.sandbox.network.http import BadMessage, read_head
from vpce_demo.sandbox.network.names import MIRROR_LIST, addresses
from vpce_demo.sandbox.network.pace import cancelled, wait_until
from vpce_demo.sandbox.network.tls import client_context
from vpce_demo.sandbox.network.wire import ConnectionRefused, Server, Unanswered, Wire
from vpce_demo.sandbox.store.view import Instance, Interface, Subnet, Vpc

if TYPE_CHECKING:
    from vpce_demo.sandbox.machines.sshd import Sshd

log = logging.getLogger(__name__)

DOWNLOAD_PATIENCE = 30.0
"""AWS seconds until the package manager gives up on a repository that does not answer."""
LONGEST_LOG = 2000
"""Lines the boot log keeps."""
LONGEST_OUTPUT = 1 << 18
"""Characters of one piece of output that the boot log looks at, from its end."""
SCRIPTS = "/var/lib/cloud/instance/scripts"
"""Where cloud-init keeps the scripts of the user data, which are named after it."""
MOST_NOT_UNDERSTOOD = 50
PACKAGES = frozenset(
    [
        *("httpd", "nginx", "python3"),
        # What such scripts like to install too.  It brings no program here.
        *("amazon-ssm-agent", "awscli", "awscli-2", "bind-utils", "ca-certificates", "cronie", "curl", "git", "htop"),
        *("httpd-tools", "jq", "mod_ssl", "nano", "net-tools", "nmap-ncat", "python3-pip", "rsyslog", "tar", "tcpdump"),
        *("telnet", "tmux", "traceroute", "tree", "unzip", "vim", "wget", "zip"),
    ]
)
"""What can be installed."""
RELEASE_FILES = {
    "/etc/dnf/vars/awsdomain": "{domain}\n",
    "/etc/dnf/vars/awsregion": "{region}\n",
    "/etc/yum.repos.d/amazonlinux.repo": "[amazonlinux]\nname=Amazon Linux 2023 repository\nmirrorlist={mirrors}\n"
    "priority=10\nenabled=1\nrepo_gpgcheck=0\ntype=rpm\ngpgcheck=1\n"
    "gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-amazon-linux-2023\n",
}
"""Files that Amazon Linux 2023 comes with, and from which a learner reads where its packages are."""


class Machine:
    """A running or stopped instance.  Its disk outlives ``shut_down``, as an EBS volume does.

    ``install_error`` is asked at each installation: why it fails, or nothing.  ``not_understood`` is what the sandbox
    did not understand in its user data, each thing once.
    """

    def __init__(
        self, instance: Instance, root: Path, wire: Wire, clock: Clock, install_error: Callable[[], str] = str
    ) -> None:
        self.id, self.wire, self.clock = instance.id, wire, clock
        self._install_error = install_error
        self.commands: Mapping[str, Run] = COMMANDS
        self.console: list[str] = []
        self.not_understood: list[str] = []
        self.running_since: float | None = None
        self._root = root
        self._disk: Disk | None = None
        self._packages: set[str] = set()
        self._enabled: set[str] = set()
        self._units: dict[str, Server] = {}
        self._jobs: set[asyncio.Task[None]] = set()
        self._sshd: Sshd | None = None
        self._life: asyncio.Task[None] | None = None
        self._has_booted = True

    # Facts

    @property
    def disk(self) -> Disk:
        if self._disk is None:
            self._disk = Disk(self._root)
            mirrors = MIRROR_LIST.format(
                region="$awsregion", domain="$awsdomain", release="$releasever", architecture="$basearch"
            )
            for path, text in RELEASE_FILES.items():
                self._disk.write(path, text.format(region=self._region, domain=self._domain, mirrors=mirrors).encode())
        return self._disk

    @property
    def interface(self) -> Interface:
        """Its network interface as the API holds it now.  Raises ``LookupError`` when it is gone."""
        view = self.wire.view()
        return view.interfaces[view.instances[self.id].interface_id]

    @property
    def subnet(self) -> Subnet:
        return self.wire.view().subnets[self.interface.subnet_id]

    @property
    def vpc(self) -> Vpc:
        return self.wire.view().vpcs[self.interface.vpc_id]

    @property
    def hostname(self) -> str:
        """``ip-10-0-1-15.ec2.internal``, the default name of an instance."""
        return self.interface.hostname

    @property
    def _region(self) -> str:
        return self.subnet.zone[:-1]

    @property
    def _domain(self) -> str:
        return "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"

    def addresses(self, name: str) -> tuple[str, ...]:
        """The IPv4 addresses behind a name, as the resolver of its VPC answers; none if it has no such name."""
        return addresses(self.wire.view(), name, self.interface.vpc_id)

    def resolve(self, name: str) -> str | None:
        """The first of its ``addresses``."""
        return next(iter(self.addresses(name)), None)

    # Life

    @property
    def booting(self) -> bool:
        """True while it boots though AWS's time for that has passed: what is left is this machine's work."""
        since = self.running_since
        return not self._has_booted and since is not None and self.clock.passed(since, timing.INSTANCE_BOOTING)

    def power_on(self, running_since: float) -> None:
        self.running_since, self._has_booted = running_since, False
        self._life = asyncio.create_task(self._live(running_since))

    async def shut_down(self) -> None:
        """Everything of it that runs ends; its connections are cut."""
        self.running_since = None
        if self._life is not None:
            await cancelled(self._life)
            self._life = None
        await cancelled(*self._jobs)
        for unit in list(self._units):
            await self.stop_unit(unit)
        if self._sshd is not None:
            await self._sshd.stop()

    async def destroy(self) -> None:
        await self.shut_down()
        if self._disk is not None:
            self._disk.remove()
            self._disk = None

    async def _live(self, running_since: float) -> None:
        try:
            await wait_until(self.clock, running_since, timing.INSTANCE_BOOTING)
            await self._boot()
        except LookupError:
            log.info("%s went away while it booted", self.id)
        except Exception:
            log.exception("%s did not boot", self.id)
            self.say("the sandbox could not boot this instance; its log says why")
        finally:
            self._has_booted = True

    async def _boot(self) -> None:
        # Heavy, and needed only once an instance boots; in a thread, as it would hold up every connection.
        sshd = await asyncio.to_thread(import_module, "vpce_demo.sandbox.machines.sshd")
        first = self._sshd is None
        instance = self.wire.view().instances[self.id]
        self.say(f"{self.hostname} boots")
        if self._sshd is None:
            self._sshd = sshd.Sshd(self)
        await self._sshd.start(instance.public_keys)
        for line in self._sshd.announcement():
            self.say(line)
        for unit in sorted(self._enabled):
            if not await self.start_unit(unit):
                self.say(f"systemd: Failed to start {unit}.service.")
        if first:
            await self._obey(instance.user_data)
        self.say(f"{self.hostname} login:")

    def say(self, line: str) -> None:
        """Add to the boot log; control characters of other people's texts are not passed on."""
        seconds = self.clock.now() - (self.running_since or 0.0)
        text = "".join(each if each.isprintable() else "?" for each in line)
        self.console.append(f"[{seconds:10.3f}] {text}")
        del self.console[:-LONGEST_LOG]

    # User data

    async def _obey(self, text: str) -> None:
        orders = await asyncio.to_thread(user_data.read, text)
        for warning in orders.warnings:
            self._did_not_understand(warning)
        for file in orders.files:
            try:
                place = self.disk.path(file.path)
                before = place.read_bytes() if file.append and place.exists() else b""
                self.disk.write(file.path, before + file.content)
                place.chmod(file.mode & 0o700 | 0o600)  # read by the sandbox itself, and by nobody else here
                self.say(f"cloud-init: wrote {file.path[:200]} ({len(file.content)} bytes)")
            except (OSError, ValueError) as error:
                self.say(f"cloud-init: could not write {file.path[:200]}: {reason(error)}")
        if orders.packages:
            await self.install(orders.packages, lambda line: self.say(f"cloud-init: {line}"), self._did_not_understand)
        for number, script in enumerate(orders.scripts, start=1):
            await self._run_script(f"{SCRIPTS}/part-{number:03}", script)
        for command in orders.commands:
            self.say(f"cloud-init: + {command[:500]}")
            code = await self._as_root(Session(tell_unknown=self._did_not_understand)).run(command)
            if code:
                self.say(f"cloud-init: the command failed with exit code {code}")

    async def _run_script(self, name: str, text: str) -> None:
        """Run a script of the user data as root, as cloud-init does at the end of the first boot."""
        first, _, rest = text.partition("\n")
        options = user_data.SCRIPT.fullmatch(first.strip())
        shell = self._as_root(Session(name=name, folder="/", tell_unknown=self._did_not_understand))
        code = await shell.run(f"set {options['options'] if options else ''}\n{rest}")
        if code:
            self.say(f"cloud-init: Failed to run {name}: exit code {code}")

    def _as_root(self, session: Session) -> Shell:
        return Shell(self, "root", self._say_output, self._say_output, "", session)

    def _say_output(self, text: str) -> None:
        for line in text[-LONGEST_OUTPUT:].splitlines()[-LONGEST_LOG:]:
            self.say(f"cloud-init: {line[:1000]}")

    def _did_not_understand(self, what: str) -> None:
        if what not in self.not_understood and len(self.not_understood) < MOST_NOT_UNDERSTOOD:
            self.say(f"cloud-init: {NOT_UNDERSTOOD}: {what}")
            self.not_understood.append(what)

    def spawn(self, job: Coroutine[Any, Any, None]) -> None:
        """Run something in the background until it ends, or the machine is shut down."""
        task = asyncio.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    # Packages and units

    async def install(self, packages: list[str], say: Callable[[str], None], not_known: Callable[[str], None]) -> bool:
        """What ``dnf install`` does: ask the bucket with the packages, over this instance's own interface.

        ``not_known`` is told the packages that the sandbox does not have, which AWS may have.
        """
        if why := self._install_error():
            say(f"dnf: error: {why}")
            return False
        if why := await self._repository_error():
            say(f"dnf: cannot reach the package repository: {why}")
            return False
        known = [package for package in packages if package in PACKAGES]
        for package in packages:
            if package not in PACKAGES:
                say(f"dnf: no match for argument: {package[:100]}")
                not_known(f"dnf: the package {package[:100]} is not known here")
        if len(known) < len(packages):
            # dnf installs all or nothing.
            say("dnf: error: unable to find a match")
            return False
        for unit in (UNITS[package] for package in known if package in UNITS):
            try:
                for folder in (unit.folder, unit.more):
                    self.disk.make_folder(folder, parents=True)
                for path, text in ((unit.settings, unit.text), (f"{unit.folder}/index.html", unit.page)):
                    if text and not self.disk.path(path).exists():
                        self.disk.write(path, text.encode())
            except OSError as error:
                say(f"dnf: cannot unpack {unit.folder}: {reason(error)}")
                return False
        self._packages.update(known)
        say(f"dnf: installed {', '.join(known)}" if known else "dnf: nothing to do")
        return True

    async def _repository_error(self) -> str:
        """Why the list of mirrors cannot be had from the bucket with the packages; empty if it can."""
        url = urlsplit(
            MIRROR_LIST.format(region=self._region, domain=self._domain, release="latest", architecture="x86_64")
        )
        host = url.netloc
        address = self.resolve(host)
        if address is None:
            return f"could not resolve host: {host}"
        try:
            async with self.wire.connect(self.interface.id, address, 443, DOWNLOAD_PATIENCE) as repository:
                await repository.writer.start_tls(client_context(True), server_hostname=host)
                repository.writer.write(f"GET {url.path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                head = await read_head(repository.reader)
        except Unanswered as failure:
            what = "refused" if isinstance(failure, ConnectionRefused) else "timed out"
            return f"{what}. {failure.decision.settled_by}"
        except (ssl.SSLError, ConnectionError, BadMessage) as error:
            return str(error)
        status = head.first.split(" ")[1] if head else "none"
        return "" if status == "200" else f"status code: {status} for {url.geturl()} (IP: {address})"

    def has_package(self, package: str) -> bool:
        """Whether the package is installed."""
        return package in self._packages

    def has_unit(self, unit: str) -> bool:
        """Whether systemd knows the unit: a package brings it."""
        return unit in UNITS and self.has_package(unit)

    def is_active(self, unit: str) -> bool:
        return unit in self._units

    def is_enabled(self, unit: str) -> bool:
        return unit in self._enabled

    def set_enabled(self, unit: str, enabled: bool) -> None:
        """Whether the unit starts at boot."""
        (self._enabled.add if enabled else self._enabled.discard)(unit)

    async def start_unit(self, unit: str) -> bool:
        """Start it unless it runs; whether it runs now."""
        if unit in self._units:
            return True
        try:
            self._units[unit] = await self._listen(*UNITS[unit].site(self.disk))
        except (OSError, ValueError):  # its settings are spoilt, its log cannot be written, or its port is taken
            return False
        return True

    async def _listen(self, port: int, site: Site) -> Server:
        """A server on a port of this machine.  Raises ``OSError`` if the port is taken."""
        if self.wire.listens(self.id, port):
            raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        server = Server(self.wire, self.id, port, site.serve)
        await server.start()
        return server

    async def serve(self, port: int, site: Site) -> None:
        """Serve a site until cancelled.  Raises ``OSError`` if the port is taken."""
        server = await self._listen(port, site)
        self._has_booted = True  # user data that ends with a server in the foreground never ends
        try:
            await asyncio.Event().wait()
        finally:
            await server.stop()

    async def stop_unit(self, unit: str) -> None:
        server = self._units.pop(unit, None)
        if server is not None:
            await server.stop()
