"""Who may import whom, read from the source; and what must not be imported just to answer ``--help``."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import vpce_demo

ROOT = Path(vpce_demo.__file__).parent
ORDER = (
    "__main__",
    "cli pytest_plugin",
    "exercises",
    "report export",
    "ui session",
    "chapters",
    "verify",
    "journal diagram",
    "lessons",
    "tutorial musts",
    "resources cost",
    "engine",
    "aws",
    "config ssh sandbox",
    "private",
    "model errors untrusted changes extras signals packages",
    "masking",
    "__init__",
)
"""The rooms of the house, from the top down: each imports what is below it, never what is beside or above it."""
SANDBOX_ORDER = (
    "__main__ connect",
    "server control",
    "handlers",
    "api",
    "network machines",
    "store",
    "client clock limits policy quotas timing",
    "__init__",
)
"""The same for the inside of the sandbox, where a file may also import what is beside it."""


def ranks(order: Iterable[str]) -> dict[str, int]:
    return {room: rank for rank, rooms in enumerate(order) for room in rooms.split()}


RANK = ranks(ORDER)


def room_of(path: Path, root: Path = ROOT) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


@cache
def imported(file: Path) -> tuple[str, ...]:
    """Every module that a file imports of the program, for types too, as the dotted name below it."""
    return tuple(_imported(file))


def _imported(file: Path) -> Iterator[str]:
    package = ("vpce_demo", *file.relative_to(ROOT).parts[:-1])
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            yield from (f"{module}.{alias.name}".removeprefix("vpce_demo.") for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("vpce_demo.") for alias in node.names)


def test_every_room_imports_only_what_is_below_it() -> None:
    up = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in sorted(ROOT.rglob("*.py"))
        for name in imported(file)
        for here, there in [(room_of(file), name.split(".")[0])]
        if here != there and there in RANK and RANK[there] <= RANK[here]
    ]
    assert up == []
    assert {room_of(file) for file in ROOT.rglob("*.py")} <= set(RANK)


def test_every_folder_of_the_sandbox_imports_only_what_is_beside_or_below_it() -> None:
    sandbox, rank = ROOT / "sandbox", ranks(SANDBOX_ORDER)
    files = sorted(sandbox.rglob("*.py"))
    assert {room_of(file, sandbox) for file in files} == set(rank)
    inside = [
        (file, room_of(file, sandbox), name.split(".")[1])
        for file in files
        for name in imported(file)
        if name.startswith("sandbox.")
    ]
    assert {there for _, _, there in inside} <= set(rank)
    assert [
        f"{file.relative_to(ROOT)} imports {there}" for file, here, there in inside if rank[there] < rank[here]
    ] == []


def test_no_file_imports_itself_over_others() -> None:
    modules = {".".join(file.relative_to(ROOT).with_suffix("").parts): file for file in ROOT.rglob("*.py")}
    modules = {name.removesuffix(".__init__"): file for name, file in modules.items()}
    graph = {
        module: {found for name in imported(file) if (found := _module(name, modules)) not in (None, module)}
        for module, file in modules.items()
    }
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError


def _module(name: str, modules: Mapping[str, Path]) -> str | None:
    """The module that an import names: itself, or the one that holds the imported name."""
    return next((each for each in (name, name.rpartition(".")[0]) if each in modules), None)


def test_the_sandbox_is_reached_through_its_client_and_knows_nothing_of_the_demo() -> None:
    names = [(room_of(file), name) for file in ROOT.rglob("*.py") for name in imported(file)]
    assert {name.split(".")[1] for here, name in names if name.startswith("sandbox.") and here != "sandbox"} == {
        "client"
    }
    ours = {name.split(".")[0] for here, name in names if here == "sandbox"} & set(RANK)
    assert ours == {"sandbox", "errors", "packages", "private"}


def test_the_command_line_comes_without_heavy_modules() -> None:
    heavy = {"boto3", "botocore", "moto", "pydantic", "rich", "flask", "asyncssh", "yaml", "filelock"}
    asked = f"import sys, vpce_demo.cli; print(*sorted({heavy!r} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_a_shell_s_question_is_answered_without_heavy_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_VPCE_DEMO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "vpce-demo cr")
    monkeypatch.setenv("COMP_CWORD", "1")
    asked = (
        "import atexit, sys; from vpce_demo.cli import main; "
        "atexit.register(lambda: print(*{'boto3', 'pydantic', 'rich'} & set(sys.modules))); main()"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    words = [line.removeprefix("plain,") for line in told.stdout.splitlines()]
    assert words == ["create-provider", "create-endpoint-service", "create-consumer", ""], told.stderr
