"""Things in the place of the program's files that a directory from somewhere else may bring: links, pipes, sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path


class Outside:
    """Files outside of the state directory, and whether anything was done to them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "file"
        self.nowhere = directory / "nowhere"
        directory.mkdir(mode=0o755)
        self.file.write_text("a file of the user\n")
        for name in ("state.json", "key.pem", "key.pem.pub", "known_hosts", "lock", "server.json", "sandbox.log"):
            (directory / name).write_text(f"the user's {name}\n")
        for number in range(25):
            (directory / f"20250101T0000{number:02}Z-up-{number + 1}.jsonl").write_text('{"type": "run"}\n')
        for file in directory.iterdir():
            file.chmod(0o644)
        self._before = self.seen()

    def remove(self, name: str) -> None:
        """Have one of them no more."""
        (self.directory / name).unlink()
        self._before = self.seen()

    def seen(self) -> dict[str, tuple[object, ...]]:
        """Each file by its path: its mode, when it was written, and its content."""
        found: dict[str, tuple[object, ...]] = {".": (self.directory.stat().st_mode,)}
        for path in sorted(self.directory.rglob("*")):
            stat = path.lstat()
            found[str(path.relative_to(self.directory))] = (stat.st_mode, stat.st_mtime_ns, path.read_bytes())
        return found

    def assert_untouched(self) -> None:
        assert self.seen() == self._before


Plant = Callable[[Path, Outside], None]


def _socket(path: Path, outside: Outside) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has a hundred characters at most
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


def _directory(path: Path, outside: Outside) -> None:
    path.mkdir()
    (path / "inside").write_text("x")


KINDS: dict[str, tuple[Plant, str]] = {
    "link": (lambda path, outside: path.symlink_to(outside.file), "is a symbolic link"),
    "dangling link": (lambda path, outside: path.symlink_to(outside.nowhere), "is a symbolic link"),
    "link to a device": (lambda path, outside: path.symlink_to("/dev/zero"), "is a symbolic link"),
    "hard link": (lambda path, outside: path.hardlink_to(outside.file), "is another name of a file"),
    "pipe": (lambda path, outside: os.mkfifo(path), "is a pipe"),
    "socket": (_socket, "is a socket"),
    "directory": (_directory, "is a directory"),
}
"""What stands in the place of a file, and what is said of it."""


def plant(kind: str, path: Path, outside: Outside) -> None:
    """Put it in the place of what is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    KINDS[kind][0](path, outside)


def is_planted(kind: str, path: Path) -> bool:
    """True if it is there still."""
    return path.is_symlink() or (path.exists() and not path.is_file()) or (kind == "hard link" and path.exists())
