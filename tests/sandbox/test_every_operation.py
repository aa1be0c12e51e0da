"""Every operation of every service that the sandbox has: refused in the service's own protocol, or answered, and never
with a traceback in the log, which the fixture ``tracebacks`` sees."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import Shape

from tests.iam import ROOT
from vpce_demo.sandbox.api.protocol import SIGNING_NAMES

from .world import World

DEEPEST = 3
ENDPOINTS = ("VpcEndpoint", "PrefixList", "Route", "CidrBlock", "LoadBalancer", "Listener", "TargetGroup")
"""What the ordinary run asks for: the operations with these words in their names."""


def filled(shape: Shape | None, ids: dict[str, str], all_members: bool, name: str = "", depth: int = 0) -> Any:
    """Parameters of an operation's shape: those that are required, or all."""
    if shape is None:
        return {}
    match shape.type_name:
        case "structure" if depth > DEEPEST:
            return {}
        case "structure":
            members: dict[str, Shape] = shape.members  # type: ignore[attr-defined]
            wanted = members if all_members else shape.required_members
            left_out = ("DryRun", "NextToken", "MaxResults")
            return {
                each: filled(members[each], ids, all_members, each, depth + 1)
                for each in wanted
                if each not in left_out
            }
        case "list":
            return [filled(shape.member, ids, all_members, name, depth + 1)]  # type: ignore[attr-defined]
        case "string":
            known = ids.get(name.removesuffix("s"))
            return known or next(iter(getattr(shape, "enum", ())), "x-0123456789abcdef0")
        case kind:
            others = {"boolean": True, "map": {}, "blob": b"x", "timestamp": 0, "float": 1.0, "double": 1.0}
            return others.get(kind, 1)


def refusals(world: World, service: str, words: tuple[str, ...], all_members: bool) -> list[str]:
    """Call each operation with one of these words in its name.  Returns what was answered as a failure of AWS's, or
    not in the service's protocol."""
    net = world.network()
    ids = {
        "VpcId": net.vpc,
        "SubnetId": net.subnet,
        "RouteTableId": net.table,
        "VpcEndpointId": world.endpoint(net, "com.amazonaws.us-east-1.sts")["VpcEndpointId"],
        "LoadBalancerArn": str(world.balancer(net, "one", Type="gateway")["LoadBalancerArn"]),
    }
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    client, wrong = ROOT.client(service, endpoint_url=world.sandbox.endpoint_url, config=config), []  # type: ignore[call-overload]
    for operation in client.meta.service_model.operation_names:
        if not any(word in operation for word in words):
            continue
        shape = client.meta.service_model.operation_model(operation).input_shape
        try:
            getattr(client, xform_name(operation))(**filled(shape, ids, all_members))
        except ClientError as error:
            if error.response["Error"].get("Code", "") in ("", "InternalError"):
                wrong.append(f"{operation}: {error}")
        except Exception as error:
            wrong.append(f"{operation}: {type(error).__name__} {error}")
    return wrong


@pytest.mark.parametrize("service", ["ec2", "elbv2", "elb"])
def test_what_endpoints_are_made_of(world: World, service: str) -> None:
    assert refusals(world, service, ENDPOINTS, all_members=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("all_members", [False, True])
@pytest.mark.parametrize("service", [*sorted(SIGNING_NAMES.values()), "elb"])
def test_all(world: World, service: str, all_members: bool) -> None:
    assert refusals(world, service, ("",), all_members) == []
