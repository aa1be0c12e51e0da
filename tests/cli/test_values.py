"""Every value of the tutorial, read back with plain boto3 after ``up``.  The table below is the tutorial's own."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from .program import PAGE, World, names

ANYWHERE = "0.0.0.0/0"
ZONE = "us-east-1a"
PROVIDER: dict[str, Any] = {
    "vpc": ("Service_Network", "20.0.0.0/16"),
    "gateway": "Service_IGW",
    "subnet": ("Service_Public_subnet", "20.0.1.0/24", ZONE),
    "routes": "Service_PublicRT",
    "group": ("Webserver_sg", "Security group for Webserver", {22, 80, 443}),
}
CUSTOMER: dict[str, Any] = {
    "vpc": ("Customer_Network", "10.0.0.0/16"),
    "gateway": "Customer_IGW",
    "subnet": ("Customer_Public_subnet", "10.0.1.0/24", ZONE),
    "routes": "Customer_PublicRT",
    "group": ("Customer_EC2_SG", "Security group for Customer EC2", {22, 80}),
}


@pytest.fixture(scope="module")
def made(shared_world: World) -> World:
    """The default demo, made once for the module, which only reads."""
    shared_world.empty()
    done = shared_world.run("up", "--skip-test")
    assert done.code == 0, done.text
    return shared_world


@pytest.fixture(scope="module")
def account(made: World) -> dict[str, list[Any]]:
    return made.account()


def one(items: list[Any], name: str) -> dict[str, Any]:
    """The one thing with this Name tag."""
    found: list[dict[str, Any]] = [item for item in items if names(item) == name]
    assert len(found) == 1, f"{len(found)} named {name}"
    return found[0]


@pytest.fixture(scope="module", params=[PROVIDER, CUSTOMER], ids=["provider", "customer"])
def side(request: pytest.FixtureRequest) -> dict[str, Any]:
    expected: dict[str, Any] = request.param
    return expected


def test_vpc(account: dict[str, list[Any]], side: dict[str, Any]) -> None:
    name, cidr = side["vpc"]
    assert one(account["vpcs"], name)["CidrBlock"] == cidr


def test_internet_gateway(account: dict[str, list[Any]], side: dict[str, Any]) -> None:
    vpc = one(account["vpcs"], side["vpc"][0])["VpcId"]
    assert one(account["gateways"], side["gateway"])["Attachments"] == [{"State": "available", "VpcId": vpc}]


def test_subnet(account: dict[str, list[Any]], side: dict[str, Any]) -> None:
    name, cidr, zone = side["subnet"]
    subnet = one(account["subnets"], name)
    assert (subnet["CidrBlock"], subnet["AvailabilityZone"]) == (cidr, zone)
    assert subnet["VpcId"] == one(account["vpcs"], side["vpc"][0])["VpcId"]


def test_route_table(account: dict[str, list[Any]], side: dict[str, Any]) -> None:
    table = one(account["route tables"], side["routes"])
    subnet = one(account["subnets"], side["subnet"][0])["SubnetId"]
    assert [a["SubnetId"] for a in table["Associations"]] == [subnet]
    goals = {route["DestinationCidrBlock"]: route["GatewayId"] for route in table["Routes"]}
    gateway = one(account["gateways"], side["gateway"])["InternetGatewayId"]
    assert goals == {side["vpc"][1]: "local", ANYWHERE: gateway}


def test_security_group(account: dict[str, list[Any]], side: dict[str, Any]) -> None:
    name, description, ports = side["group"]
    group = one(account["groups"], name)
    assert (group["GroupName"], group["Description"]) == (name, description)
    assert group["VpcId"] == one(account["vpcs"], side["vpc"][0])["VpcId"]
    rules = {(p["FromPort"], p["ToPort"], p["IpProtocol"]): p["IpRanges"] for p in group["IpPermissions"]}
    assert set(rules) == {(port, port, "tcp") for port in ports}
    for (port, _, _), ranges in rules.items():
        sources = [r["CidrIp"] for r in ranges]
        # The tutorial's "anywhere" is narrowed for ssh, to the operator, who has a documentation address here.
        assert sources == ["203.0.113.10/32"] if port == 22 else sources == [ANYWHERE]


def test_instances(made: World, account: dict[str, list[Any]]) -> None:
    for expected, name, key in ((PROVIDER, "Webserver1", "Service_key"), (CUSTOMER, "Customer_EC2", "Customer_key")):
        instance = one(account["instances"], name)
        assert instance["State"]["Name"] == "running"
        assert instance["InstanceType"] == "t3.micro"
        assert instance["KeyName"] == key
        assert instance["SubnetId"] == one(account["subnets"], expected["subnet"][0])["SubnetId"]
        assert [g["GroupName"] for g in instance["SecurityGroups"]] == [expected["group"][0]]
        assert instance["PublicIpAddress"]
        assert instance["MetadataOptions"]["HttpTokens"] == "required"
        volumes = [m["Ebs"]["VolumeId"] for m in instance["BlockDeviceMappings"]]
        for volume in made.ec2.describe_volumes(VolumeIds=volumes)["Volumes"]:
            assert volume["Encrypted"]
            assert names(volume) == name


def test_user_data_installs_httpd_and_writes_the_page(made: World, account: dict[str, list[Any]]) -> None:
    web = one(account["instances"], "Webserver1")["InstanceId"]
    answer = made.ec2.describe_instance_attribute(InstanceId=web, Attribute="userData")
    text = base64.b64decode(answer["UserData"]["Value"]).decode()
    assert text.startswith("#cloud-config\n")
    config = yaml.safe_load(text)
    assert config["packages"] == ["httpd"]
    *tries, start = config["runcmd"]
    assert tries == [
        *(f"rpm -q httpd || yum install -y httpd || sleep {pause}" for pause in (10, 20, 30, 60)),
        "rpm -q httpd || yum install -y httpd",
    ]
    assert start == "systemctl enable --now httpd"
    pages = {file["path"]: file["content"] for file in config["write_files"]}
    assert pages["/var/www/html/index.html"] == PAGE + "\n"
    customer = one(account["instances"], "Customer_EC2")["InstanceId"]
    nothing = made.ec2.describe_instance_attribute(InstanceId=customer, Attribute="userData")
    assert not nothing.get("UserData", {}).get("Value")


def test_key_pairs(account: dict[str, list[Any]]) -> None:
    assert {(k["KeyName"], k["KeyType"]) for k in account["key pairs"]} == {
        ("Service_key", "ed25519"),
        ("Customer_key", "ed25519"),
    }


def test_load_balancer(account: dict[str, list[Any]]) -> None:
    (balancer,) = account["load balancers"]
    assert balancer["LoadBalancerName"] == "MyNetwork-LB"
    assert (balancer["Type"], balancer["Scheme"], balancer["IpAddressType"]) == ("network", "internet-facing", "ipv4")
    assert balancer["State"]["Code"] == "active"
    subnet = one(account["subnets"], "Service_Public_subnet")["SubnetId"]
    assert [(z["ZoneName"], z["SubnetId"]) for z in balancer["AvailabilityZones"]] == [(ZONE, subnet)]
    assert not balancer.get("SecurityGroups")


def test_target_group_and_listener(made: World, account: dict[str, list[Any]]) -> None:
    (group,) = account["target groups"]
    assert group["TargetGroupName"] == "MyNetwork-TG"
    assert (group["TargetType"], group["Protocol"], group["Port"]) == ("instance", "TCP", 80)
    assert (group["HealthCheckProtocol"], group["HealthCheckIntervalSeconds"]) == ("TCP", 10)
    assert group["VpcId"] == one(account["vpcs"], "Service_Network")["VpcId"]
    health = made.elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    web = one(account["instances"], "Webserver1")["InstanceId"]
    assert [(h["Target"]["Id"], h["Target"]["Port"]) for h in health] == [(web, 80)]
    (listener,) = account["listeners"]
    assert (listener["Protocol"], listener["Port"]) == ("TCP", 80)
    assert [a["TargetGroupArn"] for a in listener["DefaultActions"]] == [group["TargetGroupArn"]]


def test_endpoint_service(account: dict[str, list[Any]]) -> None:
    (service,) = account["services"]
    assert service["AcceptanceRequired"] is True
    assert service["NetworkLoadBalancerArns"] == [account["load balancers"][0]["LoadBalancerArn"]]
    assert service["ServiceName"] == f"com.amazonaws.vpce.us-east-1.{service['ServiceId']}"
    assert service["ServiceState"] == "Available"


def test_endpoint_and_its_acceptance(made: World, account: dict[str, list[Any]]) -> None:
    (endpoint,) = account["endpoints"]
    assert endpoint["VpcEndpointType"] == "Interface"
    assert endpoint["ServiceName"] == account["services"][0]["ServiceName"]
    assert endpoint["VpcId"] == one(account["vpcs"], "Customer_Network")["VpcId"]
    assert endpoint["SubnetIds"] == [one(account["subnets"], "Customer_Public_subnet")["SubnetId"]]
    assert [g["GroupName"] for g in endpoint["Groups"]] == ["Customer_EC2_SG"]
    assert endpoint["PrivateDnsEnabled"] is False
    assert endpoint["State"].lower() == "available"
    (connection,) = made.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    assert connection["VpcEndpointId"] == endpoint["VpcEndpointId"]
    assert connection["VpcEndpointState"].lower() == "available"


def tags(made: World, account: dict[str, list[Any]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Everything that can carry tags and was not there before, with its tags."""
    defaults = {vpc["VpcId"] for vpc in account["vpcs"] if vpc["IsDefault"]}
    main = {
        table["RouteTableId"] for table in account["route tables"] if any(a.get("Main") for a in table["Associations"])
    }
    for kind, items in account.items():
        for item in items:
            of = {item.get("VpcId"), *(each["VpcId"] for each in item.get("Attachments", ()) if "VpcId" in each)}
            if of & defaults or item.get("RouteTableId") in main or item.get("GroupName") == "default":
                continue
            if item.get("RequesterManaged"):
                continue  # a load balancer's or an endpoint's own interface
            arn = item.get("ListenerArn") or item.get("TargetGroupArn") or item.get("LoadBalancerArn")
            described = (
                made.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
                if arn
                else item.get("Tags") or item.get("TagSet") or []
            )
            yield f"{kind}: {json.dumps(item, default=str)[:200]}", {t["Key"]: t["Value"] for t in described}


def test_tags_on_every_resource(made: World, account: dict[str, list[Any]]) -> None:
    seen = list(tags(made, account))
    assert len(seen) == 23
    for what, one_s in seen:
        assert one_s.get("vpce-demo:demo") == "vpce-demo", what
        assert one_s.get("vpce-demo:resource"), what
        assert one_s.get("Name"), what
    assert len({one_s["vpce-demo:id"] for _, one_s in seen}) == 1
