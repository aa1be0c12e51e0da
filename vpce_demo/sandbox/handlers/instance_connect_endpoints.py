"""EC2 Instance Connect Endpoints: the sandbox can create none."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles


@handles("ec2", "DescribeInstanceConnectEndpoints")
def describe_instance_connect_endpoints(call: Call) -> dict[str, Any]:
    return {"InstanceConnectEndpoints": []}
