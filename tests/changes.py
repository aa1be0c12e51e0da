"""Everything that somebody can change about a demo: every field of every kind, and how it is changed and put back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Protocol

from vpce_demo.aws.tags import KEY_TAG
from vpce_demo.model import Remedy


class Standing(Protocol):
    """A demo that stands: the ids of its resources by their keys, and clients of its account."""

    @property
    def ids(self) -> Mapping[str, str]: ...
    @property
    def ec2(self) -> Any: ...
    @property
    def elb(self) -> Any: ...


# --- how a thing is changed -------------------------------------------------------------

Change = Callable[[Standing, ExitStack], None]
"""Changes a thing, and leaves on the stack how it is put back."""


def filled(stage: Standing, value: Any) -> Any:
    """The value with the id of a resource where ``@key`` stands."""
    match value:
        case str() if value.startswith("@"):
            return stage.ids[value[1:]]
        case list():
            return [filled(stage, one) for one in value]
        case dict():
            return {name: filled(stage, one) for name, one in value.items()}
    return value


def called(call: str, of: dict[str, Any], there: dict[str, Any], back: dict[str, Any], undo: str = "") -> Change:
    """A call of AWS's about this with these parameters, and the one that takes it back."""
    service, _, name = call.partition(".")

    def change(stage: Standing, after: ExitStack) -> None:
        client = getattr(stage, service)
        getattr(client, name)(**filled(stage, of | there))
        after.callback(lambda: getattr(client, undo or name)(**filled(stage, of | back)))

    return change


def answered(service: str, operation: str, edit: Callable[[Standing, Any], object]) -> Change:
    """A describe call that answers otherwise, for what neither AWS nor the sandbox lets anybody change."""

    def change(stage: Standing, after: ExitStack) -> None:
        events = getattr(stage, service).meta.events
        name = f"after-call.{'elastic-load-balancing-v2' if service == 'elb' else service}.{operation}"

        def hear(parsed: Any, **rest: object) -> None:
            edit(stage, parsed)

        events.register(name, hear)
        after.callback(lambda: events.unregister(name, hear))

    return change


def item(parsed: Any, listed: str, id: str, value: str) -> Any:
    """The one thing in an answer."""
    items = parsed[listed] if listed != "Reservations" else [i for r in parsed[listed] for i in r["Instances"]]
    return next(one for one in items if one[id] == value)


DESCRIBED = {
    "provider-vpc": ("ec2", "DescribeVpcs", "Vpcs", "VpcId"),
    "provider-subnet": ("ec2", "DescribeSubnets", "Subnets", "SubnetId"),
    "provider-routes": ("ec2", "DescribeRouteTables", "RouteTables", "RouteTableId"),
    "provider-group": ("ec2", "DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    "web": ("ec2", "DescribeInstances", "Reservations", "InstanceId"),
    "load-balancer": ("elb", "DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn"),
    "target-group": ("elb", "DescribeTargetGroups", "TargetGroups", "TargetGroupArn"),
    "listener": ("elb", "DescribeListeners", "Listeners", "ListenerArn"),
    "service": ("ec2", "DescribeVpcEndpointServiceConfigurations", "ServiceConfigurations", "ServiceId"),
    **dict.fromkeys(
        ("endpoint", "gateway-endpoint-s3", "interface-endpoint"),
        ("ec2", "DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId"),
    ),
    "gateway-private": ("ec2", "DescribeInstances", "Reservations", "InstanceId"),
}
"""The service and the call that describe a resource, where it is listed in the answer, and under which id."""


def told(key: str, field: str, value: object) -> Change:
    """The describe call tells this value of the field of the resource."""
    service, operation, listed, id = DESCRIBED[key]
    return answered(
        service, operation, lambda stage, parsed: item(parsed, listed, id, stage.ids[key]).update({field: value})
    )


def tag_lost(key: str, value: str) -> Change:
    of, tag = {"Resources": [f"@{key}"]}, {"Key": "Name", "Value": value}
    return called("ec2.delete_tags", of, {"Tags": [{"Key": "Name"}]}, {"Tags": [tag]}, "create_tags")


def name_lost(key: str, value: str) -> Change:
    of, tag = {"ResourceArns": [f"@{key}"]}, {"Key": "Name", "Value": value}
    return called("elb.remove_tags", of, {"TagKeys": ["Name"]}, {"Tags": [tag]}, "add_tags")


def key_mark(key: str) -> Change:
    """Another ssh key's mark."""

    def change(stage: Standing, after: ExitStack) -> None:
        filters = [{"Name": "resource-id", "Values": [stage.ids[key]]}, {"Name": "key", "Values": [KEY_TAG]}]
        (before,) = stage.ec2.describe_tags(Filters=filters)["Tags"]

        def put(value: str) -> None:
            stage.ec2.create_tags(Resources=[stage.ids[key]], Tags=[{"Key": KEY_TAG, "Value": value}])

        put("another")
        after.callback(put, before["Value"])

    return change


def another_listener_goal(stage: Standing, after: ExitStack) -> None:
    vpc = stage.ids["provider-vpc"]
    other = stage.elb.create_target_group(Name="other", Protocol="TCP", Port=80, VpcId=vpc)["TargetGroups"][0]
    after.callback(stage.elb.delete_target_group, TargetGroupArn=other["TargetGroupArn"])

    def forward(arn: str) -> None:
        goal = {"Type": "forward", "TargetGroupArn": arn}
        stage.elb.modify_listener(ListenerArn=stage.ids["listener"], DefaultActions=[goal])

    forward(other["TargetGroupArn"])
    after.callback(forward, stage.ids["target-group"])


def attribute(key: str, name: str, value: str) -> Change:
    """An attribute of a load balancer or target group, of two values."""
    what = key.replace("-", "_")
    of = {"LoadBalancerArn" if key == "load-balancer" else "TargetGroupArn": f"@{key}"}
    there, back = ({"Attributes": [{"Key": name, "Value": v}]} for v in (value, {"true": "false"}.get(value, "true")))
    return called(f"elb.modify_{what}_attributes", of, there, back)


def another_range(stage: Standing, after: ExitStack) -> None:
    answer = stage.ec2.associate_vpc_cidr_block(VpcId=stage.ids["provider-vpc"], CidrBlock="20.1.0.0/16")
    id = answer["CidrBlockAssociation"]["AssociationId"]
    after.callback(stage.ec2.disassociate_vpc_cidr_block, AssociationId=id)


def subnet_acl(stage: Standing) -> tuple[str, str]:
    """The network ACL of the provider's subnet, and the id of its association."""
    subnet = stage.ids["provider-subnet"]
    (acl,) = stage.ec2.describe_network_acls(Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
        "NetworkAcls"
    ]
    (id,) = [one["NetworkAclAssociationId"] for one in acl["Associations"] if one["SubnetId"] == subnet]
    return acl["NetworkAclId"], id


def another_acl(stage: Standing, after: ExitStack) -> None:
    before, association = subnet_acl(stage)
    other = stage.ec2.create_network_acl(VpcId=stage.ids["provider-vpc"])["NetworkAcl"]["NetworkAclId"]
    stage.ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=other)

    def back() -> None:
        stage.ec2.replace_network_acl_association(AssociationId=subnet_acl(stage)[1], NetworkAclId=before)
        stage.ec2.delete_network_acl(NetworkAclId=other)

    after.callback(back)


def another_acl_rule(stage: Standing, after: ExitStack) -> None:
    acl, _ = subnet_acl(stage)
    rule = {"NetworkAclId": acl, "RuleNumber": 90, "Egress": False}
    ssh = {"Protocol": "6", "PortRange": {"From": 22, "To": 22}, "CidrBlock": "0.0.0.0/0"}
    stage.ec2.create_network_acl_entry(**rule, **ssh, RuleAction="deny")
    after.callback(stage.ec2.delete_network_acl_entry, **rule)


def another_target(stage: Standing, after: ExitStack) -> None:
    """A stranger's instance in our target group."""
    (image,) = [
        instance["ImageId"]
        for held in stage.ec2.describe_instances(InstanceIds=[stage.ids["web"]])["Reservations"]
        for instance in held["Instances"]
    ]
    subnet = stage.ids["provider-subnet"]
    made = stage.ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet)
    id = made["Instances"][0]["InstanceId"]
    stage.ec2.get_waiter("instance_running").wait(InstanceIds=[id], WaiterConfig={"Delay": 0})
    target = {"TargetGroupArn": stage.ids["target-group"], "Targets": [{"Id": id, "Port": 80}]}
    stage.elb.register_targets(**target)
    after.callback(stage.ec2.terminate_instances, InstanceIds=[id])
    after.callback(stage.elb.deregister_targets, **target)


def another_source(stage: Standing, after: ExitStack) -> None:
    def put(before: str, now: str) -> None:
        for source, call in ((before, "revoke"), (now, "authorize")):
            ranges = [{"CidrIp": source, "Description": "vpce-demo: provider-rule-ssh"}]
            rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges}
            ingress = getattr(stage.ec2, f"{call}_security_group_ingress")
            ingress(GroupId=stage.ids["provider-group"], IpPermissions=[rule])

    put("203.0.113.10/32", "192.0.2.0/24")
    after.callback(put, "192.0.2.0/24", "203.0.113.10/32")


def another_port(stage: Standing, after: ExitStack) -> None:
    web, arn = stage.ids["web"], stage.ids["target-group"]
    stage.elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": web, "Port": 8080}])
    stage.elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": web, "Port": 80}])
    after.callback(stage.elb.deregister_targets, TargetGroupArn=arn, Targets=[{"Id": web, "Port": 8080}])
    after.callback(stage.elb.register_targets, TargetGroupArn=arn, Targets=[{"Id": web, "Port": 80}])


def another_route(stage: Standing, after: ExitStack) -> None:
    (described,) = stage.ec2.describe_instances(InstanceIds=[stage.ids["web"]])["Reservations"]
    interface = described["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"]
    route = {"RouteTableId": stage.ids["provider-routes"], "DestinationCidrBlock": "0.0.0.0/0"}
    stage.ec2.replace_route(**route, NetworkInterfaceId=interface)
    after.callback(stage.ec2.replace_route, **route, GatewayId=stage.ids["provider-gateway"])


def another_endpoint_group(endpoint: str, vpc: str, ours: str) -> Change:
    """The default group of the VPC in the place of ours."""

    def change(stage: Standing, after: ExitStack) -> None:
        filters = [{"Name": "vpc-id", "Values": [stage.ids[vpc]]}, {"Name": "group-name", "Values": ["default"]}]
        (group,) = stage.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
        _swapped(stage, after, endpoint, "SecurityGroupIds", stage.ids[ours], group["GroupId"])

    return change


def _swapped(stage: Standing, after: ExitStack, endpoint: str, what: str, ours: str, other: str) -> None:
    """An endpoint with another one in the place of ours."""

    def swap(add: str, remove: str) -> None:
        change = {f"Add{what}": [add], f"Remove{what}": [remove]}
        stage.ec2.modify_vpc_endpoint(VpcEndpointId=stage.ids[endpoint], **change)

    swap(other, ours)
    after.callback(swap, ours, other)


def another_endpoint_table(stage: Standing, after: ExitStack) -> None:
    """The gateway endpoint of S3 with the route table of the public subnet."""
    ids = stage.ids
    _swapped(
        stage,
        after,
        "gateway-endpoint-s3",
        "RouteTableIds",
        ids["gateway-private-routes"],
        ids["gateway-public-routes"],
    )


def another_balancer(stage: Standing, after: ExitStack) -> None:
    """Somebody else's load balancer in the place of ours, with nothing behind it."""
    made = stage.elb.create_load_balancer(Name="another", Type="network", Subnets=[stage.ids["provider-subnet"]])
    (other,) = made["LoadBalancers"]
    arn = other["LoadBalancerArn"]
    stage.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig={"Delay": 0})
    after.callback(stage.elb.delete_load_balancer, LoadBalancerArn=arn)

    def swap(add: str, remove: str) -> None:
        balancers = {"AddNetworkLoadBalancerArns": [add], "RemoveNetworkLoadBalancerArns": [remove]}
        stage.ec2.modify_vpc_endpoint_service_configuration(ServiceId=stage.ids["service"], **balancers)

    swap(arn, stage.ids["load-balancer"])
    after.callback(swap, stage.ids["load-balancer"], arn)


def another_endpoint_subnet(endpoint: str, ours: str, cidr: str) -> Change:
    """The endpoint in a subnet of somebody else, in the same zone."""

    def change(stage: Standing, after: ExitStack) -> None:
        (before,) = stage.ec2.describe_subnets(SubnetIds=[stage.ids[ours]])["Subnets"]
        where = {"VpcId": before["VpcId"], "AvailabilityZoneId": before["AvailabilityZoneId"]}
        other = stage.ec2.create_subnet(CidrBlock=cidr, **where)["Subnet"]["SubnetId"]
        after.callback(stage.ec2.delete_subnet, SubnetId=other)
        _swapped(stage, after, endpoint, "SubnetIds", stage.ids[ours], other)

    return change


def blackhole(stage: Standing, parsed: Any) -> None:
    for route in item(parsed, "RouteTables", "RouteTableId", stage.ids["provider-routes"])["Routes"]:
        if route["DestinationCidrBlock"] == "0.0.0.0/0":
            route.update(State="blackhole")


NAMED = {
    "provider-vpc": "Service_Network",
    "provider-gateway": "Service_IGW",
    "provider-subnet": "Service_Public_subnet",
    "provider-routes": "Service_PublicRT",
    "provider-key": "Service_key",
    "provider-group": "Webserver_sg",
    "web": "Webserver1",
    "service": "MyEndpointService",
    "endpoint": "MyEndpoint",
}

TOLD: list[tuple[str, str, str, str, object]] = [
    ("provider-vpc", "address range", "21.0.0.0/16", "CidrBlock", "21.0.0.0/16"),
    ("provider-subnet", "address range", "20.0.9.0/24", "CidrBlock", "20.0.9.0/24"),
    ("provider-subnet", "zone", "use1-az9", "AvailabilityZoneId", "use1-az9"),
    ("provider-subnet", "VPC", "vpc-1", "VpcId", "vpc-1"),
    ("provider-routes", "VPC", "vpc-1", "VpcId", "vpc-1"),
    ("provider-group", "VPC", "vpc-1", "VpcId", "vpc-1"),
    ("provider-group", "description", "mine", "Description", "mine"),
    ("web", "image", "ami-1", "ImageId", "ami-1"),
    ("web", "key pair", "another", "KeyName", "another"),
    ("web", "subnet", "subnet-1", "SubnetId", "subnet-1"),
    ("web", "public address", "no", "PublicIpAddress", ""),
    ("load-balancer", "type", "application", "Type", "application"),
    ("load-balancer", "scheme", "internal", "Scheme", "internal"),
    ("load-balancer", "subnets", "subnet-1", "AvailabilityZones", [{"SubnetId": "subnet-1"}]),
    ("load-balancer", "security groups", "sg-1", "SecurityGroups", ["sg-1"]),
    ("target-group", "target type", "ip", "TargetType", "ip"),
    ("target-group", "protocol", "UDP", "Protocol", "UDP"),
    ("target-group", "port", "8080", "Port", 8080),
    ("target-group", "VPC", "vpc-1", "VpcId", "vpc-1"),
    ("listener", "protocol", "TLS", "Protocol", "TLS"),
    ("service", "address types", "ipv4, ipv6", "SupportedIpAddressTypes", ["ipv4", "ipv6"]),
    ("endpoint", "type", "GatewayLoadBalancer", "VpcEndpointType", "GatewayLoadBalancer"),
    ("endpoint", "service", "vpce-svc-1", "ServiceName", "com.amazonaws.vpce.us-east-1.vpce-svc-1"),
    ("endpoint", "VPC", "vpc-1", "VpcId", "vpc-1"),
    ("endpoint", "private DNS", "yes", "PrivateDnsEnabled", True),
]
"""A resource, our name of its field, what we say of it, and what AWS answers: its name of the field and the value."""

ROUTE = {"RouteTableId": "@provider-routes", "DestinationCidrBlock": "10.9.0.0/16"}
EXTRA = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8090, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
EVERYBODY = {
    "GroupId": "@provider-group",
    "IpPermissions": [
        {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    ],
}
INBOUND = {"GroupId": "@provider-group", "IpPermissions": [EXTRA]}
ALL_OUT = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
OUTBOUND = {"GroupId": "@provider-group", "IpPermissions": ALL_OUT}
WEB, GROUP, BALANCER = (
    {"InstanceId": "@web"},
    {"TargetGroupArn": "@target-group"},
    {"LoadBalancerArn": "@load-balancer"},
)
TARGET = GROUP | {"Targets": [{"Id": "@web", "Port": 8080}]}

CALLED: dict[tuple[str, str, str], Change] = {
    ("provider-routes", "further routes", "10.9.0.0/16 to igw-"): called(
        "ec2.create_route", ROUTE, {"GatewayId": "@provider-gateway"}, {}, "delete_route"
    ),
    ("provider-route", "target", "eni-"): another_route,
    ("provider-route", "state", "blackhole"): answered("ec2", "DescribeRouteTables", blackhole),
    ("provider-key", "ssh key", "another"): key_mark("provider-key"),
    ("provider-group", "further inbound rules", "tcp/8080-8090 from 192.0.2.0/24"): called(
        "ec2.authorize_security_group_ingress", INBOUND, {}, {}, "revoke_security_group_ingress"
    ),
    ("provider-group", "open to everybody", "tcp/3389 from 0.0.0.0/0"): called(
        "ec2.authorize_security_group_ingress", EVERYBODY, {}, {}, "revoke_security_group_ingress"
    ),
    ("provider-group", "outbound rules", "none"): called(
        "ec2.revoke_security_group_egress", OUTBOUND, {}, {}, "authorize_security_group_egress"
    ),
    ("provider-group", "further outbound rules", "tcp/8080-8090 to 192.0.2.0/24"): called(
        "ec2.authorize_security_group_egress", INBOUND, {}, {}, "revoke_security_group_egress"
    ),
    ("provider-vpc", "further address ranges", "20.1.0.0/16"): another_range,
    ("provider-vpc", "DNS resolution", "no"): called(
        "ec2.modify_vpc_attribute",
        {"VpcId": "@provider-vpc"},
        {"EnableDnsSupport": {"Value": False}},
        {"EnableDnsSupport": {"Value": True}},
    ),
    ("provider-subnet", "public addresses by default", "yes"): called(
        "ec2.modify_subnet_attribute",
        {"SubnetId": "@provider-subnet"},
        {"MapPublicIpOnLaunch": {"Value": True}},
        {"MapPublicIpOnLaunch": {"Value": False}},
    ),
    ("provider-subnet", "network ACL", "acl-"): another_acl,
    ("provider-subnet", "network ACL rules", "90 in deny tcp/22 0.0.0.0/0"): another_acl_rule,
    ("provider-rule-ssh", "source", "192.0.2.0/24"): another_source,
    ("web", "type", "t3.small"): called(
        "ec2.modify_instance_attribute",
        WEB,
        {"InstanceType": {"Value": "t3.small"}},
        {"InstanceType": {"Value": "t3.micro"}},
    ),
    ("web", "IMDSv2", "optional"): called(
        "ec2.modify_instance_metadata_options", WEB, {"HttpTokens": "optional"}, {"HttpTokens": "required"}
    ),
    ("web", "security groups", "sg-"): called(
        "ec2.modify_instance_attribute", WEB, {"Groups": ["@customer-group"]}, {"Groups": ["@provider-group"]}
    ),
    ("web", "ssh key", "another"): key_mark("web"),
    ("load-balancer", "address type", "dualstack"): called(
        "elb.set_ip_address_type", BALANCER, {"IpAddressType": "dualstack"}, {"IpAddressType": "ipv4"}
    ),
    ("load-balancer", "cross-zone", "true"): attribute("load-balancer", "load_balancing.cross_zone.enabled", "true"),
    ("load-balancer", "deletion protection", "true"): attribute("load-balancer", "deletion_protection.enabled", "true"),
    ("target-group", "client address kept", "false"): attribute("target-group", "preserve_client_ip.enabled", "false"),
    ("target-group", "proxy protocol", "true"): attribute("target-group", "proxy_protocol_v2.enabled", "true"),
    ("load-balancer", "tag Name", "none"): name_lost("load-balancer", "MyNetwork-LB"),
    ("target-group", "tag Name", "none"): name_lost("target-group", "MyNetwork-TG"),
    ("target-group", "health check protocol", "HTTP"): called(
        "elb.modify_target_group",
        GROUP,
        {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/nope"},
        {"HealthCheckProtocol": "TCP"},
    ),
    ("target-group", "health check port", "8443"): called(
        "elb.modify_target_group", GROUP, {"HealthCheckPort": "8443"}, {"HealthCheckPort": "traffic-port"}
    ),
    **{
        ("target-group", field, str(there)): called("elb.modify_target_group", GROUP, {name: there}, {name: back})
        for field, name, there, back in (
            ("health check interval", "HealthCheckIntervalSeconds", 30, 10),
            ("health check timeout", "HealthCheckTimeoutSeconds", 3, 5),
            ("healthy threshold", "HealthyThresholdCount", 5, 2),
            ("unhealthy threshold", "UnhealthyThresholdCount", 4, 2),
        )
    },
    ("listener", "target group", "arn:"): another_listener_goal,
    ("listener", "port", "8080"): called(
        "elb.modify_listener", {"ListenerArn": "@listener"}, {"Port": 8080}, {"Port": 80}
    ),
    ("target", "further ports", ":8080"): called("elb.register_targets", TARGET, {}, {}, "deregister_targets"),
    ("target", "further targets", "i-"): another_target,
    ("service", "load balancers", "another"): another_balancer,
    ("endpoint", "subnets", "subnet-"): another_endpoint_subnet("endpoint", "customer-subnet", "10.0.78.0/24"),
    ("service", "allowed principals", "arn:aws:iam::111122223333:root"): called(
        "ec2.modify_vpc_endpoint_service_permissions",
        {"ServiceId": "@service"},
        {"AddAllowedPrincipals": ["arn:aws:iam::111122223333:root"]},
        {"RemoveAllowedPrincipals": ["arn:aws:iam::111122223333:root"]},
    ),
    ("service", "supported regions", "ap-northeast-1"): called(
        "ec2.modify_vpc_endpoint_service_configuration",
        {"ServiceId": "@service"},
        {"AddSupportedRegions": ["ap-northeast-1"]},
        {"RemoveSupportedRegions": ["ap-northeast-1"]},
    ),
    ("target", "port", "8080"): another_port,
    ("service", "acceptance required", "no"): called(
        "ec2.modify_vpc_endpoint_service_configuration",
        {"ServiceId": "@service"},
        {"AcceptanceRequired": False},
        {"AcceptanceRequired": True},
    ),
    ("endpoint", "security groups", "sg-"): another_endpoint_group("endpoint", "customer-vpc", "customer-group"),
    **{(key, "tag Name", "none"): tag_lost(key, name) for key, name in NAMED.items()},
}
"""A resource, our name of its field and what we say of it, with what changes it on AWS."""

NOBODY = '{"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]}'
WAY_OUT = {"RouteTableId": "@gateway-private-routes", "DestinationCidrBlock": "0.0.0.0/0"}

TOLD_IN_CHAPTERS: list[tuple[str, str, str, str, object]] = [
    ("gateway-private", "public address", "yes", "PublicIpAddress", "198.51.100.9"),
    ("gateway-endpoint-s3", "type", "Interface", "VpcEndpointType", "Interface"),
    ("gateway-endpoint-s3", "service", "com.amazonaws.us-east-1.ssm", "ServiceName", "com.amazonaws.us-east-1.ssm"),
    ("gateway-endpoint-s3", "VPC", "vpc-1", "VpcId", "vpc-1"),
    ("interface-endpoint", "type", "Gateway", "VpcEndpointType", "Gateway"),
    ("interface-endpoint", "service", "com.amazonaws.us-east-1.ssm", "ServiceName", "com.amazonaws.us-east-1.ssm"),
    ("interface-endpoint", "VPC", "vpc-1", "VpcId", "vpc-1"),
]
CALLED_IN_CHAPTERS: dict[tuple[str, str, str], Change] = {
    ("gateway-private-routes", "further routes", "0.0.0.0/0 to igw-"): called(
        "ec2.create_route", WAY_OUT, {"GatewayId": "@gateway-igw"}, {}, "delete_route"
    ),
    **{
        (key, "policy", "Deny"): called(
            "ec2.modify_vpc_endpoint", {"VpcEndpointId": f"@{key}"}, {"PolicyDocument": NOBODY}, {"ResetPolicy": True}
        )
        for key in ("gateway-endpoint-s3", "interface-endpoint")
    },
    ("gateway-endpoint-s3", "route tables", "rtb-"): another_endpoint_table,
    ("interface-endpoint", "private DNS", "no"): called(
        "ec2.modify_vpc_endpoint",
        {"VpcEndpointId": "@interface-endpoint"},
        {"PrivateDnsEnabled": False},
        {"PrivateDnsEnabled": True},
    ),
    ("interface-endpoint", "subnets", "subnet-"): another_endpoint_subnet(
        "interface-endpoint", "interface-private-subnet", "10.2.78.0/24"
    ),
    ("interface-endpoint", "security groups", "sg-"): another_endpoint_group(
        "interface-endpoint", "interface-vpc", "interface-endpoint-group"
    ),
    ("gateway-endpoint-s3", "tag Name", "none"): tag_lost("gateway-endpoint-s3", "Gateway_S3"),
    ("interface-endpoint", "tag Name", "none"): tag_lost("interface-endpoint", "Interface_STS"),
}
"""The same of the chapters beside the tutorial."""


def _cases(
    told_so: list[tuple[str, str, str, str, object]], called_so: Mapping[tuple[str, str, str], Change]
) -> list[tuple[str, str, str, Change]]:
    return [
        *((key, field, aws, told(key, name, value)) for key, field, aws, name, value in told_so),
        *((*what, change) for what, change in called_so.items()),
    ]


CASES = _cases(TOLD, CALLED)
CASES_IN_CHAPTERS = _cases(TOLD_IN_CHAPTERS, CALLED_IN_CHAPTERS)


REPLACED = {
    "provider-route": ("target", "state"),
    "provider-key": ("ssh key",),
    "provider-rule-ssh": ("source",),
    "web": ("subnet", "public address", "key pair", "ssh key"),
    "gateway-private": ("public address",),
    "target": ("port",),
}
ASKED = {
    "provider-group": ("open to everybody",),
    "target": ("further targets",),
    "service": ("supported regions",),
}
LEFT = {
    "provider-vpc": ("address range", "further address ranges"),
    "provider-subnet": ("address range", "zone", "VPC", "network ACL"),
    "provider-routes": ("VPC", "further routes"),
    "provider-group": ("VPC", "description", "further inbound rules", "further outbound rules"),
    "web": ("image", "type"),
    "load-balancer": ("type", "scheme", "subnets", "security groups", "deletion protection"),
    "target-group": ("target type", "protocol", "port", "VPC"),
    "service": ("allowed principals",),
    "gateway-private-routes": ("further routes",),
    **dict.fromkeys(("endpoint", "gateway-endpoint-s3", "interface-endpoint"), ("type", "service", "VPC")),
}


def remedy(key: str, field: str) -> Remedy:
    """What ``up`` has to do about this field of this resource."""
    for table, word in ((REPLACED, Remedy.REPLACE), (ASKED, Remedy.ASK), (LEFT, Remedy.LEAVE)):
        if field in table.get(key, ()):
            return word
    return Remedy.MEND
