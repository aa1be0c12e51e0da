"""Check 8, the control: the web server's address may be a real host's of somebody else, which proves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vpce_demo.model import Side
from vpce_demo.session.run import Run
from vpce_demo.ssh import SshResult
from vpce_demo.tutorial import web_server
from vpce_demo.verify import checks
from vpce_demo.verify.checks import CheckContext, CheckFailed


def lab(run: Run) -> CheckContext:
    return CheckContext(run.demo, run.sides, run.ssh(), run.environment.pace, run.settings.page, run.facts)


STRANGER = "<html>a host on the internet</html>"
MET = (
    (7, "", "unreachable from"),
    (28, "curl: (28) Connection timed out after 3001 milliseconds", "unreachable from"),
    (28, "curl: (28) Failed to connect to 20.0.1.5 port 80 after 3001 ms: Timeout was reached", "unreachable from"),
    (28, "curl: (28) Operation timed out after 6001 milliseconds with 0 bytes received", "is somebody else's host"),
    (
        28,
        "a\ncurl: (28) Operation timed out after 6001 milliseconds with 4 bytes received",
        "is somebody else's host",
    ),
    (0, STRANGER, "is somebody else's host, not ours"),
    (0, "", "is somebody else's host, not ours"),
    (0, "0000000000\n", "is somebody else's host, not ours"),
    (0, "<p style='color:#{demo_id}'>{demo_id}0</p>\n", "is somebody else's host, not ours"),
    (1, "curl: (1) Received HTTP/0.9 when not allowed", "is somebody else's host, not ours"),
    (52, "curl: (52) Empty reply from server", "is somebody else's host, not ours"),
    (56, "curl: (56) Recv failure: Connection reset by peer", "is somebody else's host, not ours"),
    (63, "curl: (63) Maximum file size exceeded", "is somebody else's host, not ours"),
    (2, "curl: option --max-filesize: is unknown", "could not be tried: curl: option --max-filesize: is unknown"),
    (127, "curl: command not found", "could not be tried: curl: command not found"),
    (0, "{demo_id}\n", "answers 10.0.1."),
    (28, "{demo_id}\ncurl: (28) Operation timed out after 6001 milliseconds with 7 bytes received", "answers 10.0.1."),
    (18, "{demo_id}\ncurl: (18) end of response with 1 bytes missing", "answers 10.0.1."),
)
"""The exit code of curl, what it printed, and what the check says."""


@pytest.mark.parametrize(("code", "out", "said"), MET)
def test_only_the_demo_id_proves_another_way(
    made_run: Run, monkeypatch: pytest.MonkeyPatch, code: int, out: str, said: str
) -> None:
    demo_id = made_run.sides[Side.PROVIDER].live(made_run.demo.web).outputs["demo_id"]
    answer = SshResult(code, out.replace("{demo_id}", demo_id), "")
    monkeypatch.setattr(CheckContext, "on_customer", lambda self, *command: answer)
    try:
        told = checks.there_is_no_other_way(lab(made_run))
    except CheckFailed as failed:
        told = failed.message
    assert said in told
    assert STRANGER not in told


def test_a_stranger_s_host_at_the_web_server_s_address(made_run: Run) -> None:
    """A third network has the tutorial's addresses too, and a web server at the one that is tried; the consumer's
    packets get there."""
    demo, consumer = made_run.demo, made_run.sides[Side.CONSUMER]
    provider, ec2 = made_run.sides[Side.PROVIDER], made_run.sides[Side.CONSUMER].ec2
    address = provider.live(demo.web).outputs["private_address"]
    vpc = ec2.create_vpc(CidrBlock=demo.balancer.subnet.vpc.cidr)["Vpc"]["VpcId"]
    cidr, zone = demo.balancer.subnet.cidr, demo.balancer.subnet.zone_id
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZoneId=zone)["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="web", Description="web")["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="0.0.0.0/0")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    interface = {
        "DeviceIndex": 0,
        "SubnetId": subnet,
        "Groups": [group],
        "PrivateIpAddress": address,
        "AssociatePublicIpAddress": True,
    }
    ec2.run_instances(
        ImageId=demo.web.image,
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        NetworkInterfaces=[interface],  # type: ignore[list-item]
        UserData=web_server(STRANGER, "0000000000"),
    )
    customer_vpc, table_id = consumer.id(demo.endpoint.vpc), consumer.id(made_run.facts("").part("customer-routes"))
    peering = ec2.create_vpc_peering_connection(VpcId=customer_vpc, PeerVpcId=vpc)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
    ends = ((table_id, demo.web.subnet.vpc.cidr), (table["RouteTableId"], demo.endpoint.vpc.cidr))
    for end, cidr in ends:
        ec2.create_route(
            RouteTableId=end, DestinationCidrBlock=cidr, VpcPeeringConnectionId=peering["VpcPeeringConnectionId"]
        )
    results = list(checks.run(replace(lab(made_run), patient=False)))
    assert [result.evidence for result in results if not result.passed] == []
    assert results[-1].evidence == f"{address} is somebody else's host, not ours"
