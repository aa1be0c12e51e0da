"""The grammar of the instances' shell: a text into commands, before anything runs.

A subset of POSIX's shell command language: lists, pipelines, redirections, here-documents, ``if``, ``while``,
``until``, ``for``, groups; quotes, variables, command substitution.  What bash has and this has not is never guessed: a
construct raises ``BadLine``, an expansion becomes an ``Unknown``, with which no command is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from vpce_demo.sandbox.limits import LONGEST_SCRIPT, MOST_NESTED

_BLANK = re.compile(r"(?:[^\S\n]|\\\n)+")
_PLAIN = re.compile(r"[^\s'\"\\$`;&|<>()]+")
_NAME = re.compile(r"[A-Za-z_]\w*|[?$#@*!0-9]", re.ASCII)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=", re.ASCII)
_REDIRECTION = re.compile(r"(?P<fd>\d?)(?P<operator><<<|<<-|<<|<(?!\()|>>|>&|>\||>(?!\())|(?P<both>&>>?)")
_OPERATOR = re.compile(r"&&|\|\||;;|[;&|()\n]")
_RESERVED = re.compile(r"(?:[a-z]+|[{}!])(?=[\s;&|()<>]|$)")
_BRACES = re.compile(r"\{[^{}]*\}")
_ELSEWHERE = ("then", "do", "done", "fi", "else", "elif", "esac", "}")
_NOT_KNOWN = ("case", "function", "select", "coproc")


class BadLine(Exception):
    """The text is not what this shell understands; ``line`` is where."""

    line = 1


@dataclass(frozen=True)
class Text:
    """Stands for itself; what is not quoted may hold a pattern for file names."""

    text: str
    quoted: bool = True


@dataclass(frozen=True)
class Variable:
    """``$name``, or ``${name:-default}``; what is not quoted is split into words."""

    name: str
    quoted: bool
    default: Word | None = None


@dataclass(frozen=True)
class Output:
    """``$(commands)``: what they write."""

    script: Script
    quoted: bool


@dataclass(frozen=True)
class Unknown:
    """An expansion of bash that is not known here."""

    what: str


Word: TypeAlias = "tuple[Text | Variable | Output | Unknown, ...]"


@dataclass
class Redirect:
    """Where ``fds`` go to or come from: ``operator`` is ``>``, ``>>``, ``>&``, ``<``, or ``<<`` if ``word`` is the
    input."""

    fds: tuple[int, ...]
    operator: str
    word: Word = ()


@dataclass
class Simple:
    """A command: its name and arguments, with assignments before them."""

    words: list[Word] = field(default_factory=list)
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    line: int = 1


@dataclass
class Group:
    """``{ script }``, or ``( script )`` in a shell of its own."""

    script: Script
    is_subshell: bool
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class If:
    """The first of ``branches`` (condition, script) whose condition succeeds; ``else`` has none."""

    branches: list[tuple[Script, Script]]
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class Loop:
    """``while``, or ``until``, which ends once the condition succeeds."""

    condition: Script
    script: Script
    is_until: bool
    redirects: list[Redirect] = field(default_factory=list)


@dataclass
class For:
    """``script`` once for each word, in the variable ``name``."""

    name: str
    words: list[Word]
    script: Script
    redirects: list[Redirect] = field(default_factory=list)


Command = Simple | Group | If | Loop | For


@dataclass
class Pipeline:
    """Commands joined by ``|``; ``after`` is the operator before them: ``;``, ``&&`` or ``||``."""

    after: str
    commands: list[Command]
    is_negated: bool = False


@dataclass
class Line:
    """Pipelines joined by ``&&`` and ``||``."""

    pipelines: list[Pipeline]
    in_background: bool = False


Script: TypeAlias = "list[Line]"


def parse(text: str) -> Script:
    """A whole text.  Raises ``BadLine``."""
    return [line for lines in read_lines(text) for line in lines]


def read_lines(text: str) -> Iterator[Script]:
    """The commands of each line of the text, as bash reads a script: what stands before a mistake is run.  Raises
    ``BadLine``."""
    if len(text) > LONGEST_SCRIPT:
        raise BadLine(f"a script of more than {LONGEST_SCRIPT} characters is more than this instance's shell can do")
    parser = _Parser(text)
    try:
        yield from parser.lines()
    except BadLine as bad:
        bad.line = text.count("\n", 0, parser.at) + 1
        raise


def _too_much(what: str) -> BadLine:
    return BadLine(f"`{what}' is more than this instance's shell can do")


def _unexpected(what: str) -> BadLine:
    if not what:
        return BadLine("syntax error: unexpected end of file")
    return BadLine(f"syntax error near unexpected token `{'newline' if what == chr(10) else what}'")


class _Parser:
    """Goes through a text once, from ``at`` on."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self.text, self.at, self.depth = text, 0, depth
        self.pending: list[tuple[Redirect, str, bool, bool]] = []
        """Here-documents whose text begins on the next line: delimiter, whether it is quoted, whether tabs go."""

    @contextmanager
    def nested(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise BadLine(f"more than {MOST_NESTED} levels are more than this instance's shell can do")
        yield
        self.depth -= 1

    # Lists

    def lines(self) -> Iterator[Script]:
        while True:
            self.gap()
            if self.at >= len(self.text):
                return
            script = [self.line()]
            while self.text[self.at - 1] != "\n" and self.skip().at < len(self.text):
                if self.operator() == "\n":
                    self.gap()
                else:
                    script.append(self.line())
            yield script

    def script(self, *ends: str) -> Script:
        """Lines up to one of the words (or ``)``) in ``ends``, which is not taken."""
        lines: Script = []
        with self.nested():
            while True:
                self.gap()
                if self.at >= len(self.text):
                    if ends:
                        raise _unexpected("")
                    return lines
                if (self.reserved() or self.operator()) in ends:
                    return lines
                lines.append(self.line())

    def line(self) -> Line:
        line = Line([self.pipeline(";")])
        while True:
            operator = self.skip().operator()
            if operator in ("&&", "||"):
                self.at += 2
                self.gap()
                line.pipelines.append(self.pipeline(operator))
            elif operator in (";", "&", "\n"):
                line.in_background = operator == "&"
                self.at += 1
                if operator == "\n":
                    self.here_documents()
                return line
            elif operator == ")" or self.at >= len(self.text):
                return line
            else:
                raise _unexpected(operator or self.reserved())

    def pipeline(self, after: str) -> Pipeline:
        is_negated = self.skip().take("!")
        commands = [self.command()]
        while self.skip().operator() == "|":
            self.at += 1
            self.gap()
            commands.append(self.command())
        return Pipeline(after, commands, is_negated)

    # Commands

    def command(self) -> Command:
        word = self.skip().reserved()
        command: Command
        if self.operator() == "(":
            if self.text.startswith("((", self.at):
                raise _too_much("((")
            self.at += 1
            command = Group(self.script(")"), is_subshell=True)
            self.at += 1
        elif self.take("{"):
            command = Group(self.script("}"), is_subshell=False)
            self.expect("}")
        elif self.take("if"):
            command = If([self.branch()])
            while self.take("elif"):
                command.branches.append(self.branch())
            if self.take("else"):
                command.branches.append(([], self.script("fi")))
            self.expect("fi")
        elif word in ("while", "until"):
            self.expect(word)
            condition = self.script("do")
            command = Loop(condition, self.body(), word == "until")
        elif self.take("for"):
            command = self.for_loop()
        elif word in _NOT_KNOWN:
            raise _too_much(word)
        elif word in _ELSEWHERE:
            raise _unexpected(word)
        else:
            return self.simple()
        while redirect := self.skip().redirect():
            command.redirects.append(redirect)
        return command

    def branch(self) -> tuple[Script, Script]:
        condition = self.script("then")
        self.expect("then")
        return condition, self.script("elif", "else", "fi")

    def body(self) -> Script:
        self.expect("do")
        script = self.script("done")
        self.expect("done")
        return script

    def for_loop(self) -> For:
        name = _NAME.match(self.text, self.skip().at)
        if name is None:
            raise _too_much("for ((")
        self.at = name.end()
        self.gap()
        words: list[Word] = []
        if not self.take("in"):
            raise _too_much("for without in")
        while not self.skip().operator() and self.at < len(self.text):
            words.append(self.word())
        if self.operator() not in (";", "\n"):
            raise _unexpected(self.operator())
        self.at += 1
        self.gap()
        return For(name[0], words, self.body())

    def simple(self) -> Simple:
        command = Simple(line=self.text.count("\n", 0, self.at) + 1)
        while True:
            if redirect := self.skip().redirect():
                command.redirects.append(redirect)
                continue
            operator = self.operator()
            if operator == "(" and command.words:
                raise _too_much("()")
            if operator or self.at >= len(self.text):
                break
            assignment = None if command.words else _ASSIGNMENT.match(self.text, self.at)
            if assignment is None:
                command.words.append(self.word())
                continue
            self.at = assignment.end()
            if self.text.startswith("(", self.at):
                raise _too_much("=(")
            command.assignments.append((assignment[1], self.word()))
        if not (command.words or command.assignments or command.redirects):
            raise _unexpected(self.operator())
        return command

    def redirect(self) -> Redirect | None:
        match = _REDIRECTION.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        operator = match["operator"] or match["both"][1:]
        fds = (1, 2) if match["both"] else (int(match["fd"] or (0 if operator[0] == "<" else 1)),)
        redirect = Redirect(fds, "<<" if operator[0:2] == "<<" else operator.replace(">|", ">"))
        if fds not in ((0,), (1,), (2,), (1, 2)) or (operator[0] == "<") != (fds == (0,)):
            raise _too_much(match[0])
        self.skip()
        if operator in ("<<", "<<-"):
            start = self.at
            delimiter = "".join(part.text for part in self.word() if isinstance(part, Text))
            is_quoted = any(mark in self.text[start : self.at] for mark in "'\"\\")
            self.pending.append((redirect, delimiter, is_quoted, operator == "<<-"))
        else:
            redirect.word = self.word()
            if not redirect.word:
                raise _unexpected(self.operator() or "newline")
            if operator == "<<<":
                redirect.word = (*redirect.word, Text("\n"))
        return redirect

    def here_documents(self) -> None:
        """Read the texts of the here-documents of the line that has just ended."""
        pending, self.pending = self.pending, []
        for redirect, delimiter, is_quoted, without_tabs in pending:
            body = []
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                line = self.text[self.at : end if end >= 0 else None]
                self.at = min(self.at + len(line) + 1, len(self.text))
                line = line.lstrip("\t") if without_tabs else line
                if line == delimiter:
                    break
                body.append(f"{line}\n")
            text = "".join(body)
            redirect.word = (Text(text),) if is_quoted else _Parser(text, self.depth).expanded("")

    # Words

    def word(self) -> Word:
        parts: list[Text | Variable | Output | Unknown] = []
        while self.at < len(self.text):
            mark = self.text[self.at]
            if plain := _PLAIN.match(self.text, self.at):
                self.at = plain.end()
                braces = [each for each in _BRACES.findall(plain[0]) if "," in each or ".." in each]
                parts.append(Unknown(braces[0]) if braces else Text(plain[0], quoted=False))
            elif mark == "'":
                end = self.text.find("'", self.at + 1)
                if end < 0:
                    raise self.unmatched(mark)
                parts.append(Text(self.text[self.at + 1 : end]))
                self.at = end + 1
            elif mark == '"':
                self.at += 1
                parts += self.expanded('"') or (Text(""),)
            elif mark == "\\":
                escaped = self.text[self.at + 1 : self.at + 2]
                self.at += 2
                if escaped != "\n":
                    parts.append(Text(escaped))
            elif mark in "$`":
                parts.append(self.expansion(quoted=False))
            elif self.text.startswith(("<(", ">("), self.at):
                self.at += 2
                self.script(")")
                self.at += 1
                parts.append(Unknown(f"{mark}()"))
            else:
                break
        return tuple(parts)

    def expanded(self, end: str) -> Word:
        """What stands in double quotes, in ``${name:-...}`` or in a here-document, up to ``end``, which is taken."""
        parts: list[Text | Variable | Output | Unknown] = []
        start, kept = self.at, ""
        while True:
            mark = self.text[self.at : self.at + 1]
            if mark == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", "\\", "\n", end):
                escaped = self.text[self.at + 1 : self.at + 2]
                kept += self.text[start : self.at] + ("" if escaped == "\n" else escaped)
                self.at = start = self.at + 2
            elif mark == end or not mark or mark in "$`" or (mark == '"' and end == "}"):
                if text := kept + self.text[start : self.at]:
                    parts.append(Text(text))
                if mark == end:
                    self.at += len(end)
                    return tuple(parts)
                if not mark:
                    raise self.unmatched(end)
                if mark == '"':
                    self.at += 1
                else:
                    parts.append(self.expansion(quoted=True))
                start, kept = self.at, ""
            else:
                self.at += 1

    def expansion(self, quoted: bool) -> Text | Variable | Output | Unknown:
        """What begins with ``$`` or a backtick."""
        rest = self.text[self.at : self.at + 3]
        if rest[0] == "`":
            return self.backticks(quoted)
        if rest == "$((":
            return self.unknown("(", ")")
        if rest[:2] == "$(":
            self.at += 2
            script = self.script(")")
            self.at += 1
            return Output(script, quoted)
        if rest[:2] == "${":
            name = _NAME.match(self.text, self.at + 2)
            after = name.end() if name else self.at
            default = re.compile(":?-").match(self.text, after)
            if name is None or (self.text[after : after + 1] != "}" and default is None):
                return self.unknown("{", "}")
            self.at = default.end() if default else after + 1
            with self.nested():
                return Variable(name[0], quoted, self.expanded("}") if default else None)
        if rest[:2] == "$'" and not quoted:
            return self.unknown("'", "'")
        name = _NAME.match(self.text, self.at + 1)
        self.at = name.end() if name else self.at + 1
        return Variable(name[0], quoted) if name else Text("$", quoted)

    def backticks(self, quoted: bool) -> Output:
        match = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL).match(self.text, self.at)
        if match is None:
            raise self.unmatched("`")
        self.at = match.end()
        with self.nested():
            return Output(_Parser(re.sub(r"\\([`\\$])", r"\1", match[1]), self.depth).script(), quoted)

    def unknown(self, opening: str, closing: str) -> Unknown:
        """Take what is not known here, up to the mark that closes it."""
        start, level = self.at, 0
        self.at = self.text.index(opening, start) + 1
        while self.at < len(self.text):
            mark = self.text[self.at]
            self.at += 1
            if mark == closing and level == 0:
                return Unknown(self.text[start : self.at])
            level += (mark == opening) - (mark == closing)
        raise self.unmatched(closing)

    # Places

    def skip(self) -> _Parser:
        """Go over blanks and a comment."""
        if blank := _BLANK.match(self.text, self.at):
            self.at = blank.end()
        if self.text.startswith("#", self.at) and (self.at == 0 or self.text[self.at - 1] in " \t\n;&|()"):
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        return self

    def gap(self) -> None:
        """Go over blanks, comments and newlines."""
        while self.skip().text.startswith("\n", self.at):
            self.at += 1
            self.here_documents()

    def operator(self) -> str:
        """The operator that stands here, or nothing."""
        match = _OPERATOR.match(self.text, self.at)
        return match[0] if match else ""

    def reserved(self) -> str:
        """The word that stands here and may be a reserved one, or nothing."""
        match = _RESERVED.match(self.text, self.at)
        return match[0] if match else ""

    def take(self, word: str) -> bool:
        """Go over a reserved word if it stands here."""
        if self.reserved() != word:
            return False
        self.at += len(word)
        return True

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise _unexpected(self.reserved() or self.operator())

    def unmatched(self, mark: str) -> BadLine:
        return BadLine(f"unexpected end of file while looking for matching `{mark}'")
