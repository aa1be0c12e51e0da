"""Step 17: the order in which AWS is asked to delete, as the sandbox recorded it."""

from __future__ import annotations

import pytest

from .program import READING, World, good

DOCUMENTED = [
    "TerminateInstances",
    "TerminateInstances",
    "DeleteVpcEndpoints",
    "DeleteVpcEndpointServiceConfigurations",
    "DeleteLoadBalancer",
    "DeleteTargetGroup",
]
KINDS = ["Instance", "Instance", "VpcEndpoint", "EndpointService", "LoadBalancer", "TargetGroup"]
WHAT_THEY_STOOD_ON = {
    "DeleteSecurityGroup": 2,
    "DeleteSubnet": 2,
    "DeleteRouteTable": 2,
    "DetachInternetGateway": 2,
    "DeleteInternetGateway": 2,
    "DeleteVpc": 2,
    "DeleteKeyPair": 2,
}
GO_WITH_OTHERS = {
    "DeleteRoute",
    "RevokeSecurityGroupIngress",
    "DeleteListener",
    "DeregisterTargets",
    "DisassociateRouteTable",
    "RejectVpcEndpointConnections",
}


def test_the_documented_order(world: World) -> None:
    assert world.run("up", "--skip-test").code == 0
    with world.nothing_changes():
        planned = good(world.run("plan", "--destroy", "-o", "json")).document["to_delete"]
        text = good(world.run("plan", "--destroy")).out
    assert sorted(one["id"] for one in planned) == sorted(world.recorded().values())
    assert [one["kind"] for one in planned][: len(KINDS)] == KINDS
    assert f"{len(planned)} to be deleted." in text
    assert "about $0.07 an hour" in text
    before = len(world.calls())
    world.speed(100)  # so that an instance takes its time to end
    down = good(world.run("down"))

    calls = world.calls()[before:]
    asked = [call for call in calls if not call["operation"].startswith(READING)]
    taken = [call["operation"] for call in asked if call["error"] is None and call["service"] != "sts"]
    assert taken[: len(DOCUMENTED)] == DOCUMENTED
    rest = taken[len(DOCUMENTED) :]
    assert {operation: rest.count(operation) for operation in rest} == WHAT_THEY_STOOD_ON
    assert not GO_WITH_OTHERS & {call["operation"] for call in calls}

    # The first request of each counts too, refused or not: nothing is asked for out of turn.
    first = list(dict.fromkeys(call["operation"] for call in asked if call["operation"] in DOCUMENTED))
    assert first == list(dict.fromkeys(DOCUMENTED))

    # The endpoint's deletion does not sit out the instances' end.
    endpoint = next(call["started"] for call in calls if call["operation"] == "DeleteVpcEndpoints")
    gone = next(line for line in down.err.splitlines() if "Webserver1" in line and "gone" in line)
    assert down.err.index(" MyEndpoint ") < down.err.index(gone)
    terminated = [call["started"] for call in calls if call["operation"] == "TerminateInstances"]
    assert max(terminated) <= endpoint < max(terminated) + 30 / 100  # shutting down takes 30 of AWS's seconds


def test_nothing_is_deleted_that_is_not_ours(world: World) -> None:
    vpc = world.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = world.ec2.create_security_group(GroupName="Webserver_sg", Description="a stranger's", VpcId=vpc)["GroupId"]
    before = world.account()
    assert world.run("up", "--skip-test").code == 0
    good(world.run("down"))
    assert world.account() == before
    assert group in {one["GroupId"] for one in world.account()["groups"]}


@pytest.mark.extended
def test_what_stays_is_named_with_aws_s_reason(world: World) -> None:
    assert world.run("up", "--skip-test").code == 0
    ids = world.recorded()
    made = world.ec2.create_network_interface(SubnetId=ids["customer-subnet"], Description="a stranger's")
    interface = made["NetworkInterface"]["NetworkInterfaceId"]
    down = world.run("down", "--timeout", "2", "-o", "json")
    assert down.code == 7, down.text
    left = {one["key"]: one for one in down.document["left"]}
    assert {"customer-subnet", "customer-vpc"} <= set(left)
    assert "DependencyViolation" in left["customer-subnet"]["why"]
    assert ids["customer-subnet"] in down.err
    assert "vpce-demo --sandbox down" in down.err
    world.ec2.delete_network_interface(NetworkInterfaceId=interface)
    again = good(world.run("down"))
    assert "nothing left" in again.out
