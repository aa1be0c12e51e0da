"""The least-privilege IAM policy for each side.

``PERMISSIONS`` lists each action, the resources it is allowed on, and the side that needs it.  What is created must
have the demo's tag, and only what has it may be changed or deleted.  A test compares the list with every call that
``up``, ``test``, ``doctor`` and ``down`` make, repairs and diagnoses included.
Sources: the Service Authorization Reference; ``aws-behaviours.md`` section 7; the Elastic Load Balancing User Guide,
"API permissions" (what ``CreateLoadBalancer`` and others look for in EC2, in the caller's name).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..config.model import Config
from ..model import Side
from .partitions import partition_of
from .tags import DEMO_TAG

LARGEST_POLICY = 6144
"""Characters a managed policy may have, white space not counted (IAM and STS quotas)."""
LARGEST_OF_A_ROLE = 10_240
"""The same for a role's own policies, all together."""
PUBLIC_PARAMETERS = "/aws/service/"

BOTH, PROVIDER, CONSUMER = frozenset(Side), frozenset({Side.PROVIDER}), frozenset({Side.CONSUMER})


class Which(Enum):
    """The resources an action is allowed on.  The value is the statement's ``Sid``."""

    ALL = "Look"
    PARAMETER = "FindTheImage"
    IMAGE = "LaunchFromAnImage"
    NEW = "MakeWhatGetsTheDemosTag"
    OURS = "UseWhatHasTheDemosTag"
    USED = "PutBackWhatEndpointsUse"
    UNTAGGED = "PutBackWhatSubnetsUse"
    ROLE = "ForTheFirstLoadBalancer"
    ACROSS = "ReachAcrossRegions"
    ZONE = "GivePrivateDns"


@dataclass(frozen=True)
class Permission:
    """One action on some kinds of resource; ``tags`` are the kinds that it tags on creation."""

    action: str
    sides: frozenset[Side]
    which: Which
    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def _look(sides: frozenset[Side], *actions: str) -> Iterator[Permission]:
    for action in actions:
        yield Permission(action, sides, Which.ALL)


def _make(sides: frozenset[Side], action: str, *kinds: str, using: Sequence[str] = ()) -> Iterator[Permission]:
    """Creates these kinds, with tags, using existing ones."""
    yield Permission(action, sides, Which.NEW, kinds, tags=kinds)
    if using:
        yield from _change(sides, action, *using)


def _change(sides: frozenset[Side], action: str, *kinds: str) -> Iterator[Permission]:
    yield Permission(action, sides, Which.OURS, kinds)


PERMISSIONS: Sequence[Permission] = (
    *_look(
        BOTH,
        "ec2:DescribeAvailabilityZones",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstances",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeKeyPairs",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRegions",  # doctor, and list --all-regions
        "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:DescribeVolumes",
        "ec2:DescribeVpcs",
    ),
    *_look(
        PROVIDER,
        "ec2:DescribeAccountAttributes",  # these three are asked for by CreateLoadBalancer
        "ec2:DescribeAddresses",
        "ec2:GetSecurityGroupsForVpc",
        "ec2:DescribeVpcEndpointConnections",
        "ec2:DescribeVpcEndpointServiceConfigurations",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroupAttributes",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    ),
    *_look(CONSUMER, "ec2:DescribeVpcEndpoints"),
    Permission("ssm:GetParameter", BOTH, Which.PARAMETER),
    # What both sides have: a VPC with a public subnet, and an instance in it.
    *_make(BOTH, "ec2:CreateVpc", "vpc"),
    *_make(BOTH, "ec2:CreateInternetGateway", "internet-gateway"),
    *_make(BOTH, "ec2:CreateSubnet", "subnet", using=["vpc"]),
    *_make(BOTH, "ec2:CreateRouteTable", "route-table", using=["vpc"]),
    *_make(BOTH, "ec2:CreateSecurityGroup", "security-group", using=["vpc"]),
    *_make(BOTH, "ec2:ImportKeyPair", "key-pair"),
    *_make(
        BOTH,
        "ec2:RunInstances",
        *("instance", "network-interface", "volume"),
        using=["subnet", "security-group", "key-pair"],
    ),
    Permission("ec2:RunInstances", BOTH, Which.IMAGE, ("image",)),
    *_change(BOTH, "ec2:AttachInternetGateway", "internet-gateway", "vpc"),
    *_change(BOTH, "ec2:DetachInternetGateway", "internet-gateway", "vpc"),
    *_change(BOTH, "ec2:AssociateRouteTable", "route-table", "subnet"),
    *_change(BOTH, "ec2:DisassociateRouteTable", "subnet"),
    Permission("ec2:DisassociateRouteTable", BOTH, Which.UNTAGGED, ("route-table",)),  # somebody else's, of our subnet
    *_change(BOTH, "ec2:CreateRoute", "route-table"),
    *_change(BOTH, "ec2:AuthorizeSecurityGroupIngress", "security-group"),
    *_change(BOTH, "ec2:TerminateInstances", "instance"),
    *_change(BOTH, "ec2:DeleteVolume", "volume"),  # these two are kept if somebody set an instance so
    *_change(BOTH, "ec2:DeleteNetworkInterface", "network-interface"),
    *_change(BOTH, "ec2:DeleteKeyPair", "key-pair"),
    *_change(BOTH, "ec2:DeleteSecurityGroup", "security-group"),
    *_change(BOTH, "ec2:DeleteRouteTable", "route-table"),
    *_change(BOTH, "ec2:DeleteSubnet", "subnet"),
    *_change(BOTH, "ec2:DeleteInternetGateway", "internet-gateway"),
    *_change(BOTH, "ec2:DeleteVpc", "vpc"),
    # `up` replaces a rule or a route that is wrong.
    *_change(BOTH, "ec2:RevokeSecurityGroupIngress", "security-group"),
    *_change(BOTH, "ec2:DeleteRoute", "route-table"),
    # `up` brings back what somebody changed.
    *_change(BOTH, "ec2:CreateTags", "vpc"),
    *_change(BOTH, "ec2:AuthorizeSecurityGroupEgress", "security-group"),
    *_change(BOTH, "ec2:ModifyInstanceAttribute", "instance", "security-group"),
    *_change(BOTH, "ec2:ModifyInstanceMetadataOptions", "instance"),
    *_change(BOTH, "ec2:ModifySubnetAttribute", "subnet"),
    *_change(BOTH, "ec2:DescribeVpcAttribute", "vpc"),
    *_change(BOTH, "ec2:ModifyVpcAttribute", "vpc"),
    *(
        Permission(f"ec2:{verb}NetworkAclEntry", BOTH, Which.UNTAGGED, ("network-acl",))
        for verb in ("Create", "Replace", "Delete")
    ),
    *_change(PROVIDER, "ec2:GetConsoleOutput", "instance"),  # diagnosis: what failed at boot
    *_change(PROVIDER, "ec2:DescribeVpcEndpointServicePermissions", "vpc-endpoint-service"),  # who else may connect
    *_change(PROVIDER, "ec2:ModifyVpcEndpointServiceConfiguration", "vpc-endpoint-service"),
    *_change(PROVIDER, "elasticloadbalancing:AddTags", "loadbalancer/net"),
    *_change(PROVIDER, "elasticloadbalancing:DeregisterTargets", "targetgroup"),
    *_change(PROVIDER, "elasticloadbalancing:ModifyListener", "listener/net"),
    *_change(PROVIDER, "elasticloadbalancing:ModifyLoadBalancerAttributes", "loadbalancer/net"),
    *_change(PROVIDER, "elasticloadbalancing:ModifyTargetGroup", "targetgroup"),
    *_change(PROVIDER, "elasticloadbalancing:ModifyTargetGroupAttributes", "targetgroup"),
    *_change(PROVIDER, "elasticloadbalancing:SetIpAddressType", "loadbalancer/net"),
    *_change(CONSUMER, "ec2:ModifyVpcEndpoint", "vpc-endpoint"),
    # Whether AWS asks for this for a group that is taken away too is not documented: it may be somebody else's.
    Permission("ec2:ModifyVpcEndpoint", CONSUMER, Which.USED, ("subnet", "security-group")),
    # The provider's load balancer and endpoint service.
    *_make(PROVIDER, "elasticloadbalancing:CreateLoadBalancer", "loadbalancer/net"),
    *_make(PROVIDER, "elasticloadbalancing:CreateTargetGroup", "targetgroup"),
    # AWS asks about its load balancer here, and about the listener only for its tags.
    Permission("elasticloadbalancing:CreateListener", PROVIDER, Which.OURS, ("loadbalancer/net",), ("listener/net",)),
    *_change(PROVIDER, "elasticloadbalancing:RegisterTargets", "targetgroup"),
    *_change(PROVIDER, "elasticloadbalancing:DeleteLoadBalancer", "loadbalancer/net"),
    *_change(PROVIDER, "elasticloadbalancing:DeleteTargetGroup", "targetgroup"),
    Permission("iam:CreateServiceLinkedRole", PROVIDER, Which.ROLE),
    *_make(PROVIDER, "ec2:CreateVpcEndpointServiceConfiguration", "vpc-endpoint-service"),
    *_change(PROVIDER, "ec2:AcceptVpcEndpointConnections", "vpc-endpoint-service"),
    *_change(PROVIDER, "ec2:RejectVpcEndpointConnections", "vpc-endpoint-service"),  # down --reject-foreign-connections
    *_change(PROVIDER, "ec2:DeleteVpcEndpointServiceConfigurations", "vpc-endpoint-service"),
    # The consumer's endpoint.
    *_make(CONSUMER, "ec2:CreateVpcEndpoint", "vpc-endpoint", using=["vpc", "subnet", "security-group"]),
    *_change(CONSUMER, "ec2:DeleteVpcEndpoints", "vpc-endpoint"),
)
"""``sts:GetCallerIdentity`` needs none; a dry run needs what the call itself needs."""

TWO_ACCOUNTS: Sequence[Permission] = (
    *_change(PROVIDER, "ec2:ModifyVpcEndpointServicePermissions", "vpc-endpoint-service"),
)
"""In addition, where the settings name two profiles."""

TWO_REGIONS: Sequence[Permission] = (
    Permission("vpce:AllowMultiRegion", PROVIDER, Which.ACROSS, ("vpc-endpoint-service",)),
    Permission("vpce:AllowMultiRegion", CONSUMER, Which.ACROSS, ("vpc-endpoint",)),
)
"""In addition, where the settings name two regions.  The Service Authorization Reference lists no condition for it."""

CHAPTERS: Sequence[Permission] = (
    *_look(CONSUMER, "ec2:DescribePrefixLists"),
    Permission("ec2:ModifyVpcEndpoint", CONSUMER, Which.USED, ("route-table",)),  # somebody else's, of our endpoint
    Permission("route53:AssociateVPCWithHostedZone", CONSUMER, Which.ZONE),  # private DNS is a hidden zone of AWS's
)
"""In addition, for the chapters beside the tutorial; what is theirs by its tag is allowed already."""

EXTRAS: Sequence[Permission] = (
    *_look(BOTH, "tag:GetResources"),  # whether anything else has the demo's tags
    *_look(  # what keeps something from being deleted
        BOTH,
        "ec2:DescribeCarrierGateways",
        "ec2:DescribeEgressOnlyInternetGateways",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstanceConnectEndpoints",
        "ec2:DescribeNatGateways",
        "ec2:DescribeTransitGatewayVpcAttachments",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpnGateways",
    ),
    *_look(PROVIDER, "ec2:DescribeVpcEndpoints"),  # whose an interface in its VPC is
    *_look(CONSUMER, "ec2:DescribeVpcEndpointServices"),  # the zones of a service of another account
    *_look(BOTH, "servicequotas:GetServiceQuota"),  # whether the account has room for more VPCs than by default
    *_look(BOTH, "ec2:DescribeImages", "ec2:DescribeInstanceTypes"),  # whether they suit each other
    *_look(  # whether ssh gets in, where no VPC of the account shows it, or some are excluded
        BOTH, "ec2:DescribeVpcBlockPublicAccessExclusions", "ec2:DescribeVpcBlockPublicAccessOptions"
    ),
    *_look(BOTH, "ec2:GetEbsDefaultKmsKeyId"),  # whether AWS's own key has to be named
    *_look(BOTH, "sts:DecodeAuthorizationMessage"),  # why AWS refused a call
    *_look(BOTH, "iam:ListAccountAliases"),  # the account's name, for the first line
)
"""Used only if allowed: without them everything works, and less is shown."""

TAGGING = {
    "ec2": ("ec2:CreateTags", "TagOnCreationInEc2"),
    "elasticloadbalancing": ("elasticloadbalancing:AddTags", "TagOnCreationInElb"),
}
"""The extra action that AWS requires for tags on creation, and the statement's ``Sid``."""
_ROLE = "iam::*:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"


def permissions(config: Config, *, chapters: bool = False) -> Sequence[Permission]:
    """What a demo with these settings needs; with ``chapters``, those too."""
    apart = config.consumer_account or len({config.profile_of(party) for party in config.parties}) > 1
    more = (
        TWO_ACCOUNTS if apart else (),
        TWO_REGIONS if config.names_two_regions else (),
        CHAPTERS if chapters else (),
    )
    return (*PERMISSIONS, *(one for each in more for one in each))


def actions(*sides: Side, config: Config | None = None, chapters: bool = False) -> list[str]:
    """Every action that these sides need; without sides, both."""
    own = _of(sides, permissions(config or Config(), chapters=chapters))
    return sorted({p.action for p in own} | {TAGGING[_service(p.action)][0] for p in own if p.tags})


def region_of(config: Config, sides: Iterable[Side]) -> str:
    """The region that the settings name for these sides, without any for both; empty if none, or two."""
    regions = {config.region_of(side) for side in tuple(sides) or Side}
    return (regions.pop() or "") if len(regions) == 1 else ""


def policy(
    config: Config, *sides: Side, extras: bool = False, home: str = "", chapters: bool = False
) -> dict[str, Any]:
    """The IAM policy document for one side, or for an account that is both.

    It is for the demo of this name, in the region of the settings if they name one, else in all regions of the
    partition of the region ``home``, in the account it is attached in.  What is created must have the tags of the
    settings too.  ``extras`` adds what is used only if allowed, and ``chapters`` what those need.
    """
    own = _of(sides, permissions(config, chapters=chapters))
    region = region_of(config, sides) or "*"
    partition = partition_of(home if region == "*" else region).name
    tag = {which: {f"aws:{which}/{DEMO_TAG}": config.name} for which in ("RequestTag", "ResourceTag")}
    conditions = {
        Which.NEW: tag["RequestTag"],
        Which.OURS: tag["ResourceTag"],
        Which.ROLE: {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"},
    }
    statements: list[dict[str, Any]] = []

    def statement(sid: str, actions: Iterable[str], names: Iterable[str], by: Mapping[str, Any] | None) -> None:
        resources = sorted({f"arn:{partition}:{name}" for name in names})
        one = {"Sid": sid, "Effect": "Allow", "Action": sorted(set(actions)), "Resource": resources or "*"}
        statements.append({**one, "Condition": {"StringEquals": dict(by)}} if by else one)

    for which in Which:
        members = [p for p in own if p.which is which]
        resources = {_resource(p, kind, region) for p in members for kind in p.kinds}
        if which is Which.OURS:  # the tag is what counts, and all kinds one by one would be too long
            resources = {f"{_service(p.action)}:{region}:*:*" for p in members}
        if which is Which.PARAMETER:
            resources = {_parameter(config.image_parameter, region)}
        if which is Which.ROLE:
            resources = {_ROLE}
        if which is Which.ZONE:
            resources = {"route53:::hostedzone/*"}
        if members:
            statement(which.value, (p.action for p in members), resources, conditions.get(which))
    for service, (action, sid) in TAGGING.items():
        makers = [p for p in own if p.tags and _service(p.action) == service]
        if makers:
            by = {f"{service}:CreateAction": sorted(p.action.partition(":")[2] for p in makers)}
            theirs = {f"aws:RequestTag/{key}": value for key, value in config.tags.items()}
            statement(sid, [action], {f"{service}:{region}:*:*"}, {**by, **tag["RequestTag"], **theirs})
    if extras:
        needed = {p.action for p in own}
        statement("NotNeeded", {p.action for p in _of(sides, EXTRAS)} - needed, (), None)
    return {"Version": "2012-10-17", "Statement": statements}


def size(document: Mapping[str, Any]) -> int:
    """The number of characters that IAM counts."""
    return len("".join(json.dumps(document).split()))


def _of(sides: Iterable[Side], permissions: Sequence[Permission] = PERMISSIONS) -> list[Permission]:
    wanted = set(sides) or set(Side)
    return [p for p in permissions if p.sides & wanted]


def _service(action: str) -> str:
    return action.partition(":")[0]


def _resource(permission: Permission, kind: str, region: str) -> str:
    """All resources of one kind, as in an ARN after the partition."""
    account = "" if kind == "image" else "*"  # an image's ARN has none
    service = _service(permission.action).replace("vpce", "ec2")  # whose resources they are
    return f"{service}:{region}:{account}:{kind}/*"


def _parameter(name: str, region: str) -> str:
    """AWS's public parameters, which belong to no account, or the parameter that the settings name."""
    if name.startswith(PUBLIC_PARAMETERS):
        return f"ssm:{region}::parameter{PUBLIC_PARAMETERS}*"
    return f"ssm:{region}:*:parameter{name}"
