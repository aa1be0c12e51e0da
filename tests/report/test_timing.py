"""What took how long, what waited for what, and the longest chain of that."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from vpce_demo.journal.run_log import RecordedRun
from vpce_demo.report.chart import chart
from vpce_demo.report.timing import Timing, timing

from .logged_demo import CALL, Life

SVG = "{http://www.w3.org/2000/svg}"


def last(life: Life) -> Timing:
    timed = timing(life.runs[0], life.demo)
    assert timed is not None
    return timed


def test_up(life: Life) -> None:
    life.up()
    timed = last(life)
    bars = {bar.resource.key: bar for bar in timed.bars}
    assert bars.keys() == {r.key for r in life.demo.resources}
    for bar in bars.values():
        assert bar.answered - bar.began == pytest.approx(CALL, abs=0.01)
        assert bar.ended - bar.answered == pytest.approx(bar.resource.usual_seconds, abs=0.01)
    assert bars["service"].after == "load-balancer"
    assert bars["listener"].after == "load-balancer", "which still provisions then"
    assert bars["provider-vpc"].after == ""
    chain = [bar.resource.key for bar in timed.chain]
    assert chain[-4:] == ["load-balancer", "service", "endpoint", "acceptance"]
    assert timed.seconds == bars["acceptance"].ended
    # Along the chain each begins when the one before it is done with it: together they are the whole time.
    assert sum((bar.passed_on or 0) - bar.began for bar in timed.chain) == pytest.approx(timed.seconds, abs=0.05)


def test_down(life: Life) -> None:
    life.up()
    life.down()
    timed = last(life)
    bars = {bar.resource.key: bar for bar in timed.bars}
    assert timed.deletes
    assert len(bars) + timed.with_others == 32
    assert "listener" not in bars, "it goes with its load balancer"
    assert bars["customer-subnet"].after == "endpoint"
    assert bars["service"].after == "endpoint", "which had been asked to go"
    assert bars["service"].began < bars["endpoint"].ended
    assert [bar.resource.key for bar in timed.chain][-1] in ("customer-vpc", "customer-gateway")
    assert "endpoint" in [bar.resource.key for bar in timed.chain]


def test_nothing_to_show(life: Life) -> None:
    life.up("create-provider", command="create-provider")
    life.test()
    assert timing(life.runs[0], life.demo) is None


def test_a_failure_ends_its_bar(life: Life) -> None:
    life.up(fails="web")
    timed = last(life)
    bar = next(bar for bar in timed.bars if bar.resource.key == "web")
    assert bar.failed == "InsufficientInstanceCapacity"
    assert bar.ended - bar.began == pytest.approx(CALL, abs=0.01)
    drawn = chart(timed, life.demo)
    assert "InsufficientInstanceCapacity" in drawn


def test_a_killed_run_ends_where_its_log_does(life: Life) -> None:
    life.up(killed=True)
    file = life.runs[0].path
    lines = [line for line in file.read_text().splitlines() if '"ready"' not in line]
    file.write_text("\n".join(lines))
    timed = last(life)
    assert max(bar.ended for bar in timed.bars) == timed.seconds
    assert all(bar.began <= bar.answered <= bar.ended for bar in timed.bars)


def test_what_xml_has_no_character_for(life: Life) -> None:
    life.up()
    timed = last(life)
    named = RecordedRun(timed.run.path, [{**timed.run.head, "command": "up\x1b\x00"}, *timed.run.lines[1:]])
    drawn = chart(replace(timed, run=named), life.demo)
    assert ElementTree.fromstring(drawn).findtext(f"{SVG}title", "").startswith("What up?? took")


def test_the_chart_is_to_scale(life: Life) -> None:
    life.up()
    timed = last(life)
    root = ElementTree.fromstring(chart(timed, life.demo))
    groups = list(root.iter(f"{SVG}g"))
    assert len(groups) == 32
    rows = {(g.findtext(f"{SVG}text") or ""): g for g in groups}
    balancer, web = (
        sum(float(r.get("width", "")) for r in rows[name].findall(f"{SVG}rect"))
        for name in ("Network Load Balancer MyNetwork-LB", "instance Webserver1")
    )
    bars = {bar.resource.key: bar.ended - bar.began for bar in timed.bars}
    assert balancer / web == pytest.approx(bars["load-balancer"] / bars["web"], rel=0.05)
    titles = [text.text or "" for text in root.findall(f"{SVG}text")]
    assert "15  Acceptance" in titles
    assert root.findtext(f"{SVG}desc", "").count("began at") == 32
