"""A sandbox that checks permissions: who is let in, to do what, and in which words AWS refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpce_demo.sandbox.server import Sandbox

from ..iam import allowing, client, put, session, user
from .world import IMAGE_NAME, PUBLIC_KEY, World, named, refused

ALICE = "arn:aws:iam::123456789012:user/alice"
FRONT = "arn:aws:ec2:us-east-1:123456789012:"
TAG = {"aws:RequestTag/team": "a"}


@pytest.fixture
def guarded(world: World) -> Iterator[Sandbox]:
    """An empty account in which permissions are checked."""
    world.sandbox.set(iam=True)
    yield world.sandbox
    world.sandbox.set(iam=False)


def tagged(kind: str, **tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


# --- who ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("ec2", "describe_vpcs", "AuthFailure", 401),
        ("elbv2", "describe_load_balancers", "InvalidClientTokenId", 403),
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("ssm", "describe_parameters", "UnrecognizedClientException", 400),
    ],
)
def test_an_unknown_key(guarded: Sandbox, service: str, call: str, code: str, status: int) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(guarded, service, session("AKIAUNKNOWNUNKNOWN99", "x")), call)()
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("elbv2", "describe_load_balancers", "SignatureDoesNotMatch"),
        ("sts", "get_caller_identity", "SignatureDoesNotMatch"),
        ("ssm", "describe_parameters", "InvalidSignatureException"),
    ],
)
def test_a_wrong_secret(guarded: Sandbox, service: str, call: str, code: str) -> None:
    known = user(guarded, allowing("*")).get_credentials()
    assert known is not None
    with refused(code):
        getattr(client(guarded, service, session(known.access_key, "wrong")), call)()
    getattr(client(guarded, service, session(known.access_key, known.secret_key)), call)()


def test_a_key_that_was_made_inactive_or_deleted(guarded: Sandbox) -> None:
    alice, iam = user(guarded, allowing("*")), client(guarded, "iam")
    known = alice.get_credentials()
    assert known is not None
    iam.update_access_key(UserName="alice", AccessKeyId=known.access_key, Status="Inactive")
    with refused("AuthFailure"):
        client(guarded, "ec2", alice).describe_vpcs()
    iam.update_access_key(UserName="alice", AccessKeyId=known.access_key, Status="Active")
    client(guarded, "ec2", alice).describe_vpcs()
    iam.delete_access_key(UserName="alice", AccessKeyId=known.access_key)
    with refused("AuthFailure"):
        client(guarded, "ec2", alice).describe_vpcs()


def test_the_root_user_may_everything(guarded: Sandbox) -> None:
    for root in (session(), session("SANDBOX210987654321A", "-")):
        assert client(guarded, "ec2", root).describe_vpcs()["Vpcs"]


def test_who_one_is_may_everybody_know(guarded: Sandbox) -> None:
    told = client(guarded, "sts", user(guarded, None)).get_caller_identity()
    assert (told["Arn"], told["Account"]) == (ALICE, "123456789012")


def test_a_key_belongs_to_its_account(guarded: Sandbox) -> None:
    there = session("SANDBOX210987654321A", "-")
    iam = client(guarded, "iam", there)
    iam.create_user(UserName="bob")
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    document = allowing("ec2:DescribeVpcs", "ec2:CreateVpc")
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=json.dumps(document))
    bob = client(guarded, "ec2", session(key["AccessKeyId"], key["SecretAccessKey"]))
    made = bob.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]
    assert made["OwnerId"] == "210987654321"
    assert made["VpcId"] in [vpc["VpcId"] for vpc in client(guarded, "ec2", there).describe_vpcs()["Vpcs"]]
    assert made["VpcId"] not in [vpc["VpcId"] for vpc in client(guarded, "ec2").describe_vpcs()["Vpcs"]]


def test_a_role_may_what_its_policies_say(guarded: Sandbox) -> None:
    iam = client(guarded, "iam")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(allowing("sts:AssumeRole")))["Role"]
    document = json.dumps(allowing("ec2:DescribeVpcs"))
    iam.put_role_policy(RoleName="reader", PolicyName="p", PolicyDocument=document)
    alice = user(guarded, allowing("sts:AssumeRole", resource=role["Arn"]))
    wanted = {"RoleArn": role["Arn"], "RoleSessionName": "now"}
    with refused("AccessDenied", "sts:AssumeRole", "role/other"):
        client(guarded, "sts", alice).assume_role(**{**wanted, "RoleArn": role["Arn"].replace("reader", "other")})
    given = client(guarded, "sts", alice).assume_role(**wanted)["Credentials"]
    assumed = session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assert client(guarded, "ec2", assumed).describe_vpcs()["Vpcs"]
    with refused("UnauthorizedOperation", "assumed-role/reader/now is not authorized to perform: ec2:DescribeSubnets"):
        client(guarded, "ec2", assumed).describe_subnets()
    with refused("AuthFailure"):
        client(guarded, "ec2", session(given["AccessKeyId"], given["SecretAccessKey"], "x")).describe_vpcs()


def test_policies_of_groups_and_inline_ones_count(guarded: Sandbox) -> None:
    alice, iam = user(guarded, None), client(guarded, "iam")
    ec2 = client(guarded, "ec2", alice)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="alice")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=json.dumps(allowing("ec2:DescribeVpcs")))
    ec2.describe_vpcs()
    with refused("UnauthorizedOperation"):
        ec2.describe_subnets()
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=json.dumps(allowing("ec2:DescribeSubnets")))
    ec2.describe_subnets()


# --- in which words ----------------------------------------------------------------------------


def test_a_look_that_is_not_allowed(guarded: Sandbox) -> None:
    alice = user(guarded, None)
    with refused(
        "UnauthorizedOperation",
        f"You are not authorized to perform this operation. User: {ALICE} is not authorized to perform: "
        "ec2:DescribeVpcs because no identity-based policy allows the ec2:DescribeVpcs action",
    ):
        client(guarded, "ec2", alice).describe_vpcs()
    with refused("AccessDenied", f"User: {ALICE} is not authorized to perform: elasticloadbalancing:DescribeListeners"):
        client(guarded, "elbv2", alice).describe_listeners(LoadBalancerArn="arn:x")
    parameter = f"arn:aws:ssm:us-east-1::parameter{IMAGE_NAME}"
    with refused("AccessDeniedException", f"ssm:GetParameter on resource: {parameter} because"):
        client(guarded, "ssm", alice).get_parameter(Name=IMAGE_NAME)
    with refused("AccessDenied", "iam:ListUsers"):
        client(guarded, "iam", alice).list_users()


def test_a_change_that_is_not_allowed(guarded: Sandbox) -> None:
    ec2 = client(guarded, "ec2", user(guarded, None))
    new = f"{FRONT}vpc/*"
    with pytest.raises(ClientError) as caught:
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    words = caught.value.response["Error"]["Message"]
    assert f"User: {ALICE} is not authorized to perform: ec2:CreateVpc on resource: {new} because no" in words
    assert len(client(guarded, "ec2").describe_vpcs()["Vpcs"]) == 1, "nothing was made"


def test_a_dry_run_tells_the_same(guarded: Sandbox) -> None:
    alice = user(guarded, allowing("ec2:CreateVpc"))
    ec2 = client(guarded, "ec2", alice)
    with refused("DryRunOperation"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True)
    with refused("UnauthorizedOperation", "ec2:CreateTags"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", DryRun=True, TagSpecifications=named("vpc", "x"))
    with refused("UnauthorizedOperation", "ec2:CreateInternetGateway"):
        ec2.create_internet_gateway(DryRun=True)


def test_tags_that_are_known_late(guarded: Sandbox) -> None:
    """A policy that goes by the tags of a resource lets nobody in until IAM knows them; what a call itself says, and
    what was there before, counts at once."""
    document = allowing("ec2:CreateVpc", "ec2:CreateTags", "elasticloadbalancing:*", "ec2:Describe*")
    document["Statement"] += allowing("ec2:DeleteVpc", StringEquals={"aws:ResourceTag/team": "a"})["Statement"]
    alice = client(guarded, "ec2", user(guarded, document))

    def made() -> str:
        answer = alice.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", team="a"))
        return str(answer["Vpc"]["VpcId"])

    before = made()
    guarded.faults.hide_tags(1000)
    fresh = made()
    with refused("UnauthorizedOperation", f"vpc/{fresh}"):
        alice.delete_vpc(VpcId=fresh)
    alice.delete_vpc(VpcId=before)
    assert alice.describe_vpcs(VpcIds=[fresh])["Vpcs"][0]["Tags"] == [{"Key": "team", "Value": "a"}]
    guarded.faults.hide_tags(None)
    alice.delete_vpc(VpcId=fresh)


def test_an_explicit_deny_is_called_one(guarded: Sandbox) -> None:
    document = allowing("ec2:*")
    document["Statement"].append({"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "*"})
    with refused("UnauthorizedOperation", "ec2:DeleteVpc", "with an explicit deny in an identity-based policy"):
        client(guarded, "ec2", user(guarded, document)).delete_vpc(VpcId="vpc-1")


def test_an_encoded_message_can_be_decoded_by_who_may(guarded: Sandbox) -> None:
    alice = user(guarded, allowing("sts:DecodeAuthorizationMessage"))
    with pytest.raises(ClientError) as caught:
        client(guarded, "ec2", alice).create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", team="a"))
    words = caught.value.response["Error"]["Message"]
    encoded = words.partition("Encoded authorization failure message: ")[2]
    told = client(guarded, "sts", alice).decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    details = json.loads(told)
    assert (details["allowed"], details["explicitDeny"]) == (False, False)
    assert details["context"]["action"] == "ec2:CreateVpc"
    assert details["context"]["principal"]["arn"] == ALICE
    assert {"key": "aws:RequestTag/team", "values": {"items": [{"value": "a"}]}} in (
        details["context"]["conditions"]["items"]
    )
    for wrong in ("x", "é", "=" * 9, encoded[:-9]):
        with refused("InvalidAuthorizationMessageException"):
            client(guarded, "sts", alice).decode_authorization_message(EncodedMessage=wrong)
    put(guarded, allowing("ec2:*"))
    with refused("AccessDenied", "sts:DecodeAuthorizationMessage"):
        client(guarded, "sts", alice).decode_authorization_message(EncodedMessage=encoded)


# --- to do what -----------------------------------------------------------------------------------


def test_each_resource_of_a_call_has_to_be_allowed(guarded: Sandbox, world: World) -> None:
    vpc = world.vpc()
    alice = user(guarded, allowing("ec2:CreateSubnet", resource="arn:aws:ec2:*:*:subnet/*"))
    wanted = {"VpcId": vpc, "CidrBlock": "20.0.1.0/24"}
    with refused(
        "UnauthorizedOperation", f"ec2:CreateSubnet on resource: arn:aws:ec2:us-east-1:123456789012:vpc/{vpc}"
    ):
        client(guarded, "ec2", alice).create_subnet(**wanted)
    put(guarded, allowing("ec2:CreateSubnet", resource="arn:aws:ec2:*:*:*/*"))
    client(guarded, "ec2", alice).create_subnet(**wanted)


def test_tags_of_what_is_there(guarded: Sandbox, world: World) -> None:
    ours, theirs = (world.ec2.create_vpc(CidrBlock="10.1.0.0/16", TagSpecifications=tagged("vpc", team=team))["Vpc"]
                    for team in ("a", "b"))  # fmt: skip
    alice = user(guarded, allowing("ec2:DeleteVpc", StringEquals={"aws:ResourceTag/team": "a"}))
    with refused("UnauthorizedOperation", "ec2:DeleteVpc"):
        client(guarded, "ec2", alice).delete_vpc(VpcId=theirs["VpcId"])
    client(guarded, "ec2", alice).delete_vpc(VpcId=ours["VpcId"])


def test_tags_of_what_is_made(guarded: Sandbox) -> None:
    alice = user(guarded, allowing("ec2:CreateVpc", "ec2:CreateTags", StringEquals=TAG))
    ec2 = client(guarded, "ec2", alice)
    with refused("UnauthorizedOperation", "ec2:CreateVpc"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", team="b"))
    with refused("UnauthorizedOperation", "ec2:CreateVpc"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", team="a", more="x"))


def test_tagging_only_in_a_create(guarded: Sandbox) -> None:
    document = allowing("ec2:CreateVpc")
    document["Statement"] += allowing("ec2:CreateTags", StringEquals={"ec2:CreateAction": "CreateVpc"})["Statement"]
    ec2 = client(guarded, "ec2", user(guarded, document))
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc", team="a"))["Vpc"]["VpcId"]
    with refused("UnauthorizedOperation", f"ec2:CreateTags on resource: {FRONT}vpc/{made}"):
        ec2.create_tags(Resources=[made], Tags=[{"Key": "team", "Value": "b"}])


def test_a_key_pair_goes_by_its_name(guarded: Sandbox) -> None:
    arn = "arn:aws:ec2:*:*:key-pair/mine"
    ec2 = client(guarded, "ec2", user(guarded, allowing("ec2:ImportKeyPair", "ec2:DeleteKeyPair", resource=arn)))
    with refused("UnauthorizedOperation", "key-pair/other"):
        ec2.import_key_pair(KeyName="other", PublicKeyMaterial=PUBLIC_KEY)
    made = ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=PUBLIC_KEY)
    ec2.delete_key_pair(KeyPairId=made["KeyPairId"])


def test_what_a_launch_stands_on(guarded: Sandbox, world: World) -> None:
    net, image = world.network(), world.image()
    interface = {"DeviceIndex": 0, "SubnetId": net.subnet, "Groups": [net.group]}
    wanted = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    alice = user(guarded, None)
    needed = [
        f"arn:aws:ec2:us-east-1::image/{image}",
        f"{FRONT}subnet/{net.subnet}",
        f"{FRONT}security-group/{net.group}",
    ]
    needed += [f"{FRONT}{kind}/*" for kind in ("instance", "network-interface", "volume")]
    for missing in needed:
        document = allowing("ec2:RunInstances")
        document["Statement"][0]["Resource"] = [arn for arn in needed if arn != missing]
        put(guarded, document)
        with refused("UnauthorizedOperation", f"ec2:RunInstances on resource: {missing} because"):
            client(guarded, "ec2", alice).run_instances(**wanted, NetworkInterfaces=[interface])
    document["Statement"][0]["Resource"] = needed
    put(guarded, document)
    client(guarded, "ec2", alice).run_instances(**wanted, NetworkInterfaces=[interface])


def test_a_load_balancer_needs_more_than_its_own_action(guarded: Sandbox, world: World) -> None:
    net = world.network()
    tags = [{"Key": "team", "Value": "a"}]
    wanted = {"Name": "lb", "Type": "network", "Subnets": [net.subnet], "Tags": tags}
    actions = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:AddTags"]
    actions += [f"ec2:Describe{what}" for what in ("AccountAttributes", "Addresses", "InternetGateways")]
    actions += [f"ec2:Describe{what}" for what in ("SecurityGroups", "Subnets", "Vpcs")]
    actions += ["ec2:GetSecurityGroupsForVpc"]
    actions += ["iam:CreateServiceLinkedRole"]
    alice = user(guarded, None)
    for missing in actions:
        put(guarded, allowing(*(action for action in actions if action != missing)))
        with refused("AccessDenied", f"is not authorized to perform: {missing} "):
            client(guarded, "elbv2", alice).create_load_balancer(**wanted)
    put(guarded, allowing(*actions))
    client(guarded, "elbv2", alice).create_load_balancer(**wanted)
    role = client(guarded, "iam").get_role(RoleName="AWSServiceRoleForElasticLoadBalancing")["Role"]
    assert role["Path"] == "/aws-service-role/elasticloadbalancing.amazonaws.com/"
    put(guarded, allowing(*actions[:-1]))  # the account's second one
    client(guarded, "elbv2", alice).create_load_balancer(**{**wanted, "Name": "second"})


def test_what_balances_has_tags_too(guarded: Sandbox, world: World) -> None:
    net = world.network()
    ours, theirs = (world.targets(net, team, Tags=[{"Key": "team", "Value": team}]) for team in ("a", "b"))
    alice = user(guarded, allowing("*", StringEquals={"elasticloadbalancing:ResourceTag/team": "a"}))
    elb = client(guarded, "elbv2", alice)
    with refused("AccessDenied", f"elasticloadbalancing:DeleteTargetGroup on resource: {theirs}"):
        elb.delete_target_group(TargetGroupArn=theirs)
    elb.delete_target_group(TargetGroupArn=ours)
    with refused("AccessDenied", "elasticloadbalancing:CreateTargetGroup on resource: ", ":targetgroup/c/* because"):
        elb.create_target_group(Name="c", Protocol="TCP", Port=80, VpcId=net.vpc)


def test_an_association_is_its_table_and_its_subnet(guarded: Sandbox, world: World) -> None:
    net = world.network()
    table = world.ec2.describe_route_tables(RouteTableIds=[net.table])["RouteTables"][0]
    id = table["Associations"][0]["RouteTableAssociationId"]
    alice = user(guarded, allowing("ec2:DisassociateRouteTable", resource=f"arn:aws:ec2:*:*:route-table/{net.table}"))
    with refused("UnauthorizedOperation", f"subnet/{net.subnet}"):
        client(guarded, "ec2", alice).disassociate_route_table(AssociationId=id)
    put(guarded, allowing("ec2:DisassociateRouteTable", resource="arn:aws:ec2:*:*:*/*"))
    client(guarded, "ec2", alice).disassociate_route_table(AssociationId=id)


def test_what_the_sandbox_does_not_know_is_asked_for_on_everything(guarded: Sandbox) -> None:
    alice = user(guarded, allowing("ec2:CreateDhcpOptions", resource="arn:aws:ec2:*:*:dhcp-options/*"))
    wanted: dict[str, Any] = {"DhcpConfigurations": [{"Key": "domain-name", "Values": ["x"]}]}
    with refused("UnauthorizedOperation", "ec2:CreateDhcpOptions because"):
        client(guarded, "ec2", alice).create_dhcp_options(**wanted)
    put(guarded, allowing("ec2:CreateDhcpOptions"))
    client(guarded, "ec2", alice).create_dhcp_options(**wanted)


def test_it_can_be_turned_on_and_off(world: World) -> None:
    nobody = client(world.sandbox, "ec2", session("any", "any"))
    assert nobody.describe_vpcs()["Vpcs"]
    world.sandbox.set(iam=True)
    try:
        assert world.sandbox.status()["iam"] is True
        with refused("AuthFailure"):
            nobody.describe_vpcs()
    finally:
        world.sandbox.set(iam=False)
    assert nobody.describe_vpcs()["Vpcs"]


def test_what_spans_regions_needs_a_permission_of_its_own(guarded: Sandbox) -> None:
    """``ec2:*`` does not contain it, and in one region nobody asks for it."""
    ec2 = client(guarded, "ec2", user(guarded, allowing("ec2:*")))
    service = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    needs = "not authorized to perform: vpce:AllowMultiRegion on resource: " + FRONT
    with refused("UnauthorizedOperation", f"{needs}vpc-endpoint/*"):
        ec2.create_vpc_endpoint(VpcId="vpc-1", ServiceName=service, ServiceRegion="eu-west-1")
    with refused("UnauthorizedOperation", f"{needs}vpc-endpoint-service/*"):
        ec2.create_vpc_endpoint_service_configuration(SupportedRegions=["us-east-1", "eu-west-1"])
    with refused("UnauthorizedOperation", f"{needs}vpc-endpoint-service/vpce-svc-1"):
        ec2.modify_vpc_endpoint_service_configuration(ServiceId="vpce-svc-1", RemoveSupportedRegions=["eu-west-1"])
    with refused("InvalidVpcID.NotFound"):
        ec2.create_vpc_endpoint(VpcId="vpc-1", ServiceName=service, ServiceRegion="us-east-1")


def test_an_endpoint_is_authorised_on_its_route_tables_and_its_zone(guarded: Sandbox, world: World) -> None:
    net, s3, sts = world.network(), "com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.sts"
    alice = user(guarded, allowing("ec2:*", resource="arn:aws:ec2:*:*:vpc*/*"))
    ec2 = client(guarded, "ec2", alice)
    table = f"on resource: {FRONT}route-table/{net.table}"
    with refused("UnauthorizedOperation", f"ec2:CreateVpcEndpoint {table}"):
        ec2.create_vpc_endpoint(VpcId=net.vpc, ServiceName=s3, RouteTableIds=[net.table])
    gateway = ec2.create_vpc_endpoint(VpcId=net.vpc, ServiceName=s3)["VpcEndpoint"]["VpcEndpointId"]
    for verb in ("Add", "Remove"):
        with refused("UnauthorizedOperation", f"ec2:ModifyVpcEndpoint {table}"):
            ec2.modify_vpc_endpoint(VpcEndpointId=gateway, **{f"{verb}RouteTableIds": [net.table]})
    wanted = {"VpcId": net.vpc, "ServiceName": sts, "VpcEndpointType": "Interface"}
    zone = "route53:AssociateVPCWithHostedZone on resource: arn:aws:route53:::hostedzone/*"
    with refused("UnauthorizedOperation", zone):
        ec2.create_vpc_endpoint(**wanted)
    made = ec2.create_vpc_endpoint(**wanted, PrivateDnsEnabled=False)["VpcEndpoint"]["VpcEndpointId"]
    with refused("UnauthorizedOperation", zone):
        ec2.modify_vpc_endpoint(VpcEndpointId=made, PrivateDnsEnabled=True)
    put(guarded, allowing("ec2:DescribePrefixLists"))
    assert ec2.describe_prefix_lists()["PrefixLists"]
    with refused("UnauthorizedOperation", "ec2:DescribeManagedPrefixLists"):
        ec2.describe_managed_prefix_lists()
