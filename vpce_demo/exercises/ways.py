"""Every way to break a demo on purpose, by the rule of the diagnosis that finds it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, cast

from ..aws.environment import Environment
from ..aws.region import OPEN
from ..aws.tags import tags_of
from ..chapters import CHAPTERS, chapter_named
from ..config.settings import TUTORIAL, made_by
from ..errors import THIS_DEMO, Refused
from ..model import ANYWHERE, Side
from ..resources.security_group import SecurityGroup
from ..resources.subnet import Subnet
from ..resources.vpc import Vpc
from ..verify.diagnosis import RULES
from ..verify.diagnosis.filters import ANSWERS
from ..verify.diagnosis.groups import PORT
from ..verify.diagnosis.login import SSH
from ..verify.diagnosis.table import Rule
from .exercise import Exercise, tagged, tcp

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import InternetGatewayBlockModeType

Break = Callable[[Exercise], None]
WhyNot = Callable[[Environment], Refused | None]
"""Why a cause cannot be made to happen in demos of this environment; None if it can."""
WAYS: dict[str, dict[str, Break]] = {}
"""By the rule's key and the name of the way; the first one has no name."""
_WHY_NOT: dict[tuple[str, str], WhyNot] = {}
"""By the same two words; of most ways there is nothing to say."""
CAUSES = {TUTORIAL: RULES, **{name: chapter_named(name).causes for name in CHAPTERS}}
"""The table of causes: the tutorial's rules, then those of each chapter."""
EXERCISES = {
    number: rule
    for number, rule in enumerate((rule for rules in CAUSES.values() for rule in rules), 1)
    if not rule.local
}
"""The rules whose cause can be made to happen, by the numbers that they have in the table."""


def chapter_of_rule(rule: Rule) -> str:
    """The chapter whose cause this is, or the tutorial."""
    return next(name for name, rules in CAUSES.items() if rule in rules)


def way(rule: str, name: str = "", why_not: WhyNot | None = None) -> Callable[[Break], Break]:
    """Add a way to make this rule's cause happen."""

    def add(break_it: Break) -> Break:
        WAYS.setdefault(rule, {})[name] = break_it
        if why_not:
            _WHY_NOT[rule, name] = why_not
        return break_it

    return add


def why_not(rule: Rule, name: str, environment: Environment, chapters: Collection[str]) -> Refused | None:
    """Why this way has no meaning for a demo of this environment and with these chapters; None if it has."""
    if (chapter := chapter_of_rule(rule)) not in chapters:
        return Refused(
            "This exercise breaks the tutorial, which this demo does not have."
            if chapter == TUTORIAL
            else f"This exercise breaks the chapter {chapter}, which this demo does not have.",
            code="VPCE127",
            hint=f"Make it beside what there is:  {THIS_DEMO} {made_by(chapter)}",
        )
    ask = _WHY_NOT.get((rule.key, name))
    return ask(environment) if ask else None


def _needs_one_account(environment: Environment) -> Refused | None:
    if not environment.consumer_account:
        return None
    return Refused(
        "This exercise breaks a demo of one account. Between two, AWS itself refuses who is not allowed.",
        code="VPCE127",
        hint="Take the one that shows it:  <demo> sandbox break not-allowed",
    )


def _needs_two_accounts(environment: Environment) -> Refused | None:
    if environment.consumer_account:
        return None
    return Refused(
        "This exercise breaks a demo of two accounts. In one, the owner of the service may always connect.",
        code="VPCE127",
        hint="Make one beside this one:  vpce-demo --sandbox up --name apart --consumer-profile 222233334444",
    )


def _needs_one_region(environment: Environment) -> Refused | None:
    if len(set(environment.regions.values())) == 1:
        return None
    return Refused(
        "This exercise breaks a demo of one region. Between two, the zones of the two sides need not match.",
        code="VPCE127",
        hint="Make one beside this one:  vpce-demo --sandbox up --name exercise",
    )


@way("service-not-found", why_not=_needs_one_account)
def _forbid(exercise: Exercise) -> None:
    """In one account the API's state cannot do it: the owner may always connect.  So the sandbox is told to refuse."""
    name = exercise.facts.service()["ServiceName"]
    exercise.inject_fault(
        "CreateVpcEndpoint",
        "InvalidServiceName",
        f"The Vpc Endpoint Service '{name}' does not exist",
        until="ModifyVpcEndpointServicePermissions",
    )
    service, account = exercise.facts.demo.service, exercise.facts.clients(Side.PROVIDER).account
    exercise.undo_by(
        service,
        "modify_vpc_endpoint_service_permissions",
        ServiceId=exercise.id(service),
        RemoveAllowedPrincipals=[f"arn:aws:iam::{account}:root"],
    )
    _delete_the_endpoint(exercise)


def _delete_the_endpoint(exercise: Exercise) -> None:
    endpoint = exercise.facts.demo.endpoint
    exercise.ec2(endpoint).delete_vpc_endpoints(VpcEndpointIds=[exercise.id(endpoint)])


@way("not-allowed", why_not=_needs_two_accounts)
def _shut_out(exercise: Exercise) -> None:
    """The permission and the endpoint: a new one is refused."""
    _take_the_permission(exercise)
    _delete_the_endpoint(exercise)


@way("not-allowed", "connected", why_not=_needs_two_accounts)
def _take_the_permission(exercise: Exercise) -> None:
    """The permission alone: AWS cuts no connection that was accepted."""
    service, principal = exercise.facts.demo.service, exercise.facts.part("principal")
    exercise.ec2(service).modify_vpc_endpoint_service_permissions(
        ServiceId=exercise.id(service), RemoveAllowedPrincipals=[exercise.id(principal)]
    )


@way("no-common-zone", why_not=_needs_one_region)
def _move_the_subnet(exercise: Exercise) -> None:
    """The consumer's subnet, made again in another zone; what stood in it is gone."""
    demo, ec2 = exercise.facts.demo, exercise.ec2(exercise.facts.demo.endpoint)
    subnet = exercise.facts.subnet(Side.CONSUMER, exercise.id(demo.endpoint.subnet))
    elsewhere = exercise.another_zone(demo.endpoint.subnet)
    _delete_the_endpoint(exercise)
    ec2.terminate_instances(InstanceIds=[exercise.id(demo.customer)])
    exercise.empty(demo.endpoint.subnet)
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    made = ec2.create_subnet(
        VpcId=subnet["VpcId"],
        CidrBlock=subnet["CidrBlock"],
        AvailabilityZoneId=elsewhere,
        TagSpecifications=tagged("subnet", tags_of(subnet)),
    )
    exercise.undo_by(demo.endpoint.subnet, "delete_subnet", SubnetId=made["Subnet"]["SubnetId"])


@way("not-accepted")
def _ask_again(exercise: Exercise) -> None:
    exercise.another_endpoint()


@way("endpoint-unusable")
def _reject(exercise: Exercise) -> None:
    demo = exercise.facts.demo
    exercise.ec2(demo.service).reject_vpc_endpoint_connections(
        ServiceId=exercise.id(demo.service), VpcEndpointIds=[exercise.id(demo.endpoint)]
    )


@way("endpoint-pending")
def _accept_just_now(exercise: Exercise) -> None:
    service = exercise.facts.demo.service
    exercise.ec2(service).accept_vpc_endpoint_connections(
        ServiceId=exercise.id(service), VpcEndpointIds=[exercise.another_endpoint()]
    )


@way("endpoint-group-closed")
def _close(exercise: Exercise) -> None:
    exercise.close(exercise.facts.demo.customer_group, PORT)


@way("endpoint-group-closed", "another-group")
def _another_group(exercise: Exercise) -> None:
    """The VPC's default group, which the console would have taken."""
    demo = exercise.facts.demo
    exercise.ec2(demo.endpoint).modify_vpc_endpoint(
        VpcEndpointId=exercise.id(demo.endpoint),
        AddSecurityGroupIds=[default_group(exercise, demo.endpoint.vpc)],
        RemoveSecurityGroupIds=[exercise.id(demo.customer_group)],
    )


def default_group(exercise: Exercise, vpc: Vpc) -> str:
    """The security group that a VPC comes with: it lets in nobody but its own members."""
    answer = exercise.ec2(vpc).describe_security_groups(
        Filters=[
            {"Name": "vpc-id", "Values": [exercise.id(vpc)]},
            {"Name": "group-name", "Values": ["default"]},
        ]
    )
    return answer["SecurityGroups"][0]["GroupId"]


@way("no-way-out")
def _lock_in(exercise: Exercise) -> None:
    group = exercise.facts.demo.customer_group
    exercise.ec2(group).revoke_security_group_egress(
        GroupId=exercise.id(group),
        IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}],
    )


@way("balancer-groups-closed")
def _with_a_group(exercise: Exercise) -> None:
    """The load balancer made again with the VPC's default group, as the console proposes; what stands on it, too."""
    demo, elb = exercise.facts.demo, exercise.elb
    arn = exercise.id(demo.balancer)
    old = elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    tags = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    exercise.delete_service()
    exercise.released(lambda: elb.delete_load_balancer(LoadBalancerArn=arn))
    elb.create_load_balancer(
        Name=old["LoadBalancerName"],
        Type="network",
        Scheme=old["Scheme"],
        Subnets=[zone["SubnetId"] for zone in old["AvailabilityZones"]],
        SecurityGroups=[default_group(exercise, demo.balancer.subnet.vpc)],
        Tags=tags,
    )
    exercise.make(demo.of("create-provider", "create-endpoint-service", "create-consumer", "accept"))
    exercise.undo_by(demo.balancer, "delete_load_balancer", LoadBalancerArn=exercise.id(demo.balancer))
    exercise.undo_by(demo.service, "delete_vpc_endpoint_service_configurations", ServiceIds=[exercise.id(demo.service)])
    exercise.undo_by(demo.endpoint, "delete_vpc_endpoints", VpcEndpointIds=[exercise.id(demo.endpoint)])


def _shut(exercise: Exercise, side: Side, mode: InternetGatewayBlockModeType) -> None:
    """Close the internet gateways of a side's account and region."""
    ec2 = exercise.ec2(side)
    for one in ec2.describe_vpc_block_public_access_exclusions()["VpcBlockPublicAccessExclusions"]:
        ec2.delete_vpc_block_public_access_exclusion(ExclusionId=one["ExclusionId"])
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode=mode)
    exercise.undo_by(side, "modify_vpc_block_public_access_options", InternetGatewayBlockMode=OPEN)


@way("public-access-blocked")
def _block(exercise: Exercise) -> None:
    _shut(exercise, Side.CONSUMER, "block-bidirectional")


@way("public-access-blocked", "ingress")
def _block_ingress(exercise: Exercise) -> None:
    _shut(exercise, Side.CONSUMER, "block-ingress")


@way("public-access-blocked", "boot")
def _boot_behind_closed_gateways(exercise: Exercise) -> None:
    web = exercise.facts.demo.web
    _shut(exercise, web.side, "block-ingress")
    exercise.booted(web, exercise.replace(web))
    exercise.make(exercise.facts.demo.of("create-provider"))


@way("acl-return-ports")
def _endpoint_apart(exercise: Exercise) -> None:
    """The endpoint in a subnet of its own, and a network ACL that lets connections in there and no answers out."""
    demo = exercise.facts.demo
    subnet = exercise.facts.subnet(Side.CONSUMER, exercise.id(demo.endpoint.subnet))
    apart = exercise.another_subnet(demo.endpoint.subnet)
    _refuse_answers(exercise, demo.endpoint.subnet, subnet["CidrBlock"])
    id, home = exercise.id(demo.endpoint), subnet["SubnetId"]
    exercise.ec2(demo.endpoint).modify_vpc_endpoint(VpcEndpointId=id, AddSubnetIds=[apart], RemoveSubnetIds=[home])
    exercise.undo_by(
        demo.endpoint, "modify_vpc_endpoint", VpcEndpointId=id, AddSubnetIds=[home], RemoveSubnetIds=[apart]
    )


@way("acl-return-ports", "ssh")
def _no_answers_to_ssh(exercise: Exercise) -> None:
    _refuse_answers(exercise, exercise.facts.demo.endpoint.subnet, ANYWHERE)


def _refuse_answers(exercise: Exercise, subnet: Subnet, to: str) -> None:
    """Refuse answers to this range in the network ACL of a subnet, which is its VPC's."""
    acl, number = exercise.facts.acl(subnet.side, exercise.id(subnet))["NetworkAclId"], 50
    exercise.undo_by(subnet, "delete_network_acl_entry", NetworkAclId=acl, RuleNumber=number, Egress=True)
    exercise.ec2(subnet).create_network_acl_entry(
        NetworkAclId=acl,
        RuleNumber=number,
        Egress=True,
        Protocol="6",
        PortRange={"From": ANSWERS[0], "To": ANSWERS[1]},
        CidrBlock=to,
        RuleAction="deny",
    )


@way("nothing-listens")
def _stop_behind_the_checks(exercise: Exercise) -> None:
    """The health checks ask for another port, so that nobody notices that httpd has stopped."""
    demo = exercise.facts.demo
    subnets = [exercise.facts.subnet(one.side, exercise.id(one)) for one in demo.balancer.subnets]
    group, opened = exercise.id(demo.web.group), tcp(SSH, *(one["CidrBlock"] for one in subnets))
    exercise.undo_by(demo.web.group, "revoke_security_group_ingress", GroupId=group, IpPermissions=opened)
    exercise.ec2(demo.web.group).authorize_security_group_ingress(GroupId=group, IpPermissions=opened)
    exercise.elb.modify_target_group(TargetGroupArn=exercise.id(demo.targets), HealthCheckPort=str(SSH))
    exercise.on(demo.web, "sudo", "systemctl", "stop", "httpd")


@way("other-page")
def _another_page(exercise: Exercise) -> None:
    demo = exercise.facts.demo
    exercise.on(demo.web, "sudo", "sh", "-c", "echo hello > /var/www/html/index.html")


@way("targets-initial")
def _register_anew(exercise: Exercise) -> None:
    demo, elb = exercise.facts.demo, exercise.elb
    group, target = exercise.id(demo.targets), exercise.id(demo.web)
    elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": target, "Port": PORT}])
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target, "Port": PORT}])


@way("targets-unhealthy")
def _close_the_web_server(exercise: Exercise) -> None:
    exercise.close(exercise.facts.demo.web.group, PORT)


@way("targets-unhealthy", "another-group")
def _change_its_group(exercise: Exercise) -> None:
    demo = exercise.facts.demo
    default = default_group(exercise, demo.balancer.subnet.vpc)
    exercise.ec2(demo.web).modify_instance_attribute(InstanceId=exercise.id(demo.web), Groups=[default])


@way("targets-unhealthy", "httpd")
def _stop_httpd(exercise: Exercise) -> None:
    exercise.on(exercise.facts.demo.web, "sudo", "systemctl", "stop", "httpd")


@way("targets-unhealthy", "boot")
def _boot_without_a_way_out(exercise: Exercise) -> None:
    """User data is obeyed once: without a route during the boot there is no httpd, and no route brings it later."""
    demo, table = exercise.facts.demo, exercise.facts.part("provider-routes")
    exercise.ec2(table).delete_route(RouteTableId=exercise.id(table), DestinationCidrBlock=ANYWHERE)
    exercise.booted(demo.web, exercise.replace(demo.web))
    exercise.make(demo.of("create-provider"))


@way("targets-unused")
def _delete_the_listener(exercise: Exercise) -> None:
    exercise.elb.delete_listener(ListenerArn=exercise.id(exercise.facts.demo.listener))


@way("targets-unused", "zone")
def _another_zone(exercise: Exercise) -> None:
    """The web server in a subnet of its own, in another zone."""
    demo = exercise.facts.demo
    zone = exercise.another_zone(*demo.balancer.subnets)
    exercise.replace(demo.web, subnet_id=exercise.another_subnet(demo.balancer.subnet, zone_id=zone))
    exercise.make(demo.of("create-provider"))


@way("something-differs")
def _check_another_port(exercise: Exercise) -> None:
    group = exercise.id(exercise.facts.demo.targets)
    exercise.elb.modify_target_group(TargetGroupArn=group, HealthCheckPort="8443")


@way("something-differs", "target")
def _register_another_port(exercise: Exercise) -> None:
    """The web server a second time in its target group, on a port where nothing listens."""
    demo = exercise.facts.demo
    exercise.elb.register_targets(
        TargetGroupArn=exercise.id(demo.targets), Targets=[{"Id": exercise.id(demo.web), "Port": 8080}]
    )


@way("ssh-hangs")
def _close_ssh(exercise: Exercise) -> None:
    exercise.close(exercise.facts.demo.customer_group, SSH)


@way("ssh-hangs", "another-group")
def _change_the_customer_s_group(exercise: Exercise) -> None:
    demo = exercise.facts.demo
    default = default_group(exercise, demo.endpoint.vpc)
    exercise.ec2(demo.customer).modify_instance_attribute(InstanceId=exercise.id(demo.customer), Groups=[default])


@way("ssh-hangs", "route")
def _delete_the_route(exercise: Exercise) -> None:
    table = exercise.facts.part("customer-routes")
    exercise.ec2(table).delete_route(RouteTableId=exercise.id(table), DestinationCidrBlock=ANYWHERE)


@way("ssh-hangs", "main-table")
def _leave_the_table(exercise: Exercise) -> None:
    """The subnet follows its VPC's main table, which knows no gateway."""
    routing = exercise.facts.part("customer-routing")
    exercise.ec2(routing).disassociate_route_table(AssociationId=exercise.id(routing))


@way("ssh-hangs", "address")
def _without_an_address(exercise: Exercise) -> None:
    exercise.replace(exercise.facts.demo.customer, public=False)


@way("ssh-denied")
def _another_key(exercise: Exercise) -> None:
    """A key pair that is used once and deleted: that does not change what is on the instance."""
    customer, name = exercise.facts.demo.customer, "somebody-elses-key"
    ec2 = exercise.ec2(customer)
    ec2.create_key_pair(KeyName=name, KeyType="ed25519")
    exercise.replace(customer, key=name)
    ec2.delete_key_pair(KeyName=name)


@way("other-way-in")
def _peer(exercise: Exercise) -> None:
    demo = exercise.facts.demo
    ours, theirs = demo.balancer.subnet.vpc, demo.endpoint.vpc
    provider = exercise.facts.clients(ours.side)
    made = exercise.ec2(theirs).create_vpc_peering_connection(
        VpcId=exercise.id(theirs),
        PeerVpcId=exercise.id(ours),
        PeerOwnerId=provider.account,
        PeerRegion=provider.region,
    )
    peering = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    provider.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering)
    for key, beyond in (("customer-routes", ours), ("provider-routes", theirs)):
        table = exercise.facts.part(key)
        id, to = exercise.id(table), beyond.cidr
        exercise.ec2(table).create_route(RouteTableId=id, DestinationCidrBlock=to, VpcPeeringConnectionId=peering)
        exercise.undo_by(table, "delete_route", RouteTableId=id, DestinationCidrBlock=to)
    exercise.undo_by(theirs, "delete_vpc_peering_connection", VpcPeeringConnectionId=peering)


@way("instance-stopped")
def _stop_the_customer(exercise: Exercise) -> None:
    exercise.stop(exercise.facts.demo.customer)


@way("instance-stopped", "web")
def _stop_the_web_server(exercise: Exercise) -> None:
    exercise.stop(exercise.facts.demo.web)


@way("part-missing")
def _deregister(exercise: Exercise) -> None:
    demo = exercise.facts.demo
    exercise.elb.deregister_targets(TargetGroupArn=exercise.id(demo.targets), Targets=[{"Id": exercise.id(demo.web)}])


@way("balancer-in-use")
def _another_service(exercise: Exercise) -> None:
    """Somebody else's service on the demo's load balancer, in the place of the demo's own."""
    exercise.delete_service()
    balancer = exercise.facts.demo.balancer
    made = exercise.ec2(balancer).create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[exercise.id(balancer)]
    )
    service = made["ServiceConfiguration"]["ServiceId"]
    exercise.undo_by(balancer, "delete_vpc_endpoint_service_configurations", ServiceIds=[service])


@way("interfaces-left")
def _leave_one(exercise: Exercise) -> None:
    """An interface that somebody made in the consumer's subnet, and forgot."""
    subnet = exercise.facts.demo.endpoint.subnet
    made = exercise.ec2(subnet).create_network_interface(
        SubnetId=exercise.id(subnet), Description="for a test, delete me"
    )
    id = made["NetworkInterface"]["NetworkInterfaceId"]
    exercise.undo_by(subnet, "delete_network_interface", NetworkInterfaceId=id)


@way("interfaces-left", "subnet")
def _leave_a_subnet(exercise: Exercise) -> None:
    exercise.another_subnet(exercise.facts.demo.endpoint.subnet)


# --- the chapters -------------------------------------------------------------


@way("no-endpoint-route")
def _leave_the_endpoint_s_table(exercise: Exercise) -> None:
    """AWS takes its route away with the association."""
    endpoint, table = exercise.facts.part("gateway-endpoint-s3"), exercise.facts.part("gateway-private-routes")
    exercise.ec2(endpoint).modify_vpc_endpoint(
        VpcEndpointId=exercise.id(endpoint), RemoveRouteTableIds=[exercise.id(table)]
    )


@way("no-endpoint-route", "main-table")
def _leave_the_private_table(exercise: Exercise) -> None:
    """The private subnet follows its VPC's main table, which no endpoint is associated with."""
    routing = exercise.facts.part("gateway-private-routing")
    exercise.ec2(routing).disassociate_route_table(AssociationId=exercise.id(routing))


@way("endpoint-policy-denies")
def _deny(exercise: Exercise) -> None:
    endpoint = exercise.facts.part("gateway-endpoint-s3")
    nothing = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    exercise.ec2(endpoint).modify_vpc_endpoint(
        VpcEndpointId=exercise.id(endpoint), PolicyDocument=json.dumps({"Statement": [nothing]})
    )


@way("gateway-way-out")
def _open_the_gateway_chapter(exercise: Exercise) -> None:
    _way_out(exercise, "gateway")


@way("interface-way-out")
def _open_the_interface_chapter(exercise: Exercise) -> None:
    _way_out(exercise, "interface")


def _way_out(exercise: Exercise, chapter: str) -> None:
    """A default route from a chapter's private subnet, to a NAT gateway in its public one."""
    subnet, table = (exercise.facts.part(f"{chapter}-{what}") for what in ("public-subnet", "private-routes"))
    ec2 = exercise.ec2(subnet)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    exercise.undo_by(subnet, "release_address", AllocationId=address)
    made = ec2.create_nat_gateway(SubnetId=exercise.id(subnet), AllocationId=address)
    gateway = made["NatGateway"]["NatGatewayId"]
    exercise.undo_by(subnet, "delete_nat_gateway", NatGatewayId=gateway)
    look = ec2.describe_nat_gateways
    exercise.until(
        lambda: look(NatGatewayIds=[gateway])["NatGateways"][0]["State"] == "available", f"{gateway} to be available"
    )
    exercise.undo_by(table, "delete_route", RouteTableId=exercise.id(table), DestinationCidrBlock=ANYWHERE)
    ec2.create_route(RouteTableId=exercise.id(table), DestinationCidrBlock=ANYWHERE, NatGatewayId=gateway)


@way("endpoint-https-closed")
def _close_https(exercise: Exercise) -> None:
    exercise.close(exercise.facts.part("interface-endpoint-group"), 443)


@way("endpoint-https-closed", "another-group")
def _another_group_for_the_interface_endpoint(exercise: Exercise) -> None:
    """The VPC's default group, which AWS takes where none is named."""
    endpoint = exercise.facts.part("interface-endpoint")
    group = cast("SecurityGroup", exercise.facts.part("interface-endpoint-group"))
    exercise.ec2(endpoint).modify_vpc_endpoint(
        VpcEndpointId=exercise.id(endpoint),
        AddSecurityGroupIds=[default_group(exercise, group.vpc)],
        RemoveSecurityGroupIds=[exercise.id(group)],
    )


@way("dns-attributes-off")
def _no_hostnames(exercise: Exercise) -> None:
    vpc = exercise.facts.part("interface-vpc")
    exercise.ec2(vpc).modify_vpc_attribute(VpcId=exercise.id(vpc), EnableDnsHostnames={"Value": False})


@way("dns-attributes-off", "resolution")
def _no_resolution(exercise: Exercise) -> None:
    vpc = exercise.facts.part("interface-vpc")
    exercise.ec2(vpc).modify_vpc_attribute(VpcId=exercise.id(vpc), EnableDnsSupport={"Value": False})


@way("private-dns-off")
def _no_private_dns(exercise: Exercise) -> None:
    endpoint = exercise.facts.part("interface-endpoint")
    exercise.ec2(endpoint).modify_vpc_endpoint(VpcEndpointId=exercise.id(endpoint), PrivateDnsEnabled=False)
