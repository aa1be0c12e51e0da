"""Files and directories that only this user may read, and whose they are where another user has them.

Standard library only: whether a sandbox runs is asked with it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .errors import STATE_DIRECTORY, THIS_DEMO, DemoError, Refused

ELSEWHERE = f"Keep the demo's files elsewhere:  {THIS_DEMO} --state-dir ~/.local/state/vpce-demo ..."


class NotYours(Refused):
    """A file or directory belongs to another user."""


class NoModes(DemoError):
    """The file system keeps no permissions, so other users may read what is secret."""


def make_private(directory: Path) -> bool:
    """Make a directory, and those above it that are missing, that only this user may read; close an existing one.

    Returns False where the file system keeps no permissions.  Raises NotYours, and OSError where it cannot be made.
    """
    try:
        for level in reversed([directory, *directory.parents]):  # `parents=True` would make those above open
            if not level.exists():
                level.mkdir(mode=0o700, exist_ok=True)
    except PermissionError as error:
        if foreign := not_yours(directory):
            raise foreign from None
        raise error
    return close_to_others(directory, 0o700)


def close_to_others(path: Path, mode: int) -> bool:
    """Give a file or directory this mode if others may use it, and read it back.

    Returns False where the file system keeps no permissions.  Raises NotYours.
    """
    if not path.stat().st_mode & 0o077:
        return True
    try:
        path.chmod(mode)
    except PermissionError:
        if foreign := not_yours(path):
            raise foreign from None
    return not path.stat().st_mode & 0o077


def without_modes(path: Path) -> NoModes:
    """The error for a secret on a file system that keeps no permissions."""
    return NoModes(
        f"{path} can be read by every user of this machine: its file system keeps no permissions.",
        facts={"why that matters": "ssh refuses such a key; Windows drives, FAT and some network shares are so"},
        hint=ELSEWHERE,
    )


def not_yours(path: Path) -> NotYours | None:
    """The error for a path that this user was refused; None if it is this user's own, and something else is wrong."""
    found, uid = _nearest(path)
    if uid == os.geteuid():
        return None
    take_back = f'If that was you under sudo, take the demo\'s files back:  sudo chown -R "$(id -u)" {STATE_DIRECTORY}'
    return NotYours(
        f"{found} belongs to {user_name(uid)}, and you are {user_name(os.geteuid())}.",
        hint="\n".join([take_back if os.geteuid() else f"Run it as {user_name(uid)}, without sudo.", ELSEWHERE]),
    )


def user_name(uid: int) -> str:
    """The name of a user; ``user 54321`` where the system does not know it."""
    import pwd

    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"


def _nearest(path: Path) -> tuple[Path, int]:
    """The path, or the nearest above it that can be seen, and the id of its owner."""
    for each in (path, *path.absolute().parents):
        with contextlib.suppress(OSError):
            return each, each.stat().st_uid
    return path, os.geteuid()
