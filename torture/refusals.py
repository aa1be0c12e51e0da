"""The error sweep: every operation that the program calls, answered with every error that AWS has for it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.session import get_session

from .cases import Case, Operations, Sweep
from .world import Ended, World, Wrong, passed

SUCCEEDED, STOPPED, NOT_STRUCK = "succeeded all the same", "stopped, and went on", "not reached"
PATIENCE = 3
"""Seconds (``--timeout``) that a command is given when the error stays."""


class Error(NamedTuple):
    """An error as the fault layer is told to answer it."""

    code: str
    status: int


THROTTLED = {
    "ec2": Error("RequestLimitExceeded", 503),
    "elbv2": Error("Throttling", 400),
    "ssm": Error("ThrottlingException", 400),
    "sts": Error("Throttling", 400),
}
INTERNAL = {
    "ec2": Error("InternalError", 500),
    "elbv2": Error("InternalFailure", 500),
    "ssm": Error("InternalServerError", 500),
    "sts": Error("InternalFailure", 500),
}
UNAVAILABLE = {
    "ec2": Error("Unavailable", 503),
    "elbv2": Error("ServiceUnavailable", 503),
    "ssm": Error("ServiceUnavailable", 503),
    "sts": Error("ServiceUnavailable", 503),
}
EXPIRED = {
    "ec2": Error("RequestExpired", 400),
    "elbv2": Error("ExpiredToken", 403),
    "ssm": Error("ExpiredTokenException", 400),
    "sts": Error("ExpiredToken", 403),
}
NOT_ALLOWED = {
    "ec2": Error("UnauthorizedOperation", 403),
    "elbv2": Error("AccessDenied", 403),
    "ssm": Error("AccessDeniedException", 400),
    "sts": Error("AccessDenied", 403),
}
ANSWERS = {
    "throttled": THROTTLED,
    "500": INTERNAL,
    "503": UNAVAILABLE,
    "expired credentials": EXPIRED,
    "not allowed": NOT_ALLOWED,
}
DROPS = {"lost reply": "drop-after", "dropped before": "drop-before"}
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
    "DescribeInstances": "InvalidInstanceID.NotFound",
    "DescribeInternetGateways": "InvalidInternetGatewayID.NotFound",
    "DescribeKeyPairs": "InvalidKeyPair.NotFound",
    "DescribeListeners": "LoadBalancerNotFound",
    "DescribeLoadBalancers": "LoadBalancerNotFound",
    "DescribeNetworkInterfaces": "InvalidNetworkInterfaceID.NotFound",
    "DescribeRouteTables": "InvalidRouteTableID.NotFound",
    "DescribeSecurityGroups": "InvalidGroup.NotFound",
    "DescribeSubnets": "InvalidSubnetID.NotFound",
    "DescribeTags": "LoadBalancerNotFound",
    "DescribeTargetGroups": "TargetGroupNotFound",
    "DescribeTargetHealth": "TargetGroupNotFound",
    "DescribeVpcEndpointConnections": "InvalidVpcEndpointServiceId.NotFound",
    "DescribeVpcEndpointServiceConfigurations": "InvalidVpcEndpointServiceId.NotFound",
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
    "GetCallerIdentity",
    "ImportKeyPair",
}
EXIT_CODES = {"up": {1, 4, 5, 8}, "test": {1, 4, 5, 6, 8}, "down": {1, 4, 7, 8}}
"""With which a command may stop: an error of AWS, sign-in, refused for safety, a failed test, leftovers, time is up."""


@dataclass(frozen=True)
class Refusal(Case):
    """An operation that a command calls fails in one way, the first time or every time."""

    command: str
    operation: str
    kind: str
    often: str

    @property
    def row(self) -> str:
        return f"{self.kind}, {self.often}"

    def run(self, world: World) -> Iterator[str]:
        if self.command != "up":
            world.succeed("up", "--skip-test")
        words = ["-o", "json", self.command]
        times: dict[str, Any] = {"times": 1} if self.often == "once" else {}
        if self.often == "always":
            words += ["--timeout", str(PATIENCE)]
        with world.fault(operation=self.operation, **self.fault, **times):
            done = world.run(*words)
        if not world.struck:
            yield NOT_STRUCK
        elif done.code:
            self.expect_a_reason(done)
            yield STOPPED
        else:
            yield SUCCEEDED
        if done.code:
            done = world.succeed("-o", "json", self.command)
        if self.command == "down":
            world.expect_nothing()
        else:
            passed(done)
            world.expect_whole()
            world.down_and_nothing()

    @property
    def fault(self) -> dict[str, Any]:
        """As the fault layer takes it."""
        if self.kind in DROPS:
            return {"do": DROPS[self.kind]}
        if self.kind in ANSWERS:
            code, status = ANSWERS[self.kind][services()[self.operation]]
        else:
            code, status = {"in use": IN_USE, "not found": NOT_FOUND}[self.kind][self.operation], 400
        return {"do": "error", "code": code, "status": status}

    def expect_a_reason(self, done: Ended) -> None:
        """It stopped with a right exit code, and says which operation failed, and why.  Raises Wrong."""
        allowed = {4} if self.kind == "expired credentials" else EXIT_CODES[self.command]
        if done.code not in allowed:
            raise Wrong(f"its exit code should be one of {sorted(allowed)}: {done}")
        for words in (self.operation, self.fault.get("code", "onnection")):
            if words not in done.err:
                raise Wrong(f"it does not say {words!r}: {done}")


@functools.cache
def services() -> dict[str, str]:
    """botocore's name of the service that has an operation, by operation."""
    models = {name: get_session().get_service_model(name) for name in THROTTLED}
    return {operation: name for name, model in models.items() for operation in model.operation_names}


def cases(operations: Operations) -> list[Case]:
    """Everything that the commands call, times all that can go wrong with it."""
    return [
        Refusal(command, operation, kind, often)
        for command, called in operations.items()
        for operation in sorted(set(called))
        for kind in (*ANSWERS, *DROPS, *_own(operation))
        for often in ("once", "always")
    ]


def _own(operation: str) -> Iterator[str]:
    """Which of its own codes an operation has."""
    if operation in IN_USE:
        yield "in use"
    if operation in NOT_FOUND:
        yield "not found"
    elif operation not in NOTHING_TO_MISS:
        raise ValueError(f"{operation} is called, and nothing here says what it answers for what is not there")


SWEEP = Sweep(
    "errors",
    "Refused at every operation",
    """\
Every operation that `up`, `test` and `down` call (taken from a recorded run) is made to fail: throttled, with 500, with
503 `Unavailable`, with its reply lost, with the connection dropped before it, with expired credentials, not allowed,
and with its own in-use and not-found codes; the first time only, and every time. The command has to succeed all the
same, or to stop with a right exit code and a message that names the operation and the cause. Then the next run has to
go on, and the demo has to be whole, or gone.""",
    (SUCCEEDED, STOPPED, NOT_STRUCK),
    cases,
)
