"""The commands for an instance's files and texts."""

from __future__ import annotations

import getopt
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from vpce_demo.sandbox.limits import FILE_COST
from vpce_demo.sandbox.machines.shell import Refused, Run, Shell, reason

MOST_STEPS = 20_000_000
"""What a pattern of ``sed`` may cost for one line: see ``_steps``."""
STEPS_UNIT = 20_000
"""How many of these steps count as one more command."""
MOST_STARS = 4
_ECHO = re.compile(r"\\([\\abefnrtv])")
_PRINTF = re.compile("%[sd%]")
_MARKS = {"\\": "\\", "a": "\a", "b": "\b", "e": "\33", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_REGEX = re.compile(
    r"\\(?P<escaped>[^\w(){}|+?<>'`])|(?P<set>\[\^?\]?[^\]]*\])|(?P<star>\*)|(?P<any>[.^$])|(?P<plain>[^\\\[])"
)


async def cat(shell: Shell, args: list[str]) -> int:
    code = 0
    for name in [each for each in args if each == "-" or not each.startswith("-")] or ["-"]:
        try:
            shell.out((shell.input or "") if name == "-" else shell.content(name))
        except Refused as why:
            shell.err(f"cat: {why}\n")
            code = 1
    return code


async def ls(shell: Shell, args: list[str]) -> int:
    code = 0
    for name in [each for each in args if not each.startswith("-")] or ["."]:
        try:
            path = shell.path(name)
            if path.is_dir():
                shell.out("".join(f"{each}\n" for each in sorted(file.name for file in path.iterdir())))
            elif path.exists():
                shell.out(f"{name}\n")
            else:
                raise FileNotFoundError(2, "No such file or directory")
        except (OSError, ValueError) as error:
            shell.err(f"ls: cannot access '{name}': {reason(error)}\n")
            code = 2
    return code


async def echo(shell: Shell, args: list[str]) -> int:
    """``echo [-neE] WORD...``"""
    letters = ""
    while args and re.fullmatch("-[neE]+", args[0]):
        letters += args[0]
        args = args[1:]
    text = " ".join(args)
    shell.out((_unescaped(text) if "e" in letters else text) + ("" if "n" in letters else "\n"))
    return 0


def _unescaped(text: str) -> str:
    return _ECHO.sub(lambda match: _MARKS[match[1]], text)


async def printf(shell: Shell, args: list[str]) -> int:
    """``printf FORMAT WORD...`` with ``%s``, ``%d`` and ``%%``; the format again while there are words."""
    if not args:
        shell.err("printf: usage: printf format [arguments]\n")
        return 2
    form, *words = args
    if unknown := re.search("%(.|$).?", _PRINTF.sub("", form)):
        return shell.cannot(f"printf: {unknown[0]}: only %s, %d and %% are known here")
    size, rest = form.replace("%%", "").count("%"), iter(words)
    times = -(-len(words) // size) if size and words else 1
    shell.session.budget.spend(0, times * len(form))
    shell.out(_PRINTF.sub(lambda match: "%" if match[0] == "%%" else next(rest, ""), _unescaped(form) * times))
    return 0


async def tee(shell: Shell, args: list[str]) -> int:
    """``tee [-a] FILE...``"""
    text = shell.input or ""
    shell.out(text)
    names = [each for each in args if not each.startswith("-")]
    return _each(shell, "tee", names, lambda name: _write(shell, name, text, appends=len(names) < len(args)))


async def touch(shell: Shell, args: list[str]) -> int:
    names = [each for each in args if not each.startswith("-")]
    return _each(shell, "touch", names, lambda name: _write(shell, name, "", appends=True))


def _write(shell: Shell, name: str, text: str, appends: bool) -> None:
    if name == "/dev/null":
        return
    if not shell.path(name).parent.is_dir():
        raise FileNotFoundError(2, "No such file or directory")
    shell.session.budget.spend(0, len(text))
    if not appends:
        shell.machine.disk.write(shell.absolute(name), b"")
    shell.machine.disk.append(shell.absolute(name), text)


async def mkdir(shell: Shell, args: list[str]) -> int:
    """``mkdir [-p] [-m MODE] FOLDER...``"""
    try:
        options, names = getopt.gnu_getopt(args, "pvm:", ["parents"])
    except getopt.GetoptError as error:
        return shell.cannot(f"mkdir: {error.msg}")
    parents = bool({"-p", "--parents"} & dict(options).keys())
    disk = shell.machine.disk
    return _each(
        shell,
        "mkdir: cannot create directory",
        names,
        lambda name: disk.make_folder(shell.absolute(name), parents),
    )


async def cp(shell: Shell, args: list[str]) -> int:
    """``cp [-r] FILE... PLACE``"""
    return _copy(shell, "cp", args, False)


async def mv(shell: Shell, args: list[str]) -> int:
    """``mv FILE... PLACE``"""
    return _copy(shell, "mv", args, True)


def _copy(shell: Shell, word: str, args: list[str], moves: bool) -> int:
    try:
        options, names = getopt.gnu_getopt(args, "rRafpvuTn")
    except getopt.GetoptError as error:
        return shell.cannot(f"{word}: {error.msg}")
    if len(names) < 2:
        shell.err(f"{word}: missing file operand\n")
        return 1
    *sources, place = names
    takes_folders = moves or bool({"-r", "-R", "-a"} & dict(options).keys())
    disk = shell.machine.disk

    def one(name: str) -> None:
        source, target = shell.path(name), shell.path(place)
        if target.is_dir():
            target = target / source.name
        elif len(sources) > 1:
            raise NotADirectoryError(20, f"target '{place}' is not a directory")
        if source.is_dir() and not takes_folders:
            raise IsADirectoryError(21, "-r not specified; omitting directory")
        if target == source or source in target.parents:
            raise OSError(22, "it cannot go into itself")
        files = [each for each in source.rglob("*") if each.is_file()] if source.is_dir() else [source]
        if source.is_dir():
            disk.make_folder(disk.inside(target), True)
        elif not target.parent.is_dir():
            raise FileNotFoundError(2, "No such file or directory")
        for file in files:
            content = file.read_bytes()
            shell.session.budget.spend(1, len(content))
            disk.write(disk.inside(target / file.relative_to(source)), content)
        if moves:
            disk.delete(disk.inside(source))

    return _each(shell, word, sources, one)


async def rm(shell: Shell, args: list[str]) -> int:
    """``rm [-rf] FILE...``"""
    try:
        options, names = getopt.gnu_getopt(args, "rRfvid", ["recursive", "force", "no-preserve-root"])
    except getopt.GetoptError as error:
        return shell.cannot(f"rm: {error.msg}")
    given = dict(options).keys()

    def one(name: str) -> None:
        path = shell.path(name)
        if path == shell.machine.disk.root:
            raise OSError(1, "it is dangerous to operate recursively on '/'")
        if path.is_dir() and not {"-r", "-R", "--recursive"} & given:
            raise IsADirectoryError(21, "Is a directory")
        if path.exists() or not {"-f", "--force"} & given:
            shell.machine.disk.delete(shell.absolute(name))

    return _each(shell, "rm: cannot remove", names, one)


def _each(shell: Shell, words: str, names: list[str], do: Callable[[str], None]) -> int:
    """Do it for each name; 1 if one fails, which is told in these words."""
    code = 0
    for name in names:
        shell.session.budget.spend(FILE_COST)
        try:
            do(name)
        except (OSError, ValueError, shutil.Error) as error:
            shell.err(f"{words} '{name}': {reason(error)}\n")
            code = 1
    return code


async def sed(shell: Shell, args: list[str]) -> int:
    """``sed [-i] [-e] 's/PATTERN/TEXT/[g]' FILE...``, with any mark for the slash."""
    try:
        options, names = getopt.gnu_getopt([each if each[:2] != "-i" else "-i" for each in args], "ie:")
    except getopt.GetoptError:
        return shell.cannot("sed: only -i and -e are known here")
    given = [value for name, value in options if name == "-e"]
    if not given:
        given, names = names[:1], names[1:]
    try:
        commands = [each for text in given for each in _substitutions(text)]
    except ValueError as why:
        return shell.cannot(f"sed: {why}")
    in_place, code = ("-i", "") in options, 0
    for name in names or ["-"]:
        try:
            text = (shell.input or "") if name == "-" else shell.content(name)
            lines = text.splitlines(keepends=True)
            for command in commands:
                for at, line in enumerate(lines):
                    content = line.removesuffix("\n")
                    steps = command.steps(content)
                    if steps > MOST_STEPS:
                        return shell.cannot("sed: a line is too long for this pattern here")
                    shell.session.budget.spend(steps // STEPS_UNIT)
                    lines[at] = command.pattern.sub(command.new, content, command.count) + line[len(content) :]
            if in_place:
                shell.machine.disk.write(shell.absolute(name), "".join(lines).encode("utf-8", "surrogateescape"))
            else:
                shell.out("".join(lines))
        except Refused as why:
            shell.err(f"sed: can't read {why}\n")
            code = 2
        except (OSError, ValueError) as error:
            shell.err(f"sed: {name}: {reason(error)}\n")
            code = 4
    return code


@dataclass(frozen=True)
class _Substitution:
    """``s/PATTERN/TEXT/``; ``count`` says how often in a line, 0 for always."""

    pattern: re.Pattern[str]
    new: Callable[[re.Match[str]], str]
    count: int
    stars: int

    def steps(self, line: str) -> int:
        """How much trying the pattern may take at most: each star may begin and end anywhere."""
        return int(len(line) ** (self.stars + 1)) * (1 + len(self.pattern.pattern) // 16)


def _substitutions(text: str) -> Iterator[_Substitution]:
    """The commands of a script of ``sed``.  Raises ``ValueError`` for what is not known here."""
    left = text.strip()
    while left:
        mark = re.escape(left[1:2])
        match = left[0] == "s" and re.match(rf"s{mark}(.+?)(?<!\\){mark}(.*?)(?<!\\){mark}(g?)\s*(?:[;\n]\s*|$)", left)
        if not match or left[1].isalnum() or left[1] in "\\\n":
            raise ValueError(f"{left[:60]}: only s/PATTERN/TEXT/ and s/PATTERN/TEXT/g are known here")
        old, new = (each.replace(f"\\{left[1]}", left[1]) for each in match.groups()[:2])
        yield _substitution(left, old, new, 0 if match[3] else 1)
        left = left[match.end() :]


def _substitution(text: str, old: str, new: str, count: int) -> _Substitution:
    if re.search(r"\\[^&\\n]", new):
        raise ValueError(f"{text[:60]}: only \\&, \\\\ and \\n are known here in the new text")
    pattern, stars, at = "", 0, 0
    while at < len(old):
        match = _REGEX.match(old, at)
        if match is None:
            raise ValueError(f"{text[:60]}: groups and the like are not known here in the pattern")
        at = match.end()
        is_literal = match["star"] and pattern in ("", "^")
        stars += bool(match["star"]) and not is_literal
        if match["any"]:
            # A mark of the beginning or the end is one only there.
            is_plain = (match[0] == "^" and at > 1) or (match[0] == "$" and at < len(old))
            pattern += re.escape(match[0]) if is_plain else match[0]
        elif match["star"] and not is_literal:
            pattern += "" if pattern.endswith("*") and not pattern.endswith("\\*") else "*"
        elif match["set"]:
            if "[:" in match["set"]:
                raise ValueError(f"{text[:60]}: classes are not known here in the pattern")
            inside = match["set"][1:-1]
            negation = inside[:1] == "^"
            inside = re.sub(r"([\\\[\]&~|])", r"\\\1", inside[negation:])
            pattern += f"[{'^' * negation}{inside}]"
        else:
            pattern += re.escape(match["escaped"] or match["plain"] or match["star"])
    if stars > MOST_STARS:
        raise ValueError(f"{text[:60]}: more than {MOST_STARS} stars are not known here")
    try:
        compiled = re.compile(pattern)
    except re.error:
        raise ValueError(f"{text[:60]}: the pattern is not valid") from None
    pieces = re.findall(r"\\.|&|[^\\&]+", new)

    def replaced(match: re.Match[str]) -> str:
        return "".join(match[0] if each == "&" else {"\\n": "\n"}.get(each, each.removeprefix("\\")) for each in pieces)

    return _Substitution(compiled, replaced, count, stars)


async def test(shell: Shell, args: list[str]) -> int:
    """``[ -f FILE ]`` and ``-d -e -s``, ``-n -z TEXT``, ``= == != -eq -ne -lt -le -gt -ge``, ``!`` before them."""
    is_negated = args[:1] == ["!"]
    args = args[is_negated:]
    try:
        match args:
            case []:
                holds = False
            case [text]:
                holds = bool(text)
            case ["-n" | "-z" as sign, text]:
                holds = bool(text) is (sign == "-n")
            case ["-f" | "-d" | "-e" | "-s" | "-r" | "-w" | "-x" as sign, name]:
                path = shell.path(name)
                holds = path.is_file() if sign == "-f" else path.is_dir() if sign == "-d" else path.exists()
                holds = holds and (sign != "-s" or path.stat().st_size > 0)
            case [left, "=" | "==", right]:
                holds = left == right
            case [left, "!=", right]:
                holds = left != right
            case [left, "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" as sign, right]:
                difference = int(left[:20]) - int(right[:20])
                zero, below = difference == 0, difference < 0
                holds = {"-eq": zero, "-ne": not zero, "-lt": below, "-le": below or zero}.get(
                    sign, not below and (sign == "-ge" or not zero)
                )
            case _:
                return shell.cannot(f"[: {' '.join(args)[:60]}: this test is not known here", 2)
    except ValueError:
        shell.complain("[: integer expression expected")
        return 2
    return int(bool(holds) is is_negated)


async def bracket(shell: Shell, args: list[str]) -> int:
    """``[ ... ]`` and, as far as it is the same, ``[[ ... ]]``."""
    if args[-1:] not in (["]"], ["]]"]):
        return shell.cannot("[: only one test between the brackets is known here", 2)
    return await test(shell, args[:-1])


async def pwd(shell: Shell, args: list[str]) -> int:
    shell.out(f"{shell.session.folder}\n")
    return 0


async def date(shell: Shell, args: list[str]) -> int:
    if args:
        return shell.cannot("date: only `date' without a format is known here")
    shell.out(datetime.now(UTC).strftime("%a %b %e %H:%M:%S UTC %Y\n"))
    return 0


FILES: dict[str, Run] = {
    "[": bracket,
    "[[": bracket,
    "cat": cat,
    "cp": cp,
    "date": date,
    "echo": echo,
    "ls": ls,
    "mkdir": mkdir,
    "mv": mv,
    "printf": printf,
    "pwd": pwd,
    "rm": rm,
    "sed": sed,
    "tee": tee,
    "test": test,
    "touch": touch,
}
