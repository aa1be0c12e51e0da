"""The packages that the program requires, and the command that installs one that is missing."""

from __future__ import annotations

import importlib.util
import shlex
import sys

PACKAGE = "vpce-demo"


def required(extra: str = "") -> list[str]:
    """What the program requires, or what this extra of it adds, such as ``click>=8.5``; nothing if the program is not
    installed as a package."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        needs = [need.partition(";") for need in requires(PACKAGE) or []]
    except PackageNotFoundError:
        return []
    condition = f'extra == "{extra}"' if extra else ""
    return [need.strip() for need, _, only in needs if only.strip() == condition]


def install(*requirements: str) -> str:
    """The command that installs packages where the program is: with pip, or with uv where there is no pip.

    The program itself is not named: on an index its name may be somebody else's.
    """
    pip = [sys.executable, "-m", "pip", "install"]
    if importlib.util.find_spec("pip") is None:
        pip = ["uv", "pip", "install", "--python", sys.executable]
    return shlex.join([*pip, *requirements])
