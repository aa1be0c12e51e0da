"""What is wrong when the connection stands and the page does not come: security groups that drop the packets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import Fix
from ...model import Side
from ..aws_facts import Case
from .filters import lets_in, lets_out
from .prank import ANYWHERE, Prank
from .table import About, Finding, Symptom, rule

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkInterfaceTypeDef, SecurityGroupTypeDef

PORT = 80
WHAT_A_HANG_MEANS = 'A connection that hangs means packets are dropped; a closed port would say "refused" at once.'


def named(group: SecurityGroupTypeDef) -> str:
    return f"{group['GroupId']} ({group['GroupName']})"


def open_port(case: Case, side: Side, group_id: str, port: int, cidr: str) -> str:
    """The command that adds an inbound rule."""
    return case.command(
        side, "ec2 authorize-security-group-ingress", group_id=group_id, protocol="tcp", port=port, cidr=cidr
    )


def _interface_groups(case: Case, interface: NetworkInterfaceTypeDef) -> list[SecurityGroupTypeDef]:
    return case.groups(Side.CONSUMER, [one["GroupId"] for one in interface.get("Groups", []) if "GroupId" in one])


@rule(
    "endpoint-group-closed",
    Symptom.HANGS,
    likely="the endpoint's security group has no inbound rule for the customer",
    confirmed_by="its rules",
    mend="add the rule",
    about=About.ENDPOINT_GROUP,
    checks=(6,),
)
def endpoint_group_closed(case: Case) -> Finding | None:
    client, own = case.address(case.demo.customer), case.id(case.demo.customer_group)
    peers = [group["GroupId"] for group in case.groups_of(case.demo.customer)]
    for interface in case.endpoint_interfaces():
        groups = _interface_groups(case, interface)
        if lets_in(groups, PORT, client, peers):
            continue
        ours = any(group["GroupId"] == own for group in groups)
        rule = case.rule(case.demo.customer_group, PORT)
        by_hand = Fix("", open_port(case, Side.CONSUMER, groups[0]["GroupId"], PORT, rule.source))
        return Finding(
            "the endpoint's security group lets nobody in.",
            [
                f"{', '.join(map(named, groups))} has no inbound rule for tcp/{PORT} from {client}.",
                WHAT_A_HANG_MEANS,
            ],
            [Fix("adds what is missing", "vpce-demo up"), by_hand] if ours else [by_hand],
        )
    return None


@endpoint_group_closed.way()
def _close(prank: Prank) -> None:
    prank.close(prank.case.demo.customer_group, PORT)


@endpoint_group_closed.way("another-group")
def _another_group(prank: Prank) -> None:
    """The VPC's default group, which the console would have taken."""
    demo, ec2 = prank.case.demo, prank.ec2
    default = default_group(prank, prank.id(demo.endpoint.vpc))
    ec2.modify_vpc_endpoint(
        VpcEndpointId=prank.id(demo.endpoint),
        AddSecurityGroupIds=[default],
        RemoveSecurityGroupIds=[prank.id(demo.customer_group)],
    )


def default_group(prank: Prank, vpc_id: str) -> str:
    """The security group that a VPC comes with: it lets in nobody but its own members."""
    of_it = {"vpc-id": vpc_id, "group-name": "default"}
    filters = [{"Name": name, "Values": [value]} for name, value in of_it.items()]
    return prank.ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]  # type: ignore[arg-type]


@rule(
    "no-way-out",
    Symptom.HANGS,
    likely="the customer's security group lets nothing out",
    confirmed_by="its outbound rules",
    mend="add the rule",
    about=About.CUSTOMER_GROUP,
    checks=(6,),
)
def no_way_out(case: Case) -> Finding | None:
    groups = case.groups_of(case.demo.customer)
    for interface in case.endpoint_interfaces():
        address = interface.get("PrivateIpAddress", "")
        peers = [one["GroupId"] for one in interface.get("Groups", []) if "GroupId" in one]
        if lets_out(groups, PORT, address, peers):
            continue
        return Finding(
            "the customer's security group lets nothing out.",
            [
                f"{', '.join(map(named, groups))} has no outbound rule for tcp/{PORT} to {address}.",
                "ssh to it works all the same: answers need no rule.",
            ],
            [
                Fix(
                    "lets everything out, as a new group does",
                    case.command(
                        Side.CONSUMER,
                        "ec2 authorize-security-group-egress",
                        group_id=groups[0]["GroupId"],
                        protocol="all",
                        cidr=ANYWHERE,
                    ),
                )
            ],
        )
    return None


@no_way_out.way()
def _lock_in(prank: Prank) -> None:
    prank.ec2.revoke_security_group_egress(
        GroupId=prank.id(prank.case.demo.customer_group),
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}],
    )


@rule(
    "balancer-groups-closed",
    Symptom.HANGS,
    likely="the load balancer has security groups and enforces them on PrivateLink traffic",
    confirmed_by="its attributes and the groups' rules",
    mend="add the rule, or stop enforcing",
    about=About.BALANCER_GROUPS,
    checks=(6,),
)
def balancer_groups_closed(case: Case) -> Finding | None:
    """The source that its groups see is the client's own address in the customer's VPC (section 4)."""
    client = case.address(case.demo.customer)
    for balancer in case.balancers():
        ids = balancer.get("SecurityGroups", [])
        enforces = balancer.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "on") != "off"
        groups = case.groups(Side.PROVIDER, ids)
        if not groups or not enforces or lets_in(groups, PORT, client):
            continue
        customers = case.demo.endpoint.vpc.cidr
        stop = case.command(
            Side.PROVIDER,
            "elbv2 set-security-groups",
            load_balancer_arn=balancer["LoadBalancerArn"],
            security_groups=ids,
            enforce_security_group_inbound_rules_on_private_link_traffic="off",
        )
        return Finding(
            "the load balancer's security group does not let the customer in, and is enforced on PrivateLink traffic.",
            [
                f"{balancer['LoadBalancerName']} has {', '.join(map(named, groups))}: no inbound rule for tcp/{PORT} "
                f"from {client}.",
                WHAT_A_HANG_MEANS,
            ],
            [
                Fix("lets the customer in", open_port(case, Side.PROVIDER, ids[0], PORT, customers)),
                Fix("stops enforcing", stop),
            ],
        )
    return None


@balancer_groups_closed.way()
def _with_a_group(prank: Prank) -> None:
    """The load balancer made again with the VPC's default group, as the console proposes; what stands on it, too."""
    demo, ec2, elb = prank.case.demo, prank.ec2, prank.elb
    arn = prank.id(demo.balancer)
    old = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    tags = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[prank.id(demo.endpoint)])
    prank.released(lambda: ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[prank.id(demo.service)]))
    prank.released(lambda: elb.delete_load_balancer(LoadBalancerArn=arn))
    elb.create_load_balancer(
        Name=old["LoadBalancerName"],
        Type="network",
        Scheme=old["Scheme"],
        Subnets=[zone["SubnetId"] for zone in old["AvailabilityZones"]],
        SecurityGroups=[default_group(prank, old["VpcId"])],
        Tags=tags,
    )
    prank.make(demo.of("create-provider", "create-endpoint-service", "create-consumer", "accept"))
