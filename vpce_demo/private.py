"""The one way to everything under the state directory: regular files and directories of this user alone.

A link, a pipe, a device, a second name (hard link) of another file, or a file of another user is refused by its name:
a directory that came from somewhere else leads to no file outside, and nothing is waited for.  The state directory
itself, or one above, may be a link that the user made.

Standard library only: whether a sandbox runs is asked with it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
from pathlib import Path

from .errors import STATE_DIRECTORY, THIS_COMMAND, THIS_DEMO, DemoError, Refused

ELSEWHERE = f"Keep the demo's files elsewhere:  {THIS_DEMO} --state-dir ~/.local/state/vpce-demo ..."


class NotYours(Refused):
    """A file or directory belongs to another user."""

    code = "VPCE090"


class NoModes(DemoError):
    """The file system keeps no permissions, so other users may read what is secret."""

    code = "VPCE093"


class NotAFile(DemoError):
    """Something else stands where a file or directory of the program should be.  ``reason`` is without a full stop."""

    code = "VPCE091"

    def __init__(self, path: Path, what: str) -> None:
        self.reason = f"{path} is {what}"
        hint = f"Put it aside, then run the command again:\n    {put_aside(path)}"
        super().__init__(f"{self.reason}.", hint=hint)


def put_aside(path: Path) -> str:
    """The command that gives a file another name, for a hint: on one line, whatever the name of the path has in it."""
    from .untrusted import one_line  # slow to import, and there is an error already

    return one_line(f"mv {shlex.quote(str(path))} {shlex.quote(f'{path}.aside')}")


# --- files ------------------------------------------------------------------------------


def open_file(path: Path, flags: int = os.O_RDONLY) -> int:
    """The descriptor of a regular file of this user, made for this user alone with ``O_CREAT``.

    Raises NotAFile, NotYours and OSError.  It waits for nobody, and follows no link in the place of the file.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        # A link, a pipe or a socket that nobody reads, a directory: each has an error of its own.
        if error.errno not in (errno.ENOENT, errno.EEXIST):
            is_there(path)
        raise
    try:
        _refuse_another(path, os.fstat(handle), writes=bool(flags & (os.O_WRONLY | os.O_RDWR)))
    except BaseException:
        os.close(handle)
        raise
    return handle


def is_there(path: Path) -> bool:
    """True if a regular file of this user is there, which may be written.  Raises NotAFile and NotYours."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    _refuse_another(path, found, writes=True)
    return True


def refuse_writable(path: Path, what: str) -> None:
    """Raise Refused for a file to which others may write; ``what`` is said before its path.  Raises OSError."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o022:
        raise Refused(
            f"Others may write to {what} {path}.",
            code="VPCE092",
            facts={"mode": f"{mode:04o}"},
            hint=f"If its content is yours, close it to them:\n    chmod 600 {shlex.quote(str(path))}\n"
            "Where that has no effect, the file system keeps no permissions. Move the demo's files to one that does:\n"
            f"    mkdir -p ~/.local/state && mv {STATE_DIRECTORY} ~/.local/state/vpce-demo\n"
            f"    {THIS_DEMO} --state-dir ~/.local/state/vpce-demo ...",
        )


def refuse_another_users(path: Path) -> None:
    """Raise NotYours for a config file of another user that was found, not named."""
    owner = path.lstat().st_uid
    if owner != os.geteuid():
        raise NotYours(
            f"{path} belongs to {user_name(owner)}, so its settings are not used by themselves.",
            code="VPCE012",
            hint=f"If you trust them, name it:  {THIS_COMMAND} --config {shlex.quote(str(path))}",
        )


def new_file(path: Path) -> int:
    """The descriptor of a new file for this user alone, in the place of one that is there.

    Raises NotAFile, NotYours and OSError.
    """
    remove_file(path)
    return open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)


def remove_file(path: Path) -> None:
    """Remove a regular file of this user, if there is one.  Raises NotAFile, NotYours and OSError."""
    with contextlib.suppress(FileNotFoundError):
        _refuse_another(path, path.lstat(), writes=False)
        path.unlink()


def replace_file(path: Path, text: str) -> None:
    """Write a file for this user alone: at every moment either the old or the new one is complete.

    A killed process may leave its draft, the same name with ``.new``.  Raises NotAFile, NotYours and OSError.
    """
    draft = path.with_name(f"{path.name}.new")
    with os.fdopen(new_file(draft), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _refuse_another(path: Path, found: os.stat_result, *, writes: bool) -> None:
    """Raise NotAFile or NotYours for what is not a regular file of this user, with one name if it is to be written."""
    if not stat.S_ISREG(found.st_mode):
        raise NotAFile(path, _KINDS.get(stat.S_IFMT(found.st_mode), "a device"))
    if found.st_uid != os.geteuid() and (foreign := not_yours(path)):
        raise foreign
    if writes and found.st_nlink > 1:
        raise NotAFile(path, "another name of a file that lies elsewhere, too (a hard link)")


_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


# --- directories ------------------------------------------------------------------------


def refuse_links(directory: Path, depth: int) -> None:
    """Raise NotAFile if one of the last ``depth`` directories of the path, which have our names, is a link or a file.

    What they are in was named by the user, and may be one: to a directory of this user, to which others may not write.
    """
    levels = [directory, *directory.parents]
    for level in levels[:depth]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found = level.lstat()
            if not stat.S_ISDIR(found.st_mode):
                _refuse_another(level, found, writes=False)
                raise NotAFile(level, "not a directory")
    for root in levels[depth : depth + 1]:
        if not root.is_symlink():
            return
        try:
            found = root.stat()
        except OSError:
            raise NotAFile(root, "a symbolic link that leads nowhere") from None
        if found.st_uid != os.geteuid() and (foreign := not_yours(root)):
            raise foreign
        if found.st_mode & 0o022:
            there = root.resolve()
            raise Refused(
                f"{root} is a symbolic link to {there}, to which others may write.",
                code="VPCE092",
                facts={"mode": f"{found.st_mode & 0o777:04o}"},
                hint=f"Close it to them:\n    chmod go-w {shlex.quote(str(there))}",
            )


def make_private(directory: Path, depth: int = 1) -> bool:
    """Make a directory, and those above it that are missing, that only this user may read.

    The last ``depth`` of the path are closed to others if they are there, and may be no links (``refuse_links``).
    Returns False where the file system keeps no permissions.  Raises NotAFile, NotYours, and OSError where it cannot be
    made.
    """
    refuse_links(directory, depth)
    try:
        for level in reversed([directory, *directory.parents]):  # `parents=True` would make those above open
            if not level.exists():
                level.mkdir(mode=0o700, exist_ok=True)
    except PermissionError as error:
        if foreign := not_yours(directory):
            raise foreign from None
        raise error
    closed = [close_to_others(level, 0o700) for level in [directory, *directory.parents][:depth]]
    return all(closed)


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
