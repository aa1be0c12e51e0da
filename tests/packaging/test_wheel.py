"""What a stranger installs: sdist and wheel hold what is needed, and the wheel alone runs the demo."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import vpce_demo

from ..docs.lines import files
from .conftest import ROOT, USERS_OWN, Built

pytestmark = pytest.mark.slow  # it builds and installs; ``make package`` runs it


def without(names: Iterable[str], metadata: str) -> set[str]:
    """The files among the names of an archive, but for those in the directory of this name."""
    return {name for name in names if not name.endswith("/") and metadata not in name}


def run(python: Path, *words: str, code: int = 0) -> str:
    """What the installed command prints, on stdout and then on stderr, here and with nothing of the user's."""
    environment = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [python.with_name("vpce-demo"), *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def tested(install: Callable[..., Path]) -> Path:
    """The interpreter of an environment with the wheel, the sandbox and pytest."""
    return install("sandbox", "pytest", "pytest-xdist")


@pytest.fixture
def package(built: Built) -> set[str]:
    """The files of the package among the sources."""
    sources = built.sources
    return {str(file.relative_to(sources)) for file in (sources / "vpce_demo").rglob("*") if file.is_file()}


def test_the_wheel_is_the_package_and_nothing_else(built: Built, package: set[str]) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = wheel.namelist()
    assert built.wheel.name == f"vpce_demo-{vpce_demo.__version__}-py3-none-any.whl"
    assert without(names, ".dist-info/") == package
    assert {"vpce_demo/py.typed", "vpce_demo/config.example.yaml", "vpce_demo/cost/prices/prices.yaml"} <= package
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_sdist_is_what_builds_the_wheel_and_nothing_else(built: Built, package: set[str]) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {file.name.partition("/")[2] for file in sdist if file.isfile()}
    assert without(names, ".egg-info/") == {
        *package,
        *("LICENSE", "README.md", "pyproject.toml"),
        *("PKG-INFO", "setup.cfg"),  # made by the build
    }


def test_the_demo_runs_where_nothing_is_but_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [installed, "-I", "-c", "import vpce_demo; print(vpce_demo.__file__)"], capture_output=True, text=True
    )
    assert Path(where.stdout).is_relative_to(installed.parents[1])
    assert run(installed, "--version") == f"vpce-demo, version {vpce_demo.__version__}\n"
    try:
        run(installed, "sandbox", "start", "--speed", "max")
        run(installed, "--sandbox", "up", "--skip-test")
        assert "PASSED  8 of 8" in run(installed, "--sandbox", "test")
        # Each of these reads files that are not code.
        for words in ("report --to report.html", "diagram --lang ja", "cost", "explain 7 --lang ja", "init"):
            run(installed, "--sandbox", *words.split())
        assert "Looked again by tag: nothing left." in run(installed, "--sandbox", "down")
    finally:
        run(installed, "sandbox", "stop")
    assert {path.name for path in tmp_path.iterdir()} == {".vpce-demo", "report.html", "vpce-demo.yaml"}


def test_without_the_extra_doctor_says_how_to_install_it(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    python = install()
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # with uv
    assert "Usage: vpce-demo" in run(python, "--help")
    assert "VPCE115" in run(python, "sandbox", "start", code=1)
    said = run(python, "--sandbox", "doctor", "-o", "json", "--query", "lines[?title=='sandbox'].fix | [0]", code=1)
    command = said.splitlines()[0].strip('"').removeprefix("Install them:  ")
    subprocess.run(command, shell=True, check=True, env=USERS_OWN | {"PATH": os.environ["PATH"]})
    assert "does not run; it starts by itself" in run(python, "--sandbox", "doctor")


def test_a_stranger_s_program_is_checked_by_its_types(installed: Path, tmp_path: Path) -> None:
    program = tmp_path / "stranger.py"
    program.write_text(
        "from vpce_demo.sandbox.client import Running\n"
        "def url(running: Running) -> int:\n"
        "    return running.endpoint_url\n"
    )
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", installed, program],
        env=USERS_OWN | {"PYTHONPATH": "", "MYPYPATH": ""},
        capture_output=True,
        text=True,
    )
    assert 'stranger.py:3: error: Incompatible return value type (got "str", expected "int")' in checked.stdout
    assert "Found 1 error in 1 file" in checked.stdout


@pytest.mark.parametrize("words", [(), ("-n", "4")], ids=["alone", "in parallel"])
def test_a_stranger_s_tests_use_the_plugin(tested: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """The examples of ``docs/testing.md``, by the entry point alone."""
    for name, text in files(ROOT / "docs" / "testing.md").items():
        (tmp_path / name).write_text(text)
    command: list[str | Path] = [tested, "-m", "pytest", "-q", "--deselect", "test_terraform.py", *words]
    environment = {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "6 passed" in done.stdout, done.stdout + done.stderr
