"""``diagram``: the demo as it stands, as it is planned, and as it is broken."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from vpce_demo.cli import run_command

from .program import Program, World, good


def test_without_a_demo_and_an_account_it_is_the_plan(program: Program) -> None:
    done = good(program.run("diagram"))
    assert "the plan" in done.err
    assert "Customer_Network" in done.out
    assert "not there" in done.out
    assert not (program.directory / ".vpce-demo").exists(), "looking leaves nothing behind"


def test_a_wrong_profile_is_an_error_all_the_same(program: Program) -> None:
    done = program.run("diagram", "--profile", "nobody", "--region", "us-east-1")
    assert done.code == 2
    assert "nobody" in done.err


@pytest.mark.parametrize(
    ("name", "beginning"), [("d.svg", "<svg "), ("d.md", "```mermaid\n---\n"), ("d.mmd", "---\n"), ("d.txt", "╭╌")]
)
def test_to_a_file_by_its_name(tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, beginning: str) -> None:
    assert run_command(["diagram", "--to", name]) == 0
    assert f"Written: {name}" in capfd.readouterr().out
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(beginning)


def test_a_drawing_is_not_written_under_the_name_of_something_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["diagram", "--to", "d.png"]) == 2
    assert ".svg, .md, .mmd or .txt" in capfd.readouterr().err
    assert not (tmp_path / "d.png").exists()
    assert run_command(["diagram", "--to", "d.png", "--format", "terminal"]) == 0


def test_themes(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(["diagram", "--format", "svg"]) == 0
    auto = capfd.readouterr().out
    assert run_command(["diagram", "--format", "svg", "--theme", "dark"]) == 0
    dark = capfd.readouterr().out
    assert "prefers-color-scheme" in auto
    assert "prefers-color-scheme" not in dark
    assert ElementTree.fromstring(dark).tag.endswith("svg")


def test_for_programs(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(["diagram", "-o", "json", "--format", "mermaid"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert (document["state"], document["demo"]) == ("missing", "vpce-demo")
    assert [hop["number"] for hop in document["hops"]] == [1, 2, 3]
    assert "flowchart LR" in document["diagram"]
    assert run_command(["diagram", "--ascii"]) == 0
    assert capfd.readouterr().out.isascii()


@pytest.mark.parametrize(("variable", "words"), [("", ("--lang", "ja")), ("ja", ())])
def test_in_japanese(
    variable: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In the language that was asked for; what programs read is English, but for the drawing itself."""
    monkeypatch.setenv("VPCE_DEMO_LANG", variable)
    assert run_command(["diagram", *words]) == 0
    assert "コンシューマー" in capfd.readouterr().out
    assert run_command(["diagram", *words, "-o", "json", "--format", "mermaid"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["hops"][0]["destination"] == "the endpoint:80"
    assert "エンドポイント:80" in document["diagram"]
    assert run_command(["diagram", "--lang", "en"]) == 0
    assert "the consumer" in capfd.readouterr().out


def test_a_file_that_cannot_be_written(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_command(["diagram", "--to", "no/such/directory.svg"]) == 1
    assert "no/such/directory.svg" in capfd.readouterr().err


def test_ids_addresses_and_states_of_a_demo(world: World) -> None:
    assert world.run("up", "--until", "create-consumer").code == 0
    with world.nothing_changes():
        waiting = world.run("diagram", COLUMNS="80")
    assert waiting.code == 0, waiting.text
    assert "pendingAcceptance" in waiting.out
    assert "╎" in waiting.out
    ids = world.recorded()
    for key in ("provider-vpc", "customer-vpc", "web", "customer", "service", "endpoint", "provider-gateway"):
        assert ids[key] in waiting.out

    assert world.run("accept").code == 0
    stands = world.run("diagram")
    assert "╎" not in stands.out
    owned = {
        one["InterfaceType"]: one["PrivateIpAddress"]
        for one in world.ec2.describe_network_interfaces()["NetworkInterfaces"]
    }
    for reservation in world.ec2.describe_instances()["Reservations"]:
        assert reservation["Instances"][0]["PrivateIpAddress"] in stands.out
    assert f" → {owned['vpc_endpoint']}:80" in stands.out
    assert f"{owned['network_load_balancer']} → " in stands.out

    world.ec2.reject_vpc_endpoint_connections(ServiceId=ids["service"], VpcEndpointIds=[ids["endpoint"]])
    rejected = good(world.run("diagram"))
    assert "✗" in rejected.out
    assert "rejected" in rejected.out
