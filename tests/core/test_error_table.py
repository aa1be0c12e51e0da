"""Every error has a code, and every code is a row of the table."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import vpce_demo
from vpce_demo import errors, private
from vpce_demo.aws import messages
from vpce_demo.engine import failures
from vpce_demo.errors import DemoError
from vpce_demo.lessons.errors import ERRORS
from vpce_demo.sandbox import client
from vpce_demo.session import run
from vpce_demo.verify import checks

ROOT = Path(vpce_demo.__file__).parent
CLASSES: dict[str, type[DemoError]] = {
    name: one
    for module in (errors, private, failures, client, run, checks)
    for name, one in vars(module).items()
    if isinstance(one, type) and issubclass(one, DemoError)
}
MESSAGES = (
    *messages.TABLE,
    *messages._BY_MEANING.values(),
    messages._REFUSED,
    messages._NO_CREDENTIALS,
    messages._OTHERWISE,
)


@functools.cache
def sources() -> Mapping[Path, ast.Module]:
    """The program's files, parsed."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def made_in_sources() -> Iterator[tuple[str, str, type[DemoError]]]:
    """Where an error is made, with its code and its class."""
    for path, tree in sources().items():
        own = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef) and not any(name in CLASSES for name in map(ast.unparse, node.bases))
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                named = {one.id for one in ast.walk(node.func) if isinstance(one, ast.Name)} & CLASSES.keys() - own
                code = next((ast.unparse(one.value).strip("'") for one in node.keywords if one.arg == "code"), "")
                for name in named:
                    where = f"{path.relative_to(ROOT)}:{node.lineno}"
                    yield where, code or CLASSES[name].code, CLASSES[name]


@functools.cache
def made() -> Sequence[tuple[str, str, type[DemoError]]]:
    """The same, and the messages for AWS's errors."""
    return [
        *(one for one in made_in_sources() if one[1] != "told['code']"),  # what the sandbox's process said
        *((row.message, row.code, row.kind) for row in MESSAGES),
    ]


def test_every_class_of_errors_is_known_here() -> None:
    derived = {
        node.name: path
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in CLASSES for base in node.bases)
    }
    assert {name: path for name, path in derived.items() if name not in CLASSES} == {}


def test_every_error_that_is_made_has_a_code() -> None:
    assert len(made()) > 150
    assert [where for where, code, _ in made() if not code] == []


def test_the_rows_are_numbered_so_none_is_missing_or_used_again() -> None:
    """A row that is taken away, or put in between, changes the code of another one: this fails."""
    assert [row.code for row in ERRORS] == [f"VPCE{number:03d}" for number in range(1, len(ERRORS) + 1)]
    assert (ERRORS[32].title, ERRORS[65].title) == (
        "A package for this way of signing in is missing",
        "The zone does not offer the instance type",
    )
    assert len({row.title for row in ERRORS}) == len(ERRORS) >= 122


def test_every_code_has_a_row_with_the_exit_code_of_its_class() -> None:
    rows = {row.code: row.exit_code for row in ERRORS}
    wrong = [
        (where, code, kind.exit_code)
        for where, code, kind in made()
        if kind is not run.Interrupted and str(kind.exit_code) not in re.findall(r"\d+", rows[code])
    ]
    assert wrong == []


def test_every_row_is_told_somewhere_or_has_no_exit_code() -> None:
    said = " ".join(path.read_text(encoding="utf-8") for path in sources() if path.parent.name != "lessons")
    said += (ROOT / "lessons" / "__init__.py").read_text(encoding="utf-8")
    assert [row.code for row in ERRORS if (row.code in said) == (row.exit_code == "none")] == []
