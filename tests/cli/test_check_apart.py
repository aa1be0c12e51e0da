"""``check`` of a demo built by hand between two accounts or regions, and with a sign-in for one side only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.by_hand import ByHand
from vpce_demo.aws.environment import in_sandbox
from vpce_demo.aws.region import image
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.verify.hand_made import HandMade

from .hand_made import Account, another_endpoint, no_endpoint, no_route, rejected, swept, undone, words
from .program import VALIDATOR
from .stage import Stage, write_server_file

pytestmark = pytest.mark.extended

CONSUMER, AWAY = "222222222222", "eu-west-1"
APART: dict[str, Any] = {
    "accounts": {"consumer": {"profile": CONSUMER}},
    "regions": {"consumer": {"region": AWAY}},
}
WHERE = {"accounts": ["--consumer-profile", CONSUMER], "regions": ["--consumer-region", AWAY]}


def apart(kind: str, sandbox: Sandbox, reached: Running) -> Account:
    """Two empty accounts, or one in two regions, with a key on each side."""
    place = in_sandbox(load(None, APART[kind]), reached)
    ours, theirs = place.clients[Side.PROVIDER], place.clients[Side.CONSUMER]
    for clients in (ours, theirs):
        clients.ec2.create_key_pair(KeyName="mine")
    images = [image(clients, load(None, {})) for clients in (ours, theirs)]
    return Account(sandbox, place, images[0], {"theirs": theirs, "their_image": images[1]})


def a_key(account: Account, directory: Path) -> Path:
    """The private key of the pair "bob", which the provider has too."""
    account.clients.ec2.create_key_pair(KeyName="bob")
    made = account.place.clients[Side.CONSUMER].ec2.create_key_pair(KeyName="bob")
    file = directory / "bob.pem"
    file.touch(0o600)
    file.write_text(made["KeyMaterial"])
    return file


def principals(*names: str) -> Callable[[ByHand], None]:
    """Only these may connect to the service."""

    def change(hand: ByHand) -> None:
        root = f"arn:aws:iam::{CONSUMER}:root"
        hand.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=hand.ids["service"], RemoveAllowedPrincipals=[root], AddAllowedPrincipals=list(names)
        )

    return change


def not_offered(hand: ByHand) -> None:
    hand.ec2.modify_vpc_endpoint_service_configuration(ServiceId=hand.ids["service"], RemoveSupportedRegions=[AWAY])


def one_node_alone(hand: ByHand) -> None:
    off = {"Key": "load_balancing.cross_zone.enabled", "Value": "false"}
    hand.elb.modify_load_balancer_attributes(LoadBalancerArn=hand.ids["load-balancer"], Attributes=[off])


def second_subnet_unrouted(hand: ByHand) -> None:
    of = [{"Name": "association.subnet-id", "Values": [hand.ids["provider-subnet-2"]]}]
    (table,) = hand.ec2.describe_route_tables(Filters=of)["RouteTables"]
    for one in table["Associations"]:
        if one.get("SubnetId") == hand.ids["provider-subnet-2"]:
            hand.ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])


OURS, THEIRS = "<demo> sandbox aws", "<demo> --profile 222222222222 sandbox aws"
ABROAD = f"<demo> sandbox aws --region {AWAY}"
ANOTHER = "arn:aws:iam::333333333333:root"
Fault = tuple[str, Callable[[ByHand], object], str, str, str]
IN_TWO_ACCOUNTS: list[Fault] = [
    ("not allowed", principals(), "8", "missing: allowed principal", f"{OURS} ec2 modify-vpc-endpoint-service-perm"),
    ("another allowed", principals(ANOTHER), "8", "missing: allowed principal", f"{OURS} ec2 modify-vpc-endpoint-"),
    ("not accepted", another_endpoint(), "15.2", "missing: endpoint connection", f"{OURS} ec2 accept-vpc-endpoint-"),
    ("rejected", rejected, "15.1", "state rejected", f"{THEIRS} ec2 delete-vpc-endpoints"),
    ("their route", no_route("customer"), "13", "missing: default route", f"{THEIRS} ec2 create-route"),
]
IN_TWO_REGIONS: list[Fault] = [
    ("not offered", not_offered, "8", f"supported regions none not {AWAY}", f"{OURS} ec2 modify-vpc-endpoint-"),
    ("one node alone", one_node_alone, "7", "missing: cross-zone load balancing", f"{OURS} elbv2 modify-load-"),
    ("second zone", second_subnet_unrouted, "4", "missing: route table association", f"{OURS} ec2 associate-route"),
    ("not accepted", another_endpoint(), "15.2", "missing: endpoint connection", f"{OURS} ec2 accept-vpc-endpoint-"),
    ("no endpoint", no_endpoint, "15.1", "missing: VPC endpoint", f"{ABROAD} ec2 create-vpc-endpoint"),
    ("their route", no_route("customer"), "13", "missing: default route", f"{ABROAD} ec2 create-route"),
]


@pytest.mark.parametrize(
    ("kind", "faults"),
    [("accounts", IN_TWO_ACCOUNTS), pytest.param("regions", IN_TWO_REGIONS, marks=pytest.mark.slow)],
)
def test_a_whole_demo_and_one_thing_wrong(kind: str, faults: list[Fault], sandbox: Sandbox, reached: Running) -> None:
    """Each fault is told at its step, and the next thing, done by the sign-in of its side, mends it."""
    account = apart(kind, sandbox, reached)
    hand = account.by_hand()
    looked = account.settled()
    assert told(looked) == {}
    assert looked.next_thing() is None
    for name, wrong, step, what, command in faults:
        hand.ids.update(looked.shapes.chosen)
        hand.ids["service-name"] = looked.live["service"].outputs["service_name"]
        wrong(hand)
        found = account.settled()
        assert what in told(found).get(step, ""), (name, told(found))
        following = found.next_thing()
        assert following
        assert (following.number, bool(following.click)) == (step, True), name
        assert following.command.startswith(command), name
        looked = account.mended(found)
        assert told(looked) == {}, name
        swept(hand, set(looked.shapes.chosen.values()))


def test_what_is_otherwise_and_works_is_a_note_and_what_aws_works_on_is_not_wrong(
    sandbox: Sandbox, reached: Running
) -> None:
    account = apart("accounts", sandbox, reached)
    hand = account.by_hand(15)
    principals("*")(hand)
    found = account.settled()
    assert list(told(found)) == ["15.2"]
    noted = {(note.resource.kind, note.drift.field): note.drift.aws for one in found.steps for note in one.notes}
    assert noted["AllowedPrincipal", "principal"] == "*"
    sandbox.set(speed=1)
    hand.accept()
    found = account.look()
    assert told(found) == {"15.2": "not yet: endpoint connection: pending"}
    following = found.next_thing()
    assert following
    assert following.what == "wait: AWS is working on step 15.2"


def told(found: HandMade) -> dict[str, str]:
    return {number: words(one) for number, one in undone(found).items()}


OTHER_SIDE = {  # the steps that are not looked at
    "provider": ("9", "10", "11", "12", "13", "14", "15.1"),
    "consumer": ("1", "2", "3", "4", "5", "6", "7", "8"),
}


def test_a_sign_in_for_one_side_only(
    sandbox: Sandbox, reached: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account = apart("accounts", sandbox, reached)
    key = a_key(account, tmp_path)
    hand = account.by_hand(15, key="bob")
    write_server_file(sandbox, tmp_path)
    stage = Stage(tmp_path, account.clients, {}, capsys)
    # Nothing is accepted yet.  The provider's account alone: who has connected from where.
    code, document, _ = stage.run("check")
    why = {one["step"]: one["why"] for one in document["steps"] if one["state"] == "not looked at"}
    assert (code, tuple(why)[:-1]) == (10, OTHER_SIDE["provider"])
    assert why["9"] == f"{hand.ids['endpoint']} is in account {CONSUMER} in us-east-1"
    assert document["steps"][-2]["state"] == "missing"
    assert document["next"]["command"].startswith(f"vpce-demo --state-dir {tmp_path} sandbox aws ec2 accept-")
    # The consumer's account alone.
    code, document, _ = stage.run("--profile", CONSUMER, "check", "--side", "consumer")
    why = {one["step"]: one["why"] for one in document["steps"] if one["state"] == "not looked at"}
    assert (code, tuple(why)[:-2]) == (0, OTHER_SIDE["consumer"])
    assert why["8"] == "there is no sign-in for the provider's side"
    assert why["15.2"] == "pendingAcceptance: the provider has to accept it"
    hand.accept()
    account.settled()
    for who, side, done in (((), "provider", 9), (("--profile", CONSUMER), "consumer", 8)):
        code, document, _ = stage.run(*who, "check")
        why = {one["step"]: one["why"] for one in document["steps"] if one["state"] == "not looked at"}
        assert (code, document["done"], tuple(why)[:-1]) == (10, done, OTHER_SIDE[side])
        assert document["next"]["command"].endswith(f" check --side {side}")
        VALIDATOR.validate(document)
        code, document, _ = stage.run(*who, "check", "--side", side)
        assert (code, document["done"], document["next"]) == (0, done, None)
    code, document, _ = stage.run("check", *WHERE["accounts"], "--key", str(key))
    assert (code, document["done"]) == (0, 17)


def test_the_other_region_is_named(
    sandbox: Sandbox, reached: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account = apart("regions", sandbox, reached)
    key = a_key(account, tmp_path)
    account.by_hand(key="bob")
    account.settled()
    write_server_file(sandbox, tmp_path)
    stage = Stage(tmp_path, account.clients, {}, capsys)
    for where, there in ((), ["--consumer-region", AWAY]), (["--region", AWAY], ["--provider-region", "us-east-1"]):
        code, document, _ = stage.run("check", *where)
        assert code == 10
        assert document["next"]["command"].endswith(" ".join(["check", *there]))
        assert stage.run("check", *where, *there)[1]["done"] == 16
    code, document, _ = stage.run("check", *WHERE["regions"], "--key", str(key))
    assert (code, document["done"], document["next"]) == (0, 17, None)


@pytest.mark.ordinary
def test_an_endpoint_to_somebody_elses_service_is_not_the_tutorials(sandbox: Sandbox, reached: Running) -> None:
    account = apart("accounts", sandbox, reached)
    hand = account.by_hand(8)
    hand.vpc("customer", "10.0.0.0/16", "")
    hand.subnet("customer", "10.0.9.0/24")
    hand.group("customer", "any", 80)
    hand.endpoint()
    alone = in_sandbox(load(None, {"profile": CONSUMER}), reached)
    found = Account(sandbox, alone, account.image).look()
    assert told(found)["1"] == "missing: VPC: "
