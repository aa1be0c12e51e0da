"""The user's own OpenSSH client, as in the tutorial's step 16, and the demo's own key."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import IO

from .errors import ConfigError, DemoError
from .private import (
    NotAFile,
    NotYours,
    close_to_others,
    is_there,
    open_file,
    refuse_writable,
    remove_file,
    replace_file,
    user_name,
    without_modes,
)
from .untrusted import printable, text_within

CONNECT_SECONDS = 5
LARGEST_KEY = 10_000
"""Bytes of a public key's file that are read.  One has a hundred."""
LARGEST_PRIVATE_KEY = 100_000
USER = "ec2-user"
NO_CONFIGURATION = ("-F", "none")
"""Let ssh read no configuration, neither the user's nor the machine's."""
CONFIGURATION = ("~/.ssh/config", "/etc/ssh/ssh_config")
"""The files that ssh reads otherwise."""

_OURS = {
    # An option that this ssh does not know, ours or the user's, does not end it.
    "IgnoreUnknown": "*",
    # Where to, as whom, and with which key alone; nothing is asked.
    "Port": "22",
    "AddressFamily": "any",
    "IdentitiesOnly": "yes",
    "IdentityAgent": "none",
    "AddKeysToAgent": "no",
    "PKCS11Provider": "none",
    "PubkeyAuthentication": "yes",
    "PreferredAuthentications": "publickey",
    "BatchMode": "yes",
    "ConnectTimeout": str(CONNECT_SECONDS),
    "ConnectionAttempts": "1",
    "ServerAliveInterval": "0",
    "ChannelTimeout": "none",
    # A connection of its own.
    "ControlMaster": "no",
    "ControlPath": "none",
    # "+" means ssh's own defaults and this one, which is among them.  The old name of PubkeyAcceptedAlgorithms is known
    # to every version.
    "PubkeyAcceptedKeyTypes": "+ssh-ed25519",
    "HostKeyAlgorithms": "+ssh-ed25519",
    "Ciphers": "+aes128-ctr",
    "KexAlgorithms": "+ecdh-sha2-nistp256",
    "MACs": "+hmac-sha2-256",
    # The host key is new with every instance, whose address may have been another's before.
    "StrictHostKeyChecking": "accept-new",
    "CheckHostIP": "no",
    "VerifyHostKeyDNS": "no",
    "UpdateHostKeys": "no",
    "GlobalKnownHostsFile": "/dev/null",
    "KnownHostsCommand": "none",
    "RevokedHostKeys": "none",
    # The session is one command without a terminal, and nothing else.
    "SessionType": "default",
    "RemoteCommand": "none",
    "RequestTTY": "no",
    "StdinNull": "no",
    "ForkAfterAuthentication": "no",
    "PermitLocalCommand": "no",
    "ClearAllForwardings": "yes",
    "ExitOnForwardFailure": "no",
    "ForwardAgent": "no",
    "ForwardX11": "no",
    "Tunnel": "no",
    # ssh says why it fails, and nothing more.
    "LogLevel": "INFO",
    "LogVerbose": "none",
    "VisualHostKey": "no",
}
"""What the checks depend on.  The command line wins over the user's configuration, of which the way out is kept:
``ProxyJump``, ``ProxyCommand``, ``BindAddress``, ``Include``, ``Match``."""


class SshFailure(Enum):
    """Where it failed, if the command did not run to its end."""

    HERE = "on this machine"
    DENIED = "the instance does not accept the key"
    ON_THE_WAY = "on the way to the instance"


_ON_THE_WAY = (
    "timed out",
    "refused",
    "unreachable",
    "No route to host",
    "closed by",
    "reset by",
    "Broken pipe",
    "Connection to ",
    "Host key verification failed",
    "no connection over the sandbox's proxy",
    "the sandbox has stopped",
)
"""Words for what the network, a host or the sandbox's proxy did.  Whatever else ends ssh is this machine's."""
_PROXY_ENDED = re.compile(r"UNKNOWN port|^(kex|ssh)_exchange_identification: |^client_loop: ")
"""Lines of ssh that say no more than that the connection ended, where it was a proxy command's."""

_IN_PROXY_COMMAND = {"%h": "%h", "%p": "%p", "[%h]:%p": "'[%h]:%p'"}


def _without_warnings(said: str) -> list[str]:
    """Such as "Permanently added", which are no reason to fail."""
    return [line for line in said.splitlines() if not line.startswith("Warning: ")]


@dataclass(frozen=True)
class SshResult:
    """A command on an instance.

    ``out`` is what it printed, on both streams, and ``exit_code`` its own; ``err`` is what the ssh client of this
    machine said.  If the command did not run to its end, ``failure`` is set, ``exit_code`` is 255 and ``out`` empty.
    """

    exit_code: int
    out: str
    err: str
    failure: SshFailure | None = None

    @property
    def reason(self) -> str:
        """The line in which ssh says why it failed: the last one that says more than that it ended."""
        lines = _without_warnings(self.err)
        telling = [line for line in lines if not _PROXY_ENDED.search(line)]
        return next(reversed(telling or lines), f"exit code {self.exit_code}")


@dataclass(frozen=True)
class Ssh:
    """A way to run commands on instances with one key.

    ``options`` are further ones of the ssh command, ``NO_CONFIGURATION`` first if there is to be none.  The files of
    the demo's own key and of the known hosts are in the same directory.  ``user`` is who logs in.
    """

    key_file: Path
    known_hosts: Path
    options: tuple[str, ...] = ()
    user: str = USER

    @property
    def reads_configuration(self) -> bool:
        """True if ssh reads the user's configuration."""
        return self.options[:2] != NO_CONFIGURATION

    def without_configuration(self) -> Ssh:
        """The same with ssh's defaults, on no other way than the direct one."""
        return replace(self, options=NO_CONFIGURATION)

    def through(self, address: str, alias: str) -> Ssh:
        """The same by way of another instance, at this address, for one that only that can reach: as ``ssh -J`` does,
        with the same key and options."""
        jump = [*self.arguments(address, alias)[:-1], "-W", "[%h]:%p", f"{self.user}@{address}"]
        # Of several proxy commands ssh takes the first; that it reads no configuration is said before all.
        way = ("-o", f"ProxyCommand={proxy_command(jump)}")
        return replace(self, options=(*self.options[:2], *way, *self.options[2:]))

    def arguments(self, address: str, alias: str, **others: str) -> list[str]:
        """The command line up to the command to run there; the host key is known under this alias, and ``others`` are
        options with another value than for the checks.

        It names its files relative to their directory, where it has to be started: ssh would expand ``${HOME}`` in
        their paths, for which it has no quotes.
        """
        is_beside = self.known_hosts.parent == self.key_file.parent
        ours = {
            **_OURS,
            "User": self.user,
            "HostName": address,
            "HostKeyAlias": alias,
            "IdentityFile": self.key_file.name,
            "UserKnownHostsFile": self.known_hosts.name if is_beside else str(self.known_hosts),
            **others,
        }
        words = [word for name, value in ours.items() for word in ("-o", f"{name}={value}")]
        return [_client("ssh"), *self.options, *words, f"{self.user}@{address}"]

    def environment(self) -> dict[str, str]:
        """The variables of ssh and its proxy command: none of AWS, whose credentials are not for them.

        Without the user's configuration, its commands run in ``/bin/sh``, whatever the user's shell.
        """
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return ours if self.reads_configuration else {**ours, "SHELL": "/bin/sh"}

    def _refuse_unsafe_files(self) -> None:
        """Raise NotAFile and NotYours for what is in the place of the key or of the known hosts, and Refused for known
        hosts to which others may write."""
        for file in (self.key_file, self.known_hosts):  # ssh follows links
            is_there(file)
        if self.known_hosts.exists():
            refuse_writable(self.known_hosts, "the list of host keys")

    def session(
        self, address: str, alias: str, words: Sequence[str], out: int | IO[bytes] | None = None
    ) -> tuple[int, str]:
        """Run ssh with this process's own input and outputs, for a shell there or, with ``words``, a command.

        A shell on a terminal gets a terminal there too.  ``out`` is where its standard output goes, as ``subprocess``
        takes it.  Returns the exit code of the command there, 255 if ssh failed, negative if a signal ended ssh; and
        what it printed, if ``out`` is a pipe.  Raises as ``run`` does.
        """
        self._refuse_unsafe_files()
        done = subprocess.run(
            [*self.arguments(address, alias, RequestTTY="auto"), *words],
            stdout=out,
            encoding="utf-8",
            errors="replace",
            cwd=self.key_file.parent,
            env=self.environment(),
            umask=0o077,  # for known_hosts
        )
        return done.returncode, done.stdout or ""

    def run(self, address: str, alias: str, command: Sequence[str], seconds: float) -> SshResult:
        """Run a command on an instance; give up after so many seconds.  Raises NotAFile and NotYours for what is in the
        place of the key or of the known hosts, and Refused for known hosts to which others may write.

        Only what comes between two marks, new with each call, is the command's: a banner, the instance's shell, or a
        command of the user's configuration may print as well.
        """
        self._refuse_unsafe_files()
        front, back = secrets.token_hex(8), secrets.token_hex(8)
        say = f'echo {front}""{back}'  # the line itself, if something repeats it, does not hold the mark
        line = f"{say}; {shlex.join(command)} 2>&1; {say} $?"
        with subprocess.Popen(
            [*self.arguments(address, alias), shlex.join(["sh", "-c", line])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            cwd=self.key_file.parent,
            env=self.environment(),
            start_new_session=True,  # so that a proxy command ends with it
            umask=0o077,  # for known_hosts
        ) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                out, err = process.communicate()
                err += f"\nConnection timed out after {seconds:.0f} s"
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, 9)
        err = err.strip()
        if ran := re.search(rf"{front}{back}\n(.*){front}{back} (\d+)\n", out, re.DOTALL):
            return SshResult(int(ran[2]), ran[1], err)
        code = process.returncode
        if code < 0 and "timed out" not in err:
            failure = SshFailure.HERE  # something on this machine killed it
        elif code < 255:
            failure = SshFailure.ON_THE_WAY  # the instance's own code: it did not do what it was told
        else:
            failure = self._failure(err)
        if not _without_warnings(err):
            end = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            err = f"{err}\nssh {end}, and said no reason".strip()
        return SshResult(255, "", err, failure)

    def _failure(self, said: str) -> SshFailure:
        """Where ssh failed, in its own words.

        A key that cannot be read is this machine's: the instance was not offered it.  So is the user's proxy command
        that ends without a word.
        """
        lines = _without_warnings(said)
        if "UNKNOWN port" in said:  # over a proxy command, which may have ended first
            lines = [line for line in lines if not _PROXY_ENDED.search(line)]
        if not lines:
            return SshFailure.HERE if self.reads_configuration else SshFailure.ON_THE_WAY
        if any(line.startswith(f'Load key "{self.key_file.name}"') for line in lines):
            return SshFailure.HERE
        if any(
            re.match(rf"{re.escape(self.user)}@\S+: Permission denied", line) for line in lines
        ):  # by it, or on the way to it
            return SshFailure.DENIED
        told = any(words in line for line in lines for words in _ON_THE_WAY)
        return SshFailure.ON_THE_WAY if told else SshFailure.HERE


def identity(key_file: Path) -> tuple[str, str]:
    """The option of the ssh command that names this key, quoted for ssh; only ``${NAME}`` cannot be."""
    path = str(key_file)
    if "%" not in path:
        return "-i", path  # which does not expand it before it looks for the file
    quoted = re.sub(r'(["\\])', r"\\\1", path).replace("%", "%%")
    return "-o", f'IdentityFile="{quoted}"'


def proxy_command(words: Sequence[str]) -> str:
    """The value of ssh's ``ProxyCommand`` that runs these words; ``%h``, ``%p`` and ``[%h]:%p`` are ssh's, if they are
    words.

    ssh expands each ``%``, then gives the line to a shell.
    """
    return " ".join(_IN_PROXY_COMMAND.get(word) or shlex.quote(word).replace("%", "%%") for word in words)


def ensure_key(key_file: Path, comment: str) -> str:
    """Make the demo's ED25519 key if there is none.  Return its public line.

    It is readable by the owner alone from its first byte on; one that others may read is closed to them.  A new one
    that cannot be closed is removed.

    Raises DemoError where OpenSSH is not installed or will not make a key, NotYours where the key is another user's,
    and NoModes where the file system keeps no permissions: ssh uses no key that others may read.  Raises NotAFile where
    something else stands in the place of a file of the key.
    """
    files = (key_file, _public(key_file))
    for file in files:
        is_there(file)
    is_new = not public_line(key_file)
    if is_new:
        for file in files:
            remove_file(file)
        make_key(key_file, comment)
    if not close_to_others(key_file, 0o600):
        if is_new:
            key_file.unlink()
            _public(key_file).unlink(missing_ok=True)
        raise without_modes(key_file)
    return public_line(key_file)


def read_key(private: Path) -> tuple[str, str]:
    """Somebody's private key, and its public line.  Raises ConfigError if it is not one that ssh can use without a
    passphrase, and DemoError where OpenSSH is not installed."""
    with tempfile.TemporaryDirectory() as directory:  # of this user alone: ssh-keygen reads no key that others may read
        copy = Path(directory) / "key"
        try:
            text = text_within(os.open(private, os.O_RDONLY), LARGEST_PRIVATE_KEY)
        except (OSError, ValueError) as error:
            raise _not_a_key(private, str(error)) from None
        with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)
        asked = subprocess.run(
            [_client("ssh-keygen"), "-y", "-P", "", "-f", str(copy)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    if asked.returncode:
        raise _not_a_key(private, asked.stderr.strip().replace(str(copy), str(private)))
    return text, asked.stdout


def keep_key(key_file: Path, private: str, public: str) -> None:
    """Make a copy of somebody's key the demo's."""
    replace_file(key_file, private)
    replace_file(_public(key_file), public)


def _not_a_key(private: Path, why: str) -> ConfigError:
    return ConfigError(
        f"{private} is not a private key without a passphrase.", code="VPCE138", facts={"why": printable(why)}
    )


def make_key(key_file: Path, comment: str) -> None:
    """Make an ED25519 key and its public file.  Raises DemoError where OpenSSH is not installed or will not."""
    made = subprocess.run(
        [_client("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(key_file)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        umask=0o077,
    )
    if made.returncode:
        said = made.stderr.strip() or made.stdout.strip() or f"nothing; its exit code is {made.returncode}"
        raise DemoError("ssh-keygen could not make a key.", code="VPCE105", facts={"it said": said}, hint=_way_on())


def _way_on() -> str:
    """What to do where ssh-keygen makes no key."""
    uid = os.getuid()
    if user_name(uid) != f"user {uid}":
        return "Mend that, and see if it works:  ssh-keygen -t ed25519 -N '' -f /tmp/try"
    return (
        f"This machine knows no user {uid}, and OpenSSH works only for users in /etc/passwd. In a container, run as "
        "another user, or add this one as root:\n"
        f"    echo 'demo:x:{uid}:{os.getgid()}::/tmp:/bin/sh' >> /etc/passwd"
    )


def key_comment(public_key: str, name: str) -> str:
    """The demo's id in the comment of its key, ``vpce-demo NAME ID``; empty if the key has another comment."""
    front, _, id = public_key.rpartition(" ")
    return id if front.endswith(f" vpce-demo {name}") else ""


def public_line(key_file: Path) -> str:
    """The public line of the demo's key; empty if the key is not here, or something else is in its place."""
    try:
        return text_within(open_file(_public(key_file)), LARGEST_KEY).strip() if is_there(key_file) else ""
    except (OSError, ValueError, NotAFile, NotYours):
        return ""


def _public(key_file: Path) -> Path:
    return key_file.with_suffix(key_file.suffix + ".pub")


def version() -> str:
    """What the OpenSSH client of this machine says of itself.  Raises DemoError where there is none."""
    _client("ssh-keygen")
    asked = subprocess.run([_client("ssh"), "-V"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return (asked.stderr or asked.stdout).partition(",")[0].strip()


def _client(program: str) -> str:
    found = shutil.which(program)
    if not found:
        raise DemoError(
            f"There is no {program} on this machine.",
            code="VPCE106",
            hint="Install OpenSSH's client:  apt install openssh-client    (macOS has it)",
        )
    return found
