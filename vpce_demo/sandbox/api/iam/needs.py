"""What each call needs: the IAM actions, the resources they are authorised on, and what conditions are compared with.

For the calls that this demo makes AWS's own resources stand here; what else only reads is authorised on ``*`` as on
AWS, and so is what else changes something, which on AWS may have resources of its own.  A call needs more than its own
action: tags given in a create need ``CreateTags`` or ``AddTags`` as well, and Elastic Load Balancing looks around in
EC2 in the caller's name.
Private DNS of an endpoint is a hidden zone, which is associated with the VPC in the caller's name.
Sources: the Service Authorization Reference; the EC2 User Guide, "Grant permission to tag resources during creation";
the Elastic Load Balancing User Guide, "API permissions" and "API permissions to tag resources during creation".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends

from ...policy import Context

ROLE_PATH = "/aws-service-role/elasticloadbalancing.amazonaws.com/"
ROLE_NAME = "AWSServiceRoleForElasticLoadBalancing"
"""The role that the first load balancer of an account makes."""
PREFIXES = {"elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
"""How IAM calls a service, where botocore calls it otherwise."""


@dataclass(frozen=True)
class Needed:
    """One permission.  ``resource`` is an ARN, or ``*`` for an action that has no resources."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class ApiCall:
    """One call, as far as permissions go."""

    service: str
    operation: str
    params: Mapping[str, Any]
    account: str
    region: str
    hides_tags: Callable[[str], bool]

    @property
    def action(self) -> str:
        return f"{PREFIXES.get(self.service, self.service)}:{self.operation}"

    def arn(self, kind: str, name: str) -> str:
        """The ARN of an EC2 resource.  Images belong to nobody, as far as ARNs go."""
        return f"arn:aws:ec2:{self.region}:{'' if kind == 'image' else self.account}:{kind}/{name}"

    def values(self, path: str) -> list[str]:
        """What stands at a path of the parameters, through lists too."""
        found: list[Any] = [self.params]
        for name in path.split("."):
            found = [inner for one in found if isinstance(one, Mapping) for inner in _listed(one.get(name))]
        return [one for one in found if isinstance(one, str)]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def needs(asked: ApiCall) -> Iterator[Needed]:
    """Every permission that the call needs, the call's own first."""
    if (asked.service, asked.operation) == ("sts", "GetCallerIdentity"):
        return  # who one is may everybody know
    reader = {"ec2": _ec2, "elbv2": _elb, "ssm": _ssm, "sts": _sts}.get(asked.service)
    own = list(reader(asked)) if reader else []
    yield from own or [Needed(asked.action)]


# --- EC2 ----------------------------------------------------------------------------

MAKES = {
    "CreateVpc": ["vpc"],
    "CreateInternetGateway": ["internet-gateway"],
    "CreateSubnet": ["subnet"],
    "CreateRouteTable": ["route-table"],
    "CreateSecurityGroup": ["security-group"],
    "ImportKeyPair": ["key-pair"],
    "RunInstances": ["instance", "network-interface", "volume"],
    "CreateVpcEndpointServiceConfiguration": ["vpc-endpoint-service"],
    "CreateVpcEndpoint": ["vpc-endpoint"],
}
"""The kinds of what a call makes."""
NAMES = {
    "CreateSubnet": {"vpc": ["VpcId"]},
    "CreateRouteTable": {"vpc": ["VpcId"]},
    "CreateSecurityGroup": {"vpc": ["VpcId"]},
    "AttachInternetGateway": {"internet-gateway": ["InternetGatewayId"], "vpc": ["VpcId"]},
    "DetachInternetGateway": {"internet-gateway": ["InternetGatewayId"], "vpc": ["VpcId"]},
    "AssociateRouteTable": {"route-table": ["RouteTableId"], "subnet": ["SubnetId"]},
    "CreateRoute": {"route-table": ["RouteTableId"]},
    "ReplaceRoute": {"route-table": ["RouteTableId"]},
    "DeleteRoute": {"route-table": ["RouteTableId"]},
    "CreateNetworkAclEntry": {"network-acl": ["NetworkAclId"]},
    "ReplaceNetworkAclEntry": {"network-acl": ["NetworkAclId"]},
    "DeleteNetworkAclEntry": {"network-acl": ["NetworkAclId"]},
    "AuthorizeSecurityGroupIngress": {"security-group": ["GroupId"]},
    "AuthorizeSecurityGroupEgress": {"security-group": ["GroupId"]},
    "RevokeSecurityGroupIngress": {"security-group": ["GroupId"]},
    "ModifyInstanceAttribute": {"instance": ["InstanceId"], "security-group": ["Groups"]},
    "ModifyInstanceMetadataOptions": {"instance": ["InstanceId"]},
    "ModifySubnetAttribute": {"subnet": ["SubnetId"]},
    "DescribeVpcAttribute": {"vpc": ["VpcId"]},
    "ModifyVpcAttribute": {"vpc": ["VpcId"]},
    "ModifyVpcEndpoint": {
        "vpc-endpoint": ["VpcEndpointId"],
        "route-table": ["AddRouteTableIds", "RemoveRouteTableIds"],
        "subnet": ["AddSubnetIds", "RemoveSubnetIds"],
        "security-group": ["AddSecurityGroupIds", "RemoveSecurityGroupIds"],
    },
    "DescribeVpcEndpointServicePermissions": {"vpc-endpoint-service": ["ServiceId"]},
    "ModifyVpcEndpointServicePermissions": {"vpc-endpoint-service": ["ServiceId"]},
    "ModifyVpcEndpointServiceConfiguration": {"vpc-endpoint-service": ["ServiceId"]},
    "RunInstances": {
        "image": ["ImageId"],
        "subnet": ["SubnetId", "NetworkInterfaces.SubnetId"],
        "security-group": ["SecurityGroupIds", "NetworkInterfaces.Groups"],
        "key-pair": ["KeyName"],
    },
    "CreateVpcEndpoint": {
        "vpc": ["VpcId"],
        "route-table": ["RouteTableIds"],
        "subnet": ["SubnetIds", "SubnetConfigurations.SubnetId"],
        "security-group": ["SecurityGroupIds"],
    },
    "AcceptVpcEndpointConnections": {"vpc-endpoint-service": ["ServiceId"]},
    "RejectVpcEndpointConnections": {"vpc-endpoint-service": ["ServiceId"]},
    "TerminateInstances": {"instance": ["InstanceIds"]},
    "DeleteVpcEndpoints": {"vpc-endpoint": ["VpcEndpointIds"]},
    "DeleteVpcEndpointServiceConfigurations": {"vpc-endpoint-service": ["ServiceIds"]},
    "DeleteVpc": {"vpc": ["VpcId"]},
    "DeleteVolume": {"volume": ["VolumeId"]},
    "DeleteNetworkInterface": {"network-interface": ["NetworkInterfaceId"]},
    "DeleteInternetGateway": {"internet-gateway": ["InternetGatewayId"]},
    "DeleteSubnet": {"subnet": ["SubnetId"]},
    "DeleteRouteTable": {"route-table": ["RouteTableId"]},
    "DeleteSecurityGroup": {"security-group": ["GroupId"]},
    "DeleteKeyPair": {"key-pair": ["KeyPairId", "KeyName"]},
    "GetConsoleOutput": {"instance": ["InstanceId"]},
}
"""The kinds of what a call names, and where in its parameters the ids stand."""


def _ec2(asked: ApiCall) -> Iterator[Needed]:
    tags = {
        spec.get("ResourceType", ""): _tags(spec.get("Tags", [])) for spec in asked.params.get("TagSpecifications", [])
    }
    for kind in MAKES.get(asked.operation, []):
        name = asked.params.get("KeyName", "*") if kind == "key-pair" else "*"
        yield Needed(asked.action, asked.arn(kind, name), _requested(tags.get(kind, {})))
    named = [(kind, id) for kind, paths in NAMES.get(asked.operation, {}).items() for id in _at(asked, paths)]
    if asked.operation == "DisassociateRouteTable":
        named = _associated(asked)
    if asked.operation in ("CreateTags", "DeleteTags"):
        named = [(EC2_PREFIX_TO_RESOURCE.get(id.rpartition("-")[0], "*"), id) for id in asked.values("Resources")]
    given = _requested(_tags(asked.params.get("Tags", []))) if asked.operation == "CreateTags" else {}
    for kind, id in named:
        name, held = _held(asked, kind, id)
        yield Needed(asked.action, asked.arn(kind, name), {**_resource_tags("ec2", held), **given})
    if _spans_regions(asked):
        yield from (
            Needed("vpce:AllowMultiRegion", asked.arn(kind, id))
            for kind, id in [*((kind, "*") for kind in MAKES.get(asked.operation, [])), *named]
            if kind in ("vpc-endpoint", "vpc-endpoint-service")
        )
    if _gives_public_names(asked):
        yield Needed("route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/*")
    for kind, wanted in tags.items():
        if wanted:
            context = {**_requested(wanted), "ec2:CreateAction": asked.operation}
            yield Needed("ec2:CreateTags", asked.arn(kind, "*"), context)


def _spans_regions(asked: ApiCall) -> bool:
    """True if the call is about an endpoint, or a service, that spans regions."""
    names = asked.values("ServiceRegion") + [
        region for verb in ("", "Add", "Remove") for region in asked.values(f"{verb}SupportedRegions")
    ]
    return any(name != asked.region for name in names)


def _gives_public_names(asked: ApiCall) -> bool:
    """True if the call asks for private DNS, which an interface endpoint to a service of AWS's own has by default."""
    by_default = asked.params.get("VpcEndpointType") == "Interface" and not any(
        part in asked.params.get("ServiceName", "") for part in (".vpce.", ".s3", ".dynamodb")
    )
    makes = {"CreateVpcEndpoint": by_default, "ModifyVpcEndpoint": False}
    return asked.operation in makes and bool(asked.params.get("PrivateDnsEnabled", makes[asked.operation]))


def _at(asked: ApiCall, paths: Iterable[str]) -> list[str]:
    return [id for path in paths for id in asked.values(path)]


def _associated(asked: ApiCall) -> list[tuple[str, str]]:
    """The route table and the subnet of an association."""
    id = asked.params.get("AssociationId", "")
    tables = ec2_backends[asked.account][asked.region].route_tables.values()
    return [
        pair
        for table in tables
        if id in table._associations
        for pair in (("route-table", table.id), ("subnet", table._associations[id]))
    ]


def _held(asked: ApiCall, kind: str, id: str) -> tuple[str, Mapping[str, str]]:
    """The name of a resource in its ARN, and its tags; what is not there has none."""
    store = ec2_backends[asked.account][asked.region]
    name = id
    if kind == "key-pair":  # goes by its name in ARNs, by its id in the table of tags
        pair = next((one for one in store.key_pairs.values() if id in (one.id, one.key_name)), None)
        id, name = (pair.id, pair.key_name) if pair else (id, id)
    return name, {} if asked.hides_tags(id) else dict(store.tags.get(id, {}))


# --- Elastic Load Balancing ---------------------------------------------------------------

LOOKS_AROUND = {
    "CreateLoadBalancer": (
        "DescribeAccountAttributes",
        "DescribeAddresses",
        "DescribeInternetGateways",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVpcs",
        "GetSecurityGroupsForVpc",
    ),
    "CreateTargetGroup": ("DescribeInternetGateways", "DescribeVpcs"),
    "RegisterTargets": ("DescribeInstances", "DescribeInternetGateways", "DescribeSubnets", "DescribeVpcs"),
}
"""What else of EC2 the caller must be allowed to do."""
_NAMED_BY = ("LoadBalancerArn", "TargetGroupArn", "ListenerArn", "ResourceArns")


def _elb(asked: ApiCall) -> Iterator[Needed]:
    if asked.operation.startswith("Describe"):
        return
    tags = _tags(asked.params.get("Tags", []))
    named = _at(asked, _NAMED_BY)
    made = _new_balancing(asked, named)
    if made and asked.operation != "CreateListener":  # which is authorised on its load balancer
        yield Needed(asked.action, made, _requested(tags))
    for arn in named:
        service = elbv2_backends[asked.account][asked.region].tagging_service
        held = {} if asked.hides_tags(arn) else service.get_tag_dict_for_resource(arn)
        yield Needed(asked.action, arn, {**_resource_tags("elasticloadbalancing", held), **_requested(tags)})
    if made and tags:
        context = {**_requested(tags), "elasticloadbalancing:CreateAction": asked.operation}
        yield Needed("elasticloadbalancing:AddTags", made, context)
    yield from (Needed(f"ec2:{look}") for look in LOOKS_AROUND.get(asked.operation, ()))
    if asked.operation == "CreateLoadBalancer" and not has_role(asked.account):
        role = f"arn:aws:iam::{asked.account}:role{ROLE_PATH}{ROLE_NAME}"
        service_name = ROLE_PATH.split("/")[2]
        yield Needed("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service_name})


def _new_balancing(asked: ApiCall, named: Sequence[str]) -> str:
    """The ARN of what a create call makes; the end of it is not known yet."""
    front = f"arn:aws:elasticloadbalancing:{asked.region}:{asked.account}:"
    name = asked.params.get("Name", "")
    match asked.operation:
        case "CreateLoadBalancer":
            kind = {"network": "net", "gateway": "gwy"}.get(asked.params.get("Type", ""), "app")
            return f"{front}loadbalancer/{kind}/{name}/*"
        case "CreateTargetGroup":
            return f"{front}targetgroup/{name}/*"
        case "CreateListener":
            return f"{named[0].replace(':loadbalancer/', ':listener/')}/*" if named else ""
        case _:
            return ""


def has_role(account: str) -> bool:
    """Whether the account has had a load balancer before, which left its role there."""
    return any(role.name == ROLE_NAME for role in iam_backends[account]["aws"].roles.values())


# --- the others ---------------------------------------------------------------------------


def _ssm(asked: ApiCall) -> Iterator[Needed]:
    for name in _at(asked, ("Name", "Names")):
        # AWS's public parameters belong to no account.
        owner = "" if name.startswith("/aws/service/") else asked.account
        yield Needed(asked.action, f"arn:aws:ssm:{asked.region}:{owner}:parameter/{name.removeprefix('/')}")


def _sts(asked: ApiCall) -> Iterator[Needed]:
    for role in asked.values("RoleArn"):
        yield Needed(asked.action, role)


def _tags(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag.get("Key", ""): tag.get("Value", "") for tag in given}


def _requested(tags: Mapping[str, str]) -> dict[str, str | Sequence[str]]:
    if not tags:
        return {}
    return {**{f"aws:RequestTag/{key}": value for key, value in tags.items()}, "aws:TagKeys": list(tags)}


def _resource_tags(service: str, tags: Mapping[str, str]) -> dict[str, str | Sequence[str]]:
    return {f"{prefix}:ResourceTag/{key}": value for key, value in tags.items() for prefix in ("aws", service)}
