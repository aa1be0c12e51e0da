"""The tutorial as somebody does it in the console: without this program's tags, under other names."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

from vpce_demo.aws.clients import Clients

from .scripts import TUTORIAL

ANYWHERE = [{"CidrIp": "0.0.0.0/0"}]


def rule(port: int, ranges: Any = ANYWHERE) -> Any:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}


@dataclass
class ByHand:
    """A demo that is made with plain calls, step by step; ``ids`` are by the program's keys of the resources.

    ``theirs`` are the consumer's clients, and ``their_image`` is an image there, if it is in another account or region.
    """

    clients: Clients
    image: str
    suffix: str = ""
    names: tuple[str, str] = ("my-vpc", "their-vpc")
    script: str = TUTORIAL
    key: str = "mine"
    ids: dict[str, str] = field(default_factory=dict)
    theirs: Clients | None = None
    their_image: str = ""

    @property
    def ec2(self) -> Any:
        return self.clients.ec2

    def of(self, whose: str) -> Any:
        """The EC2 client of the provider or the customer."""
        return self.clients_of(whose).ec2

    def clients_of(self, whose: str) -> Clients:
        return self.theirs if self.theirs and whose == "customer" else self.clients

    @property
    def is_in_two_regions(self) -> bool:
        return self.clients_of("customer").region != self.clients.region

    @property
    def elb(self) -> Any:
        return self.clients.elb

    @property
    def steps(self) -> list[Callable[[], None]]:
        """The 17 steps but for the test, in order."""
        net = [
            *(lambda: self.vpc("provider", "20.0.0.0/16", self.names[0]), lambda: self.gateway("provider")),
            *(lambda: self.subnet("provider", "20.0.1.0/24"), lambda: self.table("provider")),
            lambda: self.route("provider"),
        ]
        theirs = [
            *(lambda: self.vpc("customer", "10.0.0.0/16", self.names[1]), lambda: self.gateway("customer")),
            *(lambda: self.subnet("customer", "10.0.1.0/24"), lambda: self.table("customer")),
            lambda: self.route("customer"),
        ]
        return [*net, self.web, self.balancer, self.service, *theirs, self.customer, self.endpoint, self.accept]

    def build(self, until: int = 16) -> ByHand:
        for step in self.steps[:until]:
            step()
        return self

    def tag(self, id: str, name: str, whose: str = "provider") -> None:
        self.of(whose).create_tags(Resources=[id], Tags=[{"Key": "Name", "Value": name}])

    def vpc(self, whose: str, cidr: str, name: str) -> None:
        self.ids[f"{whose}-vpc"] = id = self.of(whose).create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        if name:
            self.tag(id, name, whose)

    def gateway(self, whose: str) -> None:
        made = self.of(whose).create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ids[f"{whose}-gateway"] = made
        self.of(whose).attach_internet_gateway(InternetGatewayId=made, VpcId=self.ids[f"{whose}-vpc"])

    def subnet(self, whose: str, cidr: str) -> None:
        made = self.of(whose).create_subnet(
            VpcId=self.ids[f"{whose}-vpc"], CidrBlock=cidr, AvailabilityZone=f"{self.clients_of(whose).region}a"
        )
        self.ids[f"{whose}-subnet"] = made["Subnet"]["SubnetId"]
        if self.is_in_two_regions and whose == "provider":
            wanted = {"CidrBlock": "20.0.2.0/24", "AvailabilityZone": f"{self.clients.region}b"}
            made = self.ec2.create_subnet(VpcId=self.ids["provider-vpc"], **wanted)
            self.ids["provider-subnet-2"] = made["Subnet"]["SubnetId"]

    def table(self, whose: str) -> None:
        made = self.of(whose).create_route_table(VpcId=self.ids[f"{whose}-vpc"])["RouteTable"]["RouteTableId"]
        self.ids[f"{whose}-routes"] = made
        answer = self.of(whose).associate_route_table(RouteTableId=made, SubnetId=self.ids[f"{whose}-subnet"])
        self.ids[f"{whose}-routing"] = answer["AssociationId"]
        if whose == "provider" and "provider-subnet-2" in self.ids:
            self.ec2.associate_route_table(RouteTableId=made, SubnetId=self.ids["provider-subnet-2"])

    def route(self, whose: str) -> None:
        self.of(whose).create_route(
            RouteTableId=self.ids[f"{whose}-routes"],
            DestinationCidrBlock="0.0.0.0/0",
            GatewayId=self.ids[f"{whose}-gateway"],
        )

    def group(self, whose: str, name: str, *ports: int) -> None:
        made = self.of(whose).create_security_group(GroupName=name, Description="mine", VpcId=self.ids[f"{whose}-vpc"])
        self.ids[f"{whose}-group"] = id = made["GroupId"]
        self.of(whose).authorize_security_group_ingress(GroupId=id, IpPermissions=[rule(port) for port in ports])

    def run(self, whose: str, script: str = "", **others: Any) -> str:
        """An instance as the console makes it: without a name, of another type."""
        interface = {
            "DeviceIndex": 0,
            "AssociatePublicIpAddress": True,
            "SubnetId": self.ids[f"{whose}-subnet"],
            "Groups": [self.ids[f"{whose}-group"]],
            **others.pop("interface", {}),
        }
        given: Any = {"KeyName": self.key, **({"UserData": script} if script else {}), **others}
        made = self.of(whose).run_instances(
            ImageId=(whose == "customer" and self.their_image) or self.image,
            InstanceType="t3.small",
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[interface],
            **{name: value for name, value in given.items() if value},
        )
        id: str = made["Instances"][0]["InstanceId"]
        self.of(whose).get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig={"Delay": 0})
        return id

    def web(self) -> None:
        self.group("provider", "web", 22, 80, 443)
        self.ids["web"] = self.run("provider", self.script)

    def targets(self, name: str, **others: Any) -> str:
        """A target group with the console's defaults."""
        wanted = {"Protocol": "TCP", "Port": 80, "VpcId": self.ids["provider-vpc"], "TargetType": "instance", **others}
        made = self.elb.create_target_group(Name=name, **wanted)
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    @property
    def public_subnets(self) -> list[str]:
        return [id for key, id in self.ids.items() if key in ("provider-subnet", "provider-subnet-2")]

    def network_balancer(self, name: str, **others: Any) -> str:
        wanted = {"Type": "network", "Scheme": "internet-facing", "Subnets": self.public_subnets, **others}
        made = self.elb.create_load_balancer(Name=name, **wanted)
        arn = str(made["LoadBalancers"][0]["LoadBalancerArn"])
        self.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig={"Delay": 0})
        return arn

    def listener(self, port: int = 80) -> None:
        made = self.elb.create_listener(
            LoadBalancerArn=self.ids["load-balancer"],
            Protocol="TCP",
            Port=port,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.ids["target-group"]}],
        )
        self.ids["listener"] = made["Listeners"][0]["ListenerArn"]

    def balancer(self) -> None:
        self.ids["target-group"] = self.targets(f"targets{self.suffix}")
        self.ids["load-balancer"] = self.network_balancer(f"nlb{self.suffix}")
        self.listener()
        if self.is_in_two_regions:
            attribute = {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}
            self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.ids["load-balancer"], Attributes=[attribute])
        self.elb.register_targets(TargetGroupArn=self.ids["target-group"], Targets=[{"Id": self.ids["web"]}])

    def service(self) -> None:
        theirs = self.clients_of("customer")
        regions = {"SupportedRegions": [theirs.region]} if self.is_in_two_regions else {}
        made = self.ec2.create_vpc_endpoint_service_configuration(
            NetworkLoadBalancerArns=[self.ids["load-balancer"]], AcceptanceRequired=True, **regions
        )["ServiceConfiguration"]
        self.ids["service"], self.ids["service-name"] = made["ServiceId"], made["ServiceName"]
        if theirs.account != self.clients.account:
            self.ec2.modify_vpc_endpoint_service_permissions(
                ServiceId=made["ServiceId"], AddAllowedPrincipals=[f"arn:aws:iam::{theirs.account}:root"]
            )

    def customer(self) -> None:
        self.group("customer", "consumer", 22, 80)
        self.ids["customer"] = self.run("customer")

    def endpoint(self, **others: Any) -> None:
        wanted = {
            "VpcEndpointType": "Interface",
            "ServiceName": self.ids["service-name"],
            "VpcId": self.ids["customer-vpc"],
            "SubnetIds": [self.ids["customer-subnet"]],
            "SecurityGroupIds": [self.ids["customer-group"]],
            **({"ServiceRegion": self.clients.region} if self.is_in_two_regions else {}),
            **others,
        }
        self.ids["endpoint"] = self.of("customer").create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"]

    def accept(self) -> None:
        self.ec2.accept_vpc_endpoint_connections(ServiceId=self.ids["service"], VpcEndpointIds=[self.ids["endpoint"]])


def carried_out(command: str, *sides: Clients) -> None:
    """Carry out commands of the AWS CLI as they are printed: each option by botocore's model of the call, and each by
    the sign-in that it names."""
    for one in command.split(" && "):
        named = [each for each in sides if one.startswith(each.cli)] or list(sides)
        clients = max(named, key=lambda each: len(each.cli))
        words = shlex.split(one.removeprefix(clients.cli).strip())
        if words[0] == "chmod":
            continue
        service, call, *rest = words
        if ">" in rest:
            rest = rest[: rest.index("--query")]
        client: Any = clients.ec2 if service == "ec2" else clients.elb
        model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[xform_name_back(call)])
        getattr(client, xform_name_back(call))(**_parameters(rest, model))


def xform_name_back(call: str) -> str:
    return call.replace("-", "_")


def _parameters(words: list[str], model: Any) -> dict[str, Any]:
    import json

    members = {xform_name(name, "-"): (name, shape) for name, shape in model.input_shape.members.items()}
    found: dict[str, Any] = {}
    while words:
        option = words.pop(0).removeprefix("--")
        values: list[str] = []
        while words and not words[0].startswith("--"):
            values.append(words.pop(0))
        is_no = option not in members
        name, shape = members[option.removeprefix("no-") if is_no else option]
        if shape.type_name == "boolean":
            found[name] = not is_no
        elif values and values[0][:1] in "[{" and shape.type_name in ("list", "structure"):
            found[name] = json.loads(values[0])
        elif shape.type_name == "list":
            found[name] = values
        else:
            found[name] = int(values[0]) if shape.type_name == "integer" else values[0]
    if "ImageId" in found:
        found |= {"MinCount": 1, "MaxCount": 1}
    return found
