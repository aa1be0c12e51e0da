"""The printed policy allows every repair and every diagnosis."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

import pytest

from vpce_demo.aws.tags import RESOURCE_TAG, tags_of
from vpce_demo.config.load import load
from vpce_demo.engine.resource import Resource
from vpce_demo.exercises.ways import WAYS
from vpce_demo.model import Remedy
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial
from vpce_demo.verify.diagnosis import RULES

from ..changes import CALLED, DESCRIBED, remedy
from .program import good
from .users import Break, Users, another_table

pytestmark = pytest.mark.extended


def changed(key: str, field: str) -> Break:
    """What the tests of drift do to this field."""
    change = next(change for (of, name, _), change in CALLED.items() if (of, name) == (key, field))
    return lambda users: change(users, ExitStack())


def fails(key: str, field: str, state: object) -> Break:
    """AWS says of the first one that is made that it could not be made."""
    service, operation, listed, id_name = DESCRIBED[key]

    def break_it(users: Users) -> None:
        first: list[str] = []

        def say(parsed: Any, **rest: object) -> None:
            for one in parsed.get(listed, []):  # none of an error
                if tags_of(one).get(RESOURCE_TAG, key) == key and one.get("LoadBalancerName") in (None, NAME):
                    first.append(one[id_name])
                    one.update({field: state} if one[id_name] == first[0] else {})

        def pending(parsed: Any, **rest: object) -> None:
            for made in ("Subnet", "ServiceConfiguration"):
                parsed.get(made, {}).update({field: "pending"})

        users.hears(service, operation, say)
        for create in ("CreateSubnet", "CreateVpcEndpointServiceConfiguration"):
            users.hears("ec2", create, pending)  # else nobody looks at it again
        users.first = first

    return break_it


def going(service: str, operation: str, take_away: Break, add: Callable[[Users, Any], object]) -> Break:
    """Something is taken away, and shown twice more, on its way."""

    def break_it(users: Users) -> None:
        left = [1, 2]

        def say(parsed: Any, **rest: object) -> None:
            if left:
                left.pop()
                add(users, parsed)

        take_away(users)
        users.hears(service, operation, say)

    return break_it


def detached(users: Users) -> None:
    """Somebody detaches the gateway as soon as it is attached, which takes a moment."""
    vpcs: list[str] = []

    def say(parsed: Any, **rest: object) -> None:
        for one in parsed["InternetGateways"]:
            if tags_of(one).get(RESOURCE_TAG) == "provider-gateway" and (one["Attachments"] or vpcs) and len(vpcs) < 3:
                vpcs.append(vpcs[0] if vpcs else one["Attachments"][0]["VpcId"])
                if len(vpcs) == 1:
                    users.ec2.detach_internet_gateway(InternetGatewayId=one["InternetGatewayId"], VpcId=vpcs[0])
                one["Attachments"] = [{"State": "detaching", "VpcId": vpcs[0]}]

    users.hears("ec2", "DescribeInternetGateways", say)


def _deregister(users: Users) -> None:
    users.elb.deregister_targets(TargetGroupArn=users.ids["target-group"], Targets=[{"Id": users.ids["web"]}])


def _draining(users: Users, parsed: Any) -> None:
    target = {"Target": {"Id": users.ids["web"], "Port": 80}, "TargetHealth": {"State": "draining"}}
    parsed["TargetHealthDescriptions"] = [target]


NAME = "MyNetwork-LB"
AT_FIRST: dict[str, Break] = {
    "GatewayAttachment deleting": detached,
    "Vpc failed": fails("provider-vpc", "State", "failed"),
    "Subnet failed": fails("provider-subnet", "State", "failed"),
    "LoadBalancer failed": fails("load-balancer", "State", {"Code": "failed", "Reason": "no"}),
    "EndpointService failed": fails("service", "ServiceState", "Failed"),
}
"""While it is made."""
LATER: dict[str, Break] = {
    "Registration deleting": going("elb", "DescribeTargetHealth", _deregister, _draining),
    "SubnetRouting wrong": lambda users: another_table(users, "provider"),
    "InternetRoute wrong": changed("provider-route", "target"),
    "KeyPair wrong": changed("provider-key", "ssh key"),
    "IngressRule wrong": lambda users: ingress(users, "192.0.2.0/24"),
    "Instance wrong": changed("web", "ssh key"),
    "Instance failed": lambda users: users.ec2.stop_instances(InstanceIds=[users.ids["web"]]),
    "Registration wrong": changed("target", "port"),
    "VpcEndpoint and Acceptance failed": lambda users: users.ec2.reject_vpc_endpoint_connections(
        ServiceId=users.ids["service"], VpcEndpointIds=[users.ids["endpoint"]]
    ),
}
"""When it stands."""
MENDED = {
    f"{key} {field}": (lambda users, change=change: change(users, ExitStack()))
    for (key, field, _), change in CALLED.items()
    if remedy(key, field) in (Remedy.MEND, Remedy.ASK)
    and (key, field) not in (("provider-route", "state"), ("service", "supported regions"))
}
"""Every field that is brought back in place, or taken away with a yes."""
QUICK = ("LoadBalancer failed", "GatewayAttachment deleting", "SubnetRouting wrong")
DIAGNOSED = [
    f"{rule.key}:{way}" if way else rule.key
    for rule in RULES
    if rule.key != "not-allowed"  # it needs two accounts, and asks what a look at the allowed principal asks
    for way in WAYS.get(rule.key, ())
]


def ingress(users: Users, source: str) -> None:
    """The rule for ssh lets in somebody else."""
    group = {"GroupId": users.ids["provider-group"]}
    (found,) = users.ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    (ssh,) = (one for one in found["IpPermissions"] if one["FromPort"] == 22)
    users.ec2.revoke_security_group_ingress(**group, IpPermissions=[ssh])
    ranges = [{**one, "CidrIp": source} for one in ssh["IpRanges"]]
    users.ec2.authorize_security_group_ingress(**group, IpPermissions=[{**ssh, "IpRanges": ranges}])


def each(names: Iterable[str]) -> list[Any]:
    """Each in one account, and per side; the slow ones in ``make test-all``."""
    return [
        pytest.param(name, apart, id=f"{name}-{'per side' if apart else 'one'}", marks=marks)
        for name in names
        for apart in (False, True)
        for marks in [() if name in QUICK and not apart else pytest.mark.slow]
    ]


@pytest.mark.parametrize(("what", "apart"), each([*AT_FIRST, *LATER, *MENDED]))
@pytest.mark.sampled(3)
def test_every_repair_is_allowed(users: Users, what: str, apart: bool) -> None:
    """Nothing is denied on the way, and the demo is whole."""
    users.sign_in(apart)
    if what in AT_FIRST:
        AT_FIRST[what](users)
        good(users.do("up", "--skip-test"))
        assert users.first is None or len(set(users.first)) == 2, "another was made in its place"
    else:
        good(users.do("up", "--skip-test"))
        {**LATER, **MENDED}[what](users)
        assert users.do("status", "--check").code == 10, "it is seen"
        good(users.do("up", "--skip-test", "--yes"))
    assert users.denied() == set()
    good(users.do("status", "--check"))


def test_a_region_that_somebody_added_needs_a_permission_that_is_named(users: Users) -> None:
    """A demo in one region needs it for nothing else.  Whether AWS asks for it where a region is taken away is
    UNCONFIRMED."""
    users.sign_in(apart=False)
    good(users.do("up", "--skip-test"))
    changed("service", "supported regions")(users)
    done = users.do("up", "--skip-test", "--yes")
    assert done.code == 1
    assert "You may not call vpce:AllowMultiRegion.  VPCE058" in done.err
    good(users.do("up", "--skip-test", "--no-mend"))
    good(users.do("down"))
    assert users.denied() == {"ModifyVpcEndpointServiceConfiguration"}


@pytest.mark.parametrize(("fault", "apart"), each(DIAGNOSED))
def test_every_diagnosis_is_allowed(users: Users, fault: str, apart: bool) -> None:
    """Everything is asked that a rule wants to know, and where ``up`` is what mends it, it may."""
    users.sign_in(apart)
    good(users.do("up", "--skip-test"))
    users.breaks(fault)
    rule = next(rule for rule in RULES if rule.key == fault.partition(":")[0])
    done = users.do(rule.seen_by, "--timeout", "3", "-o", "json")
    cause = done.document.get("diagnosis", {})
    assert rule.passes or (cause["rule"], cause["not_asked"]) == (rule.key, [])
    assert users.denied() == set()
    if cause and cause["fixes"][0]["command"].endswith(" up") and "&&" not in cause["fixes"][0]["command"]:
        good(users.do("up", "--yes"))
    assert users.denied() == set()


@pytest.mark.ordinary
def test_every_kind_that_can_fail_is_repaired_above() -> None:
    """Those whose module knows a phase that ends in a replacement, or that is waited for."""
    demo = tutorial(not_looked_up(load(None, {})))
    can = {
        type(r).__name__ for r in demo.resources if re.search(r"Phase\.(of|WRONG|FAILED|DELETING)|_live\(", source(r))
    }
    assert can <= {word for name in (*AT_FIRST, *LATER) for word in name.split()}


def source(r: Resource) -> str:
    return inspect.getsource(type(r).find)
