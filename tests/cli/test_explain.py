"""``explain`` as people call it: with nothing around it, in the language of the locale, at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from vpce_demo.cli import run_command
from vpce_demo.lessons import topics

from ..lessons.script import blocks
from .program import Program, World, good, imported
from .terminal import Terminal

TOPICS = [page.name for page in topics("en")]


def explained(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = run_command(["explain", *words])
    return code, *capsys.readouterr()


def test_the_list_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    for lang in ("en", "ja"):
        code, out, err = explained(capsys, "--lang", lang)
        assert code == 0
        assert [line.split()[0] for line in out.splitlines() if line] == TOPICS
        assert [line.split(maxsplit=1)[1] for line in out.splitlines() if line] == [page.title for page in topics(lang)]
        assert "vpce-demo explain why" in err


@pytest.mark.parametrize("name", ["privatelink", "source-address", "nat"])
def test_a_topic(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = explained(capsys, name)
    assert code == 0
    assert out.startswith(next(page.title for page in topics("en") if page.name == name))
    assert "{" not in out.replace("{Key=", "")


def test_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = explained(capsys, "15", "--lang", "ja")
    assert code == 0
    assert "ステップ 15 / 17（1）: VPC エンドポイント" in out
    assert "ステップ 15 / 17（2）: 承諾" in out
    assert "--security-group-ids $CUSTOMER_GROUP" in out


@pytest.mark.extended
def test_the_commands_of_a_page_run_as_they_stand_in_the_sandbox_too(world: World, program: Program) -> None:
    """``tests/peers/test_the_pages.py`` runs them all."""
    (block,) = blocks(good(world.here("explain", "6", "-o", "json")).document["pages"][0]["text"])
    state = world.directory / world.state
    assert block.startswith(f'aws() {{ vpce-demo --state-dir {state} sandbox aws "$@"; }}\n')
    assert "--cidr $(curl -s --proxy http://127.0.0.1:" in block
    assert "SSH_SOURCE" not in block
    assert "KEY_FILE=vpce-demo-key.pem && ssh-keygen -q -t ed25519 -N '' -f $KEY_FILE\n" in block
    last = good(world.here("explain", "16", "-o", "json")).document["pages"][0]["text"]
    assert "ssh -i $KEY_FILE -F none -o StrictHostKeyChecking=no" in last
    assert "aws()" not in last

    on_aws = good(program.run("explain", "6", "-o", "json")).document["pages"][0]["text"]
    assert "aws()" not in on_aws
    assert "SSH_SOURCE=$(curl -s https://checkip.amazonaws.com)/32\n" in on_aws
    assert "SSH=" in good(program.run("explain", "16")).out


def test_another_region_s_prices(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = explained(capsys, "7", "--region", "ap-northeast-1")
    assert "0.0243 USD an hour in ap-northeast-1" in out


def test_settings_from_a_file(program: Program) -> None:
    (program.directory / "demo.yaml").write_text("provider: {vpc_cidr: 10.9.0.0/16, subnet_cidr: 10.9.1.0/24}\n")
    done = good(program.run("explain", "addresses", "-c", "demo.yaml"))
    assert "The provider has 10.9.0.0/16" in done.out


def test_an_unknown_topic(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = explained(capsys, "acceptence")
    assert (code, out) == (2, "")
    assert "There is no topic 'acceptence'; did you mean 'acceptance'?" in err
    assert "vpce-demo explain" in err


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = explained(capsys, "-o", "json")
    assert [one["name"] for one in json.loads(out)["topics"]] == TOPICS
    code, out, err = explained(capsys, "zones", "--lang", "ja", "-o", "json")
    document: dict[str, Any] = json.loads(out)
    assert (code, document["topic"], document["lang"]) == (0, "zones", "ja")
    assert document["pages"][0]["text"].startswith("インターフェイスエンドポイントは")
    assert "関連ドキュメント" in err


@pytest.mark.parametrize(("variable", "value"), [("LANG", "ja_JP.UTF-8"), ("VPCE_DEMO_LANG", "ja")])
def test_the_language_of_the_environment(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    assert "関連ドキュメント" in explained(capsys, "nat")[1]
    assert "Read on" in explained(capsys, "nat", "--lang", "en")[1]


def test_a_language_that_there_is_not(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, of_the_option = explained(capsys, "--lang", "fr")
    monkeypatch.setenv("VPCE_DEMO_LANG", "fr")
    told = explained(capsys)
    assert (code, told[0]) == (2, 2)
    assert "VPCE015" in of_the_option
    assert of_the_option.replace("--lang", "VPCE_DEMO_LANG") == told[2], "one error, whoever asks"


@pytest.mark.parametrize("words", [[], ["nat", "--lang", "ja"], ["source-address"]])
def test_it_needs_no_boto3_and_no_account(program: Program, words: list[str]) -> None:
    heavy = {"boto3", "botocore", "moto", "pydantic", "asyncssh"}
    modules = imported(program, "explain", *words)
    assert modules.isdisjoint(heavy)
    assert ("budoux" in modules) == ("ja" in words), "the model of Japanese phrases, for Japanese only"


def test_a_shell_completes_topics(program: Program) -> None:
    asked = {"_VPCE_DEMO_COMPLETE": "bash_complete", "COMP_WORDS": "vpce-demo explain s", "COMP_CWORD": "2"}
    done = program.run(**asked)
    assert done.out.split() == ["plain,source-address", "plain,security-groups"]
    done = program.run(**{**asked, "COMP_WORDS": "vpce-demo explain 1"})
    assert done.out.split() == [f"plain,{step}" for step in (1, *range(10, 18))]


def shows(*words: str) -> Callable[[Terminal], bool]:
    return lambda terminal: all(word in terminal.text for word in words)


def test_a_page_goes_through_the_pager(program: Program) -> None:
    """From its beginning, with its colours, and back again; what it had shown stays when it is left."""
    with Terminal(program, "explain", "nat", width=80, height=24) as reader:
        reader.until(shows("NAT gateway or endpoint: what each is for", "The price\n", "\n:"), "the first screen")
        assert reader.is_coloured
        assert len(reader.lines) == 24
        reader.press(" ")
        reader.until(shows("Where they cross"), "the second screen")
        reader.interrupt()  # which is the pager's
        reader.press("b")
        reader.until(shows("NAT gateway or endpoint"), "the first screen again")
        reader.press("q")
        assert reader.finish() == 0
        assert "The price\n" in reader.text


@pytest.mark.parametrize(
    ("height", "environment"),
    [(24, {"PAGER": "cat"}), (24, {"PAGER": ""}), (24, {"TERM": "dumb"}), (200, {})],
    ids=["cat", "empty", "dumb", "fits"],
)
def test_no_pager(program: Program, height: int, environment: dict[str, str]) -> None:
    with Terminal(program, "explain", "nat", width=80, height=height, **environment) as reader:
        assert reader.finish() == 0
        assert "Read on" in reader.text or "cheaper" in reader.text
        assert not reader.lines[-1].startswith(":")


def test_another_pager(program: Program) -> None:
    """It gets no colours, unless it is known to show them; its arguments are its own."""
    with Terminal(program, "explain", "nat", width=80, height=24, PAGER="grep -c .") as reader:
        assert reader.finish() == 0
        assert re.fullmatch(r"\d\d", reader.text)
