"""Sdist and wheel, built as for publishing, and environments in which nothing is but the installed wheel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from vpce_demo.packages import PACKAGE

ROOT = Path(__file__).parents[2]
USERS_OWN = dict(os.environ)
"""The environment before tests change it: uv finds the user's settings and downloads by it."""


class Built(NamedTuple):
    """The files to publish, and the directory of the sources that they were built from."""

    sources: Path
    sdist: Path
    wheel: Path


def uv(*words: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "uv", "--quiet", *words], env=USERS_OWN, check=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Sdist and wheel of all files that git would take, the wheel built from the sdist."""
    sources, dist = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("dist")
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, env=USERS_OWN, capture_output=True, check=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if os.path.lexists(ROOT / name):  # one that was just deleted is still listed
            (sources / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, sources / name, follow_symlinks=False)
    uv("build", "--python", sys.executable, "--out-dir", dist, sources)
    (sdist,), (wheel,) = dist.glob("*.tar.gz"), dist.glob("*.whl")
    return Built(sources, sdist, wheel)


@pytest.fixture(scope="session")
def install(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Installs the wheel into an empty environment of its own, and returns the path of its interpreter.

    ``install("sandbox", "pytest")`` is with that extra, and beside that package.
    """

    def install(extra: str = "", *others: str) -> Path:
        environment = tmp_path_factory.mktemp("environment")
        python = environment / "bin" / "python"
        uv("venv", "--python", sys.executable, environment)
        uv("pip", "install", "--python", python, f"{PACKAGE}[{extra}] @ {built.wheel.as_uri()}", *others)
        return python

    return install


@pytest.fixture(scope="session")
def installed(install: Callable[..., Path]) -> Path:
    """The interpreter of an environment with the wheel and the sandbox."""
    return install("sandbox")
