"""What is known of a demo at each point of its life, from its logs alone and with a look at AWS."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.diagram.demos import FRAME, waiting
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.diagram.picture import Drawn
from vpce_demo.report.known import Known, known
from vpce_demo.session.look import Look

from .logged_demo import Life


def story(life: Life, look: Look | None = None) -> Known:
    return known(life.runs, Config(), look)


def test_after_up(life: Life) -> None:
    life.up()
    seen = story(life)
    assert seen.there == {r.key for r in life.demo.resources}
    assert seen.made.keys() == seen.there
    assert not seen.gone
    assert not seen.is_gone
    assert (seen.tested, seen.torn_down) == (None, None)
    assert seen.settings == life.settings
    picture = seen.picture()
    assert (picture.provider.zone, picture.place) == ("us-east-1a", "AWS")
    assert picture.endpoint.id == life.live["endpoint"].id
    assert picture.customer.instance.address == "10.0.1.15"


def test_a_test_that_passed_knows_more_of_the_target_than_the_engine(life: Life) -> None:
    life.live["target"] = replace(life.live["target"], word="initial")
    life.up()
    assert story(life).picture().targets.state is Drawn.PENDING
    life.test()
    seen = story(life)
    assert (seen.picture().targets.word, seen.picture().state) == ("healthy", Drawn.READY)
    assert seen.picture().hops[2].source == FRAME.addresses["load-balancer"]
    assert seen.tested is not None
    assert (seen.tested.passed, seen.tested.passed_count) == (True, 4)
    assert "Hangyuzs" in seen.tested.page


def test_a_test_that_failed(life: Life) -> None:
    life.up()
    life.test(command="walkthrough")
    life.test(failing=3)
    seen = story(life).tested
    assert seen is not None
    assert not seen.passed
    assert seen.failed is not None
    assert (seen.passed_count, seen.failed["number"], seen.failed["likely"]) == (2, 3, "The group lets nobody in.")


def test_a_test_that_was_cut_off_has_not_passed(life: Life) -> None:
    life.up()
    life.test()
    (file,) = [run.path for run in life.runs if run.head["command"] == "test"]
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:3]) + "\n" + lines[3][:20])
    seen = story(life).tested
    assert seen is not None
    assert (len(seen.checks), seen.passed_count, seen.passed, seen.failed) == (2, 2, False, None)


def test_after_down_from_the_logs_alone(life: Life) -> None:
    life.up()
    life.test()
    life.down()
    seen = story(life)
    assert seen.is_gone
    assert seen.gone.keys() == seen.live.keys() == {r.key for r in life.demo.resources}
    assert seen.torn_down is not None
    assert seen.torn_down.left == []
    # The picture is of the demo as it stood.
    assert seen.picture().state is Drawn.READY
    assert {part.state for part in seen.picture().parts} == {Drawn.READY}
    assert [hop.source for hop in seen.picture().hops][::2] == ["10.0.1.15", "20.0.1.36"]


def test_what_a_delete_left_is_there(life: Life) -> None:
    life.up()
    life.down(left=["provider-vpc", "provider-group"])
    seen = story(life)
    assert seen.there == {"provider-vpc", "provider-group"}
    assert not seen.is_gone
    assert seen.torn_down is not None
    assert seen.torn_down.left is not None
    assert [one["key"] for one in seen.torn_down.left] == ["provider-vpc", "provider-group"]
    assert seen.picture().provider.vpc.state is Drawn.READY
    assert seen.picture().endpoint.state is Drawn.MISSING


def test_a_delete_that_was_killed_proves_nothing(life: Life) -> None:
    life.up()
    life.down(killed=True)
    seen = story(life)
    assert seen.torn_down is not None
    assert seen.torn_down.left is None
    assert len(seen.there) == 32


def test_only_a_part(life: Life) -> None:
    life.up("create-provider", command="create-provider")
    seen = story(life)
    assert seen.there == {r.key for r in life.demo.of("create-provider")}
    assert seen.picture().provider.instance.state is Drawn.READY
    assert seen.picture().customer.vpc.state is Drawn.MISSING


def test_a_failed_up(life: Life) -> None:
    life.up(fails="web")
    seen = story(life)
    assert "web" not in seen.there
    assert "provider-vpc" in seen.there


def test_each_life_of_a_name_by_itself(life: Life, tmp_path: Path) -> None:
    life.up()
    life.down()
    second = Life(tmp_path, demo_id="000001")
    second.live = {key: replace(one, id=f"{one.id}-2") for key, one in second.live.items()}
    second.up("create-provider", command="create-provider")
    seen = known(second.runs, Config())
    assert [run.head["demo_id"] for run in seen.runs] == ["000001"]
    assert len(seen.there) == len(life.demo.of("create-provider"))
    assert all(one.id.endswith("-2") for one in seen.live.values())


def test_a_delete_without_a_state_file_belongs_to_the_demo_it_deleted(life: Life, tmp_path: Path) -> None:
    life.up()
    Life(tmp_path, demo_id="").down()
    seen = story(life)
    assert seen.is_gone
    assert seen.settings.demo_id == life.demo_id


def test_a_look_knows_better(life: Life) -> None:
    life.up()
    live = waiting(life.demo)
    del live["customer-rule-http"]
    seen = story(life, life.look(live))
    assert "customer-rule-http" not in seen.there
    assert seen.gone == {"acceptance": 2e9, "customer-rule-http": 2e9}
    assert seen.picture().endpoint.word == "pendingAcceptance"


def test_a_look_without_any_log(life: Life) -> None:
    seen = story(life, life.look(life.live))
    assert len(seen.there) == 32
    assert not seen.made
    assert seen.picture().state is Drawn.READY
    assert (seen.place, seen.tested, seen.torn_down) == ("AWS", None, None)


def test_an_older_log_has_no_settings(life: Life) -> None:
    life.up()
    (file,) = [run.path for run in life.runs]
    head, *rest = file.read_text().splitlines()
    old = {key: value for key, value in json.loads(head).items() if key != "settings"}
    file.write_text("\n".join([json.dumps(old), *rest]))
    config = load(None, {"provider": {"vpc_cidr": "30.0.0.0/16", "subnet_cidr": "30.0.1.0/24"}})
    assert known(life.runs, config).settings.provider.vpc_cidr == "30.0.0.0/16"
