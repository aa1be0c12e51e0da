"""Who may import whom, read from the source; and what must not be imported just to answer ``--help``."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vpce_demo

ROOT = Path(vpce_demo.__file__).parent
LAYERS = [
    {"__init__"},
    {"model", "errors", "denials", "reading"},
    {"aws", "config", "moves", "pace", "ssh", "sandbox", "messages", "prices", "console", "drift"},
    {"resources", "place", "signin", "seeing", "permissions", "cost", "quotas"},
    {"tutorial", "engine", "facts"},
    {"state", "diagnosis", "diagram", "lessons"},
    {"checks", "dryrun", "guards", "loglines"},
    {"runlog"},
    {"ui", "run"},
    {"report", "doctor"},
    {"cli"},
    {"__main__"},
]
"""From the ground up: each imports only what is below it.  Peers never meet, such as the tutorial and the engine."""
LAYER = {part: number for number, parts in enumerate(LAYERS) for part in parts}
FILES = sorted(ROOT.rglob("*.py"))


def part_of(file: Path) -> str:
    """The module or package of the first level that a file belongs to."""
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(file: Path) -> Iterator[str]:
    """What a file imports of the program when it runs, as dotted names below it."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    package = ("vpce_demo", *file.relative_to(ROOT).parts[:-1])
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("vpce_demo.") for name in names if name.split(".")[0] == "vpce_demo")


def first(name: str) -> str:
    part = name.split(".")[0]
    return part if part in LAYER else "__init__"  # a value of the package itself, such as its version


def test_every_module_has_its_layer() -> None:
    assert {part_of(file) for file in FILES} == set(LAYER)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_module_imports_only_what_is_below_it(file: Path) -> None:
    here = part_of(file)
    above = [name for name in imported(file) if first(name) != here and LAYER[first(name)] >= LAYER[here]]
    assert above == []


@pytest.mark.parametrize("file", [f for f in FILES if part_of(f) == "sandbox"], ids=lambda file: file.stem)
def test_the_sandbox_knows_nothing_of_the_program_but_its_errors(file: Path) -> None:
    assert {first(name) for name in imported(file)} <= {"sandbox", "errors", "__init__"}


def test_a_kind_knows_no_engine_and_the_engine_no_kind() -> None:
    assert {first(name) for name in imported(ROOT / "engine.py")} == {
        "aws",
        "errors",
        "model",
        "moves",
        "pace",
        "seeing",
    }
    assert {first(name) for name in imported(ROOT / "tutorial.py")} == {"config", "model", "resources"}


@pytest.mark.parametrize("file", [f for f in FILES if part_of(f) not in ("cli", "ui", "sandbox")], ids=part_of)
def test_nothing_is_printed_below_the_command_line(file: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"] == []


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
    assert words == ["create-consumer", "create-endpoint-service", "create-provider", ""], told.stderr


def test_a_mistake_in_the_config_is_told_without_boto3(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("nmae: x\n")
    asked = (
        "import sys; from vpce_demo.cli import run_command; heavy = {'boto3', 'botocore', 'moto'}; "
        f"print(run_command(['-c', {str(config)!r}, 'up']), heavy & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "2 set()"
    assert "did you mean 'name'?" in told.stderr
