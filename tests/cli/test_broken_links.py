"""One link of the chain broken at a time with plain boto3: ``test`` fails at the right place, and ``up`` mends it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .program import Done, World, wait_until

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import IpPermissionTypeDef

ANYWHERE = "0.0.0.0/0"


class Chain:
    """A demo that is made once and is whole again after each test, or made anew."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.whole = False

    def mend(self) -> Done:
        """``up`` with its test at the end."""
        done = self.world.run("up")
        self.whole = done.code == 0
        return done


@pytest.fixture(scope="module")
def chain_of_the_module(shared_world: World) -> Chain:
    return Chain(shared_world)


@pytest.fixture
def chain(chain_of_the_module: Chain) -> Chain:
    if not chain_of_the_module.whole:
        chain_of_the_module.world.empty()
        done = chain_of_the_module.mend()
        assert done.code == 0, done.text
    chain_of_the_module.whole = False
    return chain_of_the_module


def tcp(port: int, source: str = ANYWHERE) -> list[IpPermissionTypeDef]:
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": source}]}]


def reject_the_connection(world: World, ids: dict[str, str]) -> None:
    world.ec2.reject_vpc_endpoint_connections(ServiceId=ids["service"], VpcEndpointIds=[ids["endpoint"]])


def close_the_endpoints_group(world: World, ids: dict[str, str]) -> None:
    world.ec2.revoke_security_group_ingress(GroupId=ids["customer-group"], IpPermissions=tcp(80))


def close_the_customers_ssh(world: World, ids: dict[str, str]) -> None:
    world.ec2.revoke_security_group_ingress(GroupId=ids["customer-group"], IpPermissions=tcp(22, "203.0.113.10/32"))


def delete_the_customers_route(world: World, ids: dict[str, str]) -> None:
    world.ec2.delete_route(RouteTableId=ids["customer-routes"], DestinationCidrBlock=ANYWHERE)


def close_the_web_servers_group(world: World, ids: dict[str, str]) -> None:
    world.ec2.revoke_security_group_ingress(GroupId=ids["provider-group"], IpPermissions=tcp(80))


def delete_the_listener(world: World, ids: dict[str, str]) -> None:
    world.elb.delete_listener(ListenerArn=ids["listener"])


def deregister_the_target(world: World, ids: dict[str, str]) -> None:
    world.elb.deregister_targets(TargetGroupArn=ids["target-group"], Targets=[{"Id": ids["web"]}])


Break = Callable[[World, dict[str, str]], None]
BROKEN: list[tuple[Break, int, str, str, int]] = [
    # how it is broken, the check that fails, what it met, the likely cause, how many things up makes
    (reject_the_connection, 4, "rejected", "connection was refused", 2),
    (close_the_endpoints_group, 6, "timed out", "security group Customer_EC2_SG lets nobody in", 1),
    (close_the_customers_ssh, 5, "timed out", "security group does not let you in", 1),
    (delete_the_customers_route, 5, "timed out", "No route from its subnet to the internet gateway", 1),
    (close_the_web_servers_group, 3, "Target.FailedHealthChecks", "its security group refuses", 1),
    (delete_the_listener, 3, "Target.NotInUse", "no listener", 1),
    (deregister_the_target, 3, "none is registered", "taken out of the target group", 1),
]


@pytest.mark.parametrize(
    ("break_it", "check", "met", "likely", "made"), BROKEN, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_broken_link(chain: Chain, break_it: Break, check: int, met: str, likely: str, made: int) -> None:
    world = chain.world
    endpoint = world.recorded()["endpoint"]
    break_it(world, world.recorded())
    with world.nothing_changes():
        tested = world.run("test", "--timeout", "2", "-o", "json")
    assert tested.code == 6, tested.text
    results = {one["number"]: one for one in tested.document["checks"]}
    assert [number for number, one in results.items() if one["passed"] is False] == [check]
    assert met in results[check]["evidence"]
    assert likely in tested.err
    assert f"FAILED  at {check}. Exit code 6. Nothing was changed." in tested.err
    assert "vpce-demo --sandbox up" in tested.err
    assert results[7]["passed"] is None  # without the page there is nothing to compare

    mended = chain.mend()
    assert mended.code == 0, mended.text
    assert f"{made} created, {32 - made} already there" in mended.out
    assert "PASSED  8 of 8" in mended.out
    assert (world.recorded()["endpoint"] != endpoint) == (break_it is reject_the_connection)


@pytest.mark.parametrize(("key", "named", "made"), [("web", "Webserver1", 2), ("customer", "Customer_EC2", 1)])
def test_a_terminated_instance_is_replaced(chain: Chain, key: str, named: str, made: int) -> None:
    world = chain.world
    before = world.recorded()[key]
    world.ec2.terminate_instances(InstanceIds=[before])
    tested = world.run("test")
    assert tested.code == 5
    assert f"Instance {named}" in tested.err
    mended = chain.mend()
    assert mended.code == 0, mended.text
    assert f"{made} created" in mended.out
    assert "1 of 1 healthy" in mended.out
    assert world.recorded()[key] != before


def test_a_web_server_that_booted_without_a_way_out(chain: Chain) -> None:
    """User data is obeyed once: without a route at that moment there is no httpd, and no route brings it later."""
    world, ids = chain.world, chain.world.recorded()
    reservations = world.ec2.describe_instances(InstanceIds=[ids["web"]])["Reservations"]
    old = reservations[0]["Instances"][0]
    user_data = world.ec2.describe_instance_attribute(InstanceId=ids["web"], Attribute="userData")["UserData"]["Value"]
    world.ec2.delete_route(RouteTableId=ids["provider-routes"], DestinationCidrBlock=ANYWHERE)
    world.ec2.terminate_instances(InstanceIds=[ids["web"]])
    answer = world.ec2.run_instances(
        ImageId=old["ImageId"],
        InstanceType=old["InstanceType"],
        KeyName=old["KeyName"],
        MinCount=1,
        MaxCount=1,
        UserData=_plain(user_data),
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "AssociatePublicIpAddress": True,
                "SubnetId": ids["provider-subnet"],
                "Groups": [ids["provider-group"]],
            }
        ],
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": t["Key"], "Value": t["Value"]} for t in old["Tags"]]}
        ],
    )
    web = answer["Instances"][0]["InstanceId"]
    world.ec2.get_waiter("instance_running").wait(InstanceIds=[web], WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    wait_until(lambda: "httpd" in _console(world, web), "the end of user data")
    mended = world.run("up", "--skip-test")
    assert mended.code == 0, mended.text
    tested = world.run("test", "--timeout", "2")
    assert tested.code == 6, tested.text
    assert "FAILED  at 3" in tested.out
    assert "Target.FailedHealthChecks" in tested.out
    assert "web server is not up" in tested.out

    world.ec2.terminate_instances(InstanceIds=[web])
    mended = chain.mend()
    assert mended.code == 0, mended.text
    assert "PASSED  8 of 8" in mended.out


def _plain(user_data: str) -> str:
    import base64

    return base64.b64decode(user_data).decode()


def _console(world: World, instance: str) -> str:
    return world.ec2.get_console_output(InstanceId=instance).get("Output", "")
