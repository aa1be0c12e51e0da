"""Where stock moto answers otherwise than AWS: one check a difference, each asserting AWS's answer.

``@row`` checks run where every wait is over at the next call, ``@timed`` ones where time passes as on AWS.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

import pytest

from .world import PUBLIC_KEY, Check, World, filters, named, refused

ROWS: dict[str, tuple[str, Check]] = {}


def _table(fixture: str) -> Callable[[str], Callable[[Check], Check]]:
    def title(words: str) -> Callable[[Check], Check]:
        def add(check: Check) -> Check:
            assert words not in ROWS
            ROWS[words] = fixture, check
            return check

        return add

    return title


row, timed = _table("world"), _table("slow")


# --- VPCs, gateways, routes ---------------------------------------------------------------------------------------


@timed("CreateVpc state")
def vpc_state(world: World) -> None:
    vpc = world.ec2.create_vpc(CidrBlock="20.0.0.0/16")["Vpc"]
    assert vpc["State"] == "pending"
    assert world.ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "pending"
    world.sandbox.clock.skip(2)
    assert world.ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "available"


@row("CreateRoute to an unattached gateway")
def route_to_unattached(world: World) -> None:
    vpc, gateway = world.vpc(), world.gateway()
    table = world.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    with refused("InvalidParameterValue", "belong to different networks"):
        world.ec2.create_route(**route, GatewayId=gateway)
    with refused("InvalidGatewayID.NotFound"):
        world.ec2.create_route(**route, GatewayId="igw-0123456789abcdef0")


@row("Attach a second gateway to the VPC")
def second_gateway(world: World) -> None:
    vpc = world.vpc()
    world.gateway(vpc)
    with refused("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached"):
        world.ec2.attach_internet_gateway(InternetGatewayId=world.gateway(), VpcId=vpc)


@row("CreateVpc over the limit of 5")
def vpc_limit(world: World) -> None:
    for number in range(1, 5):
        world.vpc(f"20.{number}.0.0/16")
    with refused("VpcLimitExceeded"):
        world.vpc("20.9.0.0/16")


@row("DeleteVpc with only gateway and group left")
def vpc_with_gateway(world: World) -> None:
    vpc = world.vpc()
    gateway = world.gateway(vpc)
    with refused("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted."):
        world.ec2.delete_vpc(VpcId=vpc)
    world.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    group = world.group(vpc)
    with refused("DependencyViolation"):
        world.ec2.delete_vpc(VpcId=vpc)
    world.ec2.delete_security_group(GroupId=group)
    world.ec2.delete_vpc(VpcId=vpc)


@row("Gateway after its VPC is deleted")
def gateway_outlives_no_vpc(world: World) -> None:
    vpc = world.vpc()
    gateway = world.gateway(vpc)
    world.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    world.ec2.delete_vpc(VpcId=vpc)
    assert (
        world.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]["Attachments"] == []
    )


# --- security groups ----------------------------------------------------------------------------------------------


@row("CreateSecurityGroup tags")
def group_tags(world: World) -> None:
    spec = named("security-group", "Webserver_sg")
    made = world.ec2.create_security_group(GroupName="g", Description="-", VpcId=world.vpc(), TagSpecifications=spec)
    assert made["Tags"] == [{"Key": "Name", "Value": "Webserver_sg"}]


@row("AuthorizeSecurityGroupIngress, rules listed in the answer")
def rules_listed(world: World) -> None:
    group = world.group(world.vpc())
    rules = world.open(group, 22, 80, 443)["SecurityGroupRules"]
    assert [rule["FromPort"] for rule in rules] == [22, 80, 443]
    assert {rule["GroupId"] for rule in rules} == {group}
    assert len({rule["SecurityGroupRuleId"] for rule in rules}) == 3


@row("Authorize one new + one duplicate")
def all_or_nothing(world: World) -> None:
    group = world.group(world.vpc())
    world.open(group, 22)
    with refused("InvalidPermission.Duplicate", "from port: 22, to port: 22"):
        world.open(group, 80, 22)
    held = world.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert [one["FromPort"] for one in held] == [22]


# --- instances ----------------------------------------------------------------------------------------------------


@row("RunInstances unknown key")
def unknown_key(world: World) -> None:
    net = world.network()
    with refused("InvalidKeyPair.NotFound", "The key pair 'nobody' does not exist"):
        world.run(net, KeyName="nobody")
    world.ec2.import_key_pair(KeyName="somebody", PublicKeyMaterial=PUBLIC_KEY)
    assert world.run(net, KeyName="somebody")["KeyName"] == "somebody"


@row("RunInstances unknown image")
def unknown_image(world: World) -> None:
    with refused("InvalidAMIID.NotFound"):
        world.run(world.network(), ImageId="ami-0123456789abcdef0")


@row("RunInstances unknown type")
def unknown_type(world: World) -> None:
    with refused("InvalidParameterValue", "t9.micro"):
        world.run(world.network(), InstanceType="t9.micro")


@row("RunInstances group of another VPC")
def foreign_group(world: World) -> None:
    net, other = world.network(), world.network("10.0")
    spec = {"DeviceIndex": 0, "SubnetId": net.subnet, "Groups": [other.group]}
    with refused("InvalidParameter", "belong to different networks"):
        world.run(net, NetworkInterfaces=[spec])


@timed("RunInstances answer has no public address yet")
def public_address_later(world: World) -> None:
    made = world.run(world.network())
    assert "PublicIpAddress" not in made
    assert "PublicIpAddress" not in world.described(made["InstanceId"])
    world.sandbox.clock.skip(11)
    assert ipaddress.ip_address(world.described(made["InstanceId"])["PublicIpAddress"])


@timed("DescribeInstances at once")
def pending_first(world: World) -> None:
    made = world.run(world.network())
    assert made["State"]["Name"] == "pending"
    assert world.described(made["InstanceId"])["State"]["Name"] == "pending"
    world.sandbox.clock.skip(11)
    assert world.described(made["InstanceId"])["State"]["Name"] == "running"


@row("instance groups when given with the interface")
def groups_with_interface(world: World) -> None:
    net = world.network()
    made = world.run(net)
    assert [group["GroupId"] for group in made["SecurityGroups"]] == [net.group]
    assert [group["GroupId"] for group in world.described(made["InstanceId"])["SecurityGroups"]] == [net.group]


@row("instance interface DeleteOnTermination")
def interface_goes_with_it(world: World) -> None:
    made = world.described(world.instance(world.network()))
    assert made["NetworkInterfaces"][0]["Attachment"]["DeleteOnTermination"] is True


@row("RunInstances same ClientToken")
def run_once(world: World) -> None:
    net = world.network()
    first = world.instance(net, ClientToken="one")
    assert world.instance(net, ClientToken="one") == first
    assert len(world.ec2.describe_instances()["Reservations"]) == 1
    with refused("IdempotentParameterMismatch"):
        world.instance(net, ClientToken="one", InstanceType="t3.small")
    world.ec2.terminate_instances(InstanceIds=[first])
    with refused("IdempotentInstanceTerminated"):
        world.instance(net, ClientToken="one")


@timed("DescribeInstanceStatus at once")
def status_initializing(world: World) -> None:
    instance = world.instance(world.network())
    world.sandbox.clock.skip(11)

    def status() -> str:
        told = world.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
        return str(told["InstanceStatus"]["Status"])

    assert status() == "initializing"
    world.sandbox.clock.skip(120)
    assert status() == "ok"


@timed("instance after terminate")
def terminate_takes_time(world: World) -> None:
    instance = world.instance(world.network())
    world.sandbox.clock.skip(11)
    told = world.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0]
    assert (told["PreviousState"]["Name"], told["CurrentState"]["Name"]) == ("running", "shutting-down")
    assert world.described(instance)["State"]["Name"] == "shutting-down"
    world.sandbox.clock.skip(31)
    assert world.described(instance)["State"]["Name"] == "terminated"
    world.sandbox.clock.skip(3601)
    with refused("InvalidInstanceID.NotFound"):
        world.described(instance)


@timed("instance interface after terminated")
def interface_gone(world: World) -> None:
    net = world.network()
    instance = world.instance(net)
    assert len(world.interfaces(vpc_id=net.vpc)) == 1
    world.ec2.terminate_instances(InstanceIds=[instance])
    assert len(world.interfaces(vpc_id=net.vpc)) == 1
    world.sandbox.clock.skip(31)
    assert world.interfaces(vpc_id=net.vpc) == []


# --- load balancers -----------------------------------------------------------------------------------------------


@timed("DescribeLoadBalancers at once")
def provisioning_first(world: World) -> None:
    made = world.balancer(world.network())
    assert made["State"]["Code"] == "provisioning"

    def state() -> str:
        told = world.elb.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])["LoadBalancers"][0]
        return str(told["State"]["Code"])

    assert state() == "provisioning"
    world.sandbox.clock.skip(121)
    assert state() == "active"


@row("load balancer DNS name")
def balancer_name(world: World) -> None:
    made = world.balancer(world.network())
    assert re.fullmatch(r"MyNetwork-LB-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com", made["DNSName"])


@row("load balancer ARN kind")
def balancer_arn(world: World) -> None:
    arn = world.balancer(world.network())["LoadBalancerArn"]
    front = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/MyNetwork-LB/"
    assert arn.startswith(front)
    targets = world.targets(world.network("10.0"))
    assert targets.startswith("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/MyNetwork-TG/")


@row("load balancer hosted zone id")
def balancer_zone(world: World) -> None:
    assert world.balancer(world.network())["CanonicalHostedZoneId"] == "Z26RNL4JYFTOTI"


@timed("load balancer makes an interface in the subnet, which outlives it")
def balancer_interface(world: World) -> None:
    net = world.network()
    arn = world.balancer(net)["LoadBalancerArn"]
    (one,) = world.interfaces(description="ELB " + arn.partition("loadbalancer/")[2])
    assert (one["SubnetId"], one["Status"], one["RequesterManaged"]) == (net.subnet, "in-use", True)
    assert ipaddress.ip_address(one["PrivateIpAddress"]) in ipaddress.ip_network("20.0.1.0/24")
    assert one["Association"]["PublicIp"]
    world.elb.delete_load_balancer(LoadBalancerArn=arn)
    assert world.elb.describe_load_balancers()["LoadBalancers"] == []
    assert len(world.interfaces(vpc_id=net.vpc)) == 1
    world.sandbox.clock.skip(21)
    assert world.interfaces(vpc_id=net.vpc) == []


@row("CreateLoadBalancer same again")
def balancer_once(world: World) -> None:
    net = world.network()
    assert world.balancer(net)["LoadBalancerArn"] == world.balancer(net)["LoadBalancerArn"]
    assert len(world.elb.describe_load_balancers()["LoadBalancers"]) == 1


@row("CreateLoadBalancer same name, other scheme")
def balancer_other_settings(world: World) -> None:
    net = world.network()
    world.balancer(net)
    words = "A load balancer with the same name 'MyNetwork-LB' exists, but with different settings"
    with refused("DuplicateLoadBalancerName", words):
        world.balancer(net, Scheme="internal")
    with refused("DuplicateLoadBalancerName", words):
        world.balancer(net, Tags=[{"Key": "a", "Value": "b"}])


@row("DescribeLoadBalancers known+unknown name")
def balancer_names(world: World) -> None:
    world.balancer(world.network())
    with refused("LoadBalancerNotFound"):
        world.elb.describe_load_balancers(Names=["MyNetwork-LB", "another"])


@row("DescribeLoadBalancerAttributes of a network load balancer")
def balancer_attributes(world: World) -> None:
    arn = world.balancer(world.network())["LoadBalancerArn"]
    told = world.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    held = {one["Key"]: one["Value"] for one in told}
    assert held["access_logs.s3.enabled"] == "false"
    assert held["dns_record.client_routing_policy"] == "any_availability_zone"
    assert {"ipv6.deny_all_igw_traffic", "zonal_shift.config.enabled", "deletion_protection.enabled"} <= set(held)


@row("DeleteLoadBalancer of an endpoint service")
def balancer_in_use(world: World) -> None:
    _, balancer, _ = world.provider()
    with refused("ResourceInUse", "currently associated with another service"):
        world.elb.delete_load_balancer(LoadBalancerArn=balancer)


# --- target groups and listeners ----------------------------------------------------------------------------------


@row("CreateTargetGroup same again")
def targets_once(world: World) -> None:
    net = world.network()
    assert world.targets(net) == world.targets(net)
    with refused("DuplicateTargetGroupName", "exists, but with different settings"):
        world.targets(net, Port=81)


@row("DescribeTargetGroupAttributes of TCP")
def target_attributes(world: World) -> None:
    told = world.elb.describe_target_group_attributes(TargetGroupArn=world.targets(world.network()))["Attributes"]
    keys = {one["Key"] for one in told}
    assert {"preserve_client_ip.enabled", "proxy_protocol_v2.enabled"} <= keys
    assert "deregistration_delay.connection_termination.enabled" in keys
    assert not [key for key in keys if key.startswith(("slow_start", "waf", "load_balancing.algorithm"))]


@row("RegisterTargets unknown instance")
def unknown_target(world: World) -> None:
    targets = world.targets(world.network())
    with refused("InvalidTarget"):
        world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": "i-0123456789abcdef0"}])


@row("DescribeTargetHealth before a listener")
def health_unused(world: World) -> None:
    net = world.network()
    instance, targets = world.instance(net), world.targets(net)
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    health = world.health(targets)
    assert (health["State"], health["Reason"]) == ("unused", "Target.NotInUse")


@timed("DescribeTargetHealth after the listener")
def health_initial(world: World) -> None:
    net = world.network()
    instance, targets = world.instance(net), world.targets(net)
    world.sandbox.clock.skip(11)
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    world.listener(world.balancer(net)["LoadBalancerArn"], targets)
    health = world.health(targets)
    assert (health["State"], health["Reason"]) == ("initial", "Elb.RegistrationInProgress")
    world.sandbox.clock.skip(31)
    assert world.health(targets)["Reason"] == "Elb.InitialHealthChecking"


@row("CreateListener SslPolicy of TCP")
def no_tls_settings(world: World) -> None:
    net = world.network()
    made = world.listener(world.balancer(net)["LoadBalancerArn"], world.targets(net))
    assert "SslPolicy" not in made
    assert "SslPolicy" not in world.elb.describe_listeners(ListenerArns=[made["ListenerArn"]])["Listeners"][0]


@row("CreateListener same port again")
def listener_once(world: World) -> None:
    net = world.network()
    balancer, targets = world.balancer(net)["LoadBalancerArn"], world.targets(net)
    first = world.listener(balancer, targets)["ListenerArn"]
    assert world.listener(balancer, targets)["ListenerArn"] == first
    with refused("DuplicateListener"):
        world.listener(balancer, world.targets(net, "another"))


# --- endpoint services --------------------------------------------------------------------------------------------


@timed("CreateVpcEndpointServiceConfiguration state")
def service_state(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    with refused("InvalidParameter", "active"):
        world.service(balancer)
    world.sandbox.clock.skip(121)
    service = world.service(balancer)
    assert service["ServiceState"] == "Pending"
    world.sandbox.clock.skip(4)
    told = world.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service["ServiceId"]])
    assert told["ServiceConfigurations"][0]["ServiceState"] == "Available"


@row("service id")
def service_id(world: World) -> None:
    _, _, service = world.provider()
    assert re.fullmatch(r"vpce-svc-[0-9a-f]{17}", service["ServiceId"])
    assert service["ServiceName"] == f"com.amazonaws.vpce.us-east-1.{service['ServiceId']}"


@row("CreateVpcEndpointServiceConfiguration same ClientToken")
def service_once(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    first = world.service(balancer, ClientToken="one")["ServiceId"]
    assert world.service(balancer, ClientToken="one")["ServiceId"] == first
    with refused("IdempotentParameterMismatch"):
        world.service(balancer, ClientToken="one", AcceptanceRequired=False)
    with refused("InvalidParameter", "already associated"):
        world.service(balancer, ClientToken="two")


@row("DescribeVpcEndpointServiceConfigurations filters")
def service_filters(world: World) -> None:
    world.provider()
    describe = world.ec2.describe_vpc_endpoint_service_configurations
    assert describe(Filters=filters(service_state="Deleting"))["ServiceConfigurations"] == []
    assert len(describe(Filters=filters(service_state="Available"))["ServiceConfigurations"]) == 1
    with refused("InvalidParameterValue"):
        describe(Filters=filters(colour="blue"))


@row("service filter tag:Name, and its tags")
def service_tags(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    made = world.service(balancer, TagSpecifications=named("vpc-endpoint-service", "Mine"))
    assert made["Tags"] == [{"Key": "Name", "Value": "Mine"}]
    describe = world.ec2.describe_vpc_endpoint_service_configurations
    assert describe(Filters=[{"Name": "tag:Name", "Values": ["Yours"]}])["ServiceConfigurations"] == []
    found = describe(Filters=[{"Name": "tag:Name", "Values": ["Mi*"]}])["ServiceConfigurations"]
    assert [one["Tags"] for one in found] == [made["Tags"]]


@row("DescribeVpcEndpointServices filter service-name")
def service_by_name(world: World) -> None:
    _, _, service = world.provider()
    found = world.ec2.describe_vpc_endpoint_services(Filters=filters(service_name=service["ServiceName"]))
    assert [one["ServiceId"] for one in found["ServiceDetails"]] == [service["ServiceId"]]


@row("AddedPrincipals in the answer")
def added_principals(world: World) -> None:
    _, _, service = world.provider()
    principal = "arn:aws:iam::210987654321:root"
    answer = world.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service["ServiceId"], AddAllowedPrincipals=[principal]
    )
    (added,) = answer["AddedPrincipals"]
    assert (added["Principal"], added["ServiceId"]) == (principal, service["ServiceId"])
    assert added["ServicePermissionId"].startswith("vpce-svc-perm-")


@row("Delete service with a connected endpoint")
def service_connected(world: World) -> None:
    *_, service, _ = world.joined()
    (failed,) = world.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service["ServiceId"]])["Unsuccessful"]
    assert failed["ResourceId"] == service["ServiceId"]
    assert failed["Error"]["Code"] == "ExistingVpcEndpointConnections"


# --- subnets ------------------------------------------------------------------------------------------------------


@row("CreateSubnet by the zone's id")
def never_the_default(world: World) -> None:
    vpc = world.network().vpc
    made = world.ec2.create_subnet(VpcId=vpc, CidrBlock="20.0.9.0/24", AvailabilityZoneId="use1-az6")["Subnet"]
    (seen,) = world.ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"]
    for one in (made, seen):
        assert not one["DefaultForAz"]
        assert not one["MapPublicIpOnLaunch"]


# --- endpoints ----------------------------------------------------------------------------------------------------


@row("CreateVpcEndpoint unknown service")
def unknown_service(world: World) -> None:
    with refused("InvalidServiceName"):
        world.endpoint(world.network(), "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0")


@row("CreateVpcEndpoint subnet of another VPC")
def foreign_subnet(world: World) -> None:
    net, _, service = world.provider()
    with refused("InvalidParameter"):
        world.endpoint(world.network("10.0"), service["ServiceName"], SubnetIds=[net.subnet])


@row("CreateVpcEndpoint subnet in a zone the service is not in")
def wrong_zone(world: World) -> None:
    _, _, service = world.provider()
    with refused("InvalidParameter", "does not support the availability zone of the subnet"):
        world.endpoint(world.network("10.0", zone="us-east-1b"), service["ServiceName"])


@row("CreateVpcEndpoint group of another VPC")
def endpoint_foreign_group(world: World) -> None:
    net, _, service = world.provider()
    with refused("InvalidParameter"):
        world.endpoint(world.network("10.0"), service["ServiceName"], SecurityGroupIds=[net.group])


@row("CreateVpcEndpoint unknown group")
def endpoint_unknown_group(world: World) -> None:
    _, _, service = world.provider()
    with refused("InvalidGroup.NotFound"):
        world.endpoint(world.network("10.0"), service["ServiceName"], SecurityGroupIds=["sg-0123456789abcdef0"])


@row("CreateVpcEndpoint state, and before it is accepted")
def endpoint_state(world: World) -> None:
    *_, endpoint = world.joined()
    assert endpoint["State"] == "pendingAcceptance"
    assert world.state(endpoint["VpcEndpointId"]) == "pendingAcceptance"


@row("CreateVpcEndpoint fields")
def endpoint_fields(world: World) -> None:
    *_, endpoint = world.joined()
    assert endpoint["IpAddressType"] == "ipv4"
    assert endpoint["DnsOptions"]["DnsRecordIpType"] == "ipv4"
    assert re.fullmatch(r"vpce-[0-9a-f]{17}", endpoint["VpcEndpointId"])


@row("CreateVpcEndpoint same ClientToken")
def endpoint_once(world: World) -> None:
    _, _, service = world.provider()
    customer = world.network("10.0")
    first = world.endpoint(customer, service["ServiceName"], ClientToken="one")["VpcEndpointId"]
    assert world.endpoint(customer, service["ServiceName"], ClientToken="one")["VpcEndpointId"] == first
    assert len(world.endpoints()) == 1


@row("endpoint interface: address, groups, kind")
def endpoint_interface(world: World) -> None:
    _, customer, *_, endpoint = world.joined()
    (one,) = world.interfaces(network_interface_id=endpoint["NetworkInterfaceIds"][0])
    assert ipaddress.ip_address(one["PrivateIpAddress"]) in ipaddress.ip_network("10.0.1.0/24")
    assert [group["GroupId"] for group in one["Groups"]] == [customer.group]
    assert one["Description"] == f"VPC Endpoint Interface {endpoint['VpcEndpointId']}"
    assert (one["InterfaceType"], one["RequesterManaged"], one["Status"]) == ("vpc_endpoint", True, "in-use")


@row("endpoint DnsEntries")
def endpoint_names(world: World) -> None:
    *_, service, endpoint = world.joined()
    names = [entry["DnsName"] for entry in endpoint["DnsEntries"]]
    base = re.escape(f"{service['ServiceId']}.us-east-1.vpce.amazonaws.com")
    assert re.fullmatch(rf"{endpoint['VpcEndpointId']}-[0-9a-z]{{8}}\.{base}", names[0])
    assert re.fullmatch(rf"{endpoint['VpcEndpointId']}-[0-9a-z]{{8}}-us-east-1a\.{base}", names[1])
    assert {entry["HostedZoneId"] for entry in endpoint["DnsEntries"]} == {"Z7HUB22UULQXV"}


@row("DescribeVpcEndpoints filter vpc-endpoint-id")
def endpoint_by_id(world: World) -> None:
    *_, endpoint = world.joined()
    assert len(world.endpoints(vpc_endpoint_id=endpoint["VpcEndpointId"])) == 1
    assert world.endpoints(vpc_endpoint_id="vpce-0123456789abcdef0") == []


@row("DescribeVpcEndpointConnections")
def connection_listed(world: World) -> None:
    *_, service, endpoint = world.joined()
    (one,) = world.connections(service["ServiceId"])
    assert (one["VpcEndpointId"], one["VpcEndpointState"]) == (endpoint["VpcEndpointId"], "pendingAcceptance")


@row("AcceptVpcEndpointConnections, and again")
def accept_twice(world: World) -> None:
    *_, service, endpoint = world.joined()
    assert world.accept(service["ServiceId"], endpoint["VpcEndpointId"]) == []
    (failed,) = world.accept(service["ServiceId"], endpoint["VpcEndpointId"])
    assert (failed["ResourceId"], failed["Error"]["Code"]) == (endpoint["VpcEndpointId"], "InvalidState")


@timed("endpoint after accept")
def pending_after_accept(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    world.sandbox.clock.skip(121)
    service = world.service(balancer)
    world.sandbox.clock.skip(4)
    endpoint = world.endpoint(world.network("10.0"), service["ServiceName"])["VpcEndpointId"]
    world.sandbox.clock.skip(3)
    assert world.accept(service["ServiceId"], endpoint) == []
    assert world.state(endpoint) == "pending"
    world.sandbox.clock.skip(61)
    assert world.state(endpoint) == "available"


@row("RejectVpcEndpointConnections unknown")
def reject_unknown(world: World) -> None:
    _, _, service = world.provider()
    answer = world.ec2.reject_vpc_endpoint_connections(
        ServiceId=service["ServiceId"], VpcEndpointIds=["vpce-0123456789abcdef0"]
    )
    assert [one["ResourceId"] for one in answer["Unsuccessful"]] == ["vpce-0123456789abcdef0"]


@row("DeleteVpcEndpoints unknown id")
def delete_unknown_endpoint(world: World) -> None:
    (failed,) = world.ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"])["Unsuccessful"]
    assert failed["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


@timed("endpoint after delete")
def endpoint_deleting(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    world.sandbox.clock.skip(121)
    service = world.service(balancer)
    world.sandbox.clock.skip(4)
    customer = world.network("10.0")
    endpoint = world.endpoint(customer, service["ServiceName"])["VpcEndpointId"]
    assert world.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
    assert world.state(endpoint) == "deleting"
    assert len(world.interfaces(vpc_id=customer.vpc)) == 1
    world.sandbox.clock.skip(61)
    assert world.state(endpoint) == "deleted"
    assert world.interfaces(vpc_id=customer.vpc) == []
    world.sandbox.clock.skip(21)
    with refused("InvalidVpcEndpointId.NotFound"):
        world.state(endpoint)


# --- deleting what is in use --------------------------------------------------------------------------------------


@row("DeleteSecurityGroup used by the endpoint")
def group_of_endpoint(world: World) -> None:
    _, customer, *_ = world.joined()
    with refused("DependencyViolation", f"resource {customer.group} has a dependent object"):
        world.ec2.delete_security_group(GroupId=customer.group)


@row("DeleteSecurityGroup used by an instance")
def group_of_instance(world: World) -> None:
    net = world.network()
    world.instance(net)
    with refused("DependencyViolation", f"resource {net.group} has a dependent object"):
        world.ec2.delete_security_group(GroupId=net.group)


@row("DeleteSubnet with the endpoint's interface")
def subnet_of_endpoint(world: World) -> None:
    _, customer, *_ = world.joined()
    with refused("DependencyViolation", f"The subnet '{customer.subnet}' has dependencies and cannot be deleted."):
        world.ec2.delete_subnet(SubnetId=customer.subnet)


@row("DeleteSubnet with a running instance")
def subnet_of_instance(world: World) -> None:
    net = world.network()
    world.instance(net)
    with refused("DependencyViolation"):
        world.ec2.delete_subnet(SubnetId=net.subnet)


@row("DetachInternetGateway with mapped public addresses")
def gateway_in_use(world: World) -> None:
    net = world.network()
    world.instance(net)
    with refused("DependencyViolation", f"Network {net.vpc} has some mapped public address(es)."):
        world.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)


# --- other services -----------------------------------------------------------------------------------------------


@row("resourcegroupstaggingapi GetResources")
def found_by_tag(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    tagged = named("vpc-endpoint-service", "Mine")
    service = world.service(balancer, TagSpecifications=tagged)
    mine = named("vpc-endpoint", "Mine")
    world.endpoint(world.network("10.0"), service["ServiceName"], TagSpecifications=mine)
    tagging = world.client("resourcegroupstaggingapi")
    found = tagging.get_resources(TagFilters=[{"Key": "Name", "Values": ["Mine"]}])["ResourceTagMappingList"]
    kinds = sorted(one["ResourceARN"].split(":")[5].partition("/")[0] for one in found)
    assert kinds == ["vpc-endpoint", "vpc-endpoint-service"]
    some = tagging.get_resources(ResourceTypeFilters=["ec2:vpc-endpoint"])["ResourceTagMappingList"]
    assert len(some) == 1


@row("ssm DescribeInstanceInformation")
def no_agents(world: World) -> None:
    world.instance(world.network())
    assert world.ssm.describe_instance_information()["InstanceInformationList"] == []


@row("ssm SendCommand")
def no_command(world: World) -> None:
    instance = world.instance(world.network())
    with refused("InvalidInstanceId"):
        world.ssm.send_command(InstanceIds=[instance], DocumentName="AWS-RunShellScript")


@pytest.mark.parametrize("words", list(ROWS))
def test_as_on_aws(words: str, request: pytest.FixtureRequest) -> None:
    fixture, check = ROWS[words]
    check(request.getfixturevalue(fixture))
