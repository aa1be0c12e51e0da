"""What AWS says about a demo that does not work: the questions that the rules ask."""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from ..aws.clients import Clients
from ..aws.error_codes import ErrorKind, error_kind
from ..aws.region import OPEN, is_excluded, public_access_of
from ..engine.drift import compared
from ..engine.resource import Aws, Resource
from ..errors import DemoError, NotCreated
from ..model import Drift, Live, Remedy, Side, numbered, ours
from ..resources.endpoint_service import allowed_principals, connections
from ..resources.instance import Instance
from ..resources.route_table import InternetRoute, SubnetRouting
from ..resources.security_group import IngressRule
from ..resources.subnet import Subnet
from ..resources.target_group import target_health
from ..ssh import Ssh
from ..tutorial import Demo

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        FilterTypeDef,
        InstanceTypeDef,
        NetworkAclTypeDef,
        NetworkInterfaceTypeDef,
        RouteTableTypeDef,
        SecurityGroupTypeDef,
        ServiceConfigurationTypeDef,
        ServiceDetailTypeDef,
        SubnetTypeDef,
        VpcEndpointTypeDef,
    )
    from mypy_boto3_elbv2.type_defs import (
        ListenerTypeDef,
        LoadBalancerTypeDef,
        TargetGroupTypeDef,
        TargetHealthDescriptionTypeDef,
    )

T = TypeVar("T")
PASSES = "it passes"
"""What a check that failed does without the user's ssh configuration, where that is the cause."""


def look(resource: Resource, aws: Aws) -> Live | None:
    """What AWS has of a resource; None if it, or a parent it is found through, is missing."""
    try:
        return next(iter(ours(resource.find(aws))), None)
    except NotCreated:
        return None
    except ClientError as error:
        if error_kind(error) is not ErrorKind.MISSING:
            raise
        return None


def only(items: Iterable[T], what: str) -> T:
    """The first item.  Raises NotCreated if there is none."""
    for item in items:
        return item
    raise NotCreated(f"AWS lists no {what}.")


@dataclass
class AwsFacts:
    """The facts that the rules work with.  Each question is asked of AWS once, when a rule needs it.

    ``said`` is the error, in AWS's or the check's words.  The methods raise NotCreated for what does not exist, and
    ClientError.
    """

    demo: Demo
    sides: Mapping[str, Aws]
    ssh: Ssh
    ssh_source: str
    address_now: Callable[[], str]
    """Returns the operator's address.  Raises DemoError."""
    said: str = ""
    ssh_said: str = ""
    """The lines of this machine's ssh client, if it failed."""
    otherwise: str = ""
    """What the check meets without the user's ssh configuration, if that is something else."""
    _began: float = field(default_factory=time.monotonic)
    _answers: dict[object, Any] = field(default_factory=dict)

    def id(self, resource: Resource) -> str:
        """The id of a resource.  Raises NotCreated."""
        return self.sides[resource.side].id(resource)

    def known(self, resource: Resource) -> str:
        """The id of a resource; empty if it does not exist."""
        live = self.sides[resource.side].known.get(resource.key)
        return live.id if live else ""

    def part(self, key: str) -> Resource:
        """The resource with this key, which is the tutorial's: of another customer, its own."""
        keys = (key, numbered(key, self.demo.customers[0].number))
        return next(r for r in self.demo.resources if r.key in keys)

    def clients(self, side: Side) -> Clients:
        return self.sides[side].clients

    def aws(self, side: Side) -> Aws:
        """A side's ``Aws`` that accepts only answers newer than this object."""
        return self.sides[side].fresh_after(self._began)

    def command(self, side: Side, call: str, **options: str | Sequence[str] | bool | int) -> str:
        """An AWS CLI command for that side: ``command(side, "ec2 delete-route", route_table_id=...)``."""
        words = [self.clients(side).cli, call]
        for name, value in options.items():
            words.append(f"--{name.replace('_', '-')}")
            if value is not True:
                words += [shlex.quote(str(one)) for one in ([value] if isinstance(value, str | int) else value)]
        return " ".join(words)

    def _once(self, question: object, ask: Callable[[], T]) -> T:
        if question not in self._answers:
            self._answers[question] = ask()
        answer: T = self._answers[question]
        return answer

    def operator(self) -> str:
        """The operator's public address now; empty if it cannot be found."""
        return self._once("operator", self._ask_for_the_operator)

    def _ask_for_the_operator(self) -> str:
        try:
            return self.address_now().removesuffix("/32")
        except DemoError:
            return ""

    # --- PrivateLink ------------------------------------------------------------

    def service(self) -> ServiceConfigurationTypeDef:
        """The endpoint service, as the provider sees it."""
        id, ec2 = self.id(self.demo.service), self.clients(Side.PROVIDER).ec2
        return self._once(
            id,
            lambda: only(
                ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[id])["ServiceConfigurations"], id
            ),
        )

    @property
    def in_two_regions(self) -> bool:
        """True if the endpoint is in another region than its service: their zones need not match."""
        return self.clients(Side.PROVIDER).region != self.clients(Side.CONSUMER).region

    def zones(self) -> list[str]:
        """The zones in which the consumer can use the service, by the names that they have in its account.  Raises
        NotCreated if AWS does not show it the service."""
        provider, customer = self.clients(Side.PROVIDER), self.clients(Side.CONSUMER)
        service = self.service()
        if (customer.account, customer.region) == (provider.account, provider.region):
            return service.get("AvailabilityZones", [])
        name = service["ServiceName"]

        def ask() -> list[ServiceDetailTypeDef]:
            try:
                return customer.ec2.describe_vpc_endpoint_services(ServiceNames=[name])["ServiceDetails"]
            except ClientError as error:
                if error_kind(error) is not ErrorKind.NOT_YET:
                    raise
                return []

        return only(self._once(("offered", name), ask), name).get("AvailabilityZones", [])

    def principals(self) -> list[str]:
        """The ARNs of the principals that may connect to the service, besides its owner."""
        return allowed_principals(self.aws(Side.PROVIDER), self.id(self.demo.service))

    def connection(self) -> str:
        """The state of the demo's endpoint among the service's connections, in lower case; empty if it is not
        listed."""
        endpoint = self.id(self.demo.endpoint)
        if Side.PROVIDER not in self.sides:
            return self.endpoint().get("State", "").lower()
        listed = connections(self.aws(Side.PROVIDER), self.demo.service)
        found = (one.get("VpcEndpointState", "") for one in listed if one.get("VpcEndpointId") == endpoint)
        return next(found, "").lower()

    def waiting(self) -> str:
        """The endpoint that waits to be accepted, as far as the sides with a sign-in know; empty if none does."""
        if Side.CONSUMER in self.sides:
            return self.id(self.demo.endpoint) if self.connection() == "pendingacceptance" else ""
        return self.of_the_consumer().get("pendingacceptance", "")

    def of_the_consumer(self) -> dict[str, str]:
        """The endpoints of the account that may connect, by the state of their connections in lower case: the provider
        alone knows no more of the demo's own."""
        owner = self.demo.customers[0].account or self.clients(Side.PROVIDER).account
        listed = connections(self.aws(Side.PROVIDER), self.demo.service)
        theirs = [one for one in listed if one.get("VpcEndpointOwner") == owner]
        return {one.get("VpcEndpointState", "").lower(): one.get("VpcEndpointId", "") for one in theirs}

    def endpoint(self) -> VpcEndpointTypeDef:
        """The endpoint, as the consumer sees it."""
        id, ec2 = self.id(self.demo.endpoint), self.clients(Side.CONSUMER).ec2
        return self._once(id, lambda: only(ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"], id))

    def endpoint_interfaces(self) -> list[NetworkInterfaceTypeDef]:
        """The endpoint's network interfaces."""
        ids, ec2 = self.endpoint().get("NetworkInterfaceIds", []), self.clients(Side.CONSUMER).ec2
        return self._once(
            tuple(ids),
            lambda: ec2.describe_network_interfaces(NetworkInterfaceIds=ids)["NetworkInterfaces"] if ids else [],
        )

    # --- load balancers and targets -----------------------------------------------

    def balancers(self) -> list[LoadBalancerTypeDef]:
        """The load balancers behind the service: the demo's, unless somebody changed that."""
        arns, elb = self.service().get("NetworkLoadBalancerArns", []), self.clients(Side.PROVIDER).elb
        return self._once(
            tuple(arns), lambda: elb.describe_load_balancers(LoadBalancerArns=arns)["LoadBalancers"] if arns else []
        )

    def nodes(self, balancer: LoadBalancerTypeDef) -> list[NetworkInterfaceTypeDef]:
        """The network interfaces of a load balancer, whose addresses its targets see."""
        front = balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
        return self.interfaces(Side.PROVIDER, "description", f"ELB {front}")

    def listeners(self, balancer: LoadBalancerTypeDef) -> list[ListenerTypeDef]:
        arn, elb = balancer["LoadBalancerArn"], self.clients(Side.PROVIDER).elb
        return self._once(("listeners", arn), lambda: elb.describe_listeners(LoadBalancerArn=arn)["Listeners"])

    def target_group(self) -> TargetGroupTypeDef:
        arn, elb = self.id(self.demo.targets), self.clients(Side.PROVIDER).elb
        return self._once(arn, lambda: only(elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"], arn))

    def health(self) -> TargetHealthDescriptionTypeDef | None:
        """The health of the web server as a target, on its own port if it has several; None if it is not registered."""
        web, port = self.id(self.demo.web), self.demo.targets.port
        listed = target_health(self.aws(Side.PROVIDER), self.demo.targets)
        ours = [one for one in listed if one.get("Target", {}).get("Id") == web]
        return min(ours, key=lambda one: one.get("Target", {}).get("Port") != port, default=None)

    # --- instances and their surroundings -------------------------------------------

    def instance(self, resource: Instance) -> InstanceTypeDef:
        """An instance.  Raises NotCreated for a terminated one, which has no network."""
        id, ec2 = self.id(resource), self.clients(resource.side).ec2

        def ask() -> InstanceTypeDef:
            listed = ec2.describe_instances(InstanceIds=[id])["Reservations"]
            there = (one for held in listed for one in held["Instances"] if one["State"]["Name"] != "terminated")
            return only(there, id)

        return self._once(id, ask)

    def address(self, resource: Instance) -> str:
        """The private address of an instance.  Raises NotCreated if it has none."""
        address = self.instance(resource).get("PrivateIpAddress")
        if not address:
            raise NotCreated(f"{resource.at_start} has no address.")
        return address

    def console(self, resource: Instance) -> list[str]:
        """The lines of its console output that report errors at boot, if it may be read.

        AWS shows it some minutes after the boot.
        """
        id, ec2 = self.id(resource), self.clients(resource.side).ec2
        try:
            text = self._once(("console", id), lambda: ec2.get_console_output(InstanceId=id).get("Output", ""))
        except ClientError as error:
            if error_kind(error) is not ErrorKind.DENIED:
                raise
            return []
        telling = ("cloud-init", "dnf", "httpd")
        wrong = ("fail", "error", "cannot", "unable", "timed out")
        without_time = (re.sub(r"^\[ *-?[\d.]+\] *", "", line.strip()) for line in text.splitlines())
        lines = [line for line in without_time if any(word in line for word in telling)]
        return [line for line in lines if any(word in line.lower() for word in wrong)]

    def subnet(self, side: Side, id: str) -> SubnetTypeDef:
        ec2 = self.clients(side).ec2
        return self._once((side, id), lambda: only(ec2.describe_subnets(SubnetIds=[id])["Subnets"], id))

    def groups(self, side: Side, ids: Sequence[str]) -> list[SecurityGroupTypeDef]:
        ec2 = self.clients(side).ec2
        return self._once(
            (side, *ids),
            lambda: ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"] if ids else [],
        )

    def groups_of(self, resource: Instance) -> list[SecurityGroupTypeDef]:
        ids = [group["GroupId"] for group in self.instance(resource).get("SecurityGroups", []) if "GroupId" in group]
        return self.groups(resource.side, ids)

    def acl(self, side: Side, subnet_id: str) -> NetworkAclTypeDef:
        """The network ACL of a subnet."""
        ec2 = self.clients(side).ec2
        of_it: list[FilterTypeDef] = [{"Name": "association.subnet-id", "Values": [subnet_id]}]
        return self._once(
            ("acl", side, subnet_id),
            lambda: only(
                (
                    one
                    for page in ec2.get_paginator("describe_network_acls").paginate(Filters=of_it)
                    for one in page["NetworkAcls"]
                ),
                "network ACL",
            ),
        )

    def route_table(self, side: Side, subnet_id: str) -> RouteTableTypeDef:
        """The route table of a subnet: an associated one, else its VPC's main one."""
        vpc_id, ec2 = self.subnet(side, subnet_id)["VpcId"], self.clients(side).ec2
        of_it: list[FilterTypeDef] = [{"Name": "vpc-id", "Values": [vpc_id]}]
        tables: list[RouteTableTypeDef] = self._once(
            ("tables", side, vpc_id),
            lambda: [
                one
                for page in ec2.get_paginator("describe_route_tables").paginate(Filters=of_it)
                for one in page["RouteTables"]
            ],
        )
        own = (t for t in tables if any(held.get("SubnetId") == subnet_id for held in t["Associations"]))
        main = (t for t in tables if any(held.get("Main") for held in t["Associations"]))
        return next(own, None) or only(main, "route table")

    def interfaces(self, side: Side, name: str, value: str) -> list[NetworkInterfaceTypeDef]:
        """The network interfaces that match this filter of DescribeNetworkInterfaces."""
        pages = self.clients(side).ec2.get_paginator("describe_network_interfaces")
        return self._once(
            ("interfaces", side, name, value),
            lambda: [
                one
                for page in pages.paginate(Filters=[{"Name": name, "Values": [value]}])
                for one in page["NetworkInterfaces"]
            ],
        )

    def public_access(self, subnet: Subnet) -> str:
        """The mode of VPC Block Public Access of a subnet's VPC, or of its account if AWS does not show the VPC's;
        ``off`` if it is not used, or leaves one of the two out.

        Whether AWS shows an excluded VPC as ``off`` is not documented, so it is asked for the exclusions too.
        """
        clients, vpc_id = self.clients(subnet.side), self.id(subnet.vpc)

        def ask() -> str:
            mode = public_access_of(only(clients.ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"], vpc_id))
            if not mode:
                options = clients.ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
                mode = options.get("InternetGatewayBlockMode", OPEN)
            return OPEN if mode == OPEN or is_excluded(clients, vpc_id, self.known(subnet)) else mode

        return self._once(("public access", vpc_id), ask)

    # --- the demo's resources -----------------------------------------------------------

    def parts(self) -> list[tuple[Resource, Live | None]]:
        """Every resource of the demo with what AWS has of it now."""
        return self._once("parts", lambda: [(r, look(r, self.aws(r.side))) for r in self.demo.resources])

    def differences(self) -> list[tuple[Resource, Drift]]:
        """Every field of the demo's resources that differs from the tutorial."""

        def ask() -> list[tuple[Resource, Drift]]:
            there = {r.key: live for r, live in self.parts() if live}
            found = [(r, compared(r, live, self.aws(r.side), there)) for r, live in self.parts() if live]
            return [(r, drift) for r, live in found for drift in live.drift]

        return self._once("differences", ask)

    def another(self, instance: Instance) -> str:
        """The command that makes another instance in its place: ``up`` leaves one as it is that does not differ."""
        if any(r is instance and drift.remedy is Remedy.REPLACE for r, drift in self.differences()):
            return "<demo> up"
        end = self.command(instance.side, "ec2 terminate-instances", instance_ids=self.id(instance))
        return f"{end} && <demo> up"

    def default_route(self, subnet: Subnet) -> InternetRoute:
        """The demo's default route for a public subnet."""
        routings = (r for r in self.demo.resources if isinstance(r, SubnetRouting))
        table = next(routing.table for routing in routings if routing.subnet is subnet)
        routes = (r for r in self.demo.resources if isinstance(r, InternetRoute))
        return next(route for route in routes if route.table is table)

    def rule(self, group: Resource, port: int) -> IngressRule:
        """The demo's inbound rule for this port in one of its groups."""
        rules = (r for r in self.demo.resources if isinstance(r, IngressRule))
        return next(rule for rule in rules if rule.group is group and rule.port == port)
