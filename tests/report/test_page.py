"""The page in words: every section at each point of a demo's life, and nothing in it that is not ours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from vpce_demo.config.model import Config
from vpce_demo.cost.bill import said
from vpce_demo.lessons import Language, words
from vpce_demo.model import Drift
from vpce_demo.report.known import known
from vpce_demo.report.page import hourly, page

from .logged_demo import Life

SECTIONS = ("picture", "test", "timing", "resources", "cost", "teardown", "runs")
HEADINGS = {
    "picture": "構成図",
    "test": "テスト",
    "timing": "所要時間",
    "resources": "リソース",
    "cost": "料金",
    "teardown": "削除",
    "runs": "実行の記録",
}
ENGLISH = re.compile(r"\b[a-z]{2,}(?: [a-z]{2,}){2,}")
"""Three plain words in a row: AWS's names and states are not that."""


def shown(life: Life, lang: Language = "en") -> str:
    return page(known(life.runs, Config()), 2e9, lang=lang)


def section(text: str, name: str) -> str:
    """The words of a section, without markup."""
    inner = text.partition(f'<section id="{name}">')[2].partition("</section>")[0]
    assert inner, name
    return " ".join(unescape(re.sub(r"<style.*?</style>|<[^>]+>", " ", inner, flags=re.DOTALL)).split())


def test_after_up_only(life: Life) -> None:
    life.up()
    text = shown(life)
    assert all(section(text, name) for name in SECTIONS)
    assert "No test is on record" in section(text, "test")
    assert "Still there" in section(text, "teardown")
    assert "vpce-demo down" in section(text, "teardown")
    assert "up: 32 made in" in section(text, "timing")
    for live in life.live.values():
        assert live.id.rpartition(":")[2].removeprefix("loadbalancer/").removeprefix("targetgroup/") in section(
            text, "resources"
        )
    assert "about $" in section(text, "cost")
    assert "until it is deleted" in section(text, "cost")


def test_the_whole_life(life: Life) -> None:
    life.up()
    life.test()
    life.down()
    text = shown(life)
    assert "Passed 4 of 4" in section(text, "test")
    assert "<html><h1> Welcome to Hangyuzs Server 1 </h1></html>" in section(text, "test")
    assert "200 from 10.0.1.15 to 10.0.1.87" in section(text, "test")
    assert "Deleted 32. Looked again by tag: nothing left." in section(text, "teardown")
    assert "down: 20 deleted, and 12 with them, in" in section(text, "timing")
    assert "costs nothing any more" in section(text, "cost")
    assert "As it stood before it was deleted" in section(text, "picture")
    assert section(text, "runs").count("done") == 3


def whole(life: Life) -> None:
    life.up()
    life.test()
    life.down()


def failed(life: Life) -> None:
    life.up()
    life.test(failing=3)
    life.down(left=["provider-vpc", "provider-group"])


def killed(life: Life) -> None:
    life.up()
    life.down(killed=True)


def standing(life: Life) -> None:
    life.up()
    life.test()


def nothing(life: Life) -> None:
    life.test()


@pytest.mark.parametrize("place", ["AWS", "sandbox"])
@pytest.mark.parametrize("lived", [whole, failed, killed, standing, nothing])
def test_in_japanese(tmp_path: Path, lived: Callable[[Life], None], place: str) -> None:
    """Every section, the checks with their evidence too, which the log has in English."""
    life = Life(tmp_path, place=place)
    lived(life)
    text = shown(life, "ja")
    assert '<html lang="ja">' in text
    for name, heading in HEADINGS.items():
        told = section(text, name)
        assert told.startswith(heading)
        english = ": some are left", "The group lets nobody in."  # AWS's words, and those of no rule
        for one in english:
            told = told.replace(one, "")
        assert ENGLISH.findall(told) == [], name
    assert ENGLISH.findall(" ".join(re.findall('aria-label="([^"]*)"', text))) == []
    assert re.findall(r">([^<>]*…[^<>]*)<", text) == [], "nothing is shortened"


def test_what_is_said_in_japanese(tmp_path: Path) -> None:
    life = Life(tmp_path)
    failed(life)
    text = shown(life, "ja")
    assert "✗ 項目 3 で失敗しました: curl http://10.0.1.87/" in section(text, "test")
    assert "最も可能性の高い原因: The group lets nobody in." in section(text, "test")
    assert "✗ 2 個残っています。" in section(text, "teardown")
    assert f"セキュリティグループ {life.live['provider-group'].id} DependencyViolation" in section(text, "teardown")
    assert "up: 32 個を作成、" in section(text, "timing")
    assert "14 コンシューマーのインスタンス" in section(text, "timing")
    assert "t3.micro インスタンス 2 $0.0208" in section(text, "cost")
    assert "1 ゾーン" in section(text, "cost")
    assert "line-break: strict" in text
    english = shown(life)
    assert "line-break" not in english
    assert '<html lang="en">' in english


def test_a_failure_with_its_cause(life: Life) -> None:
    life.up()
    life.test(failing=3)
    told = section(shown(life), "test")
    assert "Failed at 3: curl http://10.0.1.87/" in told
    assert "Most likely: The group lets nobody in." in told
    assert "vpce-demo up" in told


def test_leftovers_with_their_reasons(life: Life) -> None:
    life.up()
    life.down(left=["provider-vpc", "provider-group"])
    told = section(shown(life), "teardown")
    assert "2 are left" in told
    assert life.live["provider-vpc"].id in told
    assert "DependencyViolation: in use" in told
    assert f"VPC {life.live['provider-vpc'].id}" in told, "by AWS's noun"


def test_a_delete_that_was_killed(life: Life) -> None:
    life.up()
    life.down(killed=True)
    assert "did not come to its end" in section(shown(life), "teardown")


def test_on_aws_what_stands_has_links_and_has_cost_something(life: Life) -> None:
    life.up()
    now = life.runs[0].lines[-1]["at"] + 1.5 * 3600
    drifted = replace(life.live["target-group"], drift=(Drift("health check interval", "10", "30"),))
    seen = known(life.runs, Config(), life.look({**life.live, "target-group": drifted}, now))
    text = page(seen, now)
    links = re.findall(r'href="(https://[^"]*)"', text)
    assert len(links) == 32
    assert all(link.startswith("https://us-east-1.console.aws.amazon.com/") for link in links)
    assert any(life.live["endpoint"].id in link for link in links)
    assert "health check interval: 30, in the tutorial 10" in section(text, "resources")
    # A begun hour of the load balancer and of the endpoint is a full one; the rest goes by the second.
    costs = section(text, "cost")
    assert "Network Load Balancer 1 $0.0225 $0.0450" in costs
    assert "interface endpoint 1 zone $0.0100 $0.0200" in costs
    assert "t3.micro instance 2 $0.0208 $0.0312" in costs


@pytest.mark.parametrize("amount", [Decimal("0.0695"), None])
def test_the_price_is_said_as_on_every_screen(amount: Decimal | None) -> None:
    assert hourly(amount, words("en", "report")) == said(amount)


def test_what_is_gone_or_in_the_sandbox_has_no_links(tmp_path: Path) -> None:
    for place in ("AWS", "sandbox"):
        life = Life(tmp_path / place, place=place)
        life.up()
        if place == "AWS":
            life.down()
        assert "https://" not in shown(life).replace("http://www.w3.org", "")


def test_in_the_sandbox_nothing_costs(tmp_path: Path) -> None:
    life = Life(tmp_path, place="sandbox")
    life.up()
    assert "The sandbox costs nothing. On AWS" in section(shown(life), "cost")


def test_a_page_and_names_are_text_and_never_markup(tmp_path: Path) -> None:
    hostile = '<script>alert("1")</script><img src=http://example.com/x>'
    config = Config.model_validate({"consumer": {"vpc_name": hostile}, "page": hostile})
    life = Life(tmp_path, config=config)
    life.up()
    life.test(page=hostile)
    text = page(known(life.runs, config), 2e9)
    assert "<script" not in text
    assert "<img" not in text
    assert hostile in section(text, "test")
    assert hostile in unescape(text)


def test_it_asks_for_nothing(life: Life) -> None:
    life.up()
    life.test()
    text = shown(life)
    assert not re.search(r"<(script|link(?! rel=\"icon\" href=\"data:,\")|iframe|img|object|embed)|@import|url\(", text)
    assert {where for where in re.findall(r'(?:src|href)="([^"]*)"', text) if not where.startswith("https://")} == {
        "data:,"
    }
    assert "default-src 'none'" in text
