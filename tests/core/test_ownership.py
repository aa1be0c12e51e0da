"""Whose a demo is, and whose a resource: by record, key and log, by the tags, and by what AWS keeps."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.torture.strangers import KINDS, like, tag, untag
from tools.account import account
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.aws.tags import ID_TAG, LONGEST_VALUE, OWNER_TAG, RESOURCE_TAG, owner_value, tags_of
from vpce_demo.config.load import load
from vpce_demo.config.settings import Where
from vpce_demo.engine.events import Event
from vpce_demo.engine.failures import UNPROVEN
from vpce_demo.engine.resource import closure
from vpce_demo.errors import DemoError, Refused
from vpce_demo.journal.state_file import Entry
from vpce_demo.model import Side
from vpce_demo.resources import stray
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.open import open_demo
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run

OpenRun = Callable[..., AbstractContextManager[Run]]
REFUSE, SHOW, DELETE_OWN, ADOPT = Unrecorded


@pytest.fixture
def clients(sandbox: Sandbox, place: Environment) -> Clients:
    return place.clients[Side.PROVIDER]


@pytest.fixture
def bob(sandbox: Sandbox) -> Environment:
    """The way into the same account of somebody else."""
    it = sandbox
    found = Running(it.endpoint_url, it.proxy_url, it.boot_id, os.getpid(), it.token, it.clock.speed)
    return in_sandbox(load(None, {"profile": "bob"}), found)


def everything(run: Run) -> None:
    run.up(run.demo.resources, lambda event: None, None)


def only(run: Run, *keys: str) -> None:
    """Make these, and what they stand on."""
    run.up(closure(run.demo.part(key) for key in keys), lambda event: None, None)


@contextmanager
def opened(directory: Path, place: Environment, unrecorded: Unrecorded, makes: bool = False) -> Iterator[Run]:
    where = Where(load(None, {}), directory, sandbox=True)
    with open_demo(where, place, "test", makes=makes, unrecorded=unrecorded) as run:
        yield run


def left(run: Run) -> list[tuple[str, str]]:
    return [(one.resource.key, one.why) for one in run.down(lambda event: None, None)]


# --- a demo ---------------------------------------------------------------------------------


def test_everything_says_who_made_it(clients: Clients, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        everything(run)
        for thing in (*clients.ec2.describe_vpcs()["Vpcs"], *clients.ec2.describe_volumes()["Volumes"]):
            tags = tags_of(thing)
            if RESOURCE_TAG in tags:
                assert tags[OWNER_TAG] == "arn:aws:iam::123456789012:user/sandbox"
                assert tags[ID_TAG] == run.settings.demo_id


@pytest.mark.parametrize(
    ("arn", "value"),
    [
        ("arn:aws:iam::1:user/a.b@c+d=e_f-g", "arn:aws:iam::1:user/a.b@c+d=e_f-g"),
        ("arn:aws:sts::1:assumed-role/r/a,b", "arn:aws:sts::1:assumed-role/r/a_b"),
        (f"arn:aws:iam::1:user/{'p' * 300}", f"arn:aws:iam::1:user/{'p' * 300}"[:LONGEST_VALUE]),
    ],
)
def test_a_caller_as_the_value_of_a_tag(arn: str, value: str) -> None:
    assert owner_value(arn) == value


@pytest.mark.parametrize("record", ["state file", pytest.param("key", marks=pytest.mark.slow), "logs"])
@pytest.mark.sampled(2)
def test_each_record_is_enough(open_run: OpenRun, sandbox: Sandbox, tmp_path: Path, record: str) -> None:
    with open_run(tmp_path) as run:
        everything(run)
        directory, before = run.state.directory, run.look()
    if record != "state file":
        (directory / "state.json").unlink()
    if record == "logs":
        shutil.rmtree(directory)
    with open_run(tmp_path) as run:
        assert {key: live.id for key, live in run.look().items()} == {key: live.id for key, live in before.items()}
        assert left(run) == []


@pytest.mark.parametrize(
    ("unrecorded", "own", "other"),
    [(REFUSE, False, False), (SHOW, True, True), (DELETE_OWN, True, False), (ADOPT, True, True)],
)
@pytest.mark.sampled(2)
def test_without_a_record(
    open_run: OpenRun, sandbox: Sandbox, place: Environment, bob: Environment, tmp_path: Path,
    unrecorded: Unrecorded, own: bool, other: bool,
) -> None:  # fmt: skip
    with open_run(tmp_path / "first") as run:
        everything(run)
        id = run.settings.demo_id
    for who, allowed in ((place, own), (bob, other)):
        if not allowed:
            with pytest.raises(Refused) as caught, opened(tmp_path / "second", who, unrecorded):
                pass
            assert caught.value.facts["made by"].startswith("arn:aws:iam::123456789012:user/sandbox")
            assert caught.value.facts["id"] == id
            assert "adopt" in caught.value.hint
            continue
        with opened(tmp_path / "second", who, unrecorded) as run:
            assert len(run.look()) == 32
            assert run.standing is not None
            assert (run.standing.id, run.standing.count) == (id, 22)
            assert not run.state.path.exists(), "to look at it is no reason to have it on record"


@pytest.mark.extended
def test_a_demo_from_before_owners_were_recorded_is_another_s_until_it_is_adopted(
    clients: Clients, open_run: OpenRun, place: Environment, tmp_path: Path
) -> None:
    with open_run(tmp_path / "first") as run:
        only(run, "web", "listener")
        count = len(run.look())
        ids = {live.id for live in run.look().values() if ":" not in live.id or live.id.startswith("arn:")}
        for id in ids:
            if id.startswith("arn:"):
                clients.elb.remove_tags(ResourceArns=[id], TagKeys=[OWNER_TAG])
            elif not id.startswith("rtbassoc-"):
                clients.ec2.delete_tags(Resources=[id], Tags=[{"Key": OWNER_TAG}])
        assert len(run.look()) == count, "with its record it is the demo's"
    with pytest.raises(Refused), opened(tmp_path / "second", place, DELETE_OWN):
        pass
    with opened(tmp_path / "second", place, ADOPT, makes=True) as run:
        assert len(run.look()) == count
    with opened(tmp_path / "second", place, DELETE_OWN) as run:
        assert left(run) == []


def test_several_of_one_name_are_told_apart_by_their_ids(
    clients: Clients, place: Environment, bob: Environment, tmp_path: Path
) -> None:
    for id in ("aaaaaa", "bbbbbb"):
        vpc = clients.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        tag(clients, vpc, {"vpce-demo:demo": "vpce-demo", RESOURCE_TAG: "provider-vpc", ID_TAG: id})
    where = Where(load(None, {}), tmp_path, sandbox=True)
    with pytest.raises(Refused, match="Several") as caught, opened(tmp_path, place, ADOPT):
        pass
    assert {row[0] for row in caught.value.table} == {"id", "aaaaaa", "bbbbbb"}
    with open_demo(where, place, "adopt", unrecorded=ADOPT, wanted="bbbbbb") as run:
        assert run.settings.demo_id == "bbbbbb"
    with (
        pytest.raises(Refused, match="no demo with the id cccccc"),
        open_demo(where, place, "adopt", unrecorded=ADOPT, wanted="cccccc"),
    ):
        pass


# --- a resource -------------------------------------------------------------------------------


def test_ids_of_strangers_in_the_state_file_are_nothing_but_ids(
    clients: Clients, open_run: OpenRun, tmp_path: Path
) -> None:
    with open_run(tmp_path) as run:
        everything(run)
        path, before = run.state.path, {key: live.id for key, live in run.look().items()}
    own = account(clients)
    strangers = {kind: like(clients, kind) for kind in KINDS}
    theirs = {id: thing for id, thing in account(clients).items() if id not in own}
    state = json.loads(path.read_text())
    for kind, id in strangers.items():
        state["resources"][kind]["id"] = id
    path.write_text(json.dumps(state))
    with open_run(tmp_path) as run:
        events: list[Event] = []
        run.up(run.demo.resources, events.append, None)
        assert {key: live.id for key, live in run.look().items()} == before
        assert left(run) == []
    assert {id: thing for id, thing in account(clients).items() if id in theirs} == theirs


@pytest.mark.parametrize(
    "kind",
    [
        "provider-key",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("provider-gateway", "web", "provider-vpc")),
    ],
)
def test_what_is_recorded_and_cannot_be_told_from_another_is_named_and_left(
    clients: Clients, open_run: OpenRun, tmp_path: Path, kind: str
) -> None:
    with open_run(tmp_path) as run:
        only(run, "provider-key")
        assert left(run) == []
        stranger = like(clients, kind)
        run.state.demo, run.state.demo_id = run.settings.name, run.settings.demo_id
        run.state.settings = run.settings.model_dump()
        run.state.sides = {str(side): dict(facts) for side, facts in run.environment.accounts.items()}
        run.state.entries[kind] = Entry("Thing", stranger, "a-token", 1.0)
        run.state.save()
    before = account(clients)
    with open_run(tmp_path, makes=False) as run:
        (one,) = run.down(lambda event: None, None)
        assert (one.resource.key, one.why) == (kind, UNPROVEN)
        assert "create-tags" in one.commands[0]
    with open_run(tmp_path) as run, pytest.raises(Refused, match="nothing in AWS shows") as caught:
        everything(run)
    assert "create-tags" in caught.value.hint
    assert account(clients) == before


@pytest.mark.extended
def test_what_replaced_another_and_lost_its_tags_is_not_forgotten(
    clients: Clients, open_run: OpenRun, tmp_path: Path
) -> None:
    """AWS still lists the predecessor, which was terminated, with its tags."""
    with open_run(tmp_path) as run:
        only(run, "web")
        first = run.look()["web"].id
    clients.ec2.terminate_instances(InstanceIds=[first])
    with open_run(tmp_path) as run:
        only(run, "web")
        second = run.look()["web"].id
    untag(clients, second)
    with open_run(tmp_path) as run:
        only(run, "web")
        assert run.look()["web"].id == second != first
        assert left(run) == []


@pytest.mark.extended
def test_a_volume_and_an_interface_that_outlive_their_instance_are_deleted(
    clients: Clients, open_run: OpenRun, tmp_path: Path
) -> None:
    before = account(clients)
    with open_run(tmp_path) as run:
        only(run, "web")
        web = run.look()["web"].id
        clients.ec2.modify_instance_attribute(
            InstanceId=web, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
        )
        (found,) = clients.ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"]
        (interface,) = found["NetworkInterfaces"]
        clients.ec2.modify_network_interface_attribute(
            NetworkInterfaceId=interface["NetworkInterfaceId"],
            Attachment={"AttachmentId": interface["Attachment"]["AttachmentId"], "DeleteOnTermination": False},
        )
        assert sorted(one.kind for one in run.look_for_strays()) == ["network-interface", "volume"]
        assert left(run) == []
    assert account(clients) == before


def test_a_volume_alone_is_still_a_demo_that_stands(
    clients: Clients, open_run: OpenRun, place: Environment, tmp_path: Path
) -> None:
    """A demo of which everything else was deleted before its directory was lost."""
    zone = clients.ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    volume = clients.ec2.create_volume(AvailabilityZone=zone, Size=8)["VolumeId"]
    marks = {"vpce-demo:demo": "vpce-demo", RESOURCE_TAG: "web", ID_TAG: "abcdef"}
    tag(clients, volume, {**marks, OWNER_TAG: place.clients[Side.PROVIDER].caller})
    with opened(tmp_path, place, DELETE_OWN) as run:
        assert [one.key for one in run.look_for_strays()] == [volume]
        assert left(run) == []
    assert volume not in account(clients)


@pytest.mark.extended
def test_the_root_volume_is_the_demo_s_without_tags_too(clients: Clients, open_run: OpenRun, tmp_path: Path) -> None:
    before = account(clients)
    with open_run(tmp_path) as run:
        only(run, "web")
        web = run.look()["web"].id
        kept = [{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
        clients.ec2.modify_instance_attribute(InstanceId=web, BlockDeviceMappings=kept)  # type: ignore[arg-type]
        (found,) = clients.ec2.describe_instances(InstanceIds=[web])["Reservations"][0]["Instances"]
        volume = found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        clients.ec2.delete_tags(Resources=[volume])
        assert [one.key for one in run.look_for_strays()] == [volume]
        assert left(run) == []
    assert account(clients) == before


@pytest.mark.extended
def test_a_tagged_volume_on_a_stranger_s_instance_is_named_with_the_command_that_detaches_it(
    clients: Clients, open_run: OpenRun, tmp_path: Path
) -> None:
    with open_run(tmp_path) as run:
        only(run, "provider-key")
        stranger = like(clients, "web")
        (found,) = clients.ec2.describe_instances(InstanceIds=[stranger])["Reservations"][0]["Instances"]
        zone = found["Placement"]["AvailabilityZone"]
        volume = clients.ec2.create_volume(AvailabilityZone=zone, Size=8)["VolumeId"]
        clients.ec2.attach_volume(InstanceId=stranger, VolumeId=volume, Device="/dev/xvdf")
        tag(clients, volume, run.sides[Side.PROVIDER].tags(run.demo.web))
        run.look_for_strays()
        (one,) = run.down(lambda event: None, None)
        assert (one.live.id, list(one.strangers)) == (volume, [stranger])
        assert one.commands == (f"{run.sides[Side.PROVIDER].clients.cli} ec2 detach-volume --volume-id {volume}",)


@pytest.mark.extended
def test_a_gateway_in_somebody_else_s_vpc_is_named_with_the_command_that_detaches_it(
    clients: Clients, open_run: OpenRun, tmp_path: Path
) -> None:
    with open_run(tmp_path) as run:
        only(run, "customer", "customer-gateway")
        lives = run.look()
        gateway, ours = lives["customer-gateway"].id, lives["customer-vpc"].id
        stranger = like(clients, "provider-vpc")
        customer = lives["customer"].id
        clients.ec2.terminate_instances(InstanceIds=[customer])
        clients.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=ours)
        clients.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=stranger)
    with open_run(tmp_path) as run:
        (one,) = run.down(lambda event: None, None)
        assert (one.resource.key, list(one.strangers)) == ("customer-gateway", [stranger])
        assert "detach-internet-gateway" in one.commands[0]


@pytest.mark.extended
def test_what_is_of_no_known_type_is_named(clients: Clients, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        only(run, "web")
        (volume, *_) = clients.ec2.describe_volumes()["Volumes"]
        snapshot = clients.ec2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]
        tag(clients, snapshot, run.sides[Side.PROVIDER].tags(run.demo.web))
        ((key, why),) = left(run)
    assert key == snapshot
    assert "none of its resources" in why
    clients.ec2.delete_snapshot(SnapshotId=snapshot)


# --- the state file -------------------------------------------------------------------------------


def other_name(state: dict[str, Any], path: Path) -> None:
    state["demo"] = "second"


def other_name_of_an_earlier_release(state: dict[str, Any], path: Path) -> None:
    del state["demo"], state["demo_id"]
    state["settings"]["name"] = "second"


def another_id(state: dict[str, Any], path: Path) -> None:
    state["demo_id"] = "ffffff"


def no_account(state: dict[str, Any], path: Path) -> None:
    state["sides"] = {}


def no_name(state: dict[str, Any], path: Path) -> None:
    state["demo"], state["settings"] = "", {}


def others_may_write(state: dict[str, Any], path: Path) -> None:
    path.chmod(0o620)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (other_name, "belongs to another demo"),
        (other_name_of_an_earlier_release, "belongs to another demo"),
        (another_id, "contradicts itself"),
        (no_account, "does not say which account and region"),
        (no_name, "does not say which demo"),
        (others_may_write, "Others may write to"),
    ],
)
@pytest.mark.sampled(3)
def test_a_state_file_that_is_not_this_demo_s_alone_is_refused(
    sandbox: Sandbox,
    open_run: OpenRun,
    tmp_path: Path,
    spoil: Callable[[dict[str, Any], Path], None],
    words: str,
) -> None:
    with open_run(tmp_path) as run:
        vpc = next(r for r in run.demo.resources if r.key == "provider-vpc")
        run.up([vpc], lambda event: None, None)
        path = run.state.path
    state = json.loads(path.read_text())
    spoil(state, path)
    path.write_text(json.dumps(state))
    calls = len(sandbox.calls())
    for makes in (True, False):
        with pytest.raises(DemoError, match=words) as caught, open_run(tmp_path, makes=makes):
            pass
        assert caught.value.exit_code == 5
        assert str(path) in caught.value.message
    assert len(sandbox.calls()) == calls, "before AWS is asked anything"


@pytest.mark.parametrize(
    ("id", "type"),
    [
        ("vpc-0a1", "vpc"),
        ("vpce-0a1", "vpc-endpoint"),
        ("vpce-svc-0a1", "vpc-endpoint-service"),
        ("arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/MyNetwork-LB/50dc", "loadbalancer"),
        ("eni-0a1", "network-interface"),
    ],
)
def test_a_stray_is_called_what_aws_calls_it(id: str, type: str) -> None:
    assert stray._type(id) == type
