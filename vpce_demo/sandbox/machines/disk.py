"""An instance's disk: a directory of this machine in the role of ``/``, which no path leaves."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from vpce_demo.sandbox.limits import DEEPEST_FOLDER, DISK_BLOCK, LARGEST_DISK

HOME = "/home/ec2-user"
LONGEST_NAME = 255
"""In bytes, for each part of a path."""
FOLDERS = (
    *(HOME, "/etc/systemd/system", "/opt", "/root", "/srv", "/tmp", "/usr/local/bin", "/usr/share"),
    *("/var/lib", "/var/log", "/var/tmp"),
)


class Disk:
    """Files by their path inside the instance.  Nothing in there is a symbolic link, and nothing makes one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._used = 0
        for folder in FOLDERS:
            self.path(folder).mkdir(parents=True, exist_ok=True)

    def path(self, inside: str, below: str = "/") -> Path:
        """Where the path is on the user's machine.  ``..`` ends at ``/`` as in a chroot; relative ones start at home.

        With ``below``, a path that leads elsewhere is a ``ValueError``, and so is one with a NUL in it.  A name that is
        too long is an ``OSError``, as it is in Linux.
        """
        if "\0" in inside:
            raise ValueError("a path has no NUL in it")
        parts: list[str] = []
        for part in (inside if inside.startswith("/") else f"{HOME}/{inside}").split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in ("", "."):
                parts.append(part)
        wanted = [part for part in below.split("/") if part]
        if parts[: len(wanted)] != wanted:
            raise ValueError(f"{inside} is not below {below}")
        if any(len(os.fsencode(part)) > LONGEST_NAME for part in parts):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return self.root.joinpath(*parts)

    def write(self, inside: str, content: bytes) -> None:
        """Write a file, and the folders on the way to it.  Raises ``OSError``, for a full disk too, and
        ``ValueError``."""
        self._room_for(inside, content, replaces=True).write_bytes(content)

    def append(self, inside: str, text: str) -> None:
        """Add to a file.  Raises what ``write`` raises."""
        content = text.encode("utf-8", "surrogateescape")
        with self._room_for(inside, content).open("ab") as out:
            out.write(content)

    def _room_for(self, inside: str, content: bytes, replaces: bool = False) -> Path:
        """Where the file is, with its folders made.  Raises ``OSError`` if the disk would be too full or deep."""
        file = self.path(inside)
        if len(file.parts) - len(self.root.parts) > DEEPEST_FOLDER:
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        held = file.stat().st_size if replaces and file.is_file() else 0
        missing = sum(not one.exists() for one in (file, *file.parents))
        used = self._used + len(content) - held + missing * DISK_BLOCK
        if used > LARGEST_DISK:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        file.parent.mkdir(parents=True, exist_ok=True)
        self._used = used
        return file

    def make_folder(self, inside: str, parents: bool) -> None:
        """Make a folder, with ``parents`` those on the way too, and none if it is there.  Raises what ``write``
        raises."""
        folder = self.path(inside)
        if not parents and (folder.exists() or not folder.parent.is_dir()):
            number = errno.EEXIST if folder.exists() else errno.ENOENT
            raise OSError(number, os.strerror(number))
        self._room_for(f"{inside}/.", b"").mkdir(exist_ok=True)

    def delete(self, inside: str) -> None:
        """Delete a file, or a folder with all that is in it.  Raises ``OSError`` and ``ValueError``."""
        path = self.path(inside)
        held = [path, *path.rglob("*")]
        freed = sum(DISK_BLOCK + (each.stat().st_size if each.is_file() else 0) for each in held)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._used -= min(freed, self._used)

    def inside(self, path: Path) -> str:
        """The path inside the instance of a file on its disk.  Raises ``ValueError`` for another one."""
        return "/" if path == self.root else f"/{path.relative_to(self.root).as_posix()}"

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
