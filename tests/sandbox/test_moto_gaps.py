"""Where stock moto answers otherwise than AWS: one test a difference, each asserting AWS's answer.

What AWS refuses stands in ``test_refusals.py``.  Time passes as on AWS in tests that take ``slow``.
"""

from __future__ import annotations

import ipaddress
import re

import pytest

from vpce_demo.sandbox.handlers import instances

from .world import PUBLIC_KEY, World, filters, named, refused

# --- VPCs, gateways, routes ---------------------------------------------------------------------------------------


def test_create_vpc_state(slow: World) -> None:
    vpc = slow.ec2.create_vpc(CidrBlock="20.0.0.0/16")["Vpc"]
    assert vpc["State"] == "pending"
    assert slow.ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "pending"
    slow.sandbox.clock.skip(2)
    assert slow.ec2.describe_vpcs(VpcIds=[vpc["VpcId"]])["Vpcs"][0]["State"] == "available"


def test_create_route_to_an_unattached_gateway(world: World) -> None:
    vpc, gateway = world.vpc(), world.gateway()
    table = world.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    with refused("InvalidParameterValue", "belong to different networks"):
        world.ec2.create_route(**route, GatewayId=gateway)
    with refused("InvalidGatewayID.NotFound"):
        world.ec2.create_route(**route, GatewayId="igw-0123456789abcdef0")


def test_attach_a_second_gateway_to_the_vpc(world: World) -> None:
    vpc = world.vpc()
    world.gateway(vpc)
    with refused("InvalidParameterValue", f"Network {vpc} already has an internet gateway attached"):
        world.ec2.attach_internet_gateway(InternetGatewayId=world.gateway(), VpcId=vpc)


def test_create_vpc_over_the_limit_of_5(world: World) -> None:
    for number in range(1, 5):
        world.vpc(f"20.{number}.0.0/16")
    with refused("VpcLimitExceeded"):
        world.vpc("20.9.0.0/16")


def test_quotas_can_be_raised_and_are_told_then(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Internet gateways follow the VPCs.  Service Quotas has no value for what applies by default."""
    which = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    quotas = world.client("service-quotas")
    with refused("NoSuchResourceException"):
        quotas.get_service_quota(**which)
    monkeypatch.setitem(world.sandbox.cloud.quotas, "vpcs", 6)
    assert quotas.get_service_quota(**which)["Quota"]["Value"] == 6
    for number in range(1, 6):
        world.gateway(world.vpc(f"20.{number}.0.0/16"))
    world.gateway()
    with refused("InternetGatewayLimitExceeded"):
        world.gateway()


def test_a_vpc_has_so_many_interface_endpoints(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.sandbox.cloud.quotas, "endpoints", 2)
    net, service = world.network(), "com.amazonaws.us-east-1.ssm"
    first, _ = (world.endpoint(net, service)["VpcEndpointId"] for _ in range(2))
    with refused("VpcEndpointLimitExceeded"):
        world.endpoint(net, service)
    world.endpoint(world.network("21.0"), service)
    world.ec2.delete_vpc_endpoints(VpcEndpointIds=[first])
    world.endpoint(net, service)


def test_delete_vpc_with_only_gateway_and_group_left(world: World) -> None:
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


def test_gateway_after_its_vpc_is_deleted(world: World) -> None:
    vpc = world.vpc()
    gateway = world.gateway(vpc)
    world.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    world.ec2.delete_vpc(VpcId=vpc)
    assert (
        world.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]["Attachments"] == []
    )


# --- security groups ----------------------------------------------------------------------------------------------


def test_create_security_group_tags(world: World) -> None:
    spec = named("security-group", "Webserver_sg")
    made = world.ec2.create_security_group(GroupName="g", Description="-", VpcId=world.vpc(), TagSpecifications=spec)
    assert made["Tags"] == [{"Key": "Name", "Value": "Webserver_sg"}]


def test_authorize_security_group_ingress_rules_listed_in_the_answer(world: World) -> None:
    group = world.group(world.vpc())
    rules = world.open(group, 22, 80, 443)["SecurityGroupRules"]
    assert [rule["FromPort"] for rule in rules] == [22, 80, 443]
    assert {rule["GroupId"] for rule in rules} == {group}
    assert len({rule["SecurityGroupRuleId"] for rule in rules}) == 3


def test_authorize_one_new_one_duplicate(world: World) -> None:
    group = world.group(world.vpc())
    world.open(group, 22)
    with refused("InvalidPermission.Duplicate", "from port: 22, to port: 22"):
        world.open(group, 80, 22)
    held = world.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    assert [one["FromPort"] for one in held] == [22]


# --- instances ----------------------------------------------------------------------------------------------------


def test_run_instances_unknown_key(world: World) -> None:
    net = world.network()
    with refused("InvalidKeyPair.NotFound", "The key pair 'nobody' does not exist"):
        world.run(net, KeyName="nobody")
    world.ec2.import_key_pair(KeyName="somebody", PublicKeyMaterial=PUBLIC_KEY)
    assert world.run(net, KeyName="somebody")["KeyName"] == "somebody"


def test_run_instances_is_pending_without_a_public_address_at_first(slow: World) -> None:
    made = slow.run(slow.network())
    for told in (made, slow.described(made["InstanceId"])):
        assert told["State"]["Name"] == "pending"
        assert "PublicIpAddress" not in told
    slow.sandbox.clock.skip(11)
    told = slow.described(made["InstanceId"])
    assert told["State"]["Name"] == "running"
    assert ipaddress.ip_address(told["PublicIpAddress"])


def test_run_instances_with_a_network_interface(world: World) -> None:
    net = world.network()
    made = world.run(net)
    told = world.described(made["InstanceId"])
    for one in (made, told):
        assert [group["GroupId"] for group in one["SecurityGroups"]] == [net.group]
    assert told["NetworkInterfaces"][0]["Attachment"]["DeleteOnTermination"] is True


def test_run_instances_same_client_token(world: World) -> None:
    net = world.network()
    first = world.instance(net, ClientToken="one")
    assert world.instance(net, ClientToken="one") == first
    assert len(world.ec2.describe_instances()["Reservations"]) == 1
    with refused("IdempotentParameterMismatch"):
        world.instance(net, ClientToken="one", InstanceType="t3.small")
    world.ec2.terminate_instances(InstanceIds=[first])
    with refused("IdempotentInstanceTerminated"):
        world.instance(net, ClientToken="one")


def test_describe_instance_status_at_once(slow: World) -> None:
    instance = slow.instance(slow.network())
    slow.sandbox.clock.skip(11)

    def status() -> str:
        told = slow.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]
        return str(told["InstanceStatus"]["Status"])

    assert status() == "initializing"
    slow.sandbox.clock.skip(120)
    assert status() == "ok"


def test_instance_after_terminate(slow: World) -> None:
    instance = slow.instance(slow.network())
    slow.sandbox.clock.skip(11)
    told = slow.ec2.terminate_instances(InstanceIds=[instance])["TerminatingInstances"][0]
    assert (told["PreviousState"]["Name"], told["CurrentState"]["Name"]) == ("running", "shutting-down")
    assert slow.described(instance)["State"]["Name"] == "shutting-down"
    slow.sandbox.clock.skip(31)
    assert slow.described(instance)["State"]["Name"] == "terminated"
    slow.sandbox.clock.skip(3601)
    with refused("InvalidInstanceID.NotFound"):
        slow.described(instance)


def test_instance_interface_after_terminated(slow: World) -> None:
    net = slow.network()
    instance = slow.instance(net)
    assert len(slow.interfaces(vpc_id=net.vpc)) == 1
    slow.ec2.terminate_instances(InstanceIds=[instance])
    assert len(slow.interfaces(vpc_id=net.vpc)) == 1
    slow.sandbox.clock.skip(31)
    assert slow.interfaces(vpc_id=net.vpc) == []


# --- load balancers -----------------------------------------------------------------------------------------------


def test_describe_load_balancers_at_once(slow: World) -> None:
    made = slow.balancer(slow.network())
    assert made["State"]["Code"] == "provisioning"

    def state() -> str:
        told = slow.elb.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])["LoadBalancers"][0]
        return str(told["State"]["Code"])

    assert state() == "provisioning"
    slow.sandbox.clock.skip(121)
    assert state() == "active"


def test_names_of_load_balancer_and_target_group(world: World) -> None:
    front = "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
    made = world.balancer(world.network())
    assert made["LoadBalancerArn"].startswith(f"{front}loadbalancer/net/MyNetwork-LB/")
    assert re.fullmatch(r"MyNetwork-LB-[0-9a-f]{16}\.elb\.us-east-1\.amazonaws\.com", made["DNSName"])
    assert made["CanonicalHostedZoneId"] == "Z26RNL4JYFTOTI"
    assert world.targets(world.network("10.0")).startswith(f"{front}targetgroup/MyNetwork-TG/")


def test_load_balancer_makes_an_interface_in_the_subnet_which_outlives_it(slow: World) -> None:
    net = slow.network()
    arn = slow.balancer(net)["LoadBalancerArn"]
    (one,) = slow.interfaces(description="ELB " + arn.partition("loadbalancer/")[2])
    assert (one["SubnetId"], one["Status"], one["RequesterManaged"]) == (net.subnet, "in-use", True)
    assert ipaddress.ip_address(one["PrivateIpAddress"]) in ipaddress.ip_network("20.0.1.0/24")
    assert one["Association"]["PublicIp"]
    slow.elb.delete_load_balancer(LoadBalancerArn=arn)
    assert slow.elb.describe_load_balancers()["LoadBalancers"] == []
    assert len(slow.interfaces(vpc_id=net.vpc)) == 1
    slow.sandbox.clock.skip(21)
    assert slow.interfaces(vpc_id=net.vpc) == []


def test_create_load_balancer_same_again(world: World) -> None:
    net = world.network()
    assert world.balancer(net)["LoadBalancerArn"] == world.balancer(net)["LoadBalancerArn"]
    assert len(world.elb.describe_load_balancers()["LoadBalancers"]) == 1


def test_create_load_balancer_same_name_other_scheme(world: World) -> None:
    net = world.network()
    world.balancer(net)
    words = "A load balancer with the same name 'MyNetwork-LB' exists, but with different settings"
    with refused("DuplicateLoadBalancerName", words):
        world.balancer(net, Scheme="internal")
    with refused("DuplicateLoadBalancerName", words):
        world.balancer(net, Tags=[{"Key": "a", "Value": "b"}])


def test_describe_load_balancer_attributes_of_a_network_load_balancer(world: World) -> None:
    arn = world.balancer(world.network())["LoadBalancerArn"]
    told = world.elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    held = {one["Key"]: one["Value"] for one in told}
    assert held["access_logs.s3.enabled"] == "false"
    assert held["dns_record.client_routing_policy"] == "any_availability_zone"
    assert {"ipv6.deny_all_igw_traffic", "zonal_shift.config.enabled", "deletion_protection.enabled"} <= set(held)


# --- target groups and listeners ----------------------------------------------------------------------------------


def test_create_target_group_same_again(world: World) -> None:
    net = world.network()
    assert world.targets(net) == world.targets(net)
    with refused("DuplicateTargetGroupName", "exists, but with different settings"):
        world.targets(net, Port=81)


def test_a_tcp_check_may_take_as_long_as_its_interval(world: World) -> None:
    group = {"Name": "tcp", "Protocol": "TCP", "Port": 80, "VpcId": world.vpc(), "HealthCheckIntervalSeconds": 10}
    made = world.elb.create_target_group(**group)["TargetGroups"][0]
    assert (made["HealthCheckIntervalSeconds"], made["HealthCheckTimeoutSeconds"]) == (10, 10)
    world.elb.modify_target_group(TargetGroupArn=made["TargetGroupArn"], HealthCheckTimeoutSeconds=10)


def test_a_terminated_target_is_listed_no_more_and_drains_for_who_asks(slow: World) -> None:
    net = slow.network()
    instance, targets = slow.instance(net), slow.targets(net)
    slow.sandbox.clock.skip(11)
    slow.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    slow.listener(slow.balancer(net)["LoadBalancerArn"], targets)
    slow.ec2.terminate_instances(InstanceIds=[instance])
    assert slow.health(targets)["Reason"] == "Target.InvalidState"
    slow.sandbox.clock.skip(31)
    assert slow.health_list(targets) == []
    asked = slow.elb.describe_target_health(TargetGroupArn=targets, Targets=[{"Id": instance}])
    health = asked["TargetHealthDescriptions"][0]["TargetHealth"]
    assert (health["State"], health["Reason"]) == ("draining", "Target.DeregistrationInProgress")


def test_describe_target_group_attributes_of_tcp(world: World) -> None:
    told = world.elb.describe_target_group_attributes(TargetGroupArn=world.targets(world.network()))["Attributes"]
    keys = {one["Key"] for one in told}
    assert {"preserve_client_ip.enabled", "proxy_protocol_v2.enabled"} <= keys
    assert "deregistration_delay.connection_termination.enabled" in keys
    assert not [key for key in keys if key.startswith(("slow_start", "waf", "load_balancing.algorithm"))]


def test_describe_target_health_before_a_listener(world: World) -> None:
    net = world.network()
    instance, targets = world.instance(net), world.targets(net)
    world.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    health = world.health(targets)
    assert (health["State"], health["Reason"]) == ("unused", "Target.NotInUse")


def test_describe_target_health_after_the_listener(slow: World) -> None:
    net = slow.network()
    instance, targets = slow.instance(net), slow.targets(net)
    slow.sandbox.clock.skip(11)
    slow.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": instance}])
    slow.listener(slow.balancer(net)["LoadBalancerArn"], targets)
    health = slow.health(targets)
    assert (health["State"], health["Reason"]) == ("initial", "Elb.RegistrationInProgress")
    slow.sandbox.clock.skip(31)
    assert slow.health(targets)["Reason"] == "Elb.InitialHealthChecking"


def test_create_listener_ssl_policy_of_tcp(world: World) -> None:
    net = world.network()
    made = world.listener(world.balancer(net)["LoadBalancerArn"], world.targets(net))
    assert "SslPolicy" not in made
    assert "SslPolicy" not in world.elb.describe_listeners(ListenerArns=[made["ListenerArn"]])["Listeners"][0]


def test_create_listener_same_port_again(world: World) -> None:
    net = world.network()
    balancer, targets = world.balancer(net)["LoadBalancerArn"], world.targets(net)
    first = world.listener(balancer, targets)["ListenerArn"]
    assert world.listener(balancer, targets)["ListenerArn"] == first
    with refused("DuplicateListener"):
        world.listener(balancer, world.targets(net, "another"))


# --- endpoint services --------------------------------------------------------------------------------------------


def test_create_vpc_endpoint_service_configuration_state(slow: World) -> None:
    balancer = slow.balancer(slow.network())["LoadBalancerArn"]
    with refused("InvalidParameter", "active"):
        slow.service(balancer)
    slow.sandbox.clock.skip(121)
    service = slow.service(balancer)
    assert service["ServiceState"] == "Available"
    told = slow.ec2.describe_vpc_endpoint_service_configurations(ServiceIds=[service["ServiceId"]])
    assert told["ServiceConfigurations"][0]["ServiceState"] == "Available"


def test_service_id(world: World) -> None:
    _, _, service = world.provider()
    assert re.fullmatch(r"vpce-svc-[0-9a-f]{17}", service["ServiceId"])
    assert service["ServiceName"] == f"com.amazonaws.vpce.us-east-1.{service['ServiceId']}"


def test_create_vpc_endpoint_service_configuration_same_client_token(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    first = world.service(balancer, ClientToken="one")["ServiceId"]
    assert world.service(balancer, ClientToken="one")["ServiceId"] == first
    with refused("IdempotentParameterMismatch"):
        world.service(balancer, ClientToken="one", AcceptanceRequired=False)
    with refused("InvalidParameter", "already associated"):
        world.service(balancer, ClientToken="two")


def test_describe_vpc_endpoint_service_configurations_filters(world: World) -> None:
    world.provider()
    describe = world.ec2.describe_vpc_endpoint_service_configurations
    assert describe(Filters=filters(service_state="Deleting"))["ServiceConfigurations"] == []
    assert len(describe(Filters=filters(service_state="Available"))["ServiceConfigurations"]) == 1
    with refused("InvalidFilter", "The filter 'colour' is invalid"):
        describe(Filters=filters(colour="blue"))


def test_service_filter_tag_name_and_its_tags(world: World) -> None:
    balancer = world.balancer(world.network())["LoadBalancerArn"]
    made = world.service(balancer, TagSpecifications=named("vpc-endpoint-service", "Mine"))
    assert made["Tags"] == [{"Key": "Name", "Value": "Mine"}]
    describe = world.ec2.describe_vpc_endpoint_service_configurations
    assert describe(Filters=[{"Name": "tag:Name", "Values": ["Yours"]}])["ServiceConfigurations"] == []
    found = describe(Filters=[{"Name": "tag:Name", "Values": ["Mi*"]}])["ServiceConfigurations"]
    assert [one["Tags"] for one in found] == [made["Tags"]]


def test_describe_vpc_endpoint_services_filter_service_name(world: World) -> None:
    _, _, service = world.provider()
    found = world.ec2.describe_vpc_endpoint_services(Filters=filters(service_name=service["ServiceName"]))
    assert [one["ServiceId"] for one in found["ServiceDetails"]] == [service["ServiceId"]]


def test_added_principals_in_the_answer(world: World) -> None:
    _, _, service = world.provider()
    principal = "arn:aws:iam::210987654321:root"
    answer = world.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service["ServiceId"], AddAllowedPrincipals=[principal]
    )
    (added,) = answer["AddedPrincipals"]
    assert (added["Principal"], added["ServiceId"]) == (principal, service["ServiceId"])
    assert added["ServicePermissionId"].startswith("vpce-svc-perm-")


def test_delete_service_with_a_connected_endpoint(world: World) -> None:
    *_, service, _ = world.joined()
    (failed,) = world.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service["ServiceId"]])["Unsuccessful"]
    assert failed["ResourceId"] == service["ServiceId"]
    assert failed["Error"]["Code"] == "ExistingVpcEndpointConnections"


# --- subnets ------------------------------------------------------------------------------------------------------


def test_create_subnet_by_the_zone_s_id(world: World) -> None:
    vpc = world.network().vpc
    made = world.ec2.create_subnet(VpcId=vpc, CidrBlock="20.0.9.0/24", AvailabilityZoneId="use1-az6")["Subnet"]
    (seen,) = world.ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"]
    for one in (made, seen):
        assert not one["DefaultForAz"]
        assert not one["MapPublicIpOnLaunch"]


# --- endpoints ----------------------------------------------------------------------------------------------------


def test_create_vpc_endpoint_fields(world: World) -> None:
    *_, endpoint = world.joined()
    assert re.fullmatch(r"vpce-[0-9a-f]{17}", endpoint["VpcEndpointId"])
    assert endpoint["State"] == "pendingAcceptance"
    assert endpoint["IpAddressType"] == "ipv4"
    assert endpoint["DnsOptions"]["DnsRecordIpType"] == "ipv4"


def test_an_endpoint_is_described_and_its_connection_accepted_once(world: World) -> None:
    *_, service, endpoint = world.joined()
    id = endpoint["VpcEndpointId"]
    assert world.state(id) == "pendingAcceptance"
    assert len(world.endpoints(vpc_endpoint_id=id)) == 1
    assert world.endpoints(vpc_endpoint_id="vpce-0123456789abcdef0") == []
    (one,) = world.connections(service["ServiceId"])
    assert (one["VpcEndpointId"], one["VpcEndpointState"]) == (id, "pendingAcceptance")
    assert world.accept(service["ServiceId"], id) == []
    (failed,) = world.accept(service["ServiceId"], id)
    assert (failed["ResourceId"], failed["Error"]["Code"]) == (id, "InvalidState")


def test_create_vpc_endpoint_same_client_token(world: World) -> None:
    _, _, service = world.provider()
    customer = world.network("10.0")
    first = world.endpoint(customer, service["ServiceName"], ClientToken="one")["VpcEndpointId"]
    assert world.endpoint(customer, service["ServiceName"], ClientToken="one")["VpcEndpointId"] == first
    assert len(world.endpoints()) == 1


def test_endpoint_interface_address_groups_kind(world: World) -> None:
    _, customer, *_, endpoint = world.joined()
    (one,) = world.interfaces(network_interface_id=endpoint["NetworkInterfaceIds"][0])
    assert ipaddress.ip_address(one["PrivateIpAddress"]) in ipaddress.ip_network("10.0.1.0/24")
    assert [group["GroupId"] for group in one["Groups"]] == [customer.group]
    assert one["Description"] == f"VPC Endpoint Interface {endpoint['VpcEndpointId']}"
    assert (one["InterfaceType"], one["RequesterManaged"], one["Status"]) == ("vpc_endpoint", True, "in-use")


def test_endpoint_dns_entries(world: World) -> None:
    *_, service, endpoint = world.joined()
    names = [entry["DnsName"] for entry in endpoint["DnsEntries"]]
    base = re.escape(f"{service['ServiceId']}.us-east-1.vpce.amazonaws.com")
    assert re.fullmatch(rf"{endpoint['VpcEndpointId']}-[0-9a-z]{{8}}\.{base}", names[0])
    assert re.fullmatch(rf"{endpoint['VpcEndpointId']}-[0-9a-z]{{8}}-us-east-1a\.{base}", names[1])
    assert {entry["HostedZoneId"] for entry in endpoint["DnsEntries"]} == {"Z7HUB22UULQXV"}


def test_reject_vpc_endpoint_connections_unknown(world: World) -> None:
    _, _, service = world.provider()
    answer = world.ec2.reject_vpc_endpoint_connections(
        ServiceId=service["ServiceId"], VpcEndpointIds=["vpce-0123456789abcdef0"]
    )
    assert [one["ResourceId"] for one in answer["Unsuccessful"]] == ["vpce-0123456789abcdef0"]


def test_delete_vpc_endpoints_unknown_id(world: World) -> None:
    (failed,) = world.ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-0123456789abcdef0"])["Unsuccessful"]
    assert failed["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"


# --- deleting what is in use --------------------------------------------------------------------------------------


def test_what_an_endpoint_uses_cannot_be_deleted(world: World) -> None:
    _, customer, *_ = world.joined()
    with refused("DependencyViolation", f"resource {customer.group} has a dependent object"):
        world.ec2.delete_security_group(GroupId=customer.group)
    with refused("DependencyViolation", f"The subnet '{customer.subnet}' has dependencies and cannot be deleted."):
        world.ec2.delete_subnet(SubnetId=customer.subnet)


def test_what_a_running_instance_uses_cannot_be_deleted(world: World) -> None:
    net = world.network()
    world.instance(net)
    with refused("DependencyViolation", f"resource {net.group} has a dependent object"):
        world.ec2.delete_security_group(GroupId=net.group)
    with refused("DependencyViolation"):
        world.ec2.delete_subnet(SubnetId=net.subnet)
    with refused("DependencyViolation", f"Network {net.vpc} has some mapped public address(es)."):
        world.ec2.detach_internet_gateway(InternetGatewayId=net.gateway, VpcId=net.vpc)


# --- other services -----------------------------------------------------------------------------------------------


def test_resourcegroupstaggingapi_get_resources(world: World) -> None:
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


def test_ssm_describe_instance_information(world: World) -> None:
    world.instance(world.network())
    assert world.ssm.describe_instance_information()["InstanceInformationList"] == []


# --- what a peer's tests found ------------------------------------------------------------------------------------


def launch_template(world: World, **data: object) -> str:
    made = world.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def test_run_instances_by_a_launch_template(world: World) -> None:
    net, image = world.network(), world.image()
    world.ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=PUBLIC_KEY)
    nic = {"DeviceIndex": 0, "SubnetId": net.subnet, "Groups": [net.group], "AssociatePublicIpAddress": True}
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}]}]
    data = {"ImageId": image, "InstanceType": "t3.micro", "KeyName": "mine", "UserData": "YQ==", "DisableApiStop": True}
    id = launch_template(world, **data, NetworkInterfaces=[nic], TagSpecifications=tags)
    world.ec2.create_launch_template_version(
        LaunchTemplateName="web", LaunchTemplateData={**data, "InstanceType": "t3.small", "NetworkInterfaces": [nic]}
    )
    types = {
        "t3.micro": [
            {"LaunchTemplateId": id},
            {"LaunchTemplateName": "web", "Version": "$Default"},
            {"LaunchTemplateId": id, "Version": "1"},
        ],
        "t3.small": [
            {"LaunchTemplateName": "web", "Version": "$Latest"},
            {"LaunchTemplateId": id, "Version": "2"},
        ],
    }
    for kind, templates in types.items():
        for template in templates:
            made = world.ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)["Instances"][0]
            assert (made["InstanceType"], made["ImageId"], made["KeyName"]) == (kind, image, "mine"), template
            assert (made["SubnetId"], [one["GroupId"] for one in made["SecurityGroups"]]) == (net.subnet, [net.group])
    template = {"LaunchTemplateId": id}
    spec = [{"ResourceType": "instance", "Tags": [{"Key": "b", "Value": "2"}]}]
    made = world.ec2.run_instances(
        LaunchTemplate=template, InstanceType="t3.medium", TagSpecifications=spec, MinCount=1, MaxCount=1
    )["Instances"][0]
    told = world.described(made["InstanceId"])
    assert told["InstanceType"] == "t3.medium", "what the call says goes before the template"
    assert {tag["Key"]: tag["Value"] for tag in told["Tags"]} == {
        "a": "1",
        "b": "2",
        "aws:ec2launchtemplate:id": id,
        "aws:ec2launchtemplate:version": "1",
    }
    assert "PublicIpAddress" in told
    assert world.sandbox.cloud.view().instances[made["InstanceId"]].user_data == "a"
    with refused("OperationNotPermitted", "disableApiStop"):
        world.ec2.stop_instances(InstanceIds=[made["InstanceId"]])


def test_run_instances_by_a_launch_template_that_is_not_there(world: World) -> None:
    id = launch_template(world, InstanceType="t3.micro")
    for template, code in (
        ({"LaunchTemplateId": "lt-0123456789abcdef0"}, "InvalidLaunchTemplateId.NotFound"),
        ({"LaunchTemplateName": "nobody"}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"LaunchTemplateId": id, "Version": "9"}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": id, "Version": "0"}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": id, "Version": "two"}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": id, "LaunchTemplateName": "web"}, "InvalidParameterCombination"),
        ({"Version": "1"}, "MissingParameter"),
        ({"LaunchTemplateId": id}, "MissingParameter"),
    ):
        with refused(code):
            world.ec2.run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1)


def test_create_subnet_is_available_at_once(slow: World) -> None:
    made = slow.ec2.create_subnet(VpcId=slow.vpc(), CidrBlock="20.0.1.0/24")["Subnet"]
    assert made["State"] == "available"
    assert slow.ec2.describe_subnets(SubnetIds=[made["SubnetId"]])["Subnets"][0]["State"] == "available"


def test_public_address_of_an_interface(world: World) -> None:
    net = world.network()
    made = world.run(net)
    assert made["PublicDnsName"] == ""
    assert "Association" not in made["NetworkInterfaces"][0]
    for has_names in (False, True):
        world.ec2.modify_vpc_attribute(VpcId=net.vpc, EnableDnsHostnames={"Value": has_names})
        told = world.described(made["InstanceId"])
        address = told["PublicIpAddress"]
        name = f"ec2-{address.replace('.', '-')}.compute-1.amazonaws.com" if has_names else ""
        association = {"IpOwnerId": "amazon", "PublicDnsName": name, "PublicIp": address}
        assert told["PublicDnsName"] == name
        for nic in (told["NetworkInterfaces"][0], *world.interfaces(**{"attachment.instance-id": made["InstanceId"]})):
            assert nic["Association"] == association
            assert nic["PrivateIpAddresses"][0]["Association"] == association
    private = world.run(net, NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": net.subnet}])
    told = world.described(private["InstanceId"])
    assert (told["PublicDnsName"], "Association" in told["NetworkInterfaces"][0]) == ("", False)


def test_backslash_in_a_filter(world: World) -> None:
    """Ours and moto's own filters."""
    *_, endpoint = world.joined()
    id, gateway = endpoint["VpcEndpointId"], world.gateway()
    for value, pattern, found in (
        ("a*b", "a\\*b", True),
        ("axb", "a\\*b", False),
        ("axb", "a*b", True),
        ("a?b", "a\\?b", True),
        ("axb", "a\\?b", False),
        ("a\\b", "a\\\\b", True),
        ("a[b", "a[b", True),
        ("b", "a[b]", False),
        ("a  b", "a**b", True),
    ):
        world.ec2.create_tags(Resources=[id, gateway], Tags=[{"Key": "Name", "Value": value}])
        assert bool(world.endpoints(**{"tag:Name": pattern})) is found, (value, pattern)
        named_so = world.ec2.describe_internet_gateways(Filters=filters(**{"tag:Name": pattern}))
        assert bool(named_so["InternetGateways"]) is found, (value, pattern)


def test_wildcards_in_moto_s_filters(world: World) -> None:
    net = world.network()
    instance = world.instance(net)

    def finds(pattern: str) -> bool:
        return bool(world.ec2.describe_instances(Filters=filters(instance_id=pattern))["Reservations"])

    assert finds(instance)
    assert finds(f"{instance[:5]}*")
    assert finds(f"{instance[:-1]}?")
    assert not finds(f"[i]{instance[1:]}")
    assert world.ec2.describe_subnets(Filters=filters(subnet_id=f"{net.subnet[:-2]}??"))["Subnets"]


def test_run_instances_as_many_as_there_is_room_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instances, "MOST_INSTANCES", 3)
    net = world.network()
    asked = {"ImageId": world.image(), "SubnetId": net.subnet}
    with refused("InstanceLimitExceeded", "Your quota allows for 3 more running instance(s). You requested at least 4"):
        world.ec2.run_instances(**asked, MinCount=4, MaxCount=100_000)
    with refused("InvalidParameterValue", "minCount"):
        world.ec2.run_instances(**asked, MinCount=0, MaxCount=1)
    with refused("InvalidParameterValue", "maxCount"):
        world.ec2.run_instances(**asked, MinCount=2, MaxCount=1)
    made = world.ec2.run_instances(**asked, MinCount=1, MaxCount=100_000)["Instances"]
    assert len(made) == 3
    world.ec2.terminate_instances(InstanceIds=[made[0]["InstanceId"]])
    world.described(made[0]["InstanceId"])
    monkeypatch.setattr(instances, "MOST_INSTANCES", 1000)
    with refused("InsufficientFreeAddressesInSubnet"):
        world.ec2.run_instances(**asked, MinCount=300, MaxCount=300)


def test_a_service_on_a_gateway_load_balancer_is_not_served(world: World) -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/gwy/g/0123456789abcdef"
    with refused("UnsupportedOperation", "The sandbox has no endpoint services on Gateway Load Balancers"):
        world.ec2.create_vpc_endpoint_service_configuration(GatewayLoadBalancerArns=[arn])
    with refused("InvalidParameter", "exactly one of"):
        world.ec2.create_vpc_endpoint_service_configuration(
            GatewayLoadBalancerArns=[arn], NetworkLoadBalancerArns=[arn]
        )
