"""``tags`` in the config file: on everything that takes tags, and mended when they change."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment
from vpce_demo.aws.iam_policy import LARGEST_OF_A_ROLE, LARGEST_POLICY, size
from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.config.model import MOST_TAGS, Config
from vpce_demo.errors import ConfigError
from vpce_demo.model import Remedy, Side
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

OpenRun = Callable[..., AbstractContextManager[Run]]
TAGS = {"CostCenter": "47 11", "team/部署": "a+b=c@d.e_f:g/h-i"}
TAGGED = (
    *("vpc", "internet-gateway", "subnet", "route-table", "key-pair", "security-group", "instance", "volume"),
    *("network-interface", "loadbalancer", "targetgroup", "listener", "vpc-endpoint-service", "vpc-endpoint"),
)
"""The types of what the demo creates, and all of them take tags."""
MENDED_NOT = {"volume", "network-interface", "listener"}
"""These have the tags they were created with."""


def up(run: Run) -> None:
    run.up(run.demo.resources, lambda event: None, None)


def values(clients: Clients, key: str) -> dict[str, set[str]]:
    """The values of this tag, by type of resource."""
    found: dict[str, set[str]] = {}
    for tag in clients.ec2.describe_tags(Filters=[{"Name": "key", "Values": [key]}])["Tags"]:
        found.setdefault(tag["ResourceType"], set()).add(tag["Value"])
    elb = clients.elb
    balancers = [one["LoadBalancerArn"] for one in elb.describe_load_balancers()["LoadBalancers"]]
    groups = [one["TargetGroupArn"] for one in elb.describe_target_groups()["TargetGroups"]]
    listeners = [
        one["ListenerArn"] for arn in balancers for one in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    ]
    for one in elb.describe_tags(ResourceArns=[*balancers, *groups, *listeners])["TagDescriptions"]:
        kind = one["ResourceArn"].rpartition(":")[2].partition("/")[0]
        found.setdefault(kind, set()).update(tag["Value"] for tag in one["Tags"] if tag["Key"] == key)
    return found


def test_every_call_that_takes_tags_is_given_them_and_later_changes_are_mended(
    sandbox: Sandbox, place: Environment, open_run: OpenRun, tmp_path: Path
) -> None:
    clients = place.clients[Side.PROVIDER]
    with open_run(tmp_path, tags=TAGS) as run:
        up(run)
    lists = [tags for call in sandbox.calls() for tags in tag_lists(call.params) if call.operation != "CreateTags"]
    assert len(lists) >= 20
    assert all({"Key": key, "Value": value} in tags for tags in lists for key, value in TAGS.items())
    assert values(clients, "CostCenter") == {kind: {"47 11"} for kind in TAGGED}

    with open_run(tmp_path, tags={"CostCenter": "4712", "Stage": "demo"}) as run:
        drift = {(one.field, one.tutorial, one.aws, one.remedy) for live in run.look().values() for one in live.drift}
        assert drift == {
            ("tag CostCenter", "4712", "47 11", Remedy.MEND),
            ("tag Stage", "demo", "none", Remedy.MEND),
        }
        up(run)
        assert [live.drift for live in run.look().values() if live.drift] == []
    told = values(clients, "CostCenter")
    assert told == {kind: {"47 11" if kind in MENDED_NOT else "4712"} for kind in TAGGED}

    with open_run(tmp_path) as run:  # what is no longer set stays: somebody else may have set it too
        assert [live.drift for live in run.look().values() if live.drift] == []


def tag_lists(params: dict[str, Any]) -> list[Any]:
    """The lists of tags in the parameters of a call."""
    given = [spec["Tags"] for spec in params.get("TagSpecifications", [])]
    return [*given, *([params["Tags"]] if "Tags" in params else [])]


def test_a_policy_that_is_too_long_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def written(count: int) -> tuple[int, str, str]:
        tags = "".join(f"  key-{n:060}: '{n:0200}'\n" for n in range(count))
        (tmp_path / "demo.yaml").write_text(f"name: second\ntags:\n{tags}")
        assert run_command(["-c", "demo.yaml", "iam-policy", "--to", "a policy"]) == 0
        return size(json.loads((tmp_path / "a policy").read_text())), *capsys.readouterr()

    taken, out, err = written(1)
    assert taken <= LARGEST_POLICY
    assert "aws iam create-policy --policy-name second --policy-document 'file://a policy'" in out
    assert err == ""
    taken, out, err = written(7)
    assert LARGEST_POLICY < taken <= LARGEST_OF_A_ROLE
    assert f"A managed policy may have {LARGEST_POLICY} characters, and this one has {taken}." in err
    assert "aws iam put-role-policy --role-name NAME --policy-name second --policy-document 'file://a policy'" in out
    assert "create-policy" not in out
    taken, out, err = written(20)
    assert taken > LARGEST_OF_A_ROLE
    assert "some of the tags out of the config file, or shorten them." in err
    assert "aws iam" not in out


def test_keys_of_tags_that_differ_in_case() -> None:
    """IAM's condition keys do not, so that no policy could allow both."""
    with pytest.raises(ConfigError, match="tags: has CostCenter and costcenter, which permissions do not tell apart"):
        load(None, {"tags": {"CostCenter": "1", "costcenter": "2"}})
    with pytest.raises(ConfigError, match="is one of the demo's own tags"):
        load(None, {"tags": {"Vpce-Demo:demo": "1"}})


def test_as_many_as_there_may_be() -> None:
    most = {f"{n:0128}": "v" * 256 for n in range(MOST_TAGS)}
    assert load(None, {"tags": most}).tags == most
    assert Config().tags == {}
