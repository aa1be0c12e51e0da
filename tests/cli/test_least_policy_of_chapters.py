"""The printed policy with ``--chapters`` allows all that a chapter needs, and no less will do."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tools.account import account
from vpce_demo.aws.iam_policy import actions
from vpce_demo.chapters import CHAPTERS
from vpce_demo.model import Remedy, Side

from .. import iam
from ..changes import CALLED_IN_CHAPTERS, remedy
from .program import good
from .users import APART, AWAY, Break, Users, asked

pytestmark = pytest.mark.extended

NEW_WITH_CHAPTERS = {"ec2:DescribePrefixLists": "gateway", "route53:AssociateVPCWithHostedZone": "interface"}
"""The actions that no demo needs without a chapter, with one that does."""
BROKEN: dict[str, tuple[str, Break]] = {
    "endpoint-policy-denies": ("gateway", lambda users: in_chapters(users, "gateway-endpoint-s3", "policy")),
    "no-endpoint-route": ("gateway", lambda users: in_chapters(users, "gateway-endpoint-s3", "route tables")),
    "endpoint-https-closed": ("interface", lambda users: in_chapters(users, "interface-endpoint", "security groups")),
    "private-dns-off": ("interface", lambda users: in_chapters(users, "interface-endpoint", "private DNS")),
    "dns-attributes-off": ("interface", lambda users: without_hostnames(users)),
}
"""By cause: the chapter that it breaks, and how."""


def in_chapters(users: Users, key: str, field: str) -> None:
    next(change for found, change in CALLED_IN_CHAPTERS.items() if found[:2] == (key, field))(users, ExitStack())


def without_hostnames(users: Users) -> None:
    users.ec2.modify_vpc_attribute(VpcId=users.ids["interface-vpc"], EnableDnsHostnames={"Value": False})


def test_the_chapters_run_with_what_is_printed_for_them_and_need_all_of_it(users: Users) -> None:
    """Made, tested, changed in every field that is mended, mended and deleted."""
    users.sign_in(False, (), "--chapters")
    good(users.do("up", "--chapter", "gateway"))
    good(users.do("up", "--chapter", "interface", "--skip-test"))
    for key, field, _ in CALLED_IN_CHAPTERS:
        if remedy(key, field) is Remedy.MEND:
            in_chapters(users, key, field)
    without_hostnames(users)
    for chapter in CHAPTERS:
        good(users.do("up", "--chapter", chapter, "--skip-test"))
    good(users.do("status", "--check"))
    assert set(actions(chapters=True)) - set(actions()) == NEW_WITH_CHAPTERS.keys() <= asked(users, "alice")
    (theirs,) = users.ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.2.78.0/24"]}])["Subnets"]
    users.ec2.delete_subnet(SubnetId=theirs["SubnetId"])
    good(users.do("down"))
    assert users.denied() == set()
    assert account(users.root) == users.empty


@pytest.mark.parametrize("rule", BROKEN)
@pytest.mark.slow
def test_every_diagnosis_of_a_chapter_is_allowed(users: Users, rule: str) -> None:
    chapter, break_it = BROKEN[rule]
    users.sign_in(False, (), "--chapters")
    good(users.do("up", "--chapter", chapter, "--skip-test"))
    break_it(users)
    done = users.do("test", "--chapter", chapter, "--timeout", "3", "-o", "json")
    assert (done.code, done.document["diagnosis"]["rule"], done.document["diagnosis"]["not_asked"]) == (6, rule, [])
    good(users.do("up", "--chapter", chapter, "--yes"))
    assert users.denied() == set()


@pytest.mark.parametrize(("action", "chapter"), NEW_WITH_CHAPTERS.items())
@pytest.mark.sampled(2)
def test_without_what_a_chapter_needs_it_is_named(users: Users, action: str, chapter: str) -> None:
    users.sign_in(False, (action,), "--chapters")
    done = users.do("up", "--chapter", chapter)
    assert done.code == 1
    assert f"is not authorized to perform: {action} " in done.text
    assert "Traceback" not in done.text


def test_another_table_of_an_endpoint_is_not_taken_away_without_its_permission(users: Users) -> None:
    """It may be somebody else's, without the demo's tag."""
    users.sign_in(False)
    iam.put(users.sandbox, users.printed("both", "--chapters"))
    good(users.do("up", "--chapter", "gateway", "--skip-test"))
    endpoint, ec2 = users.ids["gateway-endpoint-s3"], users.ec2
    table = ec2.create_route_table(VpcId=users.ids["gateway-vpc"])["RouteTable"]["RouteTableId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[table])
    again = ("up", "--chapter", "gateway", "--skip-test", "--yes")
    iam.put(users.sandbox, users.printed())
    done = users.do(*again)
    assert done.code == 1
    assert "is not authorized to perform: ec2:ModifyVpcEndpoint on resource: " in done.text
    iam.put(users.sandbox, users.printed("both", "--chapters"))
    good(users.do(*again))
    ec2.delete_route_table(RouteTableId=table)
    good(users.do("down"))


@pytest.mark.slow
def test_a_chapter_of_a_consumer_in_an_account_and_a_region_of_its_own(users: Users, tmp_path: Path) -> None:
    (tmp_path / "apart.yaml").write_text(APART)
    users.apart = True
    for side, where in ((Side.PROVIDER, {}), (Side.CONSUMER, AWAY)):
        document = users.printed(str(side), "--chapters", "-c", str(tmp_path / "apart.yaml"))
        users.sides[side] = iam.user(users.sandbox, document, f"{side}-apart", **where)
    for chapter in CHAPTERS:
        good(users.do("up", "--chapter", chapter, config=APART))
    good(users.do("down", config=APART))
    assert users.denied() == set()
