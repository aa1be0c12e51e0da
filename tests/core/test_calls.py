"""How often AWS is asked: each question once, whoever wants to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import takewhile
from pathlib import Path

import pytest

from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment
from vpce_demo.model import Side
from vpce_demo.resources.elb import TAGS_A_CALL
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

OpenRun = Callable[..., AbstractContextManager[Run]]


def made(sandbox: Sandbox, work: Callable[[], object]) -> Counter[str]:
    """The calls that this work makes, by operation."""
    before = len(sandbox.calls())
    work()
    return Counter(call.operation for call in sandbox.calls()[before:])


def test_each_question_is_asked_once(sandbox: Sandbox, open_run: OpenRun, tmp_path: Path) -> None:
    """By a first ``up`` before it creates anything, by ``up`` again, by a look and by ``down``."""
    with open_run(tmp_path) as run:
        run.trust_the_opening()
        run.look()
        run.up(run.demo.resources, lambda event: None, None)
    before = list(takewhile(lambda call: call.operation.startswith(("Describe", "Get")), sandbox.calls()))
    asked = Counter((call.operation, str(call.params)) for call in before)
    assert {operation for (operation, _), times in asked.items() if times > 1} <= {"DescribeInstanceTypes"}, (
        "whether it runs the image, and how many vCPUs it has"
    )
    assert len(before) > 15

    with open_run(tmp_path) as run:
        again = made(sandbox, lambda: run.up(run.demo.resources, lambda event: None, None))
        assert again.total() <= 28
        assert all(operation.startswith("Describe") for operation in again)
        twice = {operation for operation, times in again.items() if times > 1}
        assert twice <= {"DescribeTags", "DescribeVpcAttribute", "DescribeNetworkAcls"}, (
            "of balancers and groups; of both VPCs"
        )

        looked = made(sandbox, run.look)
        assert looked == again
    with open_run(tmp_path) as run:
        fields = {"DescribeVpcAttribute", "DescribeNetworkAcls", "DescribeTargetGroupAttributes"}
        assert fields <= looked.keys()
        assert not fields & made(sandbox, lambda: run.look(compare=False)).keys(), "what down asks before it deletes"
    with open_run(tmp_path) as run:
        run.look()
        down = made(sandbox, lambda: run.down(lambda event: None, None))
    # What was just looked at is not looked at again; in the end everything is, once.
    assert down["DescribeSubnets"] == 1
    assert down["DescribeInternetGateways"] == 1
    assert down["DescribeKeyPairs"] == 3, "by tag, and whether each name is free"
    assert down.total() <= 70


@pytest.mark.extended
def test_it_does_not_matter_what_strangers_have(
    sandbox: Sandbox, open_run: OpenRun, place: Environment, tmp_path: Path
) -> None:
    with open_run(tmp_path) as run:
        run.up(run.demo.resources, lambda event: None, None)

    def calls() -> tuple[Counter[str], Counter[str]]:
        """Of ``up`` again, and of ``status``."""
        with open_run(tmp_path) as run:
            again = made(sandbox, lambda: run.up(run.demo.resources, lambda event: None, None))
        with open_run(tmp_path) as run:
            return again, made(sandbox, lambda: (run.look(), run.look_for_strays()))

    alone = calls()
    strangers(place.clients[Side.PROVIDER])
    among_many = calls()
    assert among_many == alone


def strangers(clients: Clients) -> None:
    """A VPC of somebody else with more of each than an answer about tags holds."""
    ec2, elb = clients.ec2, clients.elb
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    for n in range(TAGS_A_CALL + 2):
        ec2.create_key_pair(KeyName=f"key-{n}", KeyType="ed25519")
        ec2.create_security_group(GroupName=f"group-{n}", Description="theirs", VpcId=vpc)
        ec2.create_network_interface(SubnetId=subnet)
        elb.create_target_group(Name=f"group-{n}", Protocol="TCP", Port=80, VpcId=vpc)
        elb.create_load_balancer(Name=f"balancer-{n}", Type="network", Scheme="internal", Subnets=[subnet])
