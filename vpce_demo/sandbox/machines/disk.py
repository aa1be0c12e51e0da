"""An instance's disk: a directory of this machine in the role of ``/``, which no path leaves."""

from __future__ import annotations

import shutil
from pathlib import Path

HOME = "/home/ec2-user"
FOLDERS = (HOME, "/etc", "/tmp", "/var/log")


class Disk:
    """Files by their path inside the instance.  Nothing in there is a symbolic link, and nothing makes one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in FOLDERS:
            self.path(folder).mkdir(parents=True, exist_ok=True)

    def path(self, inside: str, below: str = "/") -> Path:
        """Where the path is on the user's machine.  ``..`` ends at ``/`` as in a chroot; relative ones start at home.

        With ``below``, a path that leads elsewhere is a ``ValueError``, and so is one with a NUL in it.
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
        return self.root.joinpath(*parts)

    def write(self, inside: str, content: bytes) -> None:
        """Write a file, and the folders on the way to it.  Raises ``OSError`` and ``ValueError``."""
        file = self.path(inside)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def append(self, inside: str, text: str) -> None:
        file = self.path(inside)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8", errors="surrogateescape") as out:
            out.write(text)

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
