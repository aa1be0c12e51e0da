"""Masks: nothing of what they are for is left anywhere, and the same thing has the same one."""

from __future__ import annotations

import pwd
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vpce_demo.config.model import Config
from vpce_demo.model import Drift
from vpce_demo.report.known import known
from vpce_demo.report.page import page
from vpce_demo.report.redact import Redactor, redacted

from .logged_demo import Life

LONG_HEX = re.compile(r"[0-9a-f]{16,}")


def strings(data: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from strings(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from strings(value)


def secrets(life: Life) -> set[str]:
    """What must not be seen: collected from the logs and what they were made of, not by the patterns of the masks."""
    found = {"111122223333", "54.1.2.3", "54.1.2.4", "203.0.113.10", life.demo.balancer.name + "-50dc6c495c0c9188"}
    for live in life.live.values():
        found |= {live.id, live.id.rpartition("-")[2], live.id.rpartition("/")[2]}
        found |= {value for name, value in live.outputs.items() if name in ("dns_name", "service_name", "interfaces")}
    for run in life.runs:
        for text in strings(list(run.lines)):
            found |= set(LONG_HEX.findall(text))
    return found


@pytest.mark.parametrize("deleted", [False, True])
def test_nothing_of_the_originals_is_left(tmp_path: Path, deleted: bool) -> None:
    life = Life(tmp_path)
    life.up()
    life.test(page="<p>from arn:aws:iam::111122223333:user/alice on 54.1.2.4</p>")
    life.up(fails="web")
    if deleted:
        life.down(left=["provider-vpc"])
        life.down()
    plain = page(known(life.runs, Config()), 2e9)
    gone = [secret for secret in secrets(life) if secret not in plain]
    assert len(gone) < len(secrets(life)) / 2, "the report without masks shows most of it, or this would prove nothing"
    runs, _ = redacted(life.runs, None)
    masked = page(known(runs, Config()), 2e9, redacted=True)
    assert [secret for secret in secrets(life) if secret in masked] == []
    assert "alice" not in masked
    assert not LONG_HEX.search(masked)
    # Names and private addresses stay, or there would be nothing to see.
    for kept in ("Customer_Network", "10.0.1.15", "10.0.1.87", "20.0.1.10", "20.0.0.0/16", "us-east-1a"):
        assert kept in masked, kept


def test_a_look_is_masked_with_the_same_masks(life: Life) -> None:
    life.up()
    subnet = life.live["provider-subnet"].id
    drifted = replace(life.live["load-balancer"], drift=(Drift("subnets", subnet, "subnet-00000000000000000"),))
    runs, masked = redacted(life.runs, life.look({**life.live, "load-balancer": drifted}))
    assert masked is not None
    from_log = known(runs, Config())
    assert {key: live.id for key, live in masked.live.items()} == {key: live.id for key, live in from_log.live.items()}
    assert masked.accounts["provider"]["account"] == from_log.runs[0].head["accounts"]["provider"]["account"]
    shown = page(known(runs, Config(), masked), 2e9, redacted=True)
    assert [secret for secret in secrets(life) if secret in shown] == []
    assert "subnets: subnet-xxxxxxxx" in shown
    assert "https://" not in shown.replace("http://www.w3.org", ""), "a link would lead to the account"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "vpc-0a0a0a0a0a0a0a0a0 vpc-0b0b0b0b0b0b0b0b0 vpc-0a0a0a0a0a0a0a0a0",
            "vpc-xxxxxxxx1 vpc-xxxxxxxx2 vpc-xxxxxxxx1",
        ),
        ("com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f67890", "com.amazonaws.vpce.us-east-1.vpce-svc-xxxxxxxx1"),
        ("vpce-svc-0a1b2c3d4e5f67890 vpce-0a1b2c3d4e5f67890", "vpce-svc-xxxxxxxx1 vpce-xxxxxxxx1"),
        ("i-0123456789abcdef0:80", "i-xxxxxxxx1:80"),
        ("sg-903004f8", "sg-xxxxxxxx1"),
        ("net/MyNetwork-LB/50dc6c495c0c9188", "net/MyNetwork-LB/xxxxxxxx1"),
        (
            "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/LB/50dc6c495c0c9188",
            "arn:aws:elasticloadbalancing:us-east-1:xxxxxxxxxx01:loadbalancer/net/LB/xxxxxxxx1",
        ),
        ("http://MyNetwork-LB-50dc6c495c0c9188.elb.us-east-1.amazonaws.com/", "http://xxxxxxxx1.amazonaws.com/"),
        ("ec2-user@54.1.2.3, open to 203.0.113.10/32", "ec2-user@x.x.x.1, open to x.x.x.2/32"),
        (
            "200 from 10.0.1.15 to 192.168.1.1, 0.0.0.0/0, 172.16.5.5",
            "200 from 10.0.1.15 to 192.168.1.1, 0.0.0.0/0, 172.16.5.5",
        ),
        ("20.0.1.10 of ours, 21.0.1.10 of somebody's", "20.0.1.10 of ours, x.x.x.1 of somebody's"),
        ("User: arn:aws:sts::111122223333:assumed-role/admin/alice is not", "User: arn:aws:xxxxxxxx1 is not"),
        (
            "Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abc",
            "Encoded authorization failure message: xxxxxxxx1",
        ),
        ("account 111122223333 and 444455556666", "account xxxxxxxxxx01 and xxxxxxxxxx02"),
        (
            "Customer_Network us-east-1a tcp/443 1795534871.39 2026-11-24",
            "Customer_Network us-east-1a tcp/443 1795534871.39 2026-11-24",
        ),
    ],
)
def test_masks(text: str, masked: str) -> None:
    assert Redactor(["20.0.0.0/16", "10.0.0.0/16"]).text(text) == masked


def test_the_users_own_directory_is_not_named(tmp_path: Path) -> None:
    assert (
        Redactor().text(f"another key than {Path.home()}/.vpce-demo/key.pem") == "another key than ~/.vpce-demo/key.pem"
    )


@pytest.mark.parametrize("home", ["/", "", "relative", None])
def test_without_a_home_nothing_is_taken_for_it(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    def unknown(number: int) -> pwd.struct_passwd:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setenv("HOME", home) if home is not None else monkeypatch.delenv("HOME")
    assert Redactor().text("relative/key.pem in /srv/demo") == "relative/key.pem in /srv/demo"
