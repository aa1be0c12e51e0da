"""The errors that AWS has for an operation: its codes and HTTP statuses (``aws-behaviours.md`` sections 1.2 and 6)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

from botocore.session import get_session

from vpce_demo.sandbox.api.spoil import SPOILS


class Error(NamedTuple):
    """An error as the fault layer is told to answer it."""

    code: str
    status: int


THROTTLED = {
    "ec2": Error("RequestLimitExceeded", 503),
    "elbv2": Error("Throttling", 400),
    "ssm": Error("ThrottlingException", 400),
    "sts": Error("Throttling", 400),
    "resourcegroupstaggingapi": Error("ThrottledException", 400),
}
INTERNAL = {
    "ec2": Error("InternalError", 500),
    "elbv2": Error("InternalFailure", 500),
    "ssm": Error("InternalServerError", 500),
    "sts": Error("InternalFailure", 500),
    "resourcegroupstaggingapi": Error("InternalServiceException", 500),
}
UNAVAILABLE = {
    "ec2": Error("Unavailable", 503),
    "elbv2": Error("ServiceUnavailable", 503),
    "ssm": Error("ServiceUnavailable", 503),
    "sts": Error("ServiceUnavailable", 503),
    "resourcegroupstaggingapi": Error("InternalServiceException", 503),
}
EXPIRED = {
    "ec2": Error("RequestExpired", 400),
    "elbv2": Error("ExpiredToken", 403),
    "ssm": Error("ExpiredTokenException", 400),
    "sts": Error("ExpiredToken", 403),
    "resourcegroupstaggingapi": Error("ExpiredTokenException", 400),
}
NOT_ALLOWED = {
    "ec2": Error("UnauthorizedOperation", 403),
    "elbv2": Error("AccessDenied", 403),
    "ssm": Error("AccessDeniedException", 400),
    "sts": Error("AccessDenied", 403),
    "resourcegroupstaggingapi": Error("AccessDeniedException", 400),
}
ANSWERS = {
    "throttled": THROTTLED,
    "500": INTERNAL,
    "503": UNAVAILABLE,
    "expired credentials": EXPIRED,
    "not allowed": NOT_ALLOWED,
}
SPOILT_IN_TURN = 4
"""Of the ways to spoil an answer, each operation has every so many."""
DROPS = {"lost reply": "drop-after", "dropped before": "drop-before"}
SPOILT = {f"spoilt: {how}": how for how in SPOILS}
STAYS_SPOILT = "spoilt: html"
"""The kind that is tried every time too: the program tells them apart no more once it has seen that they are spoilt."""
IN_USE = {
    "DeleteVpc": "DependencyViolation",
    "DeleteSubnet": "DependencyViolation",
    "DeleteSecurityGroup": "DependencyViolation",
    "DeleteRouteTable": "DependencyViolation",
    "DeleteInternetGateway": "DependencyViolation",
    "DetachInternetGateway": "DependencyViolation",
    "DeleteLoadBalancer": "ResourceInUse",
    "DeleteTargetGroup": "ResourceInUse",
    "DeleteVpcEndpointServiceConfigurations": "ExistingVpcEndpointConnections",
}
NOT_FOUND = {
    "AcceptVpcEndpointConnections": "InvalidVpcEndpointServiceId.NotFound",
    "AssociateRouteTable": "InvalidSubnetID.NotFound",
    "AttachInternetGateway": "InvalidInternetGatewayID.NotFound",
    "AuthorizeSecurityGroupIngress": "InvalidGroup.NotFound",
    "CreateListener": "LoadBalancerNotFound",
    "CreateLoadBalancer": "SubnetNotFound",
    "CreateRoute": "InvalidRouteTableID.NotFound",
    "CreateRouteTable": "InvalidVpcID.NotFound",
    "CreateSecurityGroup": "InvalidVpcID.NotFound",
    "CreateSubnet": "InvalidVpcID.NotFound",
    "CreateTargetGroup": "InvalidVpcID.NotFound",
    "CreateVpcEndpoint": "InvalidVpcId.NotFound",
    "CreateVpcEndpointServiceConfiguration": "InvalidNetworkLoadBalancerArn.NotFound",
    "DeleteInternetGateway": "InvalidInternetGatewayID.NotFound",
    "DeleteKeyPair": "InvalidKeyPair.NotFound",
    "DeleteLoadBalancer": "LoadBalancerNotFound",
    "DeleteRouteTable": "InvalidRouteTableID.NotFound",
    "DeleteSecurityGroup": "InvalidGroup.NotFound",
    "DeleteSubnet": "InvalidSubnetID.NotFound",
    "DeleteTargetGroup": "TargetGroupNotFound",
    "DeleteVpc": "InvalidVpcID.NotFound",
    "DeleteVpcEndpoints": "InvalidVpcEndpoint.NotFound",
    "DeleteVpcEndpointServiceConfigurations": "InvalidVpcEndpointService.NotFound",
    "DescribeImages": "InvalidAMIID.NotFound",
    "DescribeInstances": "InvalidInstanceID.NotFound",
    "DescribeInternetGateways": "InvalidInternetGatewayID.NotFound",
    "DescribeKeyPairs": "InvalidKeyPair.NotFound",
    "DescribeListeners": "LoadBalancerNotFound",
    "DescribeLoadBalancerAttributes": "LoadBalancerNotFound",
    "DescribeLoadBalancers": "LoadBalancerNotFound",
    "DescribeNetworkInterfaces": "InvalidNetworkInterfaceID.NotFound",
    "DescribeRouteTables": "InvalidRouteTableID.NotFound",
    "DescribeSecurityGroups": "InvalidGroup.NotFound",
    "DescribeSubnets": "InvalidSubnetID.NotFound",
    "DescribeTags": "LoadBalancerNotFound",
    "DescribeTargetGroupAttributes": "TargetGroupNotFound",
    "DescribeTargetGroups": "TargetGroupNotFound",
    "DescribeTargetHealth": "TargetGroupNotFound",
    "DescribeVpcEndpointConnections": "InvalidVpcEndpointServiceId.NotFound",
    "DescribeVpcAttribute": "InvalidVpcID.NotFound",
    "DescribeVpcEndpointServiceConfigurations": "InvalidVpcEndpointServiceId.NotFound",
    "DescribeVpcEndpointServicePermissions": "InvalidVpcEndpointServiceId.NotFound",
    "DescribeVpcEndpoints": "InvalidVpcEndpointId.NotFound",
    "DescribeVpcs": "InvalidVpcID.NotFound",
    "DetachInternetGateway": "Gateway.NotAttached",
    "GetParameter": "ParameterNotFound",
    "RegisterTargets": "TargetGroupNotFound",
    "RunInstances": "InvalidSubnetID.NotFound",
    "TerminateInstances": "InvalidInstanceID.NotFound",
}
"""By operation (``aws-behaviours.md`` section 1.2); the others name nothing that could be missing."""
NOTHING_TO_MISS = {
    "CreateInternetGateway",
    "CreateVpc",
    "DescribeAvailabilityZones",
    "DescribeInstanceTypeOfferings",
    "DescribeInstanceTypes",
    "DescribeNetworkAcls",
    "DescribeVolumes",
    "DescribeVpcBlockPublicAccessOptions",
    "GetEbsDefaultKmsKeyId",
    "GetResources",
    "GetCallerIdentity",
    "ImportKeyPair",
}


def kinds(operation: str, turn: int) -> Iterator[str]:
    """All that can go wrong with an operation, with the spoilt answers whose turn it is.  Raises ValueError for one of
    which nothing is known here."""
    yield from (*ANSWERS, *DROPS)
    yield from (kind for at, kind in enumerate(SPOILT) if kind == STAYS_SPOILT or (at + turn) % SPOILT_IN_TURN == 0)
    if operation in IN_USE:
        yield "in use"
    if operation in NOT_FOUND:
        yield "not found"
    elif operation not in NOTHING_TO_MISS:
        raise ValueError(f"{operation} is called, and nothing here says what it answers for what is not there")


def often(kind: str) -> Iterator[str]:
    """How often it goes wrong: the first time, and every time."""
    yield "once"
    if kind not in SPOILT or kind == STAYS_SPOILT:
        yield "always"


def cause(operation: str, kind: str) -> str:
    """What a command that stopped because of it says."""
    if kind in SPOILT:
        return "what came"
    return str(fault(operation, kind).get("code", "onnection"))


def fault(operation: str, kind: str) -> dict[str, Any]:
    """One of these as the fault layer takes it."""
    if kind in DROPS:
        return {"do": DROPS[kind]}
    if kind in SPOILT:
        return {"do": "spoil-after", "how": SPOILT[kind]}
    if kind in ANSWERS:
        code, status = ANSWERS[kind][_services()[operation]]
    else:
        code, status = {"in use": IN_USE, "not found": NOT_FOUND}[kind][operation], 400
    return {"do": "error", "code": code, "status": status}


@functools.cache
def _services() -> dict[str, str]:
    """botocore's name of the service that has an operation, by operation."""
    models = {name: get_session().get_service_model(name) for name in THROTTLED}
    return {operation: name for name, model in models.items() for operation in model.operation_names}
