"""What of moto's stores is loaded, and what is not done twice."""

from __future__ import annotations

import io
from fnmatch import fnmatchcase
from typing import Any

import pytest
import xmltodict  # type: ignore[import-untyped]
from moto.ec2.models import ec2_backends

from vpce_demo.sandbox.api.ask_moto import Moto
from vpce_demo.sandbox.api.protocol import Incoming, read_answer
from vpce_demo.sandbox.store import moto

from .world import World


def test_images_that_nothing_here_uses_are_not_loaded() -> None:
    moto.reset()
    images = ec2_backends["123456789012"]["us-east-1"].amis.values()
    assert 0 < len(images) < 100
    assert not [image for image in images if "ecs" in (image.name or "")]


def test_a_terminated_instance_is_described_but_asked_of_moto_only_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = world.network()
    ids = [world.instance(net) for _ in range(3)]
    world.ec2.terminate_instances(InstanceIds=ids[:2])
    rendered: list[str] = []
    ask = Moto.ask

    def counted(moto: Moto, sender: Incoming, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        answer = ask(moto, sender, operation, params)
        rendered.extend(one["InstanceId"] for each in answer.get("Reservations", []) for one in each["Instances"])
        return answer

    monkeypatch.setattr(Moto, "ask", counted)

    def described(**params: Any) -> dict[str, dict[str, Any]]:
        answer = world.ec2.describe_instances(**params)
        return {one["InstanceId"]: one for each in answer["Reservations"] for one in each["Instances"]}

    first = described()
    assert sorted(rendered) == sorted(ids)
    rendered.clear()
    assert described() == first
    assert rendered == ids[2:]
    assert first[ids[0]] == described(InstanceIds=ids[:1])[ids[0]]
    state = {"Name": "instance-state-name", "Values": ["terminated"]}
    assert set(described(Filters=[state])) == set(ids[:2])
    world.ec2.create_tags(Resources=ids[:1], Tags=[{"Key": "Name", "Value": "x"}])
    assert set(described(Filters=[{"Name": "tag:Name", "Values": ["x"]}])) == {ids[0]}
    assert set(described(Filters=[{"Name": "image-id", "Values": [first[ids[0]]["ImageId"]]}])) == set(ids)


def test_instances_of_one_reservation_stay_together(world: World) -> None:
    world.run(world.network(), MinCount=3, MaxCount=3)
    (before,) = world.ec2.describe_instances()["Reservations"]
    ids = {one["InstanceId"] for one in before["Instances"]}
    assert len(ids) == 3
    world.ec2.terminate_instances(InstanceIds=[before["Instances"][0]["InstanceId"]])
    for _ in range(2):
        (after,) = world.ec2.describe_instances()["Reservations"]
        assert after["ReservationId"] == before["ReservationId"]
        assert {one["InstanceId"] for one in after["Instances"]} == ids


def test_an_operation_asked_for_says_what_its_answer_says(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    net, _, balancer, _, _ = world.joined()
    world.instance(net)
    world.listener(balancer, world.targets(net))
    ask, compared = Moto.ask, set[str]()

    def both(moto: Moto, sender: Incoming, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        asked = ask(moto, sender, operation, params)
        if operation == sender.operation and params == sender.params():
            environ = {**sender.http.environ, "wsgi.input": io.BytesIO(sender.http.get_data())}
            answered = read_answer(sender.service, operation, moto.forward(environ, sender.account))
            assert answered.pop("ResponseMetadata")
            assert asked == answered
            compared.add(operation)
        return asked

    monkeypatch.setattr(Moto, "ask", both)
    for operation in (
        "vpcs",
        "subnets",
        "route_tables",
        "security_groups",
        "volumes",
        "key_pairs",
        "network_interfaces",
    ):
        getattr(world.ec2, f"describe_{operation}")()
    world.ec2.describe_internet_gateways()
    world.ec2.describe_security_group_rules()
    world.elb.describe_load_balancers(LoadBalancerArns=[balancer])
    world.elb.describe_target_groups()
    world.elb.describe_listeners(LoadBalancerArn=balancer)
    assert len(compared) >= 8, compared


@pytest.mark.parametrize(
    "content",
    [
        {"a": None, "b": "", "c": {}, "d": []},
        {"@xmlns": "http://x/", "text": "<&>'\"\n", "number": 0, "items": {"item": [{"id": "1"}, {"id": ""}]}},
        {"item": ["1", None, {"a": "b"}], "id": "é", "empty": {"@xmlns": "y"}},
    ],
)
def test_an_answer_is_written_as_moto_writes_it(content: dict[str, Any]) -> None:
    for whole in (True, False):
        written = xmltodict.unparse({"Answer": content}, full_document=whole, short_empty_elements=True)
        assert moto.unparse({"Answer": content}, full_document=whole) == written


@pytest.mark.parametrize("names", [["t3.micro"], ["t3.micro", "m5.large"], ["no.such"], ["t3.*"]])
def test_instance_types_and_offerings_by_name_are_those_of_all(names: list[str]) -> None:
    store: Any = ec2_backends["123456789012"]["us-east-1"]
    everything = [one["InstanceType"] for one in store.describe_instance_types()]
    found = [one["InstanceType"] for one in store.describe_instance_types(filters={"instance-type": names})]
    assert found == [one for one in everything if any(fnmatchcase(one, each) for each in names)]
    all_offered = store.describe_instance_type_offerings("availability-zone")
    offered = store.describe_instance_type_offerings("availability-zone", {"instance-type": names})
    expected = [one for one in all_offered if one["InstanceType"] in names]
    assert sorted(offered, key=repr) == sorted(expected, key=repr)
    elsewhere = {"instance-type": names, "location": ["us-east-1a"]}
    there = store.describe_instance_type_offerings("availability-zone", elsewhere)
    assert sorted(there, key=repr) == sorted((one for one in expected if one["Location"] == "us-east-1a"), key=repr)
