"""Shell scripts as user data: the page comes through the load balancer, and what is not understood is named."""

from __future__ import annotations

import pytest

from ..network.world import wait_for
from ..scripts import STACKS, TUTORIAL
from .test_page import fetch
from .world import World


@pytest.mark.parametrize("name", STACKS)
def test_the_page_of_a_stack(world: World, name: str) -> None:
    stack, net = STACKS[name], world.network()
    if stack.port != 80:
        world.open(net.group, stack.port)
    instance = world.instance(net, UserData=stack.script)
    balancer, targets = world.balancer(net), world.targets(net, Port=stack.port)
    world.listener(balancer["LoadBalancerArn"], targets)
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    wait_for(lambda: world.health(targets)["State"] == "healthy")
    wait_for(lambda: "login:" in world.ec2.get_console_output(InstanceId=instance)["Output"])
    page = fetch(world, balancer["DNSName"])
    assert all(each in page for each in stack.page), page
    assert world.sandbox.status()["not_understood"] == {}
    port = {"IpProtocol": "tcp", "FromPort": stack.port, "ToPort": stack.port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    world.ec2.revoke_security_group_ingress(GroupId=net.group, IpPermissions=[port])
    wait_for(lambda: world.health(targets)["State"] == "unhealthy")


def test_the_tutorial_s_slip_fails_as_on_aws(world: World) -> None:
    """``systemctl restart http`` fails, and with it the script; nothing else does."""
    instance = world.instance(world.network(), UserData=TUTORIAL)
    wait_for(lambda: "login:" in world.ec2.get_console_output(InstanceId=instance)["Output"])
    said = world.ec2.get_console_output(InstanceId=instance)["Output"]
    assert "Failed to restart http.service: Unit http.service not found." in said
    assert "Failed to run /var/lib/cloud/instance/scripts/part-001: exit code 5" in said
    assert "cannot do this" not in said


def test_what_is_not_understood_is_named(world: World) -> None:
    script = "#!/bin/bash\nyum install -y httpd\nphp -v\ncase a in esac\nsystemctl start httpd\n"
    instance = world.instance(world.network(), UserData=script)
    wait_for(lambda: "login:" in world.ec2.get_console_output(InstanceId=instance)["Output"])
    unknown = ["line 3: php: command not found", "line 4: `case' is more than this instance's shell can do"]
    said = world.ec2.get_console_output(InstanceId=instance)["Output"]
    assert all(f"cloud-init: the sandbox cannot do this: {each}" in said for each in unknown)
    assert world.sandbox.status()["not_understood"] == {instance: unknown}
    world.ec2.terminate_instances(InstanceIds=[instance])
    wait_for(lambda: world.sandbox.status()["not_understood"] == {})
