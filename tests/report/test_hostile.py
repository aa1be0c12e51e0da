"""Logs that somebody else may have written: whatever is in them, there is a page, and nothing in it that acts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.cases import MANY, almost, as_json, within_bounds
from tests.hostile.test_run_logs import HEAD, LINES, NAME
from vpce_demo.config.model import Config
from vpce_demo.diagram.picture import picture
from vpce_demo.diagram.svg import svg
from vpce_demo.diagram.terminal import in_terminal
from vpce_demo.journal.run_log import runs
from vpce_demo.model import Live
from vpce_demo.report.known import known
from vpce_demo.report.page import page
from vpce_demo.report.redact import redacted

from ..diagram.demos import FRAME, demo_of, standing
from .logged_demo import Life


def shown(directory: Path) -> str:
    """The page with and without masks."""
    found = runs(directory)
    masked, _ = redacted(found, None)
    return "".join(page(known(one, Config()), 2e9) for one in (found, masked) if one)


SOME = settings(MANY, max_examples=20)
"""A page is a large thing to make; the lines themselves have been through more."""


@pytest.mark.extended
@SOME
@given(st.lists(st.sampled_from(LINES).flatmap(almost), max_size=5))
def test_any_lines(tmp_path: Path, lines: list[object]) -> None:
    (tmp_path / NAME).write_text("".join(as_json(line) + "\n" for line in [HEAD, *lines]))
    text = shown(tmp_path)
    assert text.count("<section id=") == 14
    assert not re.search(r"<(script|img|iframe)", text)


@pytest.mark.extended
@SOME
@given(st.data())
def test_a_life_with_changed_lines(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Times out of order, other actions, other kinds: the charts have to bear them."""
    directory = tmp_path_factory.mktemp("life")
    life = Life(directory)
    life.up("create-provider", command="create-provider")
    life.down()
    for run in life.runs:
        lines = list(run.lines)
        for _ in range(5):
            at = data.draw(st.integers(0, len(lines) - 1))
            lines[at] = data.draw(almost(lines[at]))
        run.path.write_text("".join(as_json(line) + "\n" for line in lines))
    with within_bounds():
        text = shown(directory)
    for drawn in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        widths = [
            float(r.get("width", "")) for r in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}rect")
        ]
        assert all(wide >= 0 for wide in widths)


def test_settings_in_a_log_that_are_none(tmp_path: Path) -> None:
    nothing: list[object] = [None, 5, [], {}, {"provider": 3}, {"provider": {"vpc_cidr": "x"}}]
    for one in nothing:
        (tmp_path / NAME).write_text(as_json({**HEAD, "settings": one}) + "\n")
        assert "Customer_Network" in shown(tmp_path)


def test_answers_that_speak_to_the_terminal_or_break_a_drawing() -> None:
    nasty = "\x1b[2J\x07\u202eName\0"
    live = standing(demo_of())
    live["customer-vpc"] = Live(nasty, word=nasty, why=nasty)
    live["service"] = replace(live["service"], outputs={"service_name": nasty})
    seen = picture(demo_of(), live, FRAME)
    assert "?[2J??Name?" in svg(seen)
    ElementTree.fromstring(svg(seen))
    assert "\x1b" not in in_terminal(seen).plain
