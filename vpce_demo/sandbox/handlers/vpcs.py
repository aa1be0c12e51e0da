"""VPCs and subnets: their first moments, the quota, and what has to go before them."""

from __future__ import annotations

from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.protocol import ApiError
from . import validation

VPC_QUOTA = 5
"""VPCs per region, the default VPC among them (``aws-behaviours.md`` section 6)."""


@handles("ec2", "CreateVpc", "CreateDefaultVpc")
def create_vpc(call: Call) -> dict[str, Any]:
    """``pending`` first.  Raises ``VpcLimitExceeded``."""
    if len(call.ec2.vpcs) >= VPC_QUOTA:
        raise ApiError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
    answer = call.moto()
    vpc = call.ec2.vpcs[answer["Vpc"]["VpcId"]]
    vpc.state = answer["Vpc"]["State"] = "pending"
    call.cloud.later(timing.VPC_PENDING, lambda: setattr(vpc, "state", "available"))
    return answer


@handles("ec2", "DeleteVpc")
def delete_vpc(call: Call) -> dict[str, Any]:
    """Nothing but its main route table, default group and default ACL may be left in it."""
    vpc = validation.vpc(call, call.params["VpcId"])
    store = call.ec2
    left = [
        *(subnet for subnets in store.subnets.values() for subnet in subnets.values() if subnet.vpc_id == vpc.id),
        *(gateway for gateway in store.internet_gateways.values() if gateway.vpc is vpc),
        *(group for group in store.groups[vpc.id].values() if group.name != "default"),
        *(table for table in store.route_tables.values() if table.vpc_id == vpc.id and not table.main_association_id),
        *(acl for acl in store.network_acls.values() if acl.vpc_id == vpc.id and not acl.default),
        *(interface for interface in store.enis.values() if interface.vpc_id == vpc.id),
        *(
            endpoint
            for endpoint in call.cloud.endpoints.values()
            if endpoint.vpc_id == vpc.id and endpoint.state != "deleted"
        ),
    ]
    if left:
        text = f"The vpc '{vpc.id}' has dependencies and cannot be deleted."
        raise ApiError("DependencyViolation", text)
    answer = call.moto()
    for acl_id in [acl.id for acl in store.network_acls.values() if acl.vpc_id == vpc.id]:
        del store.network_acls[acl_id]
    store.tags.pop(vpc.id, None)
    return answer


@handles("ec2", "CreateSubnet")
def create_subnet(call: Call) -> dict[str, Any]:
    """``pending`` first.  It is nobody's default; moto makes the first one of a zone that, if given the zone's id."""
    validation.vpc(call, call.params["VpcId"])
    answer = call.moto()
    subnet = validation.subnet(call, answer["Subnet"]["SubnetId"])
    subnet.default_for_az = answer["Subnet"]["DefaultForAz"] = False
    subnet.map_public_ip_on_launch = answer["Subnet"]["MapPublicIpOnLaunch"] = False
    subnet.state = answer["Subnet"]["State"] = "pending"
    call.cloud.later(timing.SUBNET_PENDING, lambda: setattr(subnet, "state", "available"))
    return answer


@handles("ec2", "DeleteSubnet")
def delete_subnet(call: Call) -> dict[str, Any]:
    """Not while a network interface is in it.  Its route table association goes with it."""
    subnet = validation.subnet(call, call.params["SubnetId"])
    if any(interface.subnet.id == subnet.id for interface in call.ec2.enis.values()):
        text = f"The subnet '{subnet.id}' has dependencies and cannot be deleted."
        raise ApiError("DependencyViolation", text)
    answer = call.moto()
    for table in call.ec2.route_tables.values():
        table._associations = {key: held for key, held in table._associations.items() if held != subnet.id}
    for acl in call.ec2.network_acls.values():
        acl._associations = {key: held for key, held in acl._associations.items() if held.subnet_id != subnet.id}
    call.ec2.tags.pop(subnet.id, None)
    return answer
