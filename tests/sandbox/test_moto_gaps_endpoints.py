"""Where stock moto answers otherwise than AWS about PrivateLink: one test a difference."""

from __future__ import annotations

import ipaddress
import re

from .world import World, filters, named, refused

# --- endpoint services ----------------------------------------------------------------------------------------------


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


def test_a_service_on_a_gateway_load_balancer_is_not_served(world: World) -> None:
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/gwy/g/0123456789abcdef"
    with refused("UnsupportedOperation", "The sandbox has no endpoint services on Gateway Load Balancers"):
        world.ec2.create_vpc_endpoint_service_configuration(GatewayLoadBalancerArns=[arn])
    with refused("InvalidParameter", "exactly one of"):
        world.ec2.create_vpc_endpoint_service_configuration(
            GatewayLoadBalancerArns=[arn], NetworkLoadBalancerArns=[arn]
        )


# --- endpoints ------------------------------------------------------------------------------------------------------


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
