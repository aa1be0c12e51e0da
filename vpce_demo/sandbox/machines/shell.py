"""The instances' own small shell, for ssh sessions and for user data.  It never uses the shell, a program or a file of
the user's machine.

``syntax`` says what it reads; it is run here as bash does: expansion, redirection into files of the instance,
``set -e``, jobs in the background.  What is not understood is told in bash's words and to ``Session.tell_unknown``, and
never guessed.  Commands, output and nesting are bounded.
"""

from __future__ import annotations

import asyncio
import fnmatch
import getopt
import glob
import io
import re
import shlex
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ..clock import Clock
from ..limits import FILE_COST, LARGEST_DISK, LONGEST_VALUE, MOST_COMMANDS, MOST_NESTED, OUTPUT_UNIT, WORDS_UNIT
from ..network.wire import Wire
from ..store.view import Interface, Subnet, Vpc
from .disk import HOME, Disk
from .httpd import Site
from .syntax import (
    BadLine,
    Command,
    For,
    Group,
    If,
    Line,
    Loop,
    Output,
    Pipeline,
    Redirect,
    Script,
    Simple,
    Text,
    Unknown,
    Variable,
    Word,
    read_lines,
)

Run = Callable[["Shell", list[str]], Awaitable[int]]
"""A command: gets its session and arguments, gives its exit code."""
Write = Callable[[str], None]
"""Takes a piece of output; bytes that are no UTF-8 travel as surrogates."""

NOT_FOUND, SYNTAX, KILLED = 127, 2, 137
_FOLDERS = ("/usr/local/bin/", "/usr/local/sbin/", "/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/")
_PATTERN = set("*?[")
_OPTIONS = {"e": "errexit", "x": "xtrace", "u": "nounset"}


def _discard(_: str) -> None:
    pass


class Exit(Exception):
    """The shell ends: ``exit`` was said, or a command failed under ``set -e``."""

    def __init__(self, code: int) -> None:
        self.code = code


class TooMuch(Exception):
    """More was asked for than the bounds allow; the message says what."""


class Refused(Exception):
    """One command is not run; the message says why."""


class Budget:
    """What a line or script may still do."""

    def __init__(self) -> None:
        self._left = MOST_COMMANDS

    def spend(self, commands: int, characters: int = 0, words: int = 0) -> None:
        """Raises ``TooMuch`` when nothing is left."""
        self._left -= commands + characters // OUTPUT_UNIT + words // WORDS_UNIT
        if self._left < 0:
            raise TooMuch(f"ended: it ran {MOST_COMMANDS} commands or wrote as much")


@dataclass
class Session:
    """What a shell remembers from one command to the next.  ``name`` is the script's, empty at a prompt."""

    name: str = ""
    folder: str = HOME
    variables: dict[str, str] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    options: set[str] = field(default_factory=set)
    code: int = 0
    line: int = 1
    conditions: int = 0
    """How many conditions are being evaluated, in which ``set -e`` does not count."""
    budget: Budget = field(default_factory=Budget)
    tell_unknown: Write = _discard
    """Is told what was not understood."""


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
    def vpc(self) -> Vpc: ...
    @property
    def hostname(self) -> str: ...
    def addresses(self, name: str) -> tuple[str, ...]: ...
    def resolve(self, name: str) -> str | None: ...
    def say(self, line: str) -> None: ...
    def spawn(self, job: Coroutine[Any, Any, None]) -> None: ...
    async def install(self, packages: list[str], say: Write, not_known: Write) -> bool: ...
    def has_package(self, package: str) -> bool: ...
    def has_unit(self, unit: str) -> bool: ...
    def is_active(self, unit: str) -> bool: ...
    def is_enabled(self, unit: str) -> bool: ...
    def set_enabled(self, unit: str, enabled: bool) -> None: ...
    async def start_unit(self, unit: str) -> bool: ...
    async def stop_unit(self, unit: str) -> None: ...
    async def serve(self, port: int, site: Site) -> None: ...


class Shell:
    """A session on a machine.  ``out`` and ``err`` take the output; ``input`` is standard input, ``None`` for a
    terminal."""

    def __init__(
        self,
        machine: Host,
        user: str,
        out: Write,
        err: Write,
        input: str | None = None,
        session: Session | None = None,
    ) -> None:
        self.machine, self.user, self.out, self.err, self.input = machine, user, out, err, input
        self.session = session or Session()
        self._depth = 0

    @property
    def code(self) -> int:
        """The last exit code."""
        return self.session.code

    @code.setter
    def code(self, code: int) -> None:
        self.session.code = code

    # For commands

    def absolute(self, name: str) -> str:
        """A path of the instance, from the root on."""
        return name if name.startswith("/") else f"{self.session.folder}/{name}"

    def path(self, name: str) -> Path:
        """Where a file of the instance is on the user's machine.  Raises ``ValueError`` for one with a NUL in it."""
        return self.machine.disk.path(self.absolute(name))

    def complain(self, words: str) -> None:
        """Say what went wrong, as bash does."""
        session = self.session
        self.err(f"{f'{session.name}: line {session.line}' if session.name else '-bash'}: {words}\n")

    def cannot(self, words: str, code: int = 1) -> int:
        """Say what is not known here.  The exit code."""
        self.err(f"{words}\n")
        self.not_known(words)
        return code

    def not_known(self, words: str) -> None:
        """Remember what is not known here, without a word of it to the user."""
        session = self.session
        session.tell_unknown(f"line {session.line}: {words[:200]}" if session.name else words[:200])

    # Whole lines and scripts

    async def run(self, text: str) -> int:
        """Run a line or a script; the exit code of its last command, or of ``exit``."""
        try:
            return await self.run_line(text)
        except Exit as end:
            self.code = end.code
        return self.code

    async def run_line(self, text: str) -> int:
        """The same, but ``exit`` is raised as ``Exit``, for a prompt to end on."""
        if not self._depth:
            self.session.budget = Budget()
        try:
            for script in read_lines(text.replace("\0", "")):
                await self._script(script)
        except BadLine as bad:
            self.session.line = bad.line
            self.complain(str(bad))
            self.not_known(str(bad))
            self.code = SYNTAX
        except TooMuch as bad:
            if self._depth:
                raise
            self.complain(str(bad))
            self.not_known(str(bad))
            self.code = KILLED
        return self.code

    async def child(self, text: str, name: str = "bash") -> int:
        """Run a script in a shell of its own, as ``bash -c`` does."""
        session = self.session
        variables = {each: session.variables[each] for each in session.exported if each in session.variables}
        shell = self._subshell()
        shell.session = replace(
            shell.session, name=name, variables=variables, options=set(), conditions=0, code=0, line=1
        )
        return await shell.run(text)

    def _subshell(self, out: Write | None = None, input: str | None = None) -> Shell:
        """A shell that begins where this one is, and leaves it as it is."""
        shell, old = copy(self), self.session
        shell.session = replace(
            old, variables=dict(old.variables), exported=set(old.exported), options=set(old.options)
        )
        shell.out = self.out if out is None else out
        shell.input = self.input if input is None else input
        return shell

    async def _script(self, script: Script) -> int:
        self._depth += 1
        try:
            if self._depth > MOST_NESTED:
                raise TooMuch(f"ended: more than {MOST_NESTED} levels deep")
            for line in script:
                if line.in_background:
                    self.machine.spawn(self._subshell(input="")._job(replace(line, in_background=False)))
                    self.code = 0
                else:
                    await self._line(line)
        finally:
            self._depth -= 1
        return self.code

    async def _job(self, line: Line) -> None:
        """A job in the background, of which nobody hears any more but by its output."""
        try:
            await self._script([line])
        except (Exit, BadLine, LookupError, ConnectionError):
            pass
        except TooMuch as bad:
            self.not_known(str(bad))

    async def _line(self, line: Line) -> None:
        last = line.pipelines[-1]
        for pipeline in line.pipelines:
            if (pipeline.after == "&&" and self.code) or (pipeline.after == "||" and not self.code):
                continue
            is_tested = pipeline is not last or pipeline.is_negated
            with self._condition() if is_tested else nullcontext():
                self.code = await self._pipeline(pipeline)
            if self.code and "errexit" in self.session.options and not is_tested and not self.session.conditions:
                raise Exit(self.code)

    async def _pipeline(self, pipeline: Pipeline) -> int:
        *before, last = pipeline.commands
        if not before:
            code = await self._command(last)
            return int(not code) if pipeline.is_negated else code
        codes, input = [], self.input
        for command in pipeline.commands:
            kept = _Kept(self.session.budget)
            shell = self._subshell(self.out if command is last else kept.write, input)
            codes.append(await shell._alone(command))
            input = kept.text
        failed = [code for code in codes if code]
        code = failed[-1] if failed and "pipefail" in self.session.options else codes[-1]
        return int(not code) if pipeline.is_negated else code

    async def _alone(self, command: Command) -> int:
        try:
            return await self._command(command)
        except Exit as end:
            return end.code

    # One command

    async def _command(self, command: Command) -> int:
        """Run it; its exit code.  What it writes to files is in them when it has ended."""
        if isinstance(command, Simple):
            self.session.line = command.line
            if command.words == [(Text("exec", quoted=False),)]:
                return 0  # all output goes where it went
        files: list[_File] = []
        code = 1
        try:
            words = [
                each for word in getattr(command, "words", ()) for each in await self._fields(word)
            ]  # before the redirections, as in bash
            shell = await self._redirected(command.redirects, files)
            code = await shell._compound(command, words)
        except Refused as why:
            self.complain(str(why))
        except ConnectionError:
            raise  # of whoever reads the output
        except (OSError, ValueError) as error:  # a name that is too long, or no name at all
            self.complain(reason(error))
        finally:
            for file in files:
                try:
                    self.machine.disk.append(file.path, file.kept.text)
                except (OSError, ValueError) as error:
                    self.complain(f"{file.path}: {reason(error)}")
                    code = 1
        return code

    async def _compound(self, command: Command, words: list[str]) -> int:
        match command:
            case Simple():
                return await self._simple(command, words)
            case Group():
                shell = self._subshell() if command.is_subshell else self
                try:
                    return await shell._script(command.script)
                except Exit as end:
                    if command.is_subshell:
                        return end.code
                    raise
            case If():
                for condition, script in command.branches:
                    if await self._holds(condition):
                        return await self._script(script)
                return 0
            case Loop():
                self.code, code = 0, 0
                while await self._holds(command.condition) is not command.is_until:
                    code = await self._script(command.script)
                return code
            case For():
                self.code = 0
                for word in words:
                    self.session.budget.spend(1)
                    self.set_variable(command.name, word)
                    await self._script(command.script)
                return self.code

    async def _holds(self, condition: Script) -> bool:
        with self._condition():
            return not condition or await self._script(condition) == 0

    @contextmanager
    def _condition(self) -> Iterator[None]:
        session = self.session
        session.conditions += 1
        try:
            yield
        finally:
            session.conditions -= 1

    async def _simple(self, command: Simple, words: list[str]) -> int:
        session = self.session
        session.budget.spend(1, sum(map(len, words)), len(words))
        await asyncio.sleep(0)  # nothing that an instance does holds up the others
        shell = self._subshell() if words and command.assignments else self
        if not words:
            self.code = 0
        traced = []
        for name, word in command.assignments:
            value = await self._joined(word)
            traced.append(f"{name}={shlex.quote(value)}")
            shell.set_variable(name, value)
            shell.session.exported.update({name} if words else ())
        if "xtrace" in session.options:
            self.err(f"+ {' '.join([*traced, *map(shlex.quote, words)])}\n")
        return await shell.call(words) if words else self.code  # the code of the last command substitution

    async def call(self, words: list[str]) -> int:
        """Run a command by its name and arguments."""
        name, *args = words
        for folder in _FOLDERS:
            name = name.removeprefix(folder)
        command = BUILTINS.get(name) or self.machine.commands.get(name)
        if command is not None:
            return await command(self, args)
        if "/" in name and self.path(name).is_file():
            return await self.child(self.content(name), name)
        self.complain(f"{name}: command not found")
        self.not_known(f"{name}: command not found")
        return NOT_FOUND

    def content(self, name: str) -> str:
        """The text of a file on the instance's disk.  Raises ``Refused``."""
        try:
            text = "" if name == "/dev/null" else self.path(name).read_bytes().decode("utf-8", "surrogateescape")
            self.session.budget.spend(0, len(text))
            return text
        except (OSError, ValueError) as error:
            raise Refused(f"{name}: {reason(error)}") from None

    def set_variable(self, name: str, value: str) -> None:
        """Raises ``TooMuch`` if the variables have no room for it."""
        variables = self.session.variables
        if sum(map(len, variables.values())) + len(value) > LONGEST_VALUE or len(variables) > 1000:
            raise TooMuch("ended: its variables are too large")
        variables[name] = value

    # Redirections

    async def _redirected(self, redirects: list[Redirect], files: list[_File]) -> Shell:
        """This shell with other ends; what is to be written comes into ``files``.  Raises ``Refused``."""
        if not redirects:
            return self
        shell = copy(self)
        for each in redirects:
            target = await self._joined(each.word)
            if each.operator == "<<":
                shell.input = target
            elif each.operator == "<":
                shell.input = self.content(target)
            else:
                write = self._sink(shell, each.operator, target, files)
                for fd in each.fds:
                    setattr(shell, "out" if fd == 1 else "err", write)
        return shell

    def _sink(self, shell: Shell, operator: str, target: str, files: list[_File]) -> Write:
        ends = {"1": shell.out, "2": shell.err} if operator == ">&" else {}
        devices = {"/dev/null": _discard, "/dev/stdout": shell.out, "/dev/console": shell.out, "/dev/stderr": shell.err}
        if target in ends or target in devices:
            return ends.get(target) or devices[target]
        if operator == ">&":
            self.not_known(f">&{target}: not known here")
            raise Refused(f">&{target}: not known here")
        self.session.budget.spend(FILE_COST)
        file = _File(self.absolute(target), _Kept(self.session.budget))
        try:
            if not self.path(target).parent.is_dir():
                raise FileNotFoundError(2, "No such file or directory")
            if operator == ">>":
                self.machine.disk.append(file.path, "")
            else:
                self.machine.disk.write(file.path, b"")
        except (OSError, ValueError) as error:
            raise Refused(f"{target}: {reason(error)}") from None
        files.append(file)
        return file.kept.write

    # Words

    async def _joined(self, word: Word) -> str:
        """A word as one text, neither split nor matched with file names."""
        return "".join([await self._value(part) for part in self._with_home(word)])

    async def _fields(self, word: Word) -> list[str]:
        """The words that a word becomes: what is not quoted is split, and a pattern matched with file names."""
        fields: list[tuple[str, str]] = []  # what it says, and the same as a pattern
        goes_on = False
        for part in self._with_home(word):
            text = await self._value(part)
            is_pattern = isinstance(part, Text) and not part.quoted
            whole = isinstance(part, Text | Unknown) or part.quoted
            pieces = [text] if whole else text.split()
            if not whole and text[:1].isspace():
                goes_on = False
            for piece in pieces:
                pattern = piece if is_pattern or not _PATTERN & set(piece) else glob.escape(piece)
                before = fields.pop() if goes_on else ("", "")
                fields.append((before[0] + piece, before[1] + pattern))
                goes_on = whole
            if not whole and pieces:
                goes_on = not text[-1:].isspace()
        return [name for text, pattern in fields for name in self._matching(text, pattern)]

    def _with_home(self, word: Word) -> Word:
        """The word with the home directory in place of a ``~`` at its beginning."""
        first = word[0] if word else None
        if isinstance(first, Text) and not first.quoted and f"{first.text}/".startswith("~/"):
            return (Text(self._variable("HOME") or ""), Text(first.text[1:], quoted=False), *word[1:])
        return word

    def _matching(self, text: str, pattern: str) -> list[str]:
        """The files of the instance that a pattern matches, in order; the text itself if there are none."""
        if not _PATTERN & set(text) or pattern == glob.escape(text):
            return [text]
        folder, slash, last = pattern.rpartition("/")
        if _PATTERN & set(folder):
            before = re.split(r"[*?[]", folder)[0].rpartition("/")
            if not self.path(before[0] or before[1] or ".").is_dir():
                return [text]
            self.not_known(f"{text}: not known here")
            raise Refused(f"{text}: a pattern for folders is not known here")
        try:
            names = sorted(each.name for each in self.path(folder or slash or ".").iterdir())
        except (OSError, ValueError):
            names = []
        found = [each for each in fnmatch.filter(names, last) if last.startswith(".") or not each.startswith(".")]
        return [f"{folder}{slash}{each}" for each in found] or [text]

    async def _value(self, part: Text | Variable | Output | Unknown) -> str:
        """What a part of a word stands for.  Raises ``Refused`` for what is not known."""
        match part:
            case Text():
                return part.text
            case Output():
                kept = _Kept(self.session.budget, LONGEST_VALUE)
                shell = self._subshell(kept.write)
                try:
                    self.code = await shell._script(part.script)
                except Exit as end:
                    self.code = end.code
                return kept.text.replace("\0", "").rstrip("\n")
            case Variable():
                value = self._variable(part.name)
                if part.default is not None:
                    return value or await self._joined(part.default)
                if value is None and "nounset" in self.session.options:
                    self.complain(f"{part.name}: unbound variable")
                    raise Exit(1)
                return value or ""
            case Unknown():
                self.not_known(f"{part.what}: not known here")
                raise Refused(f"`{part.what[:60]}' is more than this instance's shell can do")

    def _variable(self, name: str) -> str | None:
        if name in self.session.variables:
            return self.session.variables[name]
        is_root = self.user == "root"
        match name:
            case "?":
                return str(self.session.code)
            case "HOME":
                return "/root" if is_root else HOME
            case "USER" | "LOGNAME":
                return self.user
            case "UID" | "EUID":
                return "0" if is_root else "1000"
            case "PWD":
                return self.session.folder
            case "HOSTNAME":
                return self.machine.hostname
            case "PATH":
                return ":".join(each.rstrip("/") for each in _FOLDERS)
            case "0":
                return self.session.name or "-bash"
            case "#":
                return "0"
            case "@" | "*":
                return ""
        return None


class _Kept:
    """Output that is kept, at most ``room`` characters of it and one more."""

    def __init__(self, budget: Budget, room: int = LARGEST_DISK) -> None:
        self._budget, self._room, self._text = budget, room, io.StringIO()

    def write(self, text: str) -> None:
        self._budget.spend(0, len(text))
        self._text.write(text[: max(0, self._room + 1 - self._text.tell())])

    @property
    def text(self) -> str:
        return self._text.getvalue()


@dataclass
class _File:
    """A file that a command's output goes into."""

    path: str
    kept: _Kept


def reason(error: Exception) -> str:
    """Why something could not be done with a file, in the words of Linux."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)


# --- The commands that belong to the shell itself ---------------------------------------


async def _exit(shell: Shell, args: list[str]) -> int:
    raise Exit(int(args[0]) % 256 if args and args[0].isdecimal() and len(args[0]) < 20 else shell.code)


async def _cd(shell: Shell, args: list[str]) -> int:
    name = args[0] if args else "~"
    try:
        folder = shell.path(name) if args else shell.machine.disk.path(shell._variable("HOME") or "/")
        if not folder.is_dir():
            raise FileNotFoundError(2, "Not a directory" if folder.exists() else "No such file or directory")
    except (OSError, ValueError) as error:
        shell.complain(f"cd: {name}: {reason(error)}")
        return 1
    shell.session.folder = shell.machine.disk.inside(folder)
    return 0


async def _set(shell: Shell, args: list[str]) -> int:
    """``-e``, ``-u``, ``-x``, ``-o pipefail``, and ``+`` to undo them.  Other letters change nothing here."""
    for arg, name in zip(args, [*args[1:], ""], strict=False):
        if arg[:1] in ("-", "+"):
            names = {_OPTIONS[letter] for letter in arg if letter in _OPTIONS} | ({name} if "o" in arg else set())
            change = shell.session.options.update if arg[0] == "-" else shell.session.options.difference_update
            change(names)
    return 0


async def _export(shell: Shell, args: list[str]) -> int:
    for arg in args:
        name, sign, value = arg.partition("=")
        if sign:
            shell.set_variable(name, value)
        shell.session.exported.add(name)
    return 0


async def _unset(shell: Shell, args: list[str]) -> int:
    for name in args:
        shell.session.variables.pop(name, None)
    return 0


async def _true(shell: Shell, args: list[str]) -> int:
    return 0


async def _false(shell: Shell, args: list[str]) -> int:
    return 1


async def _bash(shell: Shell, args: list[str]) -> int:
    """``bash -c TEXT``, ``bash FILE``, or what standard input holds; options as ``set`` knows them."""
    options = []
    while args and args[0].startswith("-"):
        options.append(args.pop(0))
    letters, name = "".join(each for each in options if not each.startswith("--")), "bash"
    if "c" in letters:
        text = args[0] if args else ""
    elif args:
        text, name = shell.content(args[0]), args[0]
    elif shell.input is None:
        return shell.cannot("bash: a shell inside a session is not known here; put sudo before each command")
    else:
        text = shell.input
    return await shell.child(f"set {' '.join(options)}; {text}" if set(letters) & set(_OPTIONS) else text, name)


async def _sudo(shell: Shell, args: list[str]) -> int:
    """``sudo [-u USER] COMMAND``, ``sudo -i``, ``sudo -s``."""
    try:
        options, words = getopt.getopt(args, "u:g:EHSnisk")
    except getopt.GetoptError as error:
        return shell.cannot(f"sudo: {error.msg}")
    given = dict(options)
    other = copy(shell)
    other.user = given.get("-u", "root")
    if words:
        return await other.call(words)
    if "-i" in given or "-s" in given:
        return await _bash(other, [])
    shell.err("usage: sudo command\n")
    return 1


async def _su(shell: Shell, args: list[str]) -> int:
    """``su [-] [USER] [-c TEXT]``; without ``-c`` a shell that reads standard input, which a script at boot has not."""
    try:
        options, words = getopt.gnu_getopt([each for each in args if each != "-"], "lc:s:")
    except getopt.GetoptError as error:
        return shell.cannot(f"su: {error.msg}")
    if shell.user != "root":
        shell.err("su: Authentication failure\n")
        return 1
    other = copy(shell)
    other.user = words[0] if words else "root"
    given = dict(options)
    return await _bash(other, ["-c", given["-c"]] if "-c" in given else [])


async def _nohup(shell: Shell, args: list[str]) -> int:
    return await shell.call(args) if args else 125


async def _source(shell: Shell, args: list[str]) -> int:
    return await shell.run_line(shell.content(args[0])) if args else SYNTAX


BUILTINS: dict[str, Run] = {
    ".": _source,
    ":": _true,
    "bash": _bash,
    "cd": _cd,
    "exec": _nohup,
    "exit": _exit,
    "export": _export,
    "false": _false,
    "nohup": _nohup,
    "set": _set,
    "sh": _bash,
    "source": _source,
    "su": _su,
    "sudo": _sudo,
    "true": _true,
    "unset": _unset,
}
