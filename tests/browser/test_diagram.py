"""The drawing as a browser shows it: every text in its box, none over another, no arrow through one."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.diagram.demos import pictures
from vpce_demo.diagram.svg import svg
from vpce_demo.diagram.theme import DARK, LIGHT, Theme

from .pages import CROSSED, OUTSIDE, OVERLAPS, ask, opened, rgb

pytestmark = pytest.mark.extended

PICTURES = pictures()


@pytest.mark.parametrize("name", PICTURES)
def test_every_text_has_its_place(browser: Browser, tmp_path: Path, name: str) -> None:
    with opened(browser, tmp_path / "diagram.svg", svg(PICTURES[name])) as page:
        assert page.locator("text").count() > 40
        assert ask(page, OVERLAPS) == []
        assert ask(page, OUTSIDE) == []
        assert ask(page, CROSSED) == []


@pytest.mark.parametrize(
    ("theme", "scheme", "ground"),
    [
        ("auto", "light", LIGHT["ground"]),
        ("auto", "dark", DARK["ground"]),
        ("light", "dark", LIGHT["ground"]),
        ("dark", "light", DARK["ground"]),
    ],
)
def test_light_and_dark(
    browser: Browser, tmp_path: Path, theme: Theme, scheme: Literal["light", "dark"], ground: str
) -> None:
    with opened(browser, tmp_path / "diagram.svg", svg(PICTURES["plain ready"], theme), scheme=scheme) as page:
        seen = page.evaluate("() => getComputedStyle(document.querySelector('.ground')).fill")
    assert seen == rgb(ground)


def test_a_dashed_line_is_dashed_and_a_broken_one_red(browser: Browser, tmp_path: Path) -> None:
    def style(name: str, part: str, property: str) -> str:
        with opened(browser, tmp_path / "diagram.svg", svg(PICTURES[name], "light")) as page:
            seen = page.evaluate(f"() => getComputedStyle(document.querySelector('{part}')).{property}")
        return str(seen)

    assert style("plain ready", "g.area > rect", "strokeDasharray") == "none"
    assert style("plain plan", "g.area > rect", "strokeDasharray") == "6px, 5px"
    assert style("plain broken", "g.part.broken > rect", "stroke") == "rgb(195, 32, 47)"


def test_what_is_out_of_place_would_be_found(browser: Browser, tmp_path: Path) -> None:
    """The finders above find something: a text that is moved over another, out of its box, and onto an arrow."""
    moved = svg(PICTURES["plain ready"]).replace("</svg>", '<text x="60" y="140" class="name">Moved</text></svg>')
    file = tmp_path / "diagram.svg"
    with opened(browser, file, moved) as page:
        assert ask(page, OVERLAPS) == ["Customer_Network | Moved"]
    with opened(browser, file, svg(PICTURES["plain ready"]).replace(">MyNetwork-LB<", f">{'W' * 40}<", 1)) as page:
        assert ask(page, OUTSIDE) == [f"out of the drawing: {'W' * 40}", f"out of its box: {'W' * 40}"]
    arrow = svg(PICTURES["plain ready"]).replace("</svg>", '<text x="70" y="404" class="name">Moved</text></svg>')
    with opened(browser, file, arrow) as page:
        assert ask(page, CROSSED) == ["Moved"]
