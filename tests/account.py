"""Everything that one account and region holds, by id, as AWS describes it: to be compared with itself later."""

from __future__ import annotations

from typing import Any

from vpce_demo.aws import Clients

EC2_LISTS = {
    "describe_vpcs": ("Vpcs", "VpcId"),
    "describe_internet_gateways": ("InternetGateways", "InternetGatewayId"),
    "describe_subnets": ("Subnets", "SubnetId"),
    "describe_route_tables": ("RouteTables", "RouteTableId"),
    "describe_network_acls": ("NetworkAcls", "NetworkAclId"),
    "describe_security_groups": ("SecurityGroups", "GroupId"),
    "describe_key_pairs": ("KeyPairs", "KeyPairId"),
    "describe_volumes": ("Volumes", "VolumeId"),
    "describe_addresses": ("Addresses", "AllocationId"),
    "describe_network_interfaces": ("NetworkInterfaces", "NetworkInterfaceId"),
    "describe_vpc_endpoints": ("VpcEndpoints", "VpcEndpointId"),
    "describe_vpc_endpoint_service_configurations": ("ServiceConfigurations", "ServiceId"),
    "describe_vpc_endpoint_connections": ("VpcEndpointConnections", "VpcEndpointConnectionId"),
}

Account = dict[str, Any]


def account(clients: Clients) -> Account:
    """Every thing that still lives, whoever made it."""
    held: Account = {}
    for call, (items, id) in EC2_LISTS.items():
        for item in getattr(clients.ec2, call)()[items]:
            if item.get("State") != "deleted" and item.get("ServiceState") != "Deleted":
                held[item[id]] = item
    for reservation in clients.ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            if instance["State"]["Name"] != "terminated":
                held[instance["InstanceId"]] = instance
    for balancer in clients.elb.describe_load_balancers()["LoadBalancers"]:
        arn = balancer["LoadBalancerArn"]
        listeners = clients.elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        held[arn] = (
            balancer,
            _tags(clients, arn),
            [(listener, _tags(clients, listener["ListenerArn"])) for listener in listeners],
        )
    for group in clients.elb.describe_target_groups()["TargetGroups"]:
        arn = group["TargetGroupArn"]
        health = clients.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        held[arn] = group, _tags(clients, arn), [described["Target"] for described in health]
    return held


def _tags(clients: Clients, arn: str) -> Any:
    return clients.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
