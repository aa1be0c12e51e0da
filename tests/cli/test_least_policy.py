"""The proof of ``iam-policy``: in a sandbox that checks permissions a user who has exactly the printed policy runs
everything, and one who lacks any of its actions is told which."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

import pytest

from tools.account import account
from vpce_demo.aws import environment
from vpce_demo.aws.iam_policy import EXTRAS, actions
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.model import Side
from vpce_demo.sandbox.client import Running

from .. import iam
from .program import Done, good
from .users import APART, AWAY, ELSEWHERE, HERE, Users, asked

pytestmark = pytest.mark.extended

UNSEEN = {
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpointServicePermissions",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
}
"""Without these, fields that differ are not seen, and not mended."""
QUESTIONS = {
    "ec2:DescribeNetworkAcls": "acl-return-ports",
    "ec2:DescribeVpcEndpointServicePermissions": "service-not-found",
    "ec2:GetConsoleOutput": "targets-unhealthy:httpd",
}
"""What only a diagnosis asks, or also, with a way to break a demo at which it does."""
DOCTOR = {"ec2:DescribeRegions": "region"}
"""What ``doctor`` asks, with the line that says what it could not."""
SPEED = 40.0
"""How many times faster than AWS the clock runs where tags are known late."""
SAMPLE = ["ec2:DeleteVpc", "ssm:GetParameter"]
"""One to change and one to look; all together take minutes."""


def everything(users: Users) -> None:
    """Make it and test it, change something behind its back and mend it, ask why it does not work, delete it although a
    stranger uses it."""
    users.do("doctor")
    good(users.do("up"))
    users.change_what_up_mends()
    good(users.do("up", "--skip-test", config=ELSEWHERE))
    users.take_away_the_tables()
    users.breaks(QUESTIONS["ec2:GetConsoleOutput"])
    assert users.do("test", "--timeout", "1", config=ELSEWHERE).code == 6
    users.let_a_stranger_in()
    users.keep_what_goes_with_an_instance()
    good(users.do("down", "--reject-foreign-connections"))
    users.clean_up()
    assert users.denied() == set()
    assert account(users.root) == users.empty


@pytest.mark.ordinary
def test_a_user_with_exactly_this_policy_runs_everything_and_needs_all_of_it(users: Users) -> None:
    """Both ways: what the commands asked for is what the policy allows."""
    users.sign_in(apart=False)
    everything(users)
    useful = {extra.action for extra in EXTRAS}  # asked for, and done without
    assert sorted(asked(users, "alice") - useful.difference(actions())) == actions()


@pytest.mark.slow
def test_each_side_with_its_own(users: Users) -> None:
    users.sign_in(apart=True)
    everything(users)
    for side in Side:
        useful = {extra.action for extra in EXTRAS if side in extra.sides}  # asked for, and done without
        assert sorted(asked(users, side) - useful.difference(actions(side))) == actions(side)


@pytest.mark.slow
def test_each_side_with_its_own_in_an_account_and_a_region_of_its_own(users: Users, tmp_path: Path) -> None:
    """What is needed besides, and nothing that the other side needs: made, tested, mended and deleted."""
    (tmp_path / "apart.yaml").write_text(APART)
    users.apart = True
    for side, where in ((Side.PROVIDER, {}), (Side.CONSUMER, AWAY)):
        document = users.printed(str(side), "-c", str(tmp_path / "apart.yaml"))
        users.sides[side] = iam.user(users.sandbox, document, f"{side}-apart", **where)
    good(users.do("up", config=APART))
    ec2, service = users.ec2, users.ids["service"]
    principal = f"arn:aws:iam::{AWAY['account']}:root"
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service, RemoveAllowedPrincipals=[principal])
    ec2.modify_vpc_endpoint_service_configuration(ServiceId=service, RemoveSupportedRegions=[AWAY["region"]])
    good(users.do("up", "--skip-test", config=APART))
    good(users.do("status", "--check", config=APART))
    good(users.do("down", config=APART))
    users.clean_up()
    assert users.denied() == set()
    assert account(users.root) == users.empty
    config = load(tmp_path / "apart.yaml", {})
    for side, place in ((Side.PROVIDER, iam.HOME), (Side.CONSUMER, AWAY["account"])):
        more = set(actions(side, config=config)).difference(actions(side))
        assert more == {"vpce:AllowMultiRegion", *(["ec2:ModifyVpcEndpointServicePermissions"] * (side == "provider"))}
        assert more <= asked(users, f"{side}-apart", place)


def test_two_people_each_with_the_policy_of_their_side(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each makes, answers and deletes one side, and asks nothing of the other's account."""
    theirs = AWAY["account"]
    place = users.place

    def one_side(config: Config, running: Running) -> environment.Environment:
        assert config.side, "every command here is about one side"
        return dataclasses.replace(
            place(config, running), clients=dict.fromkeys(Side, place(config, running).clients[Side(config.side)])
        )

    monkeypatch.setattr(environment, "in_sandbox", one_side)
    provider = ("--side", "provider", "--consumer-account", theirs)
    users.apart = True
    users.sides[Side.PROVIDER] = iam.user(users.sandbox, users.printed("provider", *provider[2:]), "provider-alone")
    users.sides[Side.CONSUMER] = iam.user(
        users.sandbox, users.printed("consumer", "--name", "theirs"), "consumer-alone", account=theirs
    )
    good(users.do("up", *provider))
    service = users.root.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"][0]
    consumer = ("--name", "theirs", "--profile", theirs)
    good(users.do(*consumer, "up", "--side", "consumer", "--service-name", service["ServiceName"]))
    (request,) = users.do("accept", "--list", "-o", "json").document["requests"]
    good(users.do("accept", "--all"))
    good(users.do(*consumer, "test"))
    good(users.do("test"))
    good(users.do("reject", request["endpoint"]))
    assert users.do("accept", "--list", "-o", "json").document["requests"][0]["state"] == "rejected"
    good(users.do(*consumer, "down", "--side", "consumer"))
    good(users.do("down", "--side", "provider"))
    users.clean_up()
    assert users.denied() == set()
    assert account(users.root) == users.empty


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.slow
def test_tags_that_iam_knows_late_are_waited_for(users: Users, apart: bool) -> None:
    """A whole ``up``, where IAM sees the tags of what was made only after 10 seconds of AWS."""
    users.sign_in(apart)
    users.sandbox.set(speed=SPEED)
    users.after.callback(users.sandbox.set, speed=math.inf)
    users.sandbox.faults.hide_tags(10)
    done = good(users.do("up", "--skip-test", "--progress", "plain"))
    assert "UnauthorizedOperation, trying again" in done.text
    assert users.denied(), "or nothing is proven"
    users.sandbox.faults.clear()
    users.sandbox.set(speed=math.inf)
    good(users.do("down"))


def test_a_denial_of_something_old_is_told_at_once(users: Users) -> None:
    users.sign_in(apart=False, without=["ec2:CreateSubnet"])
    users.do("up", "--until", "create-provider")
    before = [call.operation for call in users.sandbox.calls()].count("CreateSubnet")
    users.do("up", "--until", "create-provider")
    assert [call.operation for call in users.sandbox.calls()].count("CreateSubnet") == before + 1


@pytest.mark.slow
def test_the_tags_of_the_settings_are_part_of_it(users: Users, tmp_path: Path) -> None:
    """Whoever is to set them is let in with them, and only then."""
    tagged = HERE + 'tags: {CostCenter: "4711"}'
    (tmp_path / "tagged.yaml").write_text(tagged)
    alice = iam.user(users.sandbox, users.printed("both", "-c", str(tmp_path / "tagged.yaml")))
    users.sides = dict.fromkeys(Side, alice)
    done = users.do("up", "--skip-test", config=tagged.replace("4711", "4712"))
    assert done.code == 1
    assert "is not authorized to perform: ec2:CreateTags on" in done.text
    good(users.do("up", "--skip-test", config=tagged))
    assert users.denied() > set()


def test_doctor_under_the_policy_asks_and_may_everything(users: Users) -> None:
    users.sign_in(apart=False)
    good(users.do("up", "--skip-test"))
    done = good(users.do("doctor", "-o", "json"))
    told = {line["title"]: line for line in done.document["lines"]}
    assert re.match(r"(\d+) of \1 EC2 calls allowed\. Elastic", told["permissions"]["evidence"]), told["permissions"]
    assert done.document["diagnosis"]["not_asked"] == []
    assert users.denied() == set()


NEEDED = [action for action in actions() if action not in {*UNSEEN, *QUESTIONS, *DOCTOR}]


@pytest.mark.parametrize("action", [pytest.param(a, marks=() if a in SAMPLE else pytest.mark.slow) for a in NEEDED])
def test_without_one_action_the_run_fails_and_names_it(users: Users, action: str) -> None:
    users.sign_in(apart=False, without=[action])
    done = until_it_fails(users, action)
    assert done.code in (1, 7), done.text  # 7: something is left of a delete
    assert f"is not authorized to perform: {action} " in done.text
    assert "Traceback" not in done.text

    iam.put(users.sandbox, users.printed())
    users.take_away_the_tables()
    good(users.do("down", "--reject-foreign-connections"))
    users.clean_up()
    assert account(users.root) == users.empty, "nothing is left that could not be deleted"


def test_what_may_not_be_looked_at_is_not_mended(users: Users) -> None:
    users.sign_in(apart=False, without=UNSEEN)
    good(users.do("up", "--skip-test"))
    users.change_what_up_mends()
    good(users.do("up", "--skip-test", config=ELSEWHERE))
    attributes = (
        *("ModifyVpcAttribute", "ModifyLoadBalancerAttributes", "ModifyTargetGroupAttributes"),
        *("CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry"),
    )
    assert not [one for one in asked(users, "alice") if one.endswith(attributes)]
    users.take_away_the_tables()
    good(users.do("down"))


@pytest.mark.parametrize("action", DOCTOR)
def test_doctor_says_what_it_may_not_ask(users: Users, action: str) -> None:
    users.sign_in(apart=False, without=[action])
    (line,) = [x for x in users.do("doctor", "-o", "json").document["lines"] if x["title"] == DOCTOR[action]]
    assert line["evidence"] == f"not asked: {action.partition(':')[2]} is not allowed to you"


@pytest.mark.parametrize("action", [pytest.param(a, marks=pytest.mark.slow) for a in QUESTIONS])
def test_a_diagnosis_says_what_it_may_not_ask(users: Users, action: str) -> None:
    users.sign_in(apart=False, without=[action])
    good(users.do("up", "--skip-test"))
    users.breaks(QUESTIONS[action])
    command = "up" if action.endswith("Permissions") else "test"
    done = users.do(command, "--timeout", "3", "-o", "json")
    operation = action.partition(":")[2]
    assert operation in users.denied()
    if operation != "GetConsoleOutput":  # which only adds to the evidence
        assert f"{operation} is not allowed to you" in str(done.document["diagnosis"]["not_asked"])


def until_it_fails(users: Users, action: str) -> Done:
    """``up``, ``test``, ``down``, ``up`` again, once more to mend, and a ``down`` that sends a stranger away.  Only
    what looks can fail in ``test``."""
    done = users.do("up", "--skip-test")
    if not done.code and ":Describe" in action:
        done = users.do("test")
    if not done.code:
        done = users.do("down")
    if not done.code:
        users.do("up", "--skip-test")
        users.change_what_up_mends()
        done = users.do("up", "--skip-test", config=ELSEWHERE)
    if not done.code:
        users.let_a_stranger_in()
        users.keep_what_goes_with_an_instance()
        done = users.do("down", "--reject-foreign-connections")
    return done


@pytest.mark.ordinary
def test_the_sample_is_of_what_there_is() -> None:
    assert set(SAMPLE) <= set(actions())
