"""What a prankster can lay hands on: the demo in the sandbox, through AWS's API, as in the console."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import tags_of
from ..errors import DemoError, Fault, TimedOut, fault
from ..model import Resource, Side
from ..resources.instance import Instance
from .case import Case

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import IpPermissionTypeDef, SubnetTypeDef, TagSpecificationTypeDef
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

ANYWHERE = "0.0.0.0/0"
PATIENCE = 120.0
"""Seconds of the machine that anything may take in the sandbox."""


@dataclass(frozen=True)
class Prank:
    """A demo in the sandbox to break one thing in.

    ``make`` lets the engine make these be there and ready, as ``up`` does; ``fault`` tells the sandbox to answer calls
    of an operation with an error, where no state of the API would.
    """

    case: Case
    make: Callable[[Sequence[Resource]], None]
    fault: Callable[..., None]

    @property
    def ec2(self) -> EC2Client:
        return self.case.clients(Side.PROVIDER).ec2

    @property
    def elb(self) -> ElasticLoadBalancingv2Client:
        return self.case.clients(Side.PROVIDER).elb

    def id(self, resource: Resource) -> str:
        return self.case.id(resource)

    def gone(self, name: str, value: str) -> None:
        """Wait until no network interface is left that this filter lets through."""
        until = time.monotonic() + PATIENCE
        which = [{"Name": name, "Values": [value]}]
        while self.ec2.describe_network_interfaces(Filters=which)["NetworkInterfaces"]:  # type: ignore[arg-type]
            if time.monotonic() > until:
                raise TimedOut(f"Waited too long for the network interfaces of {value} to go.")
            time.sleep(0.05)

    def close(self, group: Resource, port: int) -> None:
        """Take the demo's own rule for this port out of its group."""
        permission = tcp(port, self.case.rule(group, port).source)
        self.ec2.revoke_security_group_ingress(GroupId=self.id(group), IpPermissions=permission)

    def on(self, instance: Instance, *command: str) -> None:
        """Run a command on an instance, by ssh."""
        address = self.case.instance(instance).get("PublicIpAddress", "")
        answer = self.case.ssh.run(address, self.id(instance), command, seconds=20)
        if answer.exit_code:
            raise DemoError(f"{' '.join(command)} did not work on {instance}.", facts={"it said": answer.err})

    def replace(self, instance: Instance, *, key: str = "", subnet_id: str = "", public: bool = True) -> None:
        """Put another instance in this one's place, with the same tags, image, groups and user data, but for these."""
        old, ec2 = self.case.instance(instance), self.ec2
        answer = ec2.describe_instance_attribute(InstanceId=self.id(instance), Attribute="userData")
        user_data = answer.get("UserData", {}).get("Value", "")
        made = ec2.run_instances(
            ImageId=old["ImageId"],
            InstanceType=old["InstanceType"],
            KeyName=key or old["KeyName"],
            MinCount=1,
            MaxCount=1,
            UserData=base64.b64decode(user_data).decode(),
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "AssociatePublicIpAddress": public,
                    "SubnetId": subnet_id or old["SubnetId"],
                    "Groups": [group["GroupId"] for group in old["SecurityGroups"]],
                }
            ],
            TagSpecifications=tagged("instance", tags_of(old)),
        )
        ec2.terminate_instances(InstanceIds=[self.id(instance)])
        new = made["Instances"][0]["InstanceId"]
        ec2.get_waiter("instance_running").wait(InstanceIds=[new], WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def stop(self, instance: Instance) -> None:
        """Stop an instance, and see it stopped."""
        self.ec2.stop_instances(InstanceIds=[self.id(instance)])
        once = {"Delay": 1, "MaxAttempts": 60}
        self.ec2.get_waiter("instance_stopped").wait(InstanceIds=[self.id(instance)], WaiterConfig=once)  # type: ignore[arg-type]

    def another_subnet(self, like: SubnetTypeDef, vpc_cidr: str, *, same_zone: bool = True) -> str:
        """A subnet of the same VPC and size, in the same zone or another.  Raises DemoError where there is no room."""
        of_it = [{"Name": "vpc-id", "Values": [like["VpcId"]]}]
        subnets = self.ec2.describe_subnets(Filters=of_it)["Subnets"]  # type: ignore[arg-type]
        taken = [IPv4Network(one["CidrBlock"]) for one in subnets]
        ranges = IPv4Network(vpc_cidr).subnets(new_prefix=IPv4Network(like["CidrBlock"]).prefixlen)
        free = next((one for one in ranges if not any(one.overlaps(other) for other in taken)), None)
        if free is None:
            raise DemoError(f"{vpc_cidr} has no room for another subnet.", changed="Nothing was changed.")
        zone = like["AvailabilityZoneId"] if same_zone else self.another_zone(like["AvailabilityZoneId"])
        made = self.ec2.create_subnet(VpcId=like["VpcId"], CidrBlock=str(free), AvailabilityZoneId=zone)
        return made["Subnet"]["SubnetId"]

    def another_zone(self, than: str) -> str:
        """The id of a zone other than this one."""
        zones = self.ec2.describe_availability_zones()["AvailabilityZones"]
        return next(zone["ZoneId"] for zone in zones if zone["ZoneId"] != than)

    def released(self, call: Callable[[], Any]) -> None:
        """Ask to delete something until nothing uses it any more."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                if not call().get("Unsuccessful"):
                    return
            except ClientError as error:
                if fault(error) is not Fault.IN_USE:
                    raise
            time.sleep(0.05)
        raise TimedOut("Waited too long for something to be released by what uses it.")


def tcp(port: int, *sources: str) -> list[IpPermissionTypeDef]:
    """One TCP port open to these ranges, as the calls of security groups take it."""
    ranges = [{"CidrIp": source} for source in sources]
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}]  # type: ignore[typeddict-item]


def tagged(kind: Any, tags: dict[str, str], but: Iterable[str] = ()) -> list[TagSpecificationTypeDef]:
    """TagSpecifications with these tags."""
    held = [{"Key": key, "Value": value} for key, value in tags.items() if key not in but]
    return [{"ResourceType": kind, "Tags": held}]  # type: ignore[typeddict-item]
