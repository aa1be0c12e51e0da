"""The instances' own small shell.  It never uses the shell or a file of the user's machine.

Words and quotes as in sh; ``;``, ``&&`` and ``||`` between commands; ``>`` and ``>>`` into a file of the instance;
``$?``; ``sh -c``.  Anything else of sh is reported as not understood, never guessed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..clock import Clock
from ..limits import LARGEST_DISK
from ..network.wire import Wire
from ..store.view import Interface, Subnet
from .disk import Disk

Run = Callable[["Shell", list[str]], Awaitable[int]]
"""A command: gets its session and arguments, gives its exit code."""
Write = Callable[[str], None]
"""Takes a piece of output; bytes that are no UTF-8 travel as surrogates."""

NOT_FOUND, SYNTAX = 127, 2
_QUOTED = r"""'[^']*' | "(?:\\.|[^"\\])*" | \\. | [^\s'"\\;&|<>]+"""
_TOKEN = re.compile(
    rf"""(?P<blank>[^\S\n]+ | \\\n | \#[^\n]*)
      | (?P<operator>&& | \|\| | 2>&1 | 2>/dev/null | 2> | >> | [>;|&<\n])
      | (?P<word>(?:{_QUOTED})+)""",
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(_QUOTED, re.VERBOSE | re.DOTALL)
_ESCAPED = re.compile(r"\\([\"\\$`])")
_EXPANSION = re.compile(r"(?<!\\)(`|\$[\w({])")
_BETWEEN = (";", "&&", "||", "\n")
LAST_CODE = "\0"
"""Stands for ``$?`` until the command runs; no line has a NUL in it."""


class BadLine(Exception):
    """The line is not what this shell understands."""


@dataclass
class ShellCommand:
    """One command of a line; ``after`` is the operator before it."""

    after: str
    words: list[str] = field(default_factory=list)
    into: str = ""
    append: bool = False
    errors: str = ""


def parse(line: str) -> list[ShellCommand]:
    """Take a line apart; ``LAST_CODE`` in a word stands for ``$?``.  Raises ``BadLine``."""
    commands = [ShellCommand(";")]
    redirect = ""
    for word, is_operator in _tokens(line.replace(LAST_CODE, "")):
        if redirect:
            if is_operator:
                raise BadLine(f"syntax error near unexpected token `{word}'")
            commands[-1].into, commands[-1].append, redirect = word, redirect == ">>", ""
        elif not is_operator:
            commands[-1].words.append(word)
        elif word in (">", ">>"):
            redirect = word
        elif word in ("2>&1", "2>/dev/null"):
            commands[-1].errors = word
        elif word not in _BETWEEN:
            raise BadLine(f"`{word}' is more than this instance's shell can do")
        elif not commands[-1].words:
            if word != "\n":
                raise BadLine(f"syntax error near unexpected token `{word}'")
        else:
            commands.append(ShellCommand(";" if word == "\n" else word))
    if redirect or (not commands[-1].words and commands[-1].after != ";"):
        raise BadLine("syntax error: unexpected end of line")
    return [command for command in commands if command.words]


def _tokens(line: str) -> Iterator[tuple[str, bool]]:
    """The words, without their quotes, and the operators (``True``) of a line."""
    at = 0
    while at < len(line):
        match = _TOKEN.match(line, at)
        if match is None:
            raise BadLine(f"unexpected end of line while looking for matching `{line[at]}'")
        at = match.end()
        if match["operator"]:
            yield match["operator"], True
        elif match["word"]:
            yield "".join(_plain(piece) for piece in _PIECE.findall(match["word"])), False


def _plain(piece: str) -> str:
    """What a piece of a word, quoted in one way or not at all, stands for."""
    if piece.startswith("'"):
        return piece[1:-1]
    if piece.startswith("\\"):
        return piece[1:].removeprefix("\n")
    if piece.startswith('"'):
        piece = piece[1:-1]
    for unknown in _EXPANSION.findall(piece):
        raise BadLine(f"`{unknown}' is more than this instance's shell can do")
    return _ESCAPED.sub(r"\1", piece.replace("$?", LAST_CODE))


class Exit(Exception):
    """``exit`` was said."""

    def __init__(self, code: int) -> None:
        self.code = code


class Host(Protocol):
    """What a session, a command and the ssh server know of the machine they run on."""

    id: str
    wire: Wire
    clock: Clock
    commands: Mapping[str, Run]

    @property
    def disk(self) -> Disk: ...
    @property
    def interface(self) -> Interface: ...
    @property
    def subnet(self) -> Subnet: ...
    @property
    def hostname(self) -> str: ...
    def say(self, line: str) -> None: ...
    async def install(self, packages: list[str], say: Write) -> bool: ...
    def has_package(self, package: str) -> bool: ...
    def has_unit(self, unit: str) -> bool: ...
    def is_active(self, unit: str) -> bool: ...
    def is_enabled(self, unit: str) -> bool: ...
    def set_enabled(self, unit: str, enabled: bool) -> None: ...
    async def start_unit(self, unit: str) -> bool: ...
    async def stop_unit(self, unit: str) -> None: ...


class Shell:
    """A session on a machine.  ``out`` and ``err`` take the output; ``code`` is the last exit code."""

    def __init__(self, machine: Host, user: str, out: Write, err: Write) -> None:
        self.machine, self.user, self.out, self.err = machine, user, out, err
        self.code = 0

    async def run(self, line: str) -> int:
        """Run a line; the exit code of its last command, or of ``exit``."""
        try:
            return await self.run_line(line)
        except Exit as end:
            return end.code

    async def run_line(self, line: str) -> int:
        """The same, but ``exit`` is raised as ``Exit``, for a prompt to end on."""
        try:
            commands = parse(line)
        except BadLine as bad:
            self.err(f"-bash: {bad}\n")
            self.code = SYNTAX
            return self.code
        for command in commands:
            if (command.after == "&&" and self.code) or (command.after == "||" and not self.code):
                continue
            self.code = await self._run_one(command)
        return self.code

    async def _run_one(self, command: ShellCommand) -> int:
        out, err, kept = self.out, self.err, io.StringIO()

        def keep(text: str) -> None:
            kept.write(text[: LARGEST_DISK + 1 - kept.tell()])  # the disk has no room for more, and says so

        if command.into:
            out = keep
        if command.errors:
            err = out if command.errors == "2>&1" else _discard
        words = [word.replace(LAST_CODE, str(self.code)) for word in command.words]
        code = await _call(Shell(self.machine, self.user, out, err), words, self.code)
        if command.into and command.into != "/dev/null":
            try:
                disk = self.machine.disk
                content = kept.getvalue().encode("utf-8", "surrogateescape")
                before = (
                    disk.path(command.into).read_bytes() if command.append and disk.path(command.into).exists() else b""
                )
                disk.write(command.into, before + content)
            except (OSError, ValueError) as error:
                self.err(f"-bash: {command.into}: {getattr(error, 'strerror', None) or error}\n")
                return 1
        return code


def _discard(_: str) -> None:
    pass


async def _call(shell: Shell, words: list[str], last_code: int) -> int:
    name, *args = words
    if name == "exit":
        raise Exit(int(args[0]) % 256 if args and args[0].isdecimal() and len(args[0]) < 20 else last_code)
    if name == "sudo":
        if not args:
            shell.err("usage: sudo command\n")
            return 1
        return await _call(Shell(shell.machine, "root", shell.out, shell.err), args, last_code)
    if name in ("sh", "bash") and len(args) == 2 and args[0] == "-c":
        return await Shell(shell.machine, shell.user, shell.out, shell.err).run(args[1])
    command = shell.machine.commands.get(name.removeprefix("/usr/bin/").removeprefix("/bin/"))
    if command is None:
        shell.err(f"-bash: {name}: command not found\n")
        return NOT_FOUND
    return await command(shell, args)
