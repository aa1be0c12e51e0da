"""What is installed is all that the program reads."""

from __future__ import annotations

import tomllib
from pathlib import Path

import vpce_demo
from tools import reference

PACKAGE = Path(vpce_demo.__file__).parent
PROJECT = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())


def test_every_file_that_is_not_code_is_part_of_the_package() -> None:
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["vpce_demo"]
    installed = {path for pattern in patterns for path in PACKAGE.glob(pattern) if path.is_file()}
    data = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert data >= {PACKAGE / "py.typed", PACKAGE / "cost" / "prices" / "prices.yaml"}
    assert data - installed == set()


def test_no_help_names_a_file_that_is_not_installed() -> None:
    assert "docs/" not in reference.page()
