"""``check``: a demo that somebody built by hand, whole, half, beside others; and the command."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.by_hand import rule
from vpce_demo.aws.iam_policy import PERMISSIONS
from vpce_demo.cli import run_command
from vpce_demo.session.run import Run
from vpce_demo.ui.console_links import page_of
from vpce_demo.verify.hand_made import State

from .hand_made import REVOKE, Account, permission, states, undone, words
from .program import VALIDATOR
from .stage import Stage


@pytest.mark.slow
def test_each_half_of_a_demo_says_what_comes_next(account: Account) -> None:
    """After each step done by hand, that many are done and the next one is next; at the end all are."""
    hand = account.by_hand(0)
    for number, step in enumerate(hand.steps):
        found = account.settled()
        assert [one.state for one in found.steps] == [State.DONE] * number + [State.MISSING] * (16 - number)
        following = found.next_thing()
        assert following
        assert following.number == found.steps[number].number
        step()
    found = account.settled()
    assert undone(found) == {}
    assert found.next_thing() is None
    noted = {(note.resource.key, note.drift.field): note.drift.aws for one in found.steps for note in one.notes}
    assert noted["provider-vpc", "name"] == "my-vpc"
    assert noted["web", "type"] == "t3.small"
    assert noted["target-group", "health check interval"] == "30"
    again = account.settled()
    assert (states(again), again.shapes.chosen) == (states(found), found.shapes.chosen), "the same when asked twice"


def test_an_empty_account_is_led_to_a_whole_demo(account: Account) -> None:
    account.clients.ec2.delete_key_pair(KeyName="mine")
    assert undone(account.mended(rounds=40)) == {}


# --- the command -----------------------------------------------------------------------------


def test_with_the_key_17_of_17_are_done(account: Account, account_stage: Stage, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "bob.pem"
    key.parent.mkdir()
    key.touch(0o600)
    key.write_text(account.clients.ec2.create_key_pair(KeyName="bob")["KeyMaterial"])
    hand = account.by_hand(key="bob")
    account.settled()
    hand.tag(hand.ids["provider-vpc"], "<b>my</b>\u202evpc")
    code, document, err = account_stage.run("check", "--key", str(key), "--to", str(tmp_path / "done.html"))
    assert "17 of 17 done." in err
    page = shown(tmp_path / "done.html")
    assert "17 of 17 done" in page
    assert "test passed, 7 of 8" in page
    assert "fine: VPC: name: <b>my</b>?vpc, in the tutorial Service_Network" in page, "which is not markup"
    assert "account 123456789012, us-east-1 checked by arn:aws:iam::123456789012:user/sandbox" in page
    assert "8 control: no other way in" in page
    assert "Nothing is to be done." in page
    assert "Next:" not in err
    assert (code, document["done"], document["of"], document["next"]) == (0, 17, 17, None)
    VALIDATOR.validate(document)
    assert [one["passed"] for one in document["checks"]] == [True] * 6 + [None, True]
    assert document["checks"][0]["evidence"] == "Available, behind nlb"
    assert document["checks"][6]["evidence"] == "not run: built by hand, so it has no demo id"
    assert [one["step"] for one in document["steps"]][-4:] == ["14", "15.1", "15.2", "16"]
    noted = {"kind": "Vpc", "field": "name", "tutorial": "Service_Network", "aws": "<b>my</b>\u202evpc"}
    assert noted in document["steps"][0]["notes"]
    assert list(tmp_path.glob("keys/*")) == [key], "the directory of the key stays as it is"
    # Without it, and without another's name
    code, document, _ = account_stage.run("check")
    assert (code, document["done"], document["steps"][-1]["state"]) == (0, 16, "not looked at")
    code, out, _ = account_stage.text("check", "--key", str(key), "--user", "nobody")
    assert code == 6
    assert "nobody@" in out
    # In Japanese, and one thing wrong
    permission(REVOKE, "provider", rule(80))(hand)
    code, out, _ = account_stage.text("check", "--lang", "ja", "--key", str(key))
    assert code == 10
    assert re.search(r"✗ +6 +Web サーバー +足りないもの +インバウンドルール tcp/80$", out, re.MULTILINE)
    assert "次は: インバウンドルール tcp/80 を作成してください" in out
    assert f"vpce-demo --sandbox --state-dir {account_stage.directory} sandbox aws ec2 authorize" not in out
    assert f"sandbox aws ec2 authorize-security-group-ingress --group-id {hand.ids['provider-group']}" in out
    code, document, _ = account_stage.run("check")
    assert document["next"]["step"] == "6"
    assert document["next"]["click"].startswith("VPC > Security groups")
    assert document["next"]["console_url"] is None
    # Nothing of it is this program's, and down says what it leaves
    code, out, err = account_stage.text("down")
    assert (code, out) == (0, "Nothing to delete: nothing left.\n")
    assert f"! {hand.ids['provider-vpc']} has the tutorial's addresses, and this program did not make it." in err
    assert f"See what it is:  vpce-demo --sandbox --state-dir {account_stage.directory} check" in err
    assert f"and down deletes it:  vpce-demo --sandbox --state-dir {account_stage.directory} adopt --by-hand\n" in err
    # The page of what is not done, in Japanese and masked
    code, document, _ = account_stage.run("check", "--lang", "ja", "--redact", "--to", str(tmp_path / "masked.html"))
    assert (code, document["redacted"], document["steps"][5]["kind"]) == (10, True, "IngressRule")
    text, page = (tmp_path / "masked.html").read_text(), shown(tmp_path / "masked.html")
    assert not re.search(r"123456789012|user/sandbox|-[0-9a-f]{17}\b", text)
    assert "17 ステップ中 15 ステップ完了" in page
    assert "✗ 6 Web サーバー 足りないもの インバウンドルール" in page
    assert "6: インバウンドルール tcp/80 を作成してください" in page
    assert "aws ec2 authorize-security-group-ingress --group-id sg-xxxxxxxx1" in page
    assert account_stage.text("check", "--redact")[0] == account_stage.text("check", "--to", "page.pdf")[0] == 2
    VALIDATOR.validate(document)


def shown(page: Path) -> str:
    """The words of a page, without its markup."""
    return " ".join(unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", page.read_text(), flags=re.DOTALL)).split())


@pytest.mark.extended
def test_two_demos_and_which_is_meant(account: Account, account_stage: Stage) -> None:
    first = account.by_hand()
    second = account.by_hand(8, suffix="-2", names=("mine-too", ""))
    account.settled()
    code, document, _ = account_stage.run("check")
    assert code == 10
    both = sorted((f"{first.ids['provider-vpc']} (my-vpc)", f"{second.ids['provider-vpc']} (mine-too)"))
    assert document["steps"][0]["why"] == f"several fit: {', '.join(both)}"
    assert document["next"]["command"].endswith(f" check --vpc {both[0].split()[0]}")
    for hand, done in ((first, 16), (second, 14)):  # the consumer's VPC is there, with an endpoint of the first
        for option in (("--vpc", hand.ids["provider-vpc"]), ("--service", hand.ids["service"])):
            code, document, _ = account_stage.run("check", *option)
            assert document["steps"][0]["id"] == hand.ids["provider-vpc"]
            assert document["done"] == done
    code, document, _ = account_stage.run("check", "--vpc", "vpc-0123456789abcdef0")
    assert (code, document["error"]["code"]) == (2, "VPCE134")
    # The tutorial's name decides among several, and only there.
    second.tag(second.ids["provider-vpc"], "Service_Network")
    assert account_stage.run("check")[1]["steps"][0]["id"] == second.ids["provider-vpc"]


@pytest.mark.extended
def test_beside_a_demo_of_this_program(
    account: Account, account_stage: Stage, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path
) -> None:
    with open_run(tmp_path / "own") as run:
        run.up(run.demo.resources, lambda event: None, None)
        ids = dict(run.state.ids)
    code, document, _ = account_stage.run("check")
    assert (code, document["done"]) == (10, 0), "nothing is built by hand"
    code, document, _ = account_stage.run("check", "--all")
    assert (document["done"], document["steps"][0]["id"]) == (16, ids["provider-vpc"])
    hand = account.by_hand()
    account.settled()
    code, document, _ = account_stage.run("check")
    assert (code, document["done"], document["steps"][0]["id"]) == (0, 16, hand.ids["provider-vpc"])


def test_the_tutorial_has_one_customer_however_many_are_configured(
    account: Account, account_stage: Stage, tmp_path: Path
) -> None:
    hand = account.by_hand(1)
    hand.vpc("customer", "10.0.0.0/16", "Customer_Network")
    (tmp_path / "many.yaml").write_text("customers: 3\n")
    _, document, _ = account_stage.run("-c", str(tmp_path / "many.yaml"), "check")
    assert [one["step"] for one in document["steps"] if one["state"] == "done"] == ["1", "9"]


def test_what_aws_is_working_on_is_not_wrong(account: Account) -> None:
    hand = account.by_hand(6)
    account.sandbox.set(speed=1)
    hand.ids["target-group"] = hand.targets("t")
    wanted = {"Type": "network", "Scheme": "internet-facing", "Subnets": [hand.ids["provider-subnet"]]}
    hand.ids["load-balancer"] = hand.elb.create_load_balancer(Name="n", **wanted)["LoadBalancers"][0]["LoadBalancerArn"]
    hand.listener()
    hand.elb.register_targets(TargetGroupArn=hand.ids["target-group"], Targets=[{"Id": hand.ids["web"]}])
    found = account.look()
    assert states(found)["7"] is State.NOT_YET
    following = found.next_thing()
    assert following
    assert following.number == "9", "the service needs the load balancer, the consumer's VPC does not"


def test_what_may_not_be_looked_at_is_said(account: Account) -> None:
    account.by_hand(9)
    events = account.clients.elb.meta.events

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeLoadBalancers")

    events.register("before-call.elastic-load-balancing-v2.DescribeLoadBalancers", refuse)
    try:
        steps = {one.number: words(one) for one in account.look().steps}
    finally:
        events.unregister("before-call.elastic-load-balancing-v2.DescribeLoadBalancers", refuse)
    assert steps["7"] == "not looked at: Network Load Balancer: DescribeLoadBalancers is not allowed to you"
    assert steps["8"] == "not looked at: endpoint service: DescribeLoadBalancers is not allowed to you"
    assert (steps["6"], steps["9"]) == ("", "")


def test_it_only_reads_and_the_least_policy_lets_it(account: Account) -> None:
    account.by_hand(16)
    asked: set[str] = set()

    def hear(model: Any, **_: Any) -> None:
        service = {"elbv2": "elasticloadbalancing"}.get(model.service_model.service_name, "ec2")
        asked.add(f"{service}:{model.name}")

    clients = (account.clients.ec2, account.clients.elb)
    for client in clients:
        client.meta.events.register("before-call", hear)
    try:
        account.look().next_thing()
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", hear)
    assert len(asked) > 14
    assert asked <= {one.action for one in PERMISSIONS}
    assert all(action.partition(":")[2].startswith("Describe") for action in asked)


def test_the_link_leads_to_the_page_where_it_is_made(account: Account) -> None:
    """In the sandbox no link is shown: the console shows AWS."""
    hand = account.by_hand(3)
    console = "https://us-east-1.console.aws.amazon.com/vpcconsole/home?region=us-east-1#"
    found = account.look()
    links = {r.key: page_of(r, found.live, "us-east-1") for r in found.demo.resources}
    assert links["provider-vpc"] == f"{console}VpcDetails:VpcId={hand.ids['provider-vpc']}"
    assert links["provider-routes"] == f"{console}RouteTables:"
    assert links["customer-attachment"] == ""
    hand.ec2.create_route_table(VpcId=hand.ids["provider-vpc"])
    found = account.look()
    following = found.next_thing()
    assert following
    assert following.resource
    table = found.shapes.chosen["provider-routes"]
    assert page_of(following.resource, found.live, "us-east-1") == f"{console}RouteTableDetails:RouteTableId={table}"


def test_without_a_sandbox_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--sandbox", "--state-dir", str(tmp_path), "check"]) == 1
    assert "The sandbox does not run." in capsys.readouterr().err
