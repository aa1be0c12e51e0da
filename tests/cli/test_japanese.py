"""What a learner reads of a command, in Japanese: the test, its diagnosis, a hint and errors; programs read English."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from vpce_demo.cli import run_command

from .stage import Stage

ENGLISH = re.compile(r"(?<![\w/.:=-])(?:[A-Za-z]+[,:]? ){2}[a-z]+")
"""Three English words in a row."""
LEFT = re.compile(
    r"(vpce-demo|aws) .*|<html>.*|curl http\S+|Permission denied \(publickey\)|Welcome to .*|Network Load Balancer"
)
"""Commands, and what others say."""


@pytest.fixture(autouse=True)
def japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPCE_DEMO_LANG", "ja")


def no_english_in(text: str) -> None:
    assert [line for line in text.splitlines() if ENGLISH.search(LEFT.sub("", line))] == [], text


def test_a_test_that_passes(stage: Stage) -> None:
    code, out, err = stage.text("test")
    assert (code, "成功  8 項目中 8 項目" in out) == (0, True), out + err
    no_english_in(out + err)
    assert "サンドボックス内" in err


@pytest.mark.extended
def test_a_test_that_fails_and_its_diagnosis(stage: Stage) -> None:
    group = stage.ids["customer-group"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    stage.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    try:
        code, out, err = stage.text("test", "--timeout", "1")
        assert stage.text("test", "--lang", "en", "--timeout", "1")[1].count("FAILED  at 6.") == 1
        _, document, _ = stage.run("test", "--timeout", "1")
    finally:
        stage.text("up", "--yes", "--skip-test")
    assert code == 6
    no_english_in(out + err)
    for line in (
        "✗  6  curl http://10.0.1.",
        "失敗  確認 6 で失敗しました。終了コードは 6 です。何も変更していません。",
        "最も可能性の高い原因: エンドポイントのセキュリティグループが、誰からの通信も許可していません。",
        "からの tcp/80",
        "（足りないものを追加します）",
        "除外した原因: ",
    ):
        assert line in out, out
    assert document["diagnosis"]["most_likely"] == "the endpoint's security group lets nobody in."
    assert document["checks"][5]["evidence"] == "timed out after 5s"
    assert document["error"]["message"] == "check 6 failed: timed out after 5s"


@pytest.mark.parametrize(
    ("words", "head"),
    [
        (["accept", "--list"], "エンドポイント"),
        (["cost"], "項目"),
        (["list"], "デモ"),
        (["logs"], ""),
        (["plan"], "ステップ"),
        (["status"], "ステップ"),
        (["up", "--skip-test", "--progress", "live"], ""),
    ],
)
def test_a_table(stage: Stage, words: list[str], head: str) -> None:
    code, out, err = stage.text(*words)
    assert code == 0, err
    no_english_in(out + err)
    assert any(line.strip().startswith(head) for line in out.splitlines()), out
    columns = [
        cell_len(line.partition(stage.ids["endpoint"])[0])
        for line in out.splitlines()
        if head == "ステップ" and stage.ids["endpoint"] in line and "✓" in line
    ]
    assert len(set(columns)) <= 1


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["--sandbox", "test"], ["✗ test を実行するには、まだ早すぎます。", "  足りないもの  すべて"]),
        (["--config", "no.yaml", "up"], ["✗ 設定ファイル no.yaml がありません。", "何も変更していません。"]),
        (["--name", "Ü", "status"], ["オプション: name: 'Ü' は有効なデモ名ではありません。"]),
        (["sandbox", "hint"], ["✗ 挑戦中の練習問題はありません。", "始めるには:  vpce-demo sandbox break --random"]),
        (["plan"], ["AWS リージョンが設定されていません。"]),
    ],
)
def test_errors(words: list[str], lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(words) != 0
    captured = capsys.readouterr()
    for line in lines:
        assert line in captured.err
    no_english_in(captured.err)


def test_the_language_of_the_option_goes_before_the_environment(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["--sandbox", "test", "--lang", "en"])
    assert "It is too early for test." in capsys.readouterr().err


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_anything_else_is_english(
    lang: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VPCE_DEMO_LANG", lang)
    run_command(["--sandbox", "test"])
    assert "It is too early for test." in capsys.readouterr().err
