"""Breaks a sandbox demo on purpose, for exercises and tests: through AWS's API, as somebody would in the console."""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws.environment import Environment
from ..aws.error_codes import ErrorKind, error_kind
from ..aws.tags import tags_of
from ..engine.resource import Resource
from ..errors import DemoError, Refused, TimedOut
from ..model import Side
from ..resources.instance import Instance
from ..resources.subnet import Subnet
from ..sandbox.client import LOOPBACK_URL
from ..verify.aws_facts import AwsFacts

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import IpPermissionTypeDef, TagSpecificationTypeDef
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client

PATIENCE = 120.0
"""The longest wait, in seconds of this machine."""
LONGEST_BOOT = 600.0
"""The longest boot, in AWS's seconds: that of a web server that tries in vain to install its packages."""
Call = tuple[Side, str, dict[str, Any]]
"""A side, a method of its boto3 client of EC2 or Elastic Load Balancing, and the parameters, which are plain JSON."""


@dataclass(frozen=True)
class Exercise:
    """A demo in the sandbox to break one thing in.

    Raises Refused if the environment, or any client that the exercise would use, is not a sandbox's.  Each call is made
    with the client of the side that the thing belongs to: the two may be in two accounts or regions.

    ``make`` creates resources as ``up`` does; ``inject_fault`` makes the sandbox answer an operation with an error that
    no state of the API would cause.  ``undo`` are the calls, last first, that take back what ``up`` would leave.
    """

    environment: Environment
    facts: AwsFacts
    make: Callable[[Sequence[Resource]], None]
    inject_fault: Callable[..., None]
    undo: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        clients = [client for side in Side for client in (self.facts.clients(side).ec2, self.facts.clients(side).elb)]
        in_sandbox = all(LOOPBACK_URL.fullmatch(client.meta.endpoint_url) for client in clients)
        if not (in_sandbox and self.environment.is_sandbox):
            raise Refused("An exercise breaks a demo in the sandbox only, never on AWS.", code="VPCE119")

    def ec2(self, whose: Resource | Side) -> EC2Client:
        """The client of a side, or of the side that a resource belongs to."""
        return self.facts.clients(side_of(whose)).ec2

    @property
    def elb(self) -> ElasticLoadBalancingv2Client:
        """The client of the provider, who alone has load balancers."""
        return self.facts.clients(Side.PROVIDER).elb

    def id(self, resource: Resource) -> str:
        return self.facts.id(resource)

    def undo_by(self, whose: Resource | Side, operation: str, **params: Any) -> None:
        """Note a call, of this side, that takes back something that ``up`` would leave as it is."""
        self.undo.append((side_of(whose), operation, params))

    def take_back(self, calls: Iterable[Call]) -> None:
        """Make these calls, last first, each as soon as nothing uses what it deletes.

        One that AWS refuses was done already, by whoever worked at the exercise.
        """
        for side, operation, params in reversed(list(calls)):
            if operation == "delete_subnet":
                self.clear(side, params["SubnetId"])
            clients = self.facts.clients(side)
            call = getattr(clients.ec2, operation, None) or getattr(clients.elb, operation)
            with contextlib.suppress(ClientError):
                self.released(partial(call, **params))
            for service in params.get("ServiceIds", ()):
                self.service_gone(service)

    def clear(self, side: Side, subnet_id: str) -> None:
        """Terminate the instances in a subnet, which ``up`` may have made there meanwhile."""
        which: Any = [{"Name": "subnet-id", "Values": [subnet_id]}]
        held = self.ec2(side).describe_instances(Filters=which)["Reservations"]
        if ids := [one["InstanceId"] for each in held for one in each["Instances"]]:
            self.ec2(side).terminate_instances(InstanceIds=ids)

    def until(self, holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        """Wait until it holds."""
        end = time.monotonic() + patience
        while not holds():
            if time.monotonic() > end:
                raise TimedOut(f"Waited too long for {what}.", code="VPCE122")
            time.sleep(0.05)

    def empty(self, subnet: Resource) -> None:
        """Wait until no network interface is left in a subnet."""
        in_it = [{"Name": "subnet-id", "Values": [self.id(subnet)]}]
        look = self.ec2(subnet).describe_network_interfaces
        self.until(lambda: not look(Filters=in_it)["NetworkInterfaces"], f"{subnet} to be empty")  # type: ignore[arg-type]

    def close(self, group: Resource, port: int) -> None:
        """Remove the demo's rule for this port from its group."""
        permission = tcp(port, self.facts.rule(group, port).source)
        self.ec2(group).revoke_security_group_ingress(GroupId=self.id(group), IpPermissions=permission)

    def on(self, instance: Instance, *command: str) -> None:
        """Run a command on an instance, by ssh."""
        self.undo_by(instance, "terminate_instances", InstanceIds=[self.id(instance)])
        address = self.facts.instance(instance).get("PublicIpAddress", "")
        answer = self.facts.ssh.run(address, self.id(instance), command, seconds=20)
        if answer.exit_code:
            raise DemoError(
                f"{' '.join(command)} did not work on {instance}.", code="VPCE122", facts={"it said": answer.err}
            )

    def replace(self, instance: Instance, *, key: str = "", subnet_id: str = "", public: bool = True) -> str:
        """Replace an instance by one with the same tags, image, groups and user data, except for these.

        Returns its id when it is running.
        """
        old, ec2 = self.facts.instance(instance), self.ec2(instance)
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
        self.undo_by(instance, "terminate_instances", InstanceIds=[new])
        self.in_state("running", instance, new)
        return new

    def another_endpoint(self) -> str:
        """Replace the demo's endpoint by another, which must be accepted again.  Returns its id."""
        old, ec2 = self.facts.endpoint(), self.ec2(self.facts.demo.endpoint)
        elsewhere: Any = {"ServiceRegion": region} if (region := self.facts.demo.endpoint.service_region) else {}
        made = ec2.create_vpc_endpoint(
            **elsewhere,
            VpcEndpointType="Interface",
            ServiceName=old["ServiceName"],
            VpcId=old["VpcId"],
            SubnetIds=old["SubnetIds"],
            SecurityGroupIds=[group["GroupId"] for group in old["Groups"] if "GroupId" in group],
            PrivateDnsEnabled=False,
            TagSpecifications=tagged("vpc-endpoint", tags_of(old)),
        )
        ec2.delete_vpc_endpoints(VpcEndpointIds=[old["VpcEndpointId"]])
        return made["VpcEndpoint"]["VpcEndpointId"]

    def stop(self, instance: Instance) -> None:
        """Stop an instance and wait until it is stopped."""
        self.ec2(instance).stop_instances(InstanceIds=[self.id(instance)])
        self.in_state("stopped", instance, self.id(instance))

    def booted(self, instance: Instance, id: str) -> None:
        """Wait until the one with this id, which stands for the demo's, has obeyed its user data, in vain or not."""
        self.until(
            lambda: "login:" in self.ec2(instance).get_console_output(InstanceId=id).get("Output", ""),
            f"the boot of {id}",
            max(PATIENCE, LONGEST_BOOT / self.environment.pace),
        )

    def in_state(self, state: str, instance: Instance, id: str) -> None:
        """Wait until the one with this id, which stands for the demo's, is in this state."""
        look = self.ec2(instance).describe_instances
        self.until(
            lambda: look(InstanceIds=[id])["Reservations"][0]["Instances"][0]["State"]["Name"] == state,
            f"{id} to be {state}",
        )

    def another_subnet(self, beside: Subnet, *, zone_id: str = "") -> str:
        """A subnet of the same VPC and size, in the same zone or this one.  Raises DemoError where there is no room."""
        like, ec2 = self.facts.subnet(beside.side, self.id(beside)), self.ec2(beside)
        of_it = [{"Name": "vpc-id", "Values": [like["VpcId"]]}]
        subnets = ec2.describe_subnets(Filters=of_it)["Subnets"]  # type: ignore[arg-type]
        taken = [IPv4Network(one["CidrBlock"]) for one in subnets]
        ranges = IPv4Network(beside.vpc.cidr).subnets(new_prefix=IPv4Network(like["CidrBlock"]).prefixlen)
        free = next((one for one in ranges if not any(one.overlaps(other) for other in taken)), None)
        if free is None:
            raise DemoError(f"{beside.vpc.cidr} has no room for another subnet.", code="VPCE122")
        zone = zone_id or like["AvailabilityZoneId"]
        made = ec2.create_subnet(VpcId=like["VpcId"], CidrBlock=str(free), AvailabilityZoneId=zone)
        self.undo_by(beside, "delete_subnet", SubnetId=made["Subnet"]["SubnetId"])
        return made["Subnet"]["SubnetId"]

    def delete_service(self) -> None:
        """Delete the demo's endpoint and service, and wait until they are gone."""
        demo, service = self.facts.demo, self.id(self.facts.demo.service)
        self.ec2(demo.endpoint).delete_vpc_endpoints(VpcEndpointIds=[self.id(demo.endpoint)])
        delete = self.ec2(demo.service).delete_vpc_endpoint_service_configurations
        self.released(lambda: delete(ServiceIds=[service]))
        self.service_gone(service)

    def service_gone(self, service: str) -> None:
        """Wait until a service is deleted: until then no other one can have its load balancers."""
        which: Any = [{"Name": "service-id", "Values": [service]}]
        look = self.ec2(self.facts.demo.service).describe_vpc_endpoint_service_configurations
        self.until(
            lambda: all(one["ServiceState"] == "Deleted" for one in look(Filters=which)["ServiceConfigurations"]),
            f"{service} to be gone",
        )

    def another_zone(self, *than: Subnet) -> str:
        """The id of a zone in which none of these subnets of one side is."""
        taken = {self.facts.subnet(one.side, self.id(one))["AvailabilityZoneId"] for one in than}
        zones = self.ec2(than[0]).describe_availability_zones()["AvailabilityZones"]
        return next(zone["ZoneId"] for zone in zones if zone["ZoneId"] not in taken)

    def released(self, call: Callable[[], Any]) -> None:
        """Repeat a call until the resource is no longer in use."""

        def done() -> bool:
            try:
                return not call().get("Unsuccessful")
            except ClientError as error:
                if error_kind(error) is not ErrorKind.IN_USE:
                    raise
                return False

        self.until(done, "something to be released by what uses it")


def side_of(whose: Resource | Side) -> Side:
    return whose.side if isinstance(whose, Resource) else whose


def tcp(port: int, *sources: str) -> list[IpPermissionTypeDef]:
    """One TCP port open to these ranges, as the calls of security groups take it."""
    ranges = [{"CidrIp": source} for source in sources]
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}]  # type: ignore[typeddict-item]


def tagged(kind: Any, tags: dict[str, str]) -> list[TagSpecificationTypeDef]:
    """TagSpecifications with these tags."""
    held = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": kind, "Tags": held}]  # type: ignore[typeddict-item]
