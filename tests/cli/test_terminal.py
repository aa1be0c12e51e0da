"""The live view in a real terminal: a whole up and down, Ctrl-C in the middle."""

from __future__ import annotations

import re
from functools import partial

import pytest

from .program import World
from .terminal import Terminal

STEPS = 16
STEP = re.compile(r"^(\S) +(\d+) [A-Z]")


def marks(terminal: Terminal) -> list[tuple[str, int]]:
    """The marks and numbers of the steps on the screen, from the top."""
    return [(found[1], int(found[2])) for line in terminal.lines if (found := STEP.match(line))]


def shows(line: str, terminal: Terminal) -> bool:
    """Whether a line like this is on the screen."""
    return re.search(line, terminal.text, re.MULTILINE) is not None


def test_up_and_down_from_beginning_to_end(world: World) -> None:
    world.speed(60)
    with Terminal(world, "up", width=100, height=50) as up:
        up.until(lambda it: "demo vpce-demo" in it.lines[0], "the first line")
        for line in (
            r"^\S  7 Load balancer +MyNetwork-LB +net/MyNetwork-LB/[0-9a-f]{16} provisioning",
            r"^      waits for: active \(about 2 seconds\)$",
            r"^· 15 VPC endpoint +waits for: endpoint service$",
            r"^━+╸?─+  \d+ of 32$",
            r"s so far, about \ds left\. Ctrl-C is safe: run up to go on\.$",
        ):
            up.until(partial(shows, line), line)
        assert up.screen.cursor.hidden
        assert up.is_coloured
        assert up.finish() == 0
    assert marks(up) == [("✓", number) for number in [*range(1, 16), 15]]
    assert "so far" not in up.text, "the footer goes when it is over"
    assert not up.screen.cursor.hidden
    assert shows(r"^Ready in [\d.]+s: 32 created, 0 already there\.$", up)
    assert "PASSED  8 of 8" in up.text
    assert up.lines[-1].startswith("Next:  vpce-demo --sandbox status")

    with Terminal(world, "down", "--ascii", width=80, height=24, NO_COLOR="1") as down:
        down.until(partial(shows, r"^\S 15 VPC endpoint +vpce-[0-9a-f]{17} +deleting"), "the endpoint to go")
        assert down.text.isascii()
        assert down.finish() == 0
    assert down.text.isascii()
    assert not down.is_coloured
    assert marks(down) == [("v", number) for number in [*range(1, 16), 15]]
    assert re.search(r"^Deleted 32 in [\d.]+s\. Looked again by tag: nothing left\.$", down.lines[-1])


@pytest.mark.extended
def test_ctrl_c_in_the_live_view(world: World) -> None:
    world.speed(20)
    with Terminal(world, "up", width=80, height=24) as up:
        up.until(lambda it: ("✓", 6) in marks(it) and "waits for: active" in it.text, "the load balancer alone")
        up.interrupt()
        assert up.finish() == 130
    there = len(world.recorded())
    assert marks(up)[-STEPS:][6] == ("!", 7), up.text
    assert [mark for mark, number in marks(up) if number in (8, 15)] == ["-", "-", "-"]
    assert "Interrupted. Calls in progress were completed and recorded." in up.text
    assert shows(rf"^  there now  {there} resources$", up)
    assert "vpce-demo --sandbox down" in up.text
    assert "so far" not in up.text
    assert "^C" not in up.text
    assert not up.screen.cursor.hidden
    world.speed("max")
