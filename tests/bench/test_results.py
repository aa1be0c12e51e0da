"""What was measured: read out of the sandbox's record, kept in a file, and shown on the page."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import chart
from bench.contenders import OURS, TERRAFORM, last_line
from bench.floor import method_of
from bench.goals import GOALS
from bench.measure import AMONG_STRANGERS, FLOOR, Call, Failed, Figures, name_in, run
from bench.results import AWS_PACE, FAST, Results
from tools import page


def figures(seconds: float) -> Figures:
    return Figures(seconds, calls=int(seconds), memory_mb=80.0, cpu_seconds=1.0)


def measurement(pace: int) -> Results:
    up = [Call("CreateVpc", "<Service_Network>", 0.5, 0.58), Call("DescribeVpcs", "", 0.6, 0.7)]
    down = [Call("DeleteVpc", "", 0.5, 0.6, "DependencyViolation"), Call("DeleteVpc", "", 0.7, 0.8)]
    runs = {phase: [figures(30), figures(10), figures(20)] for phase in ("up", "again", "down")}
    return Results(
        pace=pace,
        latency_ms=80,
        runs=3,
        when="2026-01-31",
        machine="Linux x86_64, 2 cores, Python 3.11.9",
        command="python -m bench",
        versions={OURS: "0.1.0", TERRAFORM: "1.11.4"},
        figures={OURS: runs, TERRAFORM: {phase: [figures(100)] for phase in runs}},
        missing={"Ansible": "ansible-playbook is not installed"},
        timelines={"up": up, "down": down},
    )


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"CidrBlock": "10.0.0.0/16", "TagSpecifications": [{"Tags": [{"Key": "Name", "Value": "Net"}]}]}, "Net"),
        ({"Name": "MyNetwork-LB", "Tags": [{"Key": "Name", "Value": "MyNetwork-LB"}]}, "MyNetwork-LB"),
        ({"VpcId": "vpc-1", "TagSpecifications": []}, ""),
    ],
)
def test_the_name_in_a_create_call(params: dict[str, object], name: str) -> None:
    assert name_in(params) == name


def test_a_recorded_call_counts_from_the_begin_of_its_command() -> None:
    told = {"operation": "DeleteVpc", "params": {}, "started": 1000.25, "ended": 1000.5, "error": None}
    assert Call.as_dict(told, begin=1000.0) == Call("DeleteVpc", "", 0.25, 0.5)


def test_medians_and_the_round_trip() -> None:
    middle = measurement(FAST).median(OURS, "up")
    assert middle == figures(20)
    assert measurement(FAST).median("nobody", "up") is None
    assert measurement(FAST).round_trip == pytest.approx(0.08)


def test_looks_are_compared_with_the_floor_and_among_strangers() -> None:
    def look(calls: int, cpu_seconds: float) -> list[Figures]:
        return [Figures(1.0, calls, 80.0, cpu_seconds)]

    looks = {"up again": look(26, 0.7), FLOOR: look(25, 0.5), f"up again{AMONG_STRANGERS}": look(29, 0.8)}
    text = page.page({FAST: replace(measurement(FAST), looks=looks)})
    assert "| CPU of up again against the floor | 20 times AWS's assumed pace | 1.40 | 1.40 | yes |" in text
    assert "| API calls more of up again among strangers | 20 times AWS's assumed pace | 0 | 3 | **no** |" in text
    assert "| API calls more of status among strangers | 20 times AWS's assumed pace | 0 |  | not measured |" in text
    assert method_of("DescribeVpcEndpointServicePermissions") == "describe_vpc_endpoint_service_permissions"


def test_results_survive_their_file() -> None:
    one = measurement(FAST)
    assert Results.read(json.loads(json.dumps(asdict(one)))) == one


def test_the_last_line_that_says_something() -> None:
    assert last_line("one\n│ Error: two \n╵\n\n") == "Error: two"
    assert last_line("") == "(it said nothing)"


def test_a_command_is_measured_or_its_failure_is_told(tmp_path: Path) -> None:
    done = run([sys.executable, "-c", "pass"], tmp_path, {})
    assert done.seconds > 0
    assert done.memory_mb > 1
    with pytest.raises(Failed, match="ended with 3: so it is"):
        run([sys.executable, "-c", "print('so it is'); raise SystemExit(3)"], tmp_path, {})


def test_the_page_tells_every_goal_and_who_is_missing() -> None:
    text = page.page({FAST: measurement(FAST)})
    for goal in GOALS:
        assert f"| {goal.what} | {page.PACE_NAMES[goal.pace]} |" in text
    assert "| up against Terraform | 20 times AWS's assumed pace | 0.30 | 0.20 | yes |" in text
    assert "| API calls of up | AWS's assumed pace | 90 |  | not measured |" in text
    assert "Not measured: Ansible: ansible-playbook is not installed." in text


def test_a_goal_that_is_missed_says_so() -> None:
    assert "| API calls of down | AWS's assumed pace | 70 | 20 | yes |" in page.page({AWS_PACE: measurement(AWS_PACE)})
    assert "| up against the limit | 20 times AWS's assumed pace | 1.15 | 1." in page.page({FAST: measurement(FAST)})
    assert "**no**" in page.page({FAST: measurement(FAST)})


def test_the_chart_is_well_formed_and_has_every_call() -> None:
    drawn = ElementTree.fromstring(chart.svg(measurement(FAST)))
    told = [title.text or "" for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert sum(text.startswith("DeleteVpc") for text in told) == 2
    assert any("<Service_Network>" in text for text in told)


def test_what_changes_is_above_what_looks() -> None:
    labels = [row.label for row in chart.rows_of(measurement(FAST).timelines["up"])]
    assert labels == ["CreateVpc <Service_Network>", "DescribeVpcs"]


def test_the_page_in_the_repository_is_of_the_results_beside_it() -> None:
    measurements = {pace: found for pace in (AWS_PACE, FAST) if (found := Results.load(pace))}
    if not measurements:
        pytest.skip("nothing has been measured: make bench")
    assert page.PAGE.read_text() == page.page(measurements)
