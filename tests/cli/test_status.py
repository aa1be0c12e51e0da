"""``status`` and ``plan`` as they look: ids whole at every width, ages, prices, links to the console, and the watch."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from vpce_demo.aws.environment import Environment
from vpce_demo.config.load import load
from vpce_demo.errors import DemoError
from vpce_demo.journal.state_file import locked
from vpce_demo.model import Drift, Live, Phase, short_id
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run
from vpce_demo.tutorial import tutorial
from vpce_demo.ui import console_links, resources
from vpce_demo.ui.resources import Table
from vpce_demo.ui.style import Screen

from .program import Program, interrupt
from .stage import Stage

DEMO = tutorial(not_looked_up(load(None, {})))
ARN = "arn:aws:elasticloadbalancing:us-east-1:111122223333"
LONG = "0123456789abcdef0"
IDS = {
    "Vpc": f"vpc-{LONG}",
    "InternetGateway": f"igw-{LONG}",
    "GatewayAttachment": f"igw-{LONG}",
    "Subnet": f"subnet-{LONG}",
    "RouteTable": f"rtb-{LONG}",
    "SubnetRouting": f"rtbassoc-{LONG}",
    "InternetRoute": f"rtb-{LONG}",
    "KeyPair": f"key-{LONG}",
    "SecurityGroup": f"sg-{LONG}",
    "IngressRule": f"sg-{LONG}",
    "Instance": f"i-{LONG}",
    "TargetGroup": f"{ARN}:targetgroup/MyNetwork-TG/0123456789abcdef",
    "LoadBalancer": f"{ARN}:loadbalancer/net/MyNetwork-LB/0123456789abcdef",
    "Listener": f"{ARN}:listener/net/MyNetwork-LB/0123456789abcdef/fedcba9876543210",
    "Registration": f"i-{LONG}:80",
    "EndpointService": f"vpce-svc-{LONG}",
    "VpcEndpoint": f"vpce-{LONG}",
    "Acceptance": f"vpce-{LONG}",
}
LIVES = {r.key: Live(IDS[r.kind], word="available") for r in DEMO.resources}
AGES = {r.key: 7_500 for r in DEMO.resources}


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(table: Table, width: int, *, terminal: bool = False, ascii: bool = False, verbose: bool = False) -> str:
    stream = Terminal() if terminal else io.StringIO()
    out = Console(
        file=stream,
        width=width,
        color_system="standard" if terminal else None,
        force_terminal=terminal,
        legacy_windows=False,
    )
    resources.show(Screen(out, out, ascii=ascii, verbose=verbose), table)
    return stream.getvalue()


# --- the table ---------------------------------------------------------------------------------


def table_of(lives: dict[str, Live], **more: Any) -> Table:
    return Table(DEMO, lives, "missing", AGES, {"web": Decimal("0.016277")}, **more)


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_ids_are_whole_and_the_table_fits(width: int, verbose: bool) -> None:
    lines = shown(table_of(LIVES), width, verbose=verbose).splitlines()
    words = [word for line in lines for word in line.split()]
    for r in DEMO.resources if verbose else [step.head for step in DEMO.steps if step.resources]:
        assert short_id(IDS[r.kind]) in words
    alone = [line for line in lines if len(line.split()) == 1]
    assert all(len(line) <= width for line in lines if line not in alone)
    assert sum(line.startswith("✓") for line in lines) == 16
    assert sum(line.strip().startswith("✓") for line in lines) == 16 + verbose * len(DEMO.resources)


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_two_lines_read_the_same(width: int) -> None:
    """Without their ids: the two sides have the same steps, and a step has resources of the same name."""
    ids = {short_id(id) for id in IDS.values()}
    for verbose in (False, True):
        lines = shown(table_of(LIVES), width, verbose=verbose).splitlines()
        told = [" ".join(word for word in line.split() if word not in ids) for line in lines]
        steps = [line for line in told if re.match(r"✓ \d", line)]
        assert len(set(steps)) == 16
        if width <= 80:
            assert all(("provider" in line) is not ("consumer" in line) for line in steps)
        for under in "\n".join(told).split("\n✓ ")[1:]:
            parts = [line for line in under.splitlines()[1:] if line]
            assert len(set(parts)) == len(parts)


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (60, "step side id"),
        (80, "step side state age id"),
        (100, "step name state age an hour id"),
        (140, "step side name state age an hour id"),
    ],
)
def test_less_room_means_fewer_columns(width: int, columns: str) -> None:
    text = shown(table_of(LIVES), width)
    assert " ".join(text.splitlines()[0].split()) == columns
    assert ("2h05m" in text) is (width > 60)
    assert ("$0.0163" in text) is (width > 80)


def test_names_in_front_of_names_still_fit() -> None:
    long = tutorial(not_looked_up(load(None, {"name": "a-demo-for-classes"})))
    lives = {r.key: Live(IDS[r.kind], word="available") for r in long.resources}
    for width in (80, 100):
        lines = shown(Table(long, lives, "missing", AGES), width).splitlines()
        assert max(len(line) for line in lines if len(line.split()) > 1) <= width


def test_before_there_is_anything() -> None:
    text = shown(Table(DEMO, {}, "to be made", prices={"endpoint": Decimal("0.01")}), 100)
    counts = [int(count or 1) for count in re.findall(r"(\d*) to be made", text)]
    assert (len(counts), sum(counts)) == (16, len(DEMO.resources))
    assert text.splitlines()[0].split() == ["step", "side", "name", "state", "an", "hour"]
    assert "$0.0100" in text
    assert "✓" not in text


@pytest.mark.parametrize(
    ("key", "live", "step", "part", "below"),
    [
        ("provider-rule-http", None, 6, "· inbound rule tcp/80 missing", ""),
        ("provider-attachment", None, 2, "· internet gateway attachment Service_IGW missing", ""),
        ("target", Live("i-1:80", word="unhealthy"), 7, "! registered target Webserver1 unhealthy", ""),
        ("target", Live("i-1:80", word="initial", why="Elb.X"), 7, "✓ registered target Webserver1 initial", "Elb.X"),
        ("provider-rule-ssh", Live("sg-1", Phase.WRONG, why="open"), 6, "! inbound rule tcp/22 wrong", "open"),
        (
            "web",
            Live("i-1", word="running", drift=(Drift("type", "a", "b"),)),
            6,
            "! instance Webserver1",
            "type: b, in",
        ),
    ],
)
@pytest.mark.parametrize("width", [60, 80, 100])
def test_what_is_not_as_it_should_be_stands_under_its_step(
    width: int, key: str, live: Live | None, step: int, part: str, below: str
) -> None:
    lives = {name: one for name, one in {**LIVES, key: live}.items() if one}
    lines = [" ".join(line.split()) for line in shown(table_of(lives), width).splitlines()]
    mark = "✓" if part.startswith("✓") else "!"
    at = next(number for number, line in enumerate(lines) if line.startswith(f"{mark} {step} "))
    under = " ".join(" ".join(lines[at + 1 :]).partition(f"✓ {step + 1} ")[0].split())
    assert part in under
    assert below in under
    assert sum(line[:3] == f"✓ {line[2:3]}" and line[2:3].isdigit() for line in lines) == 16 - (mark == "!")


def test_a_step_that_is_not_there_takes_one_line() -> None:
    lives = {key: live for key, live in LIVES.items() if key not in {r.key for r in DEMO.of("create-consumer")}}
    assert len([line for line in shown(table_of(lives), 140).splitlines() if line.strip().startswith("·")]) == 7


def test_a_long_difference_takes_two_lines() -> None:
    drift = Drift("security groups", f"sg-{LONG}, sg-{LONG}", f"sg-{LONG}")
    lines = shown(table_of({**LIVES, "web": replace(LIVES["web"], drift=(drift,))}), 80).splitlines()
    assert f"         security groups: sg-{LONG}," in lines
    assert f"           in the tutorial sg-{LONG}, sg-{LONG}" in lines


def test_without_symbols() -> None:
    assert shown(Table(DEMO, LIVES, "-", AGES), 80, ascii=True).isascii()


# --- links to the console -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted({r.kind for r in DEMO.resources}))
def test_every_kind_has_its_page(kind: str) -> None:
    resource = next(r for r in DEMO.resources if r.kind == kind)
    url = console_links.url(resource, LIVES, "eu-west-1")
    assert re.match(r"https://eu-west-1\.console\.aws\.amazon\.com/(vpcconsole|ec2)/home\?region=eu-west-1#\w+:", url)
    shown_there = {"SubnetRouting": "RouteTable", "Registration": "TargetGroup", "Acceptance": "EndpointService"}
    assert url.endswith(f"={IDS[shown_there.get(kind, kind)]}")


def test_what_is_not_there_has_no_page() -> None:
    assert console_links.url(DEMO.web, {}, "us-east-1") == ""
    assert console_links.url(DEMO.registration, {"target": LIVES["target"]}, "us-east-1") == ""


def test_other_partitions_have_consoles_of_their_own_or_none() -> None:
    assert console_links.url(DEMO.web, LIVES, "cn-north-1").startswith("https://cn-north-1.console.amazonaws.cn/ec2/")
    assert console_links.url(DEMO.web, LIVES, "us-iso-east-1") == ""


def test_an_id_is_a_link_on_a_terminal_alone() -> None:
    link = "https://us-east-1.console.aws.amazon.com/x"
    table = Table(DEMO, LIVES, "-", links={"provider-vpc": link})
    text = shown(table, 100, terminal=True)
    assert re.search(rf"\x1b\]8;[^;]*;{re.escape(link)}\x1b\\.*vpc-{LONG}", text)
    assert text.count(link) == 1
    assert link not in shown(table, 100)


# --- on AWS and in the sandbox -----------------------------------------------------------------------


@pytest.fixture
def on_aws(stage: Stage, place: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The same demo, which the program takes for one on AWS."""
    monkeypatch.setattr("vpce_demo.aws.environment.on_aws", lambda config: replace(place, name="AWS", id="", pace=1.0))
    there = stage.directory / "aws" / "vpce-demo"
    shutil.copytree(stage.directory / "sandbox" / "vpce-demo", there)
    state = json.loads((there / "state.json").read_text())
    for entry in state["resources"].values():
        entry["at"] -= 600  # what is fresh and not seen AWS may hide, and is looked for again for a minute
    (there / "state.json").write_text(json.dumps({**state, "place": ""}))
    yield replace(stage, where=[])
    shutil.rmtree(there.parent)


def test_status_on_aws(on_aws: Stage) -> None:
    code, document, _ = on_aws.run("status", "--check")
    assert code == 0
    assert all(
        one["console_url"].startswith("https://us-east-1.console.aws.amazon.com/") for one in document["resources"]
    )
    assert {one["key"]: one["hourly_usd"] for one in document["resources"] if one["hourly_usd"] != "0.000000"} == {
        "web": "0.016277",
        "customer": "0.016277",
        "load-balancer": "0.027500",
        "endpoint": "0.010000",
    }
    assert all(isinstance(one["age_seconds"], int) for one in document["resources"])
    assert document["cost"]["hourly_usd"] == "0.070053"
    assert Decimal("0.0325") < Decimal(document["cost"]["so_far_usd"]) < Decimal("0.04")
    assert document["cost"]["prices_of"] == "2025-11-04 to 2026-09-29"
    code, out, err = on_aws.text("status")
    assert "account 123456789012   us-east-1" in err
    assert "32 of 32 there. Costs about $0.07 an hour ($1.68 a day), $0.03 so far," in out
    assert "until you run:  vpce-demo" in out
    assert "Prices of 2025-11-04 to 2026-09-29." in out


def test_status_in_the_sandbox(stage: Stage) -> None:
    _, document, _ = stage.run("status")
    assert {one["console_url"] for one in document["resources"]} == {None}
    _, out, _ = stage.text("status")
    assert "32 of 32 there." in out
    assert "Nothing is billed here; AWS would ask about $0.07 an hour ($1.68 a day)." in out


def test_an_empty_demo_takes_one_line_and_the_others_here_are_named(stage: Stage) -> None:
    code, out, _ = stage.text("status", "--name", "nobody-s")
    start = f"vpce-demo --sandbox --name nobody-s --state-dir {stage.directory}"
    assert (code, out) == (0, f"There is nothing of this demo. Make it:  {start} up\n")
    here = stage.ec2.create_vpc(
        CidrBlock="10.9.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "vpce-demo:demo", "Value": "class-1"}]}],
    )["Vpc"]["VpcId"]
    try:
        told = stage.text("status")[1]
        document = stage.run("status", "--name", "nobody-s")[1]
    finally:
        stage.ec2.delete_vpc(VpcId=here)
    assert f"Other demos here: class-1. See one:  vpce-demo --sandbox --state-dir {stage.directory} status" in told
    assert (document["other_demos"], document["resources"]) == (["class-1", "vpce-demo"], [])
    assert "Other demos" not in stage.text("status")[1]


def test_the_addresses_and_zones_are_on_the_screen_and_in_the_document(stage: Stage) -> None:
    _, document, _ = stage.run("status")
    outputs = {one["key"]: one["outputs"] for one in document["resources"]}
    _, out, _ = stage.text("status")
    told = {line[:14].strip(): line[14:].split() for line in out.splitlines()}
    for key, name, net in (("customer", "consumer", "10.0.1."), ("web", "web server", "20.0.1.")):
        public, private, zone = (outputs[key][output] for output in ("public_address", "private_address", "zone"))
        assert private.startswith(net)
        assert zone == "us-east-1a"
        assert told[name] == ["public", public, "private", private, zone]
    endpoint = outputs["endpoint"]
    assert endpoint["zones"] == "us-east-1a"
    assert told["endpoint"] == [stage.ids["endpoint"], endpoint["private_address"], "us-east-1a"]
    assert re.search(r"^by proxy +http://127\.0\.0\.1:\d+   the web page opens only through it$", out, re.MULTILINE)


def test_the_screen_has_no_name_of_a_class(stage: Stage) -> None:
    words = ("GatewayAttachment", "SubnetRouting", "InternetRoute", "Registration", "Vpc", "IngressRule", "VpcEndpoint")
    table = {"GatewayAttachment": "attached", "InternetGateway": "attached"}
    _, document, _ = stage.run("status")
    assert {one["state"] for one in document["resources"] if one["kind"] in table} == {"attached"}
    for command in (["status", "-v"], ["plan", "-v"], ["logs", "--last", "-v"]):
        text = "".join(stage.text(*command)[1:])
        assert not re.search(rf"\b({'|'.join(words)})\b", text), command


def test_plan_of_what_is_missing(on_aws: Stage) -> None:
    route = {"RouteTableId": on_aws.ids["provider-routes"], "DestinationCidrBlock": "0.0.0.0/0"}
    on_aws.ec2.delete_route(**route)
    try:
        code, out, _ = on_aws.text("plan")
    finally:
        on_aws.ec2.create_route(**route, GatewayId=on_aws.ids["provider-gateway"])
    assert code == 0
    assert "1 to be made, 31 already there." in out
    assert "What is to be made costs about $0.00 an hour ($0.00 a day) on AWS." in out
    assert "The whole demo costs about $0.07 an hour ($1.68 a day) on AWS." in out


def test_ages_are_aws_s_where_it_tells_them(stage: Stage, open_run: Any) -> None:
    state = stage.directory / "sandbox" / "vpce-demo" / "state.json"
    before = state.read_text()
    data = json.loads(before)
    for entry in data["resources"].values():
        entry["at"] -= 86_400
    state.write_text(json.dumps(data))
    try:
        with open_run(stage.directory, makes=False) as run:
            run.look()
            ages = run.ages
    finally:
        state.write_text(before)
    told = {"provider-key", "customer-key", "web", "customer", "load-balancer", "endpoint"}
    assert {key for key, age in ages.items() if age < 3600} == told
    assert {key for key, age in ages.items() if age >= 86_400} == set(stage.ids) - told


def test_without_a_record_ages_are_known_where_aws_tells_them(stage: Stage, tmp_path: Path, open_run: Any) -> None:
    with open_run(tmp_path, makes=False, unrecorded=Unrecorded.SHOW) as run:
        run.look()
        assert set(run.ages) == {"provider-key", "customer-key", "web", "customer", "load-balancer", "endpoint"}
        run.sides["provider"].known["web"] = Live("i-1", made=datetime.now(UTC) + timedelta(hours=1))
        assert run.ages["web"] == 0, "another clock is no reason for an age below nothing"


# --- beside another run, and again and again --------------------------------------------------------------


def test_a_look_goes_beside_another_run(stage: Stage) -> None:
    with locked(stage.directory / "sandbox" / "vpce-demo", "up"):
        assert stage.text("status")[0] == 0
        assert stage.text("plan")[0] == 0
        assert stage.text("test")[0] == 9


def rounds(monkeypatch: pytest.MonkeyPatch, count: int) -> list[float]:
    """Ctrl-C comes after so many rounds; the waits between them are noted, and not sat out."""
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == count:
            raise KeyboardInterrupt

    monkeypatch.setattr("vpce_demo.cli.watch.time.sleep", sleep)
    return waited


def test_a_watch_shows_it_again_and_again_until_ctrl_c(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = rounds(monkeypatch, 3)
    code, out, err = stage.text("status", "--watch", "0.5")
    assert code == 0
    assert waited == [0.5, 0.5, 0.5]
    assert out.count("32 of 32 there.") == 3
    assert out.count("─" * 20) == 2
    assert len(re.findall(r"\d\d:\d\d:\d\dZ   again every 0.5 s until Ctrl-C", out)) == 3
    assert err.count("vpce-demo status   demo") == 1


def test_a_watch_without_a_number_looks_every_five_seconds(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = rounds(monkeypatch, 1)
    assert stage.text("status", "--watch")[0] == 0
    assert waited == [5.0]


def test_a_watch_goes_on_after_what_went_wrong(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds(monkeypatch, 3)
    look, looks = Run.look, iter([True, False, True])

    def sometimes(run: Run) -> dict[str, Live]:
        if not next(looks):
            raise DemoError("AWS cannot be reached.")
        return look(run)

    monkeypatch.setattr(Run, "look", sometimes)
    code, out, err = stage.text("status", "--watch", "1")
    assert code == 0
    assert out.count("32 of 32 there.") == 2
    assert err.count("AWS cannot be reached.") == 1


def test_a_watch_ends_with_what_nobody_understands(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds(monkeypatch, 3)
    monkeypatch.setattr(Run, "look", lambda run: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        stage.text("status", "--watch")


def test_a_real_ctrl_c_ends_a_watch_with_0(program: Program) -> None:
    process = program.start("--sandbox", "status", "--watch", "0.2")
    assert process.stdout
    seen = ""
    while seen.count("again every") < 2:
        seen += process.stdout.readline()
    done = interrupt(process)
    assert done.code == 0
    assert seen.count("There is nothing of this demo.") >= 1


@pytest.mark.parametrize("with_it", ["--check", "-ojson"])
def test_a_watch_has_no_result(stage: Stage, with_it: str) -> None:
    code, _, err = stage.text("status", "--watch", "1", with_it)
    assert code == 2
    assert "goes on until Ctrl-C" in err
