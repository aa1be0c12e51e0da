"""The report as a browser shows it: nothing is loaded, nothing is said on the console, nothing hangs over the edge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.report.logged_demo import Life
from tests.report.test_page import SECTIONS
from vpce_demo.config.model import Config
from vpce_demo.diagram.theme import DARK, LIGHT
from vpce_demo.lessons import Language
from vpce_demo.report.known import known
from vpce_demo.report.page import page
from vpce_demo.report.redact import redacted

from .pages import OVERLAPS, ask, opened, rgb

pytestmark = pytest.mark.extended

OVER_THE_EDGE = """
() => [...document.querySelectorAll('body *')]
  .filter(e => !e.closest('.scroll > *, pre > *') && e.getBoundingClientRect().right > innerWidth + 0.5)
  .map(e => e.tagName + ' ' + e.textContent.slice(0, 40))
"""


def whole(life: Life) -> None:
    life.up()
    life.test()
    life.down()


def part(life: Life) -> None:
    life.up("create-provider", command="create-provider")


def failed(life: Life) -> None:
    life.up()
    life.test(failing=3)
    life.down(left=["provider-vpc", "provider-group"])


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.parametrize(
    ("lived", "lang"), [(whole, "en"), (part, "en"), (failed, "en"), (whole, "ja"), (failed, "ja")]
)
def test_it_is_whole(
    browser: Browser,
    tmp_path: Path,
    lived: Callable[[Life], None],
    lang: Language,
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    life = Life(tmp_path / "logs")
    lived(life)
    text = page(known(life.runs, Config()), 2e9, lang=lang)
    with opened(browser, tmp_path / "report.html", text, width=width, scheme=scheme) as seen:
        assert seen.evaluate("() => document.documentElement.scrollWidth") == width
        assert ask(seen, OVER_THE_EDGE) == []
        assert ask(seen, OVERLAPS) == []
        assert [seen.locator(f"section#{name} h2").count() for name in SECTIONS] == [1] * len(SECTIONS)
        assert all(seen.locator(f"section#{name}").is_visible() for name in SECTIONS)
        ground = DARK if scheme == "dark" else LIGHT
        assert seen.evaluate("() => getComputedStyle(document.documentElement).backgroundColor") == rgb(
            ground["ground"]
        )
        boxes = seen.evaluate(
            "() => [...document.querySelectorAll('#picture .scroll')].map(e => [e.scrollWidth, e.clientWidth])"
        )
        # On a phone the picture keeps a size that can be read, and scrolls in its own box.
        assert all(inner > outer if width == 390 else inner == outer for inner, outer in boxes)


def test_on_paper_it_is_light_and_nothing_scrolls(browser: Browser, tmp_path: Path) -> None:
    life = Life(tmp_path / "logs")
    whole(life)
    with opened(
        browser, tmp_path / "report.html", page(known(life.runs, Config()), 2e9), width=760, scheme="dark"
    ) as seen:
        seen.emulate_media(media="print")
        assert seen.evaluate("() => getComputedStyle(document.querySelector('.ground')).fill") == rgb(LIGHT["ground"])
        assert seen.evaluate("() => getComputedStyle(document.documentElement).backgroundColor") == rgb(LIGHT["ground"])
        pictures = "() => [...document.querySelectorAll('svg')].map(e => e.getBoundingClientRect().width <= innerWidth)"
        assert set(ask(seen, pictures)) == {True}


def test_masks_are_all_that_is_seen(browser: Browser, tmp_path: Path) -> None:
    """What a reader sees and what shows when something is pointed at, as the browser has it."""
    life = Life(tmp_path / "logs")
    whole(life)
    runs, _ = redacted(life.runs, None)
    with opened(browser, tmp_path / "report.html", page(known(runs, Config()), 2e9, redacted=True)) as seen:
        text = seen.evaluate("() => document.documentElement.textContent")
        assert "111122223333" not in text
        assert not [live.id for live in life.live.values() if live.id in text]
        assert "are masked" in text
        assert ask(seen, OVERLAPS) == []
