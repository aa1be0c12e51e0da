"""A demo as templates of CloudFormation, one for each account and region.

It has a table of its own.  Of Terraform's rows it could share where each field refers to, and nothing else: the names
differ, and so do the kinds that are parts of another one; CloudFormation has no default tags, imports nothing here and
accepts no connection; and what stands in another template is a parameter.
"""

from __future__ import annotations

import json
import re
import shlex
import textwrap
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from ..aws.region import ROOT_DEVICE
from ..aws.tags import DEMO_TAG, ID_TAG, KEY_TAG, OWNER_TAG, RESOURCE_TAG
from ..engine.resource import Resource
from ..resources.allowed_principal import AllowedPrincipal
from ..resources.aws_endpoints import GatewayEndpoint, InterfaceEndpoint
from ..resources.cross_zone import CrossZone
from ..resources.dns_hostnames import DnsHostnames
from ..resources.endpoint_service import EndpointService
from ..resources.instance import Instance
from ..resources.internet_gateway import GatewayAttachment, InternetGateway
from ..resources.key_pair import KeyPair
from ..resources.load_balancer import Listener, LoadBalancer
from ..resources.route_table import InternetRoute, RouteTable, SubnetRouting
from ..resources.security_group import IngressRule, SecurityGroup
from ..resources.subnet import Subnet
from ..resources.target_group import THRESHOLD, Registration, TargetGroup
from ..resources.vpc import Vpc
from ..resources.vpc_endpoint import Acceptance, VpcEndpoint
from .subject import Party, R, Subject, heading

FILES = ("README.md", "template.yaml", "provider.yaml", "consumer.yaml", "consumer-*.yaml")
"""Patterns of the names of the files."""
NO_ACCEPTER = "CloudFormation has no resource type that accepts a connection: the stack waits until a person does."
LOOKED_UP = "{{resolve:"
"""With it begins what CloudFormation replaces by a parameter or a secret, wherever it stands."""
TAKEN = "The demo stands, and AWS has some of its names once: delete it before the stack is made."

Properties = Iterator[tuple[str, Any]]


class Tagged(str):
    """A function of CloudFormation in its short form."""


class Ref(Tagged):
    """What a resource is referred to by, or the value of a parameter."""


class GetAtt(Tagged):
    """An attribute of a resource."""


class Sub(Tagged):
    """A text with ``${references}``."""


class Row(NamedTuple):
    """What a kind is in CloudFormation: its type and properties; ``attribute`` refers to it where ``Ref`` does not."""

    type: str
    properties: Callable[[Any, Template], Properties]
    is_tagged: bool = True
    attribute: str = ""


ROWS: dict[type[Resource], Row] = {}
PARTS: Mapping[type[Resource], str] = {
    DnsHostnames: "vpc",
    IngressRule: "group",
    CrossZone: "load_balancer",
    Registration: "target_group",
}
"""The kinds that are properties of another resource in CloudFormation, and the field that holds that one."""
BY_HAND = (Acceptance,)
"""The kinds that CloudFormation does not have."""


def _row(
    kind: type[R], type: str, **rest: Any
) -> Callable[[Callable[[R, Template], Properties]], Callable[[R, Template], Properties]]:
    def add(properties: Callable[[R, Template], Properties]) -> Callable[[R, Template], Properties]:
        ROWS[kind] = Row(type, properties, **rest)
        return properties

    return add


@dataclass
class Export(Subject):
    """One export: a template for each account and region, and a README."""

    part_of = PARTS

    def __post_init__(self) -> None:
        places = dict.fromkeys(self.parties[r.party] for r in self.demo.resources)
        is_one = len(places) == 1 and not self.settings.side
        names = {place: party for party, place in list(self.parties.items())[::-1]}
        self.templates = [Template(self, "template" if is_one else names[place], place) for place in places]

    def whole(self, resource: Resource) -> Resource:
        if isinstance(resource, AllowedPrincipal):  # a service has its permissions in one
            return next(one for one in self.demo.resources if isinstance(one, AllowedPrincipal))
        return super().whole(resource)

    @property
    def to_add(self) -> list[str]:
        """The logical ids of what the stacks make."""
        return [logical(r) for one in self.templates for r in one.resources]

    @property
    def needs_somebody(self) -> bool:
        """True if a stack waits for the acceptance of a connection."""
        return any(isinstance(r, VpcEndpoint) for r in self.demo.resources)

    @property
    def accepting(self) -> Template | None:
        """The template of the service, if the connection is accepted where the demo is made."""
        acceptances = (r for r in self.demo.resources if isinstance(r, Acceptance))
        service = next((one.service for one in acceptances), None)
        return next((one for one in self.templates if service in one.resources), None)

    def files(self) -> dict[str, str]:
        """The text of each file by its name."""
        return {"README.md": self._readme(), **{f"{one.name}.yaml": one.text() for one in self.templates}}

    def _readme(self) -> str:
        first, *others = self.templates
        create = [first.create]
        if others:
            create += [first.wait, *first.tell_service_name, *(one.create for one in others)]
        lines = [f"# The demo {self.settings.name} for CloudFormation", "", *_shell(create)]
        if self.is_sandbox:
            lines += ["", "Written from the sandbox, which has no CloudFormation: sign in to AWS, and export again."]
        if self.live:
            lines += ["", TAKEN]
        if self.needs_somebody:
            lines += ["", NO_ACCEPTER]
        if self.accepting:
            lines += ["As soon as the stack's events name the endpoint:", "", *_shell(self.accepting.accept)]
        lines += ["", "Then wait for the rest:", "", *_shell(one.wait for one in others or [first])]
        lines += ["", "vpce-demo knows the demo by the stack's tags, and by the ssh key in its state directory:", ""]
        lines += _shell(f"{self.command} {word}" for word in ("status", "test"))
        lines += ["", "Delete it; `down` would leave the stack without its resources:", ""]
        lines += _shell(one.delete for one in reversed(self.templates))
        return "\n".join(lines) + "\n"


def _shell(commands: Iterable[str]) -> list[str]:
    return ["```sh", *commands, "```"]


def logical(resource: Resource) -> str:
    """``ProviderVpc``."""
    return _pascal(resource.key)


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in re.split("[-_]", name))


class Template:
    """The template of one account and region.  ``parameters`` are collected while the properties are written."""

    def __init__(self, export: Export, name: str, place: Party) -> None:
        self.export, self.name, self.place = export, name, place
        self.parameters: dict[str, dict[str, str]] = {}

    @property
    def resources(self) -> list[Resource]:
        return [
            r
            for r in self.export.demo.resources
            if self.export.parties[r.party] == self.place and type(r) in ROWS and self.export.whole(r) is r
        ]

    # --- what the rows are given ------------------------------------------------

    def parameter(self, name: str, about: str, default: str | None, type: str = "String") -> Ref:
        """A reference to a parameter, by its name in lower case; without a default the stack asks for it."""
        known = {"Default": default} if default else {}
        self.parameters.setdefault(_pascal(name), {"Description": about, "Type": type, **known})
        return Ref(_pascal(name))

    def to(self, resource: Resource) -> Ref | GetAtt:
        """A reference to a resource of this template."""
        attribute = ROWS[type(resource)].attribute
        return GetAtt(f"{logical(resource)}.{attribute}") if attribute else Ref(logical(resource))

    def after(self, resources: Iterable[Resource | None]) -> list[str] | None:
        """What of these is made first, for an order that no reference shows; None if it is nothing."""
        wholes = [self.export.whole(one) for one in resources if one]
        return list(dict.fromkeys(logical(one) for one in wholes if one in self.resources)) or None

    # --- the text -----------------------------------------------------------------

    def text(self) -> str:
        s = self.export.settings
        resources = "\n\n".join(self._steps())
        outputs = dict(self._outputs())
        parts = [
            f"# The demo {s.name}: AWS PrivateLink end to end.  README.md has the commands, with the stack's tags.",
            _yaml({"AWSTemplateFormatVersion": "2010-09-09", "Description": f"AWS PrivateLink end to end: {s.name}"}),
            _yaml({"Parameters": self.parameters}),
            f"Resources:\n{resources}",
            *([_yaml({"Outputs": outputs})] if outputs else []),
        ]
        told = "\n\n".join(parts) + "\n"
        return told.replace(LOOKED_UP, "{ {resolve:")  # in a name, which cannot be encoded; there is no escape for it

    def _steps(self) -> Iterator[str]:
        mine = self.resources
        for step in self.export.demo.steps:
            here = [r for r in step.resources if r in mine]
            accepts = self is self.export.accepting and any(isinstance(r, BY_HAND) for r in step.resources)
            if not (here or accepts or not step.resources):
                continue
            how = {"test": ": vpce-demo test", "destroy": ": aws cloudformation delete-stack"}.get(step.command, "")
            said = [heading(step) + ("" if step.resources else how)]
            said += [NO_ACCEPTER] if any(isinstance(r, VpcEndpoint) for r in here) else []
            said += ["By hand:", *self.accept] if accepts else []
            yield "\n".join(f"  # {line}" for line in said)
            for r in here:
                yield textwrap.indent(_yaml({logical(r): self._resource(r)}), "  ", lambda line: line != "\n")

    def _resource(self, r: Resource) -> dict[str, Any]:
        row = ROWS[type(r)]
        properties = {name: value for name, value in row.properties(r, self) if value is not None}
        after = properties.pop("DependsOn", None)
        if row.is_tagged:
            properties["Tags"] = [{"Key": key, "Value": value} for key, value in self._tags(r).items()]
        return {"Type": row.type, **({"DependsOn": after} if after else {}), "Properties": properties}

    def _tags(self, r: Resource) -> dict[str, str]:
        """The tags that a resource has beside those of its stack."""
        pair = r if isinstance(r, KeyPair) else r.key_pair if isinstance(r, Instance) else None
        tags = {"Name": r.name, RESOURCE_TAG: r.key}
        if pair:
            mark = pair.mark[KEY_TAG] if pair.public_key else None
            tags[KEY_TAG] = self.parameter("public_key_mark", "First 12 digits of the SHA-256 of PublicKey", mark)
        return tags

    def _outputs(self) -> Iterator[tuple[str, Any]]:
        for r in self.resources:
            if isinstance(r, EndpointService):
                yield "ServiceName", {"Value": _service_name(r)}
            elif isinstance(r, VpcEndpoint):
                entry = {"Fn::Select": [0, GetAtt(f"{logical(r)}.DnsEntries")]}
                name = {"Fn::Select": [1, {"Fn::Split": [":", entry]}]}
                yield f"{logical(r)}DnsName", {"Value": name}
            elif isinstance(r, Instance) and r.is_public:
                yield f"{logical(r)}PublicIp", {"Value": GetAtt(f"{logical(r)}.PublicIp")}

    # --- the commands -------------------------------------------------------------

    @property
    def stack(self) -> str:
        """The name of its stack, which begins with a letter."""
        name = self.export.settings.name
        stem = name if name[0].isalpha() else f"demo-{name}"
        return stem if self.name == "template" else f"{stem}-{self.name}"

    def aws(self, command: str) -> str:
        profile = f" --profile {shlex.quote(self.place.profile)}" if self.place.profile else ""
        return f"aws {command} --region {self.place.region}{profile}"

    def on_stack(self, verb: str) -> str:
        return self.aws(f"cloudformation {verb} --stack-name {self.stack}")

    @property
    def create(self) -> str:
        s = self.export.settings
        tags = {**s.all_tags, DEMO_TAG: s.name, ID_TAG: s.demo_id, OWNER_TAG: self.place.owner}
        said = json.dumps([{"Key": key, "Value": value} for key, value in tags.items()], ensure_ascii=False)
        named = ' --parameters ParameterKey=ServiceName,ParameterValue="$name"' if self._asks_for_service else ""
        return (
            f"{self.on_stack('create-stack')} --template-body file://{self.name}.yaml --tags {shlex.quote(said)}{named}"
        )

    @property
    def _asks_for_service(self) -> bool:
        return any(isinstance(r, VpcEndpoint) and r.service in self.export.demo.resources for r in self.resources) and (
            self is not self.export.accepting
        )

    @property
    def tell_service_name(self) -> list[str]:
        query = "Stacks[0].Outputs[?OutputKey=='ServiceName'].OutputValue"
        return [f'name=$({self.on_stack("describe-stacks")} --query "{query}" --output text)']

    @property
    def wait(self) -> str:
        return self.on_stack("wait stack-create-complete")

    @property
    def delete(self) -> str:
        return self.on_stack("delete-stack")

    @property
    def accept(self) -> list[str]:
        """The commands that accept every connection that waits at the service."""
        service = logical(self.export.demo.service)
        found = f"{self.on_stack('describe-stack-resource')} --logical-resource-id {service}"
        filters = "Name=service-id,Values=$service Name=vpc-endpoint-state,Values=pendingAcceptance"
        waiting = self.aws(f"ec2 describe-vpc-endpoint-connections --filters {filters}")
        accept = "ec2 accept-vpc-endpoint-connections --service-id $service --vpc-endpoint-ids $endpoints"
        return [
            f"service=$({found} --query StackResourceDetail.PhysicalResourceId --output text)",
            f"endpoints=$({waiting} --query 'VpcEndpointConnections[].VpcEndpointId' --output text)",
            self.aws(accept),
        ]


class _Dumper(yaml.SafeDumper):
    def choose_scalar_style(self) -> str:
        """Without quotes for what is only names."""
        is_plain = getattr(self.event, "tag", None) in ("!Ref", "!GetAtt")
        return "" if is_plain else str(super().choose_scalar_style())

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
for _function in (Ref, GetAtt, Sub):
    _Dumper.add_representer(
        _function, lambda dumper, value: dumper.represent_scalar(f"!{type(value).__name__}", str(value))
    )


def _yaml(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6).rstrip("\n")


# --- the table: a row for each kind ---------------------------------------------------


@_row(Vpc, "AWS::EC2::VPC")
def _vpc(r: Vpc, t: Template) -> Properties:
    yield "CidrBlock", r.cidr
    yield "EnableDnsHostnames", True if t.export.parts(DnsHostnames, r) else None


@_row(InternetGateway, "AWS::EC2::InternetGateway")
def _gateway(r: InternetGateway, t: Template) -> Properties:
    yield from ()


@_row(GatewayAttachment, "AWS::EC2::VPCGatewayAttachment", is_tagged=False)
def _attachment(r: GatewayAttachment, t: Template) -> Properties:
    yield "VpcId", t.to(r.vpc)
    yield "InternetGatewayId", t.to(r.gateway)


@_row(Subnet, "AWS::EC2::Subnet")
def _subnet(r: Subnet, t: Template) -> Properties:
    yield "VpcId", t.to(r.vpc)
    yield "CidrBlock", r.cidr
    zone = t.parameter(t.export.zone(r), "Id of an Availability Zone, such as use1-az1", r.zone_id)
    yield "AvailabilityZoneId", zone


@_row(RouteTable, "AWS::EC2::RouteTable")
def _table(r: RouteTable, t: Template) -> Properties:
    yield "VpcId", t.to(r.vpc)


@_row(SubnetRouting, "AWS::EC2::SubnetRouteTableAssociation", is_tagged=False)
def _association(r: SubnetRouting, t: Template) -> Properties:
    yield "SubnetId", t.to(r.subnet)
    yield "RouteTableId", t.to(r.table)


@_row(InternetRoute, "AWS::EC2::Route", is_tagged=False)
def _route(r: InternetRoute, t: Template) -> Properties:
    yield "DependsOn", t.after([r.attachment])
    yield "RouteTableId", t.to(r.table)
    yield "DestinationCidrBlock", r.name
    yield "GatewayId", t.to(r.attachment.gateway)


@_row(KeyPair, "AWS::EC2::KeyPair")
def _key_pair(r: KeyPair, t: Template) -> Properties:
    yield "KeyName", r.name
    yield "PublicKeyMaterial", t.parameter("public_key", "Public ssh key of the instances", r.public_key)


@_row(SecurityGroup, "AWS::EC2::SecurityGroup", attribute="GroupId")
def _group(r: SecurityGroup, t: Template) -> Properties:
    s = t.export.settings
    yield "VpcId", t.to(r.vpc)
    yield "GroupName", r.name
    yield "GroupDescription", r.description
    rules = []
    for rule in t.export.parts(IngressRule, r):
        source: str = rule.source
        if (rule.port, rule.source) == (22, s.ssh_source):
            source = t.parameter("ssh_source", "Addresses from which the instances accept ssh", s.ssh_source)
        ports = {"FromPort": rule.port, "ToPort": rule.port}
        rules.append({"Description": rule.description, "IpProtocol": "tcp", **ports, "CidrIp": source})
    yield "SecurityGroupIngress", rules


@_row(Instance, "AWS::EC2::Instance")
def _instance(r: Instance, t: Template) -> Properties:
    image = "SSM parameter that names the image"
    yield "DependsOn", t.after(r.after)
    yield "ImageId", t.parameter("image", image, t.export.settings.image_parameter, IMAGE)
    yield "InstanceType", t.parameter("instance_type", "Instance type", r.type)
    yield "KeyName", t.to(r.key_pair)
    network = {"SubnetId": t.to(r.subnet), "GroupSet": [t.to(r.group)]}
    yield "NetworkInterfaces", [{"DeviceIndex": "0", "AssociatePublicIpAddress": r.is_public, **network}]
    yield "MetadataOptions", {"HttpEndpoint": "enabled", "HttpTokens": "required"}
    yield "BlockDeviceMappings", [{"DeviceName": ROOT_DEVICE, "Ebs": {"Encrypted": True}}]
    yield "PropagateTagsToVolumeOnCreation", True
    yield "UserData", _user_data(r.user_data) if r.user_data else None


IMAGE = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"


def _user_data(text: str) -> Any:
    """As it is; encoded, if CloudFormation would change it: what is not ASCII, and what it would look up."""
    if text.isascii() and LOOKED_UP not in text:
        return {"Fn::Base64": text}
    return b64encode(text.encode()).decode()


@_row(TargetGroup, "AWS::ElasticLoadBalancingV2::TargetGroup")
def _target_group(r: TargetGroup, t: Template) -> Properties:
    yield "Name", r.name
    yield "VpcId", t.to(r.vpc)
    yield "TargetType", "instance"
    yield "Protocol", "TCP"
    yield "Port", r.port
    yield "HealthCheckProtocol", "TCP"
    yield "HealthCheckIntervalSeconds", r.health_interval
    yield "HealthCheckTimeoutSeconds", r.health_timeout
    yield "HealthyThresholdCount", THRESHOLD
    yield "UnhealthyThresholdCount", THRESHOLD
    yield "Targets", [{"Id": t.to(one.instance), "Port": one.port} for one in t.export.parts(Registration, r)]


@_row(LoadBalancer, "AWS::ElasticLoadBalancingV2::LoadBalancer")
def _balancer(r: LoadBalancer, t: Template) -> Properties:
    yield "DependsOn", t.after([r.attachment])
    yield "Name", r.name
    yield "Type", "network"
    yield "Scheme", "internet-facing"
    yield "Subnets", [t.to(one) for one in r.subnets]
    if t.export.parts(CrossZone, r):
        yield "LoadBalancerAttributes", [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]


@_row(Listener, "AWS::ElasticLoadBalancingV2::Listener", is_tagged=False)  # it has tags only of late
def _listener(r: Listener, t: Template) -> Properties:
    yield "LoadBalancerArn", t.to(r.load_balancer)
    yield "Protocol", "TCP"
    yield "Port", r.port
    yield "DefaultActions", [{"Type": "forward", "TargetGroupArn": t.to(r.target_group)}]


@_row(EndpointService, "AWS::EC2::VPCEndpointService")
def _service(r: EndpointService, t: Template) -> Properties:
    yield "AcceptanceRequired", True
    yield "NetworkLoadBalancerArns", [t.to(r.load_balancer)]
    if r.consumer_region:
        theirs = t.parameter("consumer_region", "Region of the consumer", r.consumer_region)
        yield "SupportedRegions", [Ref("AWS::Region"), theirs]


@_row(AllowedPrincipal, "AWS::EC2::VPCEndpointServicePermissions", is_tagged=False)
def _permissions(r: AllowedPrincipal, t: Template) -> Properties:
    yield "ServiceId", t.to(r.service)
    accounts = [
        t.parameter(
            one.key.replace("principal", "consumer_account"),
            "Account that may connect to the endpoint service",
            one.account,
        )
        for one in t.export.parts(AllowedPrincipal, r)
    ]
    yield "AllowedPrincipals", [Sub(f"arn:${{AWS::Partition}}:iam::${{{one}}}:root") for one in accounts]


@_row(VpcEndpoint, "AWS::EC2::VPCEndpoint")
def _endpoint(r: VpcEndpoint, t: Template) -> Properties:
    yield "VpcEndpointType", "Interface"
    if r.service in t.resources:
        yield "ServiceName", _service_name(r.service)
    else:
        about = "Name of the provider's endpoint service"
        yield "ServiceName", t.parameter("service_name", about, t.export.settings.service)
    if r.service_region:
        yield "ServiceRegion", t.parameter("service_region", "Region of the endpoint service", r.service_region)
    yield "VpcId", t.to(r.vpc)
    yield "SubnetIds", [t.to(r.subnet)]
    yield "SecurityGroupIds", [t.to(r.group)]
    yield "PrivateDnsEnabled", False


def _service_name(service: EndpointService) -> Sub:
    return Sub(f"com.amazonaws.vpce.${{AWS::Region}}.${{{logical(service)}}}")


@_row(GatewayEndpoint, "AWS::EC2::VPCEndpoint")
def _gateway_endpoint(r: GatewayEndpoint, t: Template) -> Properties:
    yield from _of_aws(r, t)
    yield "RouteTableIds", [t.to(r.table)]


@_row(InterfaceEndpoint, "AWS::EC2::VPCEndpoint")
def _interface_endpoint(r: InterfaceEndpoint, t: Template) -> Properties:
    yield from _of_aws(r, t)
    yield "SubnetIds", [t.to(r.subnet)]
    yield "SecurityGroupIds", [t.to(r.group)]
    yield "PrivateDnsEnabled", True


def _of_aws(r: GatewayEndpoint | InterfaceEndpoint, t: Template) -> Properties:
    yield "VpcEndpointType", r.endpoint_type
    yield "ServiceName", Sub(f"com.amazonaws.${{AWS::Region}}.{r.service}")
    yield "VpcId", t.to(r.vpc)
