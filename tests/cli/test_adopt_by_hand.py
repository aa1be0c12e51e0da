"""``adopt --by-hand``: a demo that somebody built by hand becomes the program's, with nothing beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from vpce_demo.aws.tags import DEMO_TAG, ID_TAG, tags_of
from vpce_demo.model import short_id
from vpce_demo.session.run import Run

from .hand_made import Account
from .program import VALIDATOR
from .stage import Stage

pytestmark = pytest.mark.extended

ROUTINGS = ("provider-routing", "customer-routing")
"""Associations, which are listed with their tables."""


def key_of(account: Account, directory: Path, name: str = "bob") -> Path:
    """A key pair of the account, with its private key in a file."""
    file = directory / f"{name}.pem"
    file.touch(0o600)
    file.write_text(account.clients.ec2.create_key_pair(KeyName=name)["KeyMaterial"])
    return file


def everything(account: Account) -> dict[str, str]:
    """What is in the account by id or ARN, with its name, but for what AWS has by itself."""
    ec2: Any = account.clients.ec2
    elb: Any = account.clients.elb
    found: dict[str, str] = {}
    for operation, listed, id in (
        ("describe_vpcs", "Vpcs", "VpcId"),
        ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        ("describe_subnets", "Subnets", "SubnetId"),
        ("describe_route_tables", "RouteTables", "RouteTableId"),
        ("describe_security_groups", "SecurityGroups", "GroupId"),
        ("describe_key_pairs", "KeyPairs", "KeyPairId"),
        ("describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
        ("describe_vpc_endpoint_service_configurations", "ServiceConfigurations", "ServiceId"),
    ):
        found |= {one[id]: tags_of(one).get("Name", "") for one in getattr(ec2, operation)()[listed]}
    for held in ec2.describe_instances()["Reservations"]:
        for one in held["Instances"]:
            if one["State"]["Name"] != "terminated":
                found[one["InstanceId"]] = tags_of(one).get("Name", "")
    found |= {one["LoadBalancerArn"]: "" for one in elb.describe_load_balancers()["LoadBalancers"]}
    return found | {one["TargetGroupArn"]: "" for one in elb.describe_target_groups()["TargetGroups"]}


def taken(document: dict[str, Any]) -> set[str]:
    return {id for one in document["taken"] for id in one["ids"]}


def left(document: dict[str, Any]) -> str:
    return "\n".join(f"{one['id']} ({one['what']} {one['name']}): {one['why']}" for one in document["left"])


def tagged(account: Account) -> set[str]:
    """What carries the tags of any demo of this program."""
    ec2: Any = account.clients.ec2
    elb: Any = account.clients.elb
    which = [{"Name": "key", "Values": [DEMO_TAG]}]
    balanced = [one["LoadBalancerArn"] for one in elb.describe_load_balancers()["LoadBalancers"]]
    balanced += [one["TargetGroupArn"] for one in elb.describe_target_groups()["TargetGroups"]]
    for arn in list(balanced):
        if ":loadbalancer/" in arn:
            balanced += [one["ListenerArn"] for one in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]]
    tags = elb.describe_tags(ResourceArns=balanced)["TagDescriptions"] if balanced else []
    return {one["ResourceId"] for one in ec2.describe_tags(Filters=which)["Tags"]} | {
        one["ResourceArn"] for one in tags if DEMO_TAG in tags_of(one)
    }


def strangers(account: Account) -> set[str]:
    """Somebody's VPC with the consumer's addresses, as many have them, a gateway of nobody, and a key pair."""
    other = account.by_hand(0)
    other.vpc("customer", "10.0.0.0/16", "production")
    other.gateway("customer")
    other.subnet("customer", "10.0.1.0/24")
    other.table("customer")
    other.route("customer")
    other.ec2.create_internet_gateway()
    other.ec2.create_key_pair(KeyName="theirs")
    return set(everything(account))


@pytest.mark.ordinary
def test_from_the_console_to_nothing_left(account: Account, account_stage: Stage, tmp_path: Path) -> None:
    """Taken with its own names, tested with its own key, deleted; what others have beside it stays."""
    stage, others = account_stage, strangers(account)
    key = key_of(account, tmp_path)
    hand = account.by_hand(key="bob")
    account.settled()
    asked, document, err = stage.run("adopt", "--by-hand")
    assert (asked, tagged(account)) == (5, set()), "without an answer nothing is taken"
    assert all(short_id(id) in err for key, id in hand.ids.items() if key not in ("service-name", *ROUTINGS))
    code, document, err = stage.run("adopt", "--by-hand", "--key", str(key), "--yes")
    assert code == 0
    VALIDATOR.validate(document)
    assert taken(document) == tagged(account)
    made_by_aws = [one for one, name in everything(account).items() if one.startswith(("sg-", "rtb-")) and not name]
    assert everything(account).keys() - others - taken(document) <= set(made_by_aws), "the defaults go with the VPCs"
    assert not taken(document) & others
    assert "31 resources are on record" in err
    assert "check 7 of test is not run" in err
    assert "private key" not in err.split("of the private key.")[-1]
    # It is the program's now, and nothing differs but the health check.
    code, document, _ = stage.run("status")
    assert len(document["resources"]) == 31
    assert (document["missing"], document["differing"]) == ([], ["target-group"])
    code, _, err = stage.text("adopt", "--by-hand")
    assert code == 0, "there is nothing to ask"
    code, out, err = stage.text("test")
    assert code == 0
    assert "PASSED  7 of 7" in out
    assert "sign-in" not in out
    assert [one["test"] for one in stage.run("list")[1]["demos"]] == ["passed"]
    before = {one: name for one, name in everything(account).items() if one not in others}
    assert stage.text("up", "--yes")[0] == 0
    assert {one: name for one, name in everything(account).items() if one not in others} == before
    code, out, _ = stage.text("down", "--yes")
    assert (code, "nothing left" in out) == (0, True)
    assert set(everything(account)) == others
    assert key.exists(), "the user's file"


@pytest.mark.slow
def test_the_half_of_a_demo_is_taken_and_up_makes_the_rest(
    account: Account, account_stage: Stage, tmp_path: Path
) -> None:
    half_made(account, account_stage, tmp_path, 8)


@pytest.mark.slow
@pytest.mark.parametrize("until", [1, 3, 5, 6, 7, 9, 11, 13, 14, 15])
def test_each_half_of_a_demo(account: Account, account_stage: Stage, tmp_path: Path, until: int) -> None:
    half_made(account, account_stage, tmp_path, until)


def half_made(account: Account, stage: Stage, tmp_path: Path, until: int) -> None:
    """It stands as it was built, nothing of it is made a second time, and what others have stays."""
    others, key = strangers(account), key_of(account, tmp_path)
    hand = account.by_hand(until, key="bob")
    options = ("--vpc", hand.ids["customer-vpc"]) if until > 8 else ()
    account.settled()
    code, document, err = stage.run("adopt", "--by-hand", "--yes", *options)
    assert code == 0
    there = taken(document)
    assert not there & others
    assert ("only its addresses fit. If it is the demo's: --vpc vpc-" in left(document)) is (until <= 8)
    assert ("test and ssh cannot log in" in err) is (until >= 6)
    code, out, err = stage.text("up", "--yes", *(("--skip-test",) if until > 13 else ()))
    assert code == 0, out + err
    assert there <= tagged(account), "nothing was replaced"
    assert ("PASSED" in out) is (until <= 13), "the consumer's instance that up made has the demo's key"
    if until <= 13:
        code, document, _ = stage.run("adopt", "--by-hand", "--key", str(key))
        assert (code, document["error"]["code"]) == (5, "VPCE139")
    if until > 13:
        code, document, _ = stage.run("test")
        assert (code, document["diagnosis"]["rule"]) == (6, "ssh-denied")
        assert document["diagnosis"]["fixes"][0]["command"].endswith("adopt --by-hand --key FILE")
        code, _, err = stage.text("adopt", "--by-hand", "--key", str(key))
        assert (code, "cannot log in" in err) == (0, False)
        assert stage.text("test")[0] == 0
    assert stage.text("down", "--yes")[0] == 0
    pairs = {one for one in everything(account) if one.startswith("key-")}
    assert set(everything(account)) - others == (pairs - others if until < 6 else set())


def test_two_demos_and_an_id_that_is_not_there(account: Account, account_stage: Stage) -> None:
    first = account.by_hand(1)
    account.by_hand(1)
    code, document, _ = account_stage.run("adopt", "--by-hand", "--yes")
    assert (code, document["error"]["code"]) == (5, "VPCE136")
    assert "--by-hand --vpc vpc-" in document["error"]["hint"]
    code, document, _ = account_stage.run("adopt", "--by-hand", "--yes", "--vpc", "vpc-0123456789abcdef0")
    assert (code, document["error"]["code"]) == (2, "VPCE134")
    assert tagged(account) == set()
    code, document, _ = account_stage.run("adopt", "--by-hand", "--yes", "--vpc", first.ids["provider-vpc"])
    assert (code, tagged(account)) == (0, {first.ids["provider-vpc"]})


def test_the_names_of_the_tutorial_do_not_make_a_classmates_consumer_ones_own(
    account: Account, account_stage: Stage
) -> None:
    """Neither beside a second provider, nor where its endpoint leads to another service; --vpc takes it."""
    theirs = account.by_hand(0)
    theirs.vpc("customer", "10.0.0.0/16", "Customer_Network")
    theirs.subnet("customer", "10.0.1.0/24")
    mine, another = account.by_hand(1), account.by_hand(1)
    _, document, _ = account_stage.run("adopt", "--by-hand", "--vpc", mine.ids["provider-vpc"])
    assert taken(document) == {mine.ids["provider-vpc"]}
    account.clients.ec2.delete_vpc(VpcId=another.ids["provider-vpc"])
    _, document, _ = account_stage.run("adopt", "--by-hand")
    assert theirs.ids["customer-vpc"] in taken(document), "nothing says that it is somebody else's"
    theirs.vpc("provider", "30.0.0.0/16", "")
    theirs.gateway("provider")
    theirs.subnet("provider", "30.0.1.0/24")
    theirs.web()
    theirs.balancer()
    theirs.service()
    theirs.group("customer", "consumer", 80)
    theirs.endpoint()
    _, document, _ = account_stage.run("adopt", "--by-hand")
    assert taken(document) == {mine.ids["provider-vpc"]}
    assert f"--vpc {theirs.ids['customer-vpc']}" in left(document)
    assert tagged(account) == set()


def refuse(account: Account, after: int, error: BaseException) -> Callable[[], None]:
    """Let every call that tags fail after so many; returns what ends that."""
    done = [0]

    def fail(**_: Any) -> None:
        done[0] += 1
        if done[0] > after:
            raise error

    hooks = [
        (client.meta.events, f"before-call.{name}")
        for clients in ((account.clients.changing_ec2, account.clients.changing_elb),)
        for client, name in zip(clients, ("ec2.CreateTags", "elastic-load-balancing-v2.AddTags"), strict=True)
    ]
    for events, name in hooks:
        events.register(name, fail)

    def end() -> None:
        for events, name in hooks:
            events.unregister(name, fail)

    return end


def test_what_is_killed_while_it_tags_goes_on(account: Account, account_stage: Stage) -> None:
    hand = account.by_hand(8)
    end = refuse(account, 5, KeyboardInterrupt())
    assert account_stage.text("adopt", "--by-hand", "--yes", "--vpc", hand.ids["provider-vpc"])[0] == 130
    end()
    assert len(tagged(account)) == 5
    account.by_hand(1)  # another VPC that fits
    code, document, _ = account_stage.run("adopt", "--by-hand", "--yes")
    assert code == 0
    assert taken(document) == tagged(account)
    ids = {id for key, id in hand.ids.items() if key not in ("service-name", *ROUTINGS)}
    assert ids <= tagged(account)
    demos = account.clients.ec2.describe_tags(Filters=[{"Name": "key", "Values": [ID_TAG]}])["Tags"]
    assert len({one["Value"] for one in demos}) == 1


def test_who_may_not_tag_takes_nothing(account: Account, account_stage: Stage, tmp_path: Path) -> None:
    account.by_hand(3)
    end = refuse(account, 0, ClientError({"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}, "CreateTags"))
    code, document, _ = account_stage.run("adopt", "--by-hand", "--yes", "--key", str(key_of(account, tmp_path)))
    end()
    assert code == 1
    assert "CreateTags" in str(document["error"])
    assert tagged(account) == set()
    assert list(account_stage.directory.glob("sandbox/vpce-demo/*")) == [], "neither a record nor a copy of the key"


def test_another_demo_is_never_taken(
    account: Account,
    account_stage: Stage,
    open_run: Callable[..., AbstractContextManager[Run]],
    tmp_path: Path,
) -> None:
    """Neither that of the same name nor one that is named by its VPC; beside it one that was built by hand is."""
    stage = account_stage
    with open_run(tmp_path / "own") as run:
        run.up(run.demo.of("create-provider")[:5], lambda event: None, None)
        ids = dict(run.state.ids)
    before = tagged(account)
    code, document, _ = stage.run("adopt", "--by-hand", "--yes")
    assert (code, document["error"]["code"]) == (5, "VPCE137")
    code, document, err = stage.run("--name", "mine", "adopt", "--by-hand", "--yes", "--vpc", ids["provider-vpc"])
    assert (code, document["error"]["code"]) == (5, "VPCE099")
    assert f"{ids['provider-vpc']} (VPC Service_Network): it is of the demo vpce-demo" in err
    hand = account.by_hand(2)
    code, document, _ = stage.run("--name", "mine", "adopt", "--by-hand", "--yes")
    assert taken(document) == {hand.ids["provider-vpc"], hand.ids["provider-gateway"]}
    assert tagged(account) == before | taken(document)


def test_what_is_doubtful_is_left_and_down_leaves_it(account: Account, account_stage: Stage) -> None:
    """What up would have to replace, what AWS made, what is beside it; and what goes with it is listed."""
    ec2: Any = account.clients.ec2
    ec2.create_key_pair(KeyName="webkey")
    hand = account.by_hand(5)
    hand.group("provider", "web", 22, 80)
    hand.ids["web"] = hand.run("provider", KeyName="webkey", interface={"AssociatePublicIpAddress": False})
    for step in (hand.balancer, hand.service, *hand.steps[8:11]):
        step()
    more = hand.elb.create_listener(
        LoadBalancerArn=hand.ids["load-balancer"],
        Protocol="TCP",
        Port=8080,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": hand.ids["target-group"]}],
    )["Listeners"][0]["ListenerArn"]
    vpc = hand.ids["customer-vpc"]
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    (main,) = (one["RouteTableId"] for one in tables)
    ec2.associate_route_table(RouteTableId=main, SubnetId=hand.ids["customer-subnet"])
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    (default,) = (one["GroupId"] for one in groups)
    hand.ids["customer-group"] = default
    kept = [{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
    hand.ids["customer"] = hand.run("customer", BlockDeviceMappings=kept)
    ec2.modify_instance_attribute(InstanceId=hand.ids["customer"], DisableApiTermination={"Value": True})
    hand.group("customer", "mine", 80)
    another = hand.run("customer", interface={"AssociatePublicIpAddress": False})
    hand.endpoint()
    hand.accept()
    account.settled()
    _, out, _ = account_stage.text("adopt", "--by-hand", "--lang", "ja")
    assert f"インスタンス                {hand.ids['customer']}, vol-" in out
    assert f"{hand.ids['web']} (インスタンス): パブリックアドレスは no（チュートリアルでは yes）" in out
    code, document, _ = account_stage.run("adopt", "--by-hand", "--yes")
    assert code == 0
    told = left(document)
    pairs = {one["KeyName"]: one["KeyPairId"] for one in ec2.describe_key_pairs()["KeyPairs"]}
    for id, why in {
        hand.ids["web"]: "(instance ): public address is no, in the tutorial yes",
        pairs["webkey"]: "(key pair webkey): no instance that is taken was launched with it",
        main: "(route table ): AWS made it, as a default",
        default: "(security group default): AWS made it, as a default",
        hand.ids["customer"]: "(termination protection is on ): it keeps",
        hand.ids["customer-group"]: "(a security group mine ): it keeps",
        another: "(instance ): it was launched with the key pair that down deletes",
        more: "(listener TCP/8080): not part of the tutorial, and AWS deletes it with the load balancer",
    }.items():
        assert f"{id} {why}" in told
    volumes = [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]]
    assert {*volumes} & taken(document), "the volume that its instance would leave"
    left_ones = {hand.ids["web"], pairs["webkey"], main, default, hand.ids["customer-group"]}
    assert not left_ones & taken(document)
    assert pairs["mine"] in taken(document)
    ec2.modify_instance_attribute(InstanceId=hand.ids["customer"], DisableApiTermination={"Value": False})
    code, document, _ = account_stage.run("down", "--yes", "--timeout", "20")
    assert code == 7, "the VPCs hold things that are not the demo's"
    assert left_ones <= everything(account).keys()
    assert {hand.ids["provider-vpc"], vpc} <= {one["id"] for one in document["left"]}


def test_a_lost_record_changes_nothing_of_it(account: Account, account_stage: Stage, tmp_path: Path) -> None:
    """By its tags the names, the key pair and the rest are found again, and up makes nothing twice."""
    stage, key = account_stage, key_of(account, tmp_path)
    hand = account.by_hand(key="bob")
    account.settled()
    assert stage.run("adopt", "--by-hand", "--yes")[0] == 0
    before = everything(account)
    for file in stage.directory.glob("sandbox/vpce-demo/*"):
        file.unlink()
    code, document, _ = stage.run("adopt")
    assert (code, len(document["resources"])) == (0, 31)
    code, document, _ = stage.run("plan")
    assert (document["to_make"], document["to_mend"]) == ([], ["target-group"])
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no key")
    code, document, _ = stage.run("adopt", "--by-hand", "--key", str(wrong))
    assert (code, document["error"]["code"]) == (2, "VPCE138")
    code, out, _ = stage.text("adopt", "--by-hand", "--lang", "ja", "--key", str(key))
    assert code == 0
    assert "31 個のリソースを" in out
    assert stage.text("test")[0] == 0
    assert everything(account) == before
    for words in (["doctor"], ["diagram"], ["export", "terraform", "--to", str(tmp_path / "tf")]):
        assert stage.text(*words)[0] == 0
    account.clients.ec2.stop_instances(InstanceIds=[hand.ids["web"]])
    code, document, _ = stage.run("up")
    assert (code, document["error"]["code"]) == (5, "VPCE004"), "it is not replaced without an answer"
    for more in (["--vpc", "vpc-1"], ["--by-hand", "--side", "provider"]):
        assert stage.text("adopt", *more)[0] == 2
