"""The live view in every width and height: it fits the terminal, ids are whole, what is busy stays in sight."""

from __future__ import annotations

import re

import pytest

from tests.diagram.demos import demo_of
from vpce_demo.config.load import load
from vpce_demo.engine.events import Action
from vpce_demo.errors import DemoError, TimedOut
from vpce_demo.model import Phase, short_id
from vpce_demo.ui.tree import Tree

from .conftest import Opens
from .fake_run import BEGAN, Play, demo, id_of, ids_in, up_to_the_load_balancer


def frame(opened: Opens, play: Play, at: float, width: int = 100, height: int | None = 40, **how: bool) -> list[str]:
    """The lines of one frame."""
    screen, _ = opened(width, ascii=how.get("ascii", False))
    tree = Tree(screen, play.board, "up", lambda there: "about $0.05 an hour")
    tree.over = how.get("over", False)
    return [line.plain for line in tree.lines(BEGAN + at, width, height)]


def line_of(lines: list[str], number: int) -> str:
    return next(line for line in lines if re.match(rf". {number:>2} ", line))


@pytest.mark.parametrize("name", ["vpce-demo", "a-demo-so-long"])
@pytest.mark.parametrize("width", [*range(40, 131, 5), 200])
def test_no_line_is_wider_than_the_terminal_and_no_id_is_cut(open_screen: Opens, name: str, width: int) -> None:
    play = Play.up(demo(name))
    play.missing()
    for key in play.by_key:
        play.made(key, 1.0, 2.0)
    lines = frame(open_screen, play, 90.0, width)
    ids = {short_id(id_of(row.head.resource)) for row in play.board.rows}
    longest = max(map(len, ids))
    if width >= longest + 5:
        assert max(map(len, lines)) <= width
    assert ids <= {id for line in lines for id in ids_in(line)}


def test_what_is_least_needed_goes_first_where_it_is_narrow(open_screen: Opens) -> None:
    play = up_to_the_load_balancer()
    line = {width: line_of(frame(open_screen, play, 84.0, width), 7) for width in (99, 98, 80, 72, 60, 40)}
    assert line[99].split() == ["⠋", "7", "Load", "balancer", "MyNetwork-LB", ID, "provisioning", "1m12s"]
    assert line[98].split() == line[80].split() == ["⠋", "7", "Load", "balancer", ID, "provisioning", "1m12s"]
    assert line[72].split() == ["⠋", "7", "Load", "balancer", ID, "provisioning"]
    assert line[60].split() == ["⠋", "7", "Load", "balancer", ID]
    assert line[40].split() == ["⠋", "7", ID]


ID = "net/MyNetwork-LB/50dc6c495c0c9188"


def test_columns_stay_where_they_are(open_screen: Opens) -> None:
    """Whatever a step's word is, what follows stands in one column, frame after frame."""
    play = up_to_the_load_balancer()
    before = frame(open_screen, play, 84.0)
    play.emit(133.0, Action.READY, "load-balancer", play.live("load-balancer"))
    play.made("service", 133.0, 3.0)
    play.asked("endpoint", 136.0, "pendingAcceptance")
    after = frame(open_screen, play, 140.0)
    for number in range(1, 7):
        assert line_of(before, number) == line_of(after, number)
    assert {len(line_of(lines, number)) for lines in (before, after) for number in (1, 6, 7)} == {99}
    assert line_of(after, 15).split()[-2:] == ["pendingAcceptance", "4s"]
    assert len(line_of(after, 15)) == 99


@pytest.mark.parametrize("height", range(6, 25))
def test_in_a_low_terminal_what_is_busy_and_the_footer_stay(open_screen: Opens, height: int) -> None:
    lines = frame(open_screen, up_to_the_load_balancer(), 84.0, 100, height)
    assert len(lines) <= height
    assert any(line.startswith("⠋  7 ") for line in lines)
    assert "28 of 32" in lines[-2]
    assert lines[-1].startswith("1m24s so far")


def test_what_is_folded_is_counted(open_screen: Opens) -> None:
    assert frame(open_screen, up_to_the_load_balancer(), 84.0, 100, 12)[:6] == [
        "   … 6 steps done",
        f"⠋  7 Load balancer     MyNetwork-LB           {ID} provisioning  1m12s",
        "      waits for: active (about 2 minutes)",
        "·  8 Endpoint service  waits for: load balancer",
        "   … 6 steps done",
        "· 15 VPC endpoint      waits for: endpoint service",
    ]


def test_nothing_is_folded_when_it_is_over(open_screen: Opens) -> None:
    lines = frame(open_screen, up_to_the_load_balancer(), 84.0, 100, 10, over=True)
    assert len(lines) == 16
    assert lines[6].startswith("!  7 Load balancer")


def test_before_anything_is_known_only_the_steps_are_there(open_screen: Opens) -> None:
    lines = frame(open_screen, Play.up(), 0.0)
    assert lines[0] == "·  1 Provider VPC      "
    assert "waits for" not in "".join(lines)
    assert lines[-1].startswith("0s so far, about 3m left.")


def test_how_many_of_a_step_s_resources_are_done(open_screen: Opens) -> None:
    play = Play.up()
    play.missing()
    play.made("provider-key", 1.0, 1.0)
    assert "1 of 6" in line_of(frame(open_screen, play, 3.0), 6)


def test_what_was_there_is_done(open_screen: Opens) -> None:
    play = Play.up()
    play.found()
    for key in play.by_key:
        play.emit(1.0, Action.READY, key, play.live(key))
    lines = frame(open_screen, play, 1.0)
    assert all(line.startswith("✓") for line in lines[:16])
    assert "32 of 32" in lines[-2]
    assert (play.board.created, play.board.found) == (0, 32)


def test_what_is_made_anew_with_what_it_stands_on_is_counted_once() -> None:
    """A web server that was stopped is replaced, and its registration, which was found, is made again."""
    play = Play.up()
    play.found(*(play.by_key.keys() - {"web"}))
    play.emit(0.5, Action.FOUND, "web", play.live("web", Phase.WRONG, "stopped"))
    play.made("web", 1.0, 1.0)
    play.made("target", 3.0, 1.0)
    assert (play.board.created, play.board.found) == (2, 30)


def test_a_failure_is_shown_with_its_reason_and_what_was_left_out_with_its_cause(open_screen: Opens) -> None:
    play = Play.up()
    play.missing()
    play.emit(1.0, Action.CREATING, "provider-vpc")
    play.emit(2.0, Action.FAILED, "provider-vpc", error=DemoError("A quota of your account is reached."))
    play.emit(2.0, Action.SKIPPED, "provider-subnet", note="needs Service_Network")
    lines = frame(open_screen, play, 3.0)
    assert lines[0].startswith("✗  1 Provider VPC")
    assert lines[1] == "      A quota of your account is reached."
    assert line_of(lines, 3) == "-  3 Public subnet     needs Service_Network"


def test_what_is_only_late_has_not_failed(open_screen: Opens) -> None:
    play = up_to_the_load_balancer()
    play.emit(90.0, Action.FAILED, "load-balancer", error=TimedOut("Stopped."))
    assert line_of(frame(open_screen, play, 91.0), 7).startswith("!  7 Load balancer")


def test_on_the_way_down_what_is_missing_is_no_part_of_it(open_screen: Opens) -> None:
    play = Play.down()
    play.found("provider-vpc", "provider-gateway", "endpoint")
    for key in play.by_key.keys() - {"provider-vpc", "provider-gateway", "endpoint"}:
        play.emit(0.6, Action.MISSING, key)
    play.asked_to_go("endpoint", 1.0)
    lines = frame(open_screen, play, 11.0)
    assert [line.split()[1] for line in lines[:4] if line[:1] != " "] == ["1", "2", "15"]
    assert "0 of 3" in lines[-2]
    assert line_of(lines, 15).split()[-2:] == ["deleting", "10s"]
    deleting = play.live("endpoint", Phase.DELETING, "deleting")
    play.emit(30.0, Action.WAITING, "endpoint", deleting, note="deleting")
    play.emit(60.0, Action.GONE, "endpoint")
    assert line_of(frame(open_screen, play, 61.0), 15).split()[-2:] == ["gone", "59s"]


def test_what_a_terminal_would_obey_is_not_drawn(open_screen: Opens) -> None:
    play = Play.up()
    play.missing()
    play.emit(1.0, Action.CREATING, "provider-vpc")
    play.emit(1.5, Action.CREATED, "provider-vpc", play.live("provider-vpc", Phase.PENDING, "\x1b[2J"))
    play.emit(2.0, Action.FAILED, "provider-vpc", error=DemoError("one\x1b]0;two\x07\nthree"))
    text = "".join(frame(open_screen, play, 3.0))
    assert "\x1b" not in text
    assert "one?]0;two? three" in text


def test_short_waits_are_not_said(open_screen: Opens) -> None:
    """At the sandbox's pace most are over before their line could be read."""
    play = Play.up(pace=100)
    play.missing()
    play.asked("load-balancer", 1.0, "provisioning")
    assert "waits for: active" not in "".join(frame(open_screen, play, 1.6))
    assert frame(open_screen, play, 4.0)[7] == "      waits for: active (about 1 second)"


@pytest.mark.parametrize("ascii", [False, True])
def test_the_bar_fits_even_where_its_symbols_are_two_cells_wide(open_screen: Opens, ascii: bool) -> None:
    for width in (60, 80, 100, 120):
        bar = frame(open_screen, up_to_the_load_balancer(), 84.0, width, ascii=ascii)[-2 if width >= 98 else -3]
        assert sum(2 if ord(symbol) > 127 else 1 for symbol in bar) <= width


@pytest.mark.parametrize("height", [10, 15, 24, 40, 80])
def test_twenty_customers_fit_any_height_a_line_each(open_screen: Opens, height: int) -> None:
    play = Play.up(demo_of(load(None, {"customers": 20})))
    play.missing()
    for key in play.by_key:
        play.emit(1.0, Action.CREATING, key)
    lines = frame(open_screen, play, 90.0, height=height)
    assert len(lines) <= height
    shown = sum(" Customer " in line for line in lines)
    if height >= 40:
        assert shown == 20
    else:
        (more,) = (line for line in lines if "lines more" in line)
        assert shown + 8 + int(more.split()[1]) >= 20
