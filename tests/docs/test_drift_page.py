"""The page on what somebody changed holds every field of every kind, and what ``up`` does about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vpce_demo.chapters import CHAPTERS, demo_of
from vpce_demo.config.load import load
from vpce_demo.config.settings import TUTORIAL
from vpce_demo.model import Remedy
from vpce_demo.session.discover import not_looked_up

from ..changes import CASES, CASES_IN_CHAPTERS, remedy

EVERY = [*CASES, *CASES_IN_CHAPTERS]
PAGE = Path(__file__).parents[2] / "docs" / "drift.md"


def rows() -> Iterator[str]:
    """A line for each kind, with its fields by what is done about them."""
    settings = not_looked_up(load(None, {})).model_copy(update={"chapters": (TUTORIAL, *CHAPTERS)})
    kinds = {r.key: r.noun for r in demo_of(settings).resources}
    for kind in dict.fromkeys(kinds[key] for key, *_ in EVERY):
        of_it = [(field, remedy(key, field)) for key, field, *_ in EVERY if kinds[key] == kind]
        cells = [", ".join(dict.fromkeys(field for field, word in of_it if word is one)) for one in Remedy]
        yield f"| {' | '.join([kind, *cells])} |"


def test_the_page_holds_every_field() -> None:
    there = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]
    assert there == list(rows())
