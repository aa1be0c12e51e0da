"""What is refused, kept or rebuilt so that nothing is lost: quotas, strangers, a lost state file."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.torture.strangers import HOLDING
from tools.account import Account, account
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.aws.region import PublicAccess
from vpce_demo.config.load import load
from vpce_demo.config.model import IMAGE_PARAMETER
from vpce_demo.engine.events import Action, Event
from vpce_demo.engine.resource import Aws, closure
from vpce_demo.errors import DemoError, Refused
from vpce_demo.model import Phase, Side
from vpce_demo.resources import holders, instance
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session import discover
from vpce_demo.session.discover import refuse_no_room
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run

from .fake_resources import refusal

OpenRun = Callable[..., AbstractContextManager[Run]]
ANOTHER_ACCOUNT = "210987654321"


@pytest.fixture
def clients(sandbox: Sandbox, place: Environment) -> Clients:
    return place.clients[Side.PROVIDER]


def up(run: Run) -> list[Event]:
    events: list[Event] = []
    run.up(run.demo.resources, events.append, None)
    return events


def only(run: Run, *keys: str) -> list[Event]:
    """Make these, and what they stand on."""
    events: list[Event] = []
    run.up(closure(run.demo.part(key) for key in keys), events.append, None)
    return events


def down(run: Run, **how: Any) -> list[Any]:
    return run.down(lambda event: None, None, **how)


@pytest.fixture
def empty(clients: Clients) -> Account:
    """What the account holds before anything is made."""
    return account(clients)


@pytest.fixture
def made(empty: Account, open_run: OpenRun, tmp_path: Path) -> Iterator[Run]:
    """A run that has made everything."""
    with open_run(tmp_path) as run:
        up(run)
        yield run


@pytest.fixture
def opened(empty: Account, open_run: OpenRun, tmp_path: Path) -> Iterator[Run]:
    """A run that has made nothing yet."""
    with open_run(tmp_path) as run:
        yield run


# --- room ------------------------------------------------------------------------------


def test_no_room_for_two_vpcs_is_said_before_anything_is_made(
    clients: Clients, open_run: OpenRun, tmp_path: Path
) -> None:
    for number in range(3):
        clients.ec2.create_vpc(CidrBlock=f"172.{16 + number}.0.0/16")
    before = account(clients)
    with pytest.raises(Refused, match="no room for 2 more VPCs") as caught, open_run(tmp_path):
        pass
    assert caught.value.facts["VPCs"] == "4 of 5 there"
    assert account(clients) == before
    assert list(tmp_path.iterdir()) == [], "nor is a file left"


def test_no_room_for_gateways(clients: Clients, open_run: OpenRun, tmp_path: Path) -> None:
    for _ in range(4):
        clients.ec2.create_internet_gateway()
    with pytest.raises(Refused, match="no room for 2 more internet gateways"), open_run(tmp_path):
        pass


def let_quota_be(value: float, clients: Clients, monkeypatch: pytest.MonkeyPatch, *, service: str, code: str) -> None:
    """Let Service Quotas, which the sandbox does not have, answer this."""

    class Quotas:
        def get_service_quota(self, **which: str) -> dict[str, Any]:
            if which != {"ServiceCode": service, "QuotaCode": code}:
                raise refusal("AccessDeniedException", status=400)
            return {"Quota": {"Value": value}}

    other = clients.other
    monkeypatch.setitem(clients.__dict__, "other", lambda name: Quotas() if name == "service-quotas" else other(name))


def launch(clients: Clients, type: str = "t3.micro") -> None:
    """An instance of somebody's."""
    clients.ec2.run_instances(
        ImageId="resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        InstanceType=type,  # type: ignore[arg-type]
        MinCount=1,
        MaxCount=1,
        SubnetId=clients.ec2.describe_subnets()["Subnets"][0]["SubnetId"],
    )


@pytest.mark.parametrize(("quota", "others", "fits"), [(4, 0, True), (4, 1, False), (6, 1, True), (1, 0, False)])
def test_a_quota_of_vcpus_that_is_too_small_is_seen(
    clients: Clients, monkeypatch: pytest.MonkeyPatch, quota: int, others: int, fits: bool
) -> None:
    """Two t3.micro have 4, which is less than AWS's default; an account may have less than that."""
    let_quota_be(quota, clients, monkeypatch, service="ec2", code="L-1216C47A")
    for _ in range(others):
        launch(clients)
    if fits:
        refuse_no_room(load(None, {}), clients, 2, 2)
        return
    with pytest.raises(Refused, match="no room for 4 more vCPUs") as caught:
        refuse_no_room(load(None, {}), clients, 2, 2)
    assert caught.value.facts["vCPUs"] == f"{2 * others} of {quota} there"


def test_too_few_vcpus_are_said_before_anything_is_made(
    clients: Clients, open_run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_quota_be(6, clients, monkeypatch, service="ec2", code="L-1216C47A")
    for _ in range(2):
        launch(clients)
    before = account(clients)
    with pytest.raises(Refused, match="no room for 4 more vCPUs"), open_run(tmp_path):
        pass
    assert account(clients) == before
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_quota_of_vcpus_refuses_nothing(clients: Clients, open_run: OpenRun, tmp_path: Path) -> None:
    """Its default is for new accounts; the sandbox has no Service Quotas."""
    for _ in range(3):
        launch(clients)
    with open_run(tmp_path) as run:
        assert run.settings.demo_id


@pytest.mark.parametrize("mode", ["block-ingress", "block-bidirectional"])
@pytest.mark.parametrize("refused", ["", "DescribeVpcBlockPublicAccessOptions"])
@pytest.mark.sampled(2)
def test_closed_internet_gateways_are_seen_before_anything_is_made(
    sandbox: Sandbox, clients: Clients, open_run: OpenRun, tmp_path: Path, mode: Any, refused: str
) -> None:
    """By asking, or, where that is not allowed, by what the account's VPCs show."""
    clients.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode=mode)
    if refused:
        sandbox.faults.add(InjectedFault("error", refused, code="UnauthorizedOperation", status=403))
    before = account(clients)
    with pytest.raises(Refused, match="closes the account's internet gateways") as caught, open_run(tmp_path):
        pass
    assert caught.value.facts["InternetGatewayBlockMode"] == mode
    assert "modify-vpc-block-public-access-options --internet-gateway-block-mode off" in caught.value.hint
    assert "An exclusion does not help" in caught.value.hint
    assert account(clients) == before
    assert list(tmp_path.iterdir()) == []


def test_an_organization_s_mode_is_not_to_be_changed_here(
    clients: Clients, open_run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discover, "public_access", lambda clients: PublicAccess("block-ingress", True, False))
    with pytest.raises(Refused, match="closes the account's internet gateways") as caught, open_run(tmp_path):
        pass
    assert "declarative policy" in caught.value.hint
    assert "modify-vpc" not in caught.value.hint


@pytest.mark.extended
def test_a_demo_that_stands_is_opened_where_gateways_were_closed_later(
    clients: Clients, open_run: OpenRun, tmp_path: Path
) -> None:
    """Without its state, too: its VPCs may have been excluded meanwhile."""
    with open_run(tmp_path) as run:
        up(run)
    run.state.path.unlink()
    clients.ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    with open_run(tmp_path) as again:
        assert again.settings.demo_id == run.settings.demo_id


ARM = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"


def test_an_instance_type_of_another_architecture_gets_its_image(
    clients: Clients, open_run: OpenRun, tmp_path: Path
) -> None:
    with open_run(tmp_path, instance_type="t4g.micro") as run:
        only(run, "web")
        wanted = clients.other("ssm").get_parameter(Name=ARM)["Parameter"]["Value"]
        assert {run.settings.provider_image, run.settings.consumer_image} == {wanted}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"instance_type": "t3.micro", "image_parameter": ARM}, "of type t3.micro cannot run the image"),
        ({"instance_type": "t4g.micro", "image_parameter": IMAGE_PARAMETER}, "of type t4g.micro cannot run the image"),
        ({"image_parameter": "/team/ubuntu"}, "starts from /dev/sda1, and Amazon Linux from /dev/xvda"),
    ],
)
def test_an_image_that_does_not_suit_is_said_before_anything_is_made(
    clients: Clients, open_run: OpenRun, tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    other = next(one for one in clients.ec2.describe_images()["Images"] if one["RootDeviceName"] == "/dev/sda1")
    clients.other("ssm").put_parameter(Name="/team/ubuntu", Value=other["ImageId"], Type="String")
    with pytest.raises(Refused, match=said), open_run(tmp_path, **settings):
        pass
    assert list(tmp_path.iterdir()) == []


# --- keys for volumes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("default", "refused"),
    [("somebodys", ""), ("somebodys", "GetEbsDefaultKmsKeyId"), ("alias/team-alias/aws/ebs", "")],
)
@pytest.mark.sampled(3)
def test_where_the_default_key_for_volumes_is_somebody_s_aws_s_own_is_taken(
    sandbox: Sandbox, clients: Clients, open_run: OpenRun, tmp_path: Path, default: str, refused: str
) -> None:
    clients.ec2.modify_ebs_default_kms_key_id(KmsKeyId=default)
    if refused:
        sandbox.faults.add(InjectedFault("error", refused, code="UnauthorizedOperation", status=403))
    with open_run(tmp_path) as run:
        up(run)
        ids = [run.state.id("web"), run.state.id("customer")]
        volumes = clients.ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": ids}])["Volumes"]
        assert [one["Encrypted"] for one in volumes] == [True, True]
        assert not any(default in one["KmsKeyId"] for one in volumes)


@pytest.mark.extended
def test_a_launch_that_dies_after_the_answer_ends_the_wait_with_aws_s_reason(
    clients: Clients, open_run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients.ec2.modify_ebs_default_kms_key_id(KmsKeyId="somebodys")
    monkeypatch.setattr(instance, "volume_key", lambda clients: "")
    with open_run(tmp_path) as run, pytest.raises(DemoError, match=r"Instance \w+ is [\w-]+ in AWS\.") as caught:
        up(run)
    assert caught.value.exit_code == 1, "no time-out"
    reason = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
    assert caught.value.facts["AWS said"] == reason
    assert "alias/aws/ebs" in caught.value.hint
    launched = clients.ec2.describe_instances()["Reservations"]
    assert len(launched) == 4, "each is replaced once"


def test_a_larger_quota_is_asked_for(
    clients: Clients, place: Environment, open_run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_quota_be(6, clients, monkeypatch, service="vpc", code="L-F678F1CE")
    for _ in range(3):
        clients.ec2.create_internet_gateway()
    with open_run(tmp_path) as run:
        assert run.settings.demo_id


@pytest.mark.extended
def test_what_is_ours_already_needs_no_more_room(clients: Clients, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        only(run, "provider-vpc", "customer-vpc")
    for _ in range(2):
        clients.ec2.create_vpc(CidrBlock="172.16.0.0/16")
    shutil.rmtree(tmp_path)
    with open_run(tmp_path, unrecorded=Unrecorded.ADOPT) as run:
        assert Action.CREATED not in {e.action for e in only(run, "provider-vpc", "customer-vpc")}


# --- strangers ----------------------------------------------------------------------------


@pytest.fixture
def stranger(sandbox: Sandbox) -> Clients:
    """Somebody with an account of his own."""
    found = Running(sandbox.endpoint_url, sandbox.proxy_url, sandbox.boot_id, 0, sandbox.token, sandbox.clock.speed)
    return in_sandbox(load(None, {"profile": ANOTHER_ACCOUNT}), found).clients[Side.PROVIDER]


def connect(clients: Clients, service_name: str) -> str:
    """An endpoint of theirs to this service."""
    subnet = clients.ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}])["Subnets"][
        0
    ]
    answer = clients.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", ServiceName=service_name, VpcId=subnet["VpcId"], SubnetIds=[subnet["SubnetId"]]
    )
    return answer["VpcEndpoint"]["VpcEndpointId"]


def test_a_foreign_connection_keeps_the_service_until_we_are_told_to_reject_it(
    clients: Clients, stranger: Clients, empty: Account, made: Run
) -> None:
    """One of our own account that is not the demo's is foreign too."""
    service, name = made.state.id("service"), made.sides[Side.PROVIDER].output(made.demo.service, "service_name")
    other = connect(clients, name)
    why = {one.resource.key: one.why for one in down(made)}
    assert why["service"] == f"ExistingVpcEndpointConnections: {other} is not ours"
    clients.ec2.delete_vpc_endpoints(VpcEndpointIds=[other])

    clients.ec2.modify_vpc_endpoint_service_permissions(
        ServiceId=service, AddAllowedPrincipals=[f"arn:aws:iam::{ANOTHER_ACCOUNT}:root"]
    )
    theirs = connect(stranger, name)
    left = down(made)
    why = {one.resource.key: one.why for one in left}
    assert why["service"] == f"ExistingVpcEndpointConnections: {theirs} is not ours"
    assert left[[one.resource.key for one in left].index("service")].strangers == {
        theirs: f"an endpoint of account {ANOTHER_ACCOUNT}"
    }
    assert {one.resource.key for one in left} >= {"service", "load-balancer", "provider-vpc"}
    assert not {one.resource.key for one in left} & {"web", "customer", "endpoint", "customer-vpc"}
    (connection,) = clients.ec2.describe_vpc_endpoint_connections()["VpcEndpointConnections"]
    assert connection["VpcEndpointState"].lower() == "pendingacceptance", "it was left alone"

    assert down(made, reject_foreign=True) == []
    (endpoint,) = stranger.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    assert endpoint["State"].lower() == "rejected"
    stranger.ec2.delete_vpc_endpoints(VpcEndpointIds=[theirs])
    assert account(clients) == empty


@pytest.mark.extended
def test_an_endpoint_that_a_service_of_aws_made_is_named_first_and_not_waited_for(
    clients: Clients, opened: Run
) -> None:
    only(opened, "customer-subnet")
    ids = dict(opened.state.ids)
    HOLDING["an endpoint of aws and its group"](clients, ids)
    clients.ec2.create_network_acl(VpcId=ids["customer-vpc"])
    theirs = next(one for one in clients.ec2.describe_vpc_endpoints()["VpcEndpoints"] if one["RequesterManaged"])
    events: list[Event] = []
    left = {one.resource.key: one for one in opened.down(events.append, None)}
    assert {key for key, one in left.items() if one.strangers} == {"customer-subnet", "customer-vpc"}
    assert not [e for e in events if e.action is Action.RETRYING and e.resource.key in left]
    assert left["customer-subnet"].strangers == {
        theirs[
            "VpcEndpointId"
        ]: "an endpoint to com.amazonaws.us-east-1.guardduty-data, made by a service of AWS, which "
        "may have to remove it"
    }
    cause = opened.diagnosis((one.resource, one.why) for one in left.values())
    assert cause is not None
    assert cause.evidence[0].startswith(theirs["VpcEndpointId"])
    first = f" ec2 delete-vpc-endpoints --vpc-endpoint-ids {theirs['VpcEndpointId']}"
    assert cause.fixes[0].command.partition(" && ")[0].endswith(first)
    clients.ec2.delete_vpc_endpoints(VpcEndpointIds=[theirs["VpcEndpointId"]])
    again = {one.resource.key for one in down(opened)}
    assert again == {"customer-vpc"}, "an endpoint that is being deleted is waited for; the ACL and the group stay"


@pytest.mark.parametrize(
    ("more", "foreign", "what"),
    [
        ({}, True, '"of something", which AWS removes with what it made it for (requested by 123)'),
        (
            {"Status": "detaching"},
            False,
            '"of something", which AWS removes with what it made it for (requested by 123)',
        ),
        ({"OwnerId": "210987654321"}, True, '"of something", of account 210987654321'),
        ({"OwnerId": "210987654321", "Description": "VPC Endpoint Interface vpce-1"}, True, "of account 210987654321"),
    ],
)
def test_whose_interface_keeps_a_subnet(
    place: Environment, more: dict[str, Any], foreign: bool, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = {
        "NetworkInterfaceId": "eni-1",
        "Description": "of something",
        "RequesterManaged": True,
        "RequesterId": "123",
        "Status": "in-use",
        **more,
    }
    monkeypatch.setattr(holders, "_listed", lambda aws, operation, *rest: [theirs] if "interfaces" in operation else [])
    (holder,) = holders.holding(Aws(place.clients[Side.CONSUMER], "demo", "id"), "subnet-1", holders.OF_SUBNET)
    assert (holder.id, holder.foreign) == ("eni-1", foreign)
    assert what in holder.what


@pytest.mark.parametrize("works", [True, False])
def test_the_offered_commands_end_whatever_aws_says(works: bool) -> None:
    """What a command waits for may be held by something that no command removes."""
    wait, first = "aws ec2 delete-subnet --subnet-id subnet-1", "aws ec2 delete-vpc-endpoints --vpc-endpoint-ids vpce-1"
    commands = holders.in_order([wait, first, wait])
    assert commands[0] == first
    assert len(commands) == 2
    answers = f"aws() {{ echo asked; {str(works).lower()}; }}; sleep() {{ :; }}; seq() {{ echo 1 2 3; }}"
    done = subprocess.run(["bash", "-c", f"{answers}; {commands[1]}"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    assert done.stdout.count("asked") == (1 if works else 3)


def test_an_interface_that_somebody_put_into_our_subnet_is_named_and_left(
    clients: Clients, empty: Account, opened: Run
) -> None:
    only(opened, "provider-vpc", "customer-subnet")
    subnet = opened.state.id("customer-subnet")
    answer = clients.ec2.create_network_interface(SubnetId=subnet, Description="of a lamp")
    theirs = answer["NetworkInterface"]["NetworkInterfaceId"]
    left = {one.resource.key: one for one in down(opened)}
    assert left["customer-subnet"].why == f"DependencyViolation: {theirs} is not ours"
    assert left["customer-subnet"].strangers == {theirs: "of a lamp"}
    assert left["customer-vpc"].why.startswith("still used by Customer_")
    assert "provider-vpc" not in left
    clients.ec2.delete_network_interface(NetworkInterfaceId=theirs)
    assert down(opened) == []
    assert account(clients) == empty


# --- a lost state file ---------------------------------------------------------------------


def test_a_lost_state_file_is_written_again_by_looking(clients: Clients, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        only(run, "web", "customer")
        ids, path = run.state.ids, run.state.path
    path.unlink()
    with open_run(tmp_path, makes=False) as run:
        run.look()
    with open_run(tmp_path, makes=False) as run:
        assert run.state.ids == ids
        assert run.state.sides["provider"]["account"] == clients.account
    with open_run(tmp_path) as run:
        assert {event.action for event in only(run, "web", "customer")} == {Action.FOUND, Action.READY}, (
            "with all that it was made with"
        )


def test_nothing_is_written_where_there_is_nothing(sandbox: Sandbox, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path, makes=False) as run:
        assert run.look() == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.extended
def test_settings_are_found_again_as_they_were_not_as_they_would_be_today(
    clients: Clients, open_run: OpenRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_run(tmp_path) as run:
        only(run, "web", "customer")
        made_with, directory = run.settings, run.where.directory
    monkeypatch.setattr("vpce_demo.session.discover.image", lambda clients, parameter: "ami-0ffffffffffffffff")
    (directory / "state.json").unlink()
    with open_run(tmp_path) as run:
        assert run.settings == made_with
        assert run.look()["web"].phase is Phase.READY


# --- moved by hand --------------------------------------------------------------------------


@pytest.mark.extended
def test_a_subnet_that_was_moved_to_another_route_table_is_moved_back(clients: Clients, opened: Run) -> None:
    only(opened, "customer-routing")
    vpc, association = opened.state.id("customer-vpc"), opened.state.id("customer-routing")
    other = clients.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    clients.ec2.replace_route_table_association(AssociationId=association, RouteTableId=other)
    assert opened.look()["customer-routing"].phase is Phase.WRONG
    created = {e.resource.key for e in only(opened, "customer-routing") if e.action is Action.CREATED}
    assert created == {"customer-routing"}
    tables = clients.ec2.describe_route_tables(RouteTableIds=[other])["RouteTables"]
    assert tables[0]["Associations"] == []
