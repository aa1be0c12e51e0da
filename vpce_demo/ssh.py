"""The user's own OpenSSH client, as in the tutorial's step 16, and the demo's own key."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import DemoError
from .private import close, user_name, without_modes

CONNECT_SECONDS = 5
USER = "ec2-user"


@dataclass(frozen=True)
class SshResult:
    """What a command on the instance printed, and its exit code; 255 is ssh's own failure."""

    exit_code: int
    out: str
    err: str


@dataclass(frozen=True)
class Ssh:
    """A way to run commands on instances with one key.  ``options`` are further ones of the ssh command."""

    key_file: Path
    known_hosts: Path
    options: tuple[str, ...] = ()

    def arguments(self, address: str, alias: str) -> list[str]:
        """The command line up to the command to run there; the host key is known under this alias."""
        return [
            _client("ssh"),
            *("-i", str(self.key_file)),
            *("-o", "IdentitiesOnly=yes"),
            *("-o", "BatchMode=yes"),
            *("-o", "ControlMaster=no"),
            *("-o", "ControlPath=none"),
            *("-o", "LogLevel=ERROR"),
            # The host key is new with every instance, whose address may have been another's before.
            *("-o", "StrictHostKeyChecking=accept-new"),
            *("-o", f"HostKeyAlias={alias}"),
            *("-o", f'UserKnownHostsFile="{self.known_hosts}"'),
            *("-o", f"ConnectTimeout={CONNECT_SECONDS}"),
            *self.options,
            f"{USER}@{address}",
        ]

    def run(self, address: str, alias: str, command: Sequence[str], seconds: float) -> SshResult:
        """Run a command on an instance; give up after so many seconds, as an answer of ssh's own failure."""
        words = [*self.arguments(address, alias), shlex.join(command)]
        with subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # so that a proxy command ends with it
            umask=0o077,  # for known_hosts
        ) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired:
                return SshResult(255, "", f"Connection timed out after {seconds:.0f} s")
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, 9)
        return SshResult(process.returncode, out, err.strip())


def ensure_key(key_file: Path, comment: str) -> str:
    """Make the demo's ED25519 key if there is none.  Return its public line.

    It is readable by the owner alone from its first byte on; one that others may read is closed to them.  A new one
    that cannot be closed is removed.

    Raises DemoError where OpenSSH is not installed or will not make a key, NotYours where the key is another user's,
    and NoModes where the file system keeps no permissions: ssh uses no key that others may read.
    """
    is_new = not public_line(key_file)
    if is_new:
        key_file.unlink(missing_ok=True)
        make_key(key_file, comment)
    if not close(key_file, 0o600):
        if is_new:
            key_file.unlink()
            _public(key_file).unlink(missing_ok=True)
        raise without_modes(key_file)
    return public_line(key_file)


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
        raise DemoError("ssh-keygen could not make a key.", facts={"it said": said}, hint=_way_on())


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
    """The public line of the demo's key; empty if the key is not here."""
    public = _public(key_file)
    return public.read_text().strip() if key_file.exists() and public.exists() else ""


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
            hint="Install OpenSSH's client:  apt install openssh-client    (macOS has it)",
        )
    return found
