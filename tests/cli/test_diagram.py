"""``diagram``: the demo as it stands, as it is planned, and as it is broken."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from .program import Program, World


def test_without_a_demo_and_an_account_it_is_the_plan(program: Program) -> None:
    done = program.run("diagram")
    assert done.code == 0, done.text
    assert "the plan" in done.err
    assert "Customer_Network" in done.out
    assert "not there" in done.out
    assert not (program.directory / ".vpce-demo").exists(), "looking leaves nothing behind"


def test_a_wrong_profile_is_an_error_all_the_same(program: Program) -> None:
    done = program.run("diagram", "--profile", "nobody", "--region", "us-east-1")
    assert done.code == 2
    assert "nobody" in done.err


@pytest.fixture(scope="module")
def made(shared_world: World) -> World:
    shared_world.empty()
    done = shared_world.run("up", "--skip-test")
    assert done.code == 0, done.text
    return shared_world


def test_ids_addresses_and_states_of_a_demo(made: World) -> None:
    with made.nothing_changes():
        done = made.run("diagram", COLUMNS="80")
    assert done.code == 0, done.text
    ids = made.recorded()
    for key in ("provider-vpc", "customer-vpc", "web", "customer", "service", "endpoint", "provider-gateway"):
        assert ids[key] in done.out
    interfaces = made.ec2.describe_network_interfaces()["NetworkInterfaces"]
    owned = {one["InterfaceType"]: one["PrivateIpAddress"] for one in interfaces}
    source = next(i for r in made.ec2.describe_instances()["Reservations"] for i in r["Instances"])
    assert source["PrivateIpAddress"] in done.out
    assert f" → {owned['vpc_endpoint']}:80" in done.out
    assert f"{owned['network_load_balancer']} → " in done.out
    assert "╎" not in done.out


def test_to_a_file_by_its_name(made: World) -> None:
    for name, beginning in (("d.svg", "<svg "), ("d.md", "```mermaid\n---\n"), ("d.mmd", "---\n"), ("d.txt", "╭─")):
        done = made.run("diagram", "--to", name)
        assert done.code == 0, done.text
        assert name in done.out
        assert (made.directory / name).read_text(encoding="utf-8").startswith(beginning)
    ElementTree.parse(made.directory / "d.svg")
    dark = made.run("diagram", "--format", "svg", "--theme", "dark")
    assert "prefers-color-scheme" not in dark.out
    assert made.recorded()["endpoint"] in dark.out


def test_for_programs(made: World) -> None:
    document = made.run("diagram", "-o", "json", "--format", "mermaid").document
    assert document["state"] == "ready"
    assert [hop["number"] for hop in document["hops"]] == [1, 2, 3]
    assert "flowchart LR" in document["diagram"]
    assert made.run("diagram", "--ascii").out.isascii()


def test_a_file_that_cannot_be_written(made: World) -> None:
    done = made.run("diagram", "--to", "no/such/directory.svg")
    assert done.code == 1
    assert "no/such/directory.svg" in done.err


def test_what_somebody_broke_is_seen(world: World) -> None:
    """Last, since it empties the account."""
    assert world.run("up", "--until", "create-consumer").code == 0
    waiting = world.run("diagram")
    assert "pendingAcceptance" in waiting.out
    assert "╎" in waiting.out
    ids = world.recorded()
    world.ec2.reject_vpc_endpoint_connections(ServiceId=ids["service"], VpcEndpointIds=[ids["endpoint"]])
    rejected = world.run("diagram")
    assert rejected.code == 0, rejected.text
    assert "✗" in rejected.out
    assert "rejected" in rejected.out
