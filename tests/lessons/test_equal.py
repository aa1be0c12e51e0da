"""The commands on the pages ask AWS for what the program asks it for: both are held side by side."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from botocore.model import ListShape

from vpce_demo.aws.environment import Environment
from vpce_demo.engine.events import Event
from vpce_demo.lessons import steps
from vpce_demo.lessons.placeholders import fill, from_demo, from_settings
from vpce_demo.model import Side
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

from .script import Command, blocks, commands, operation, parameters

LOOKING = ("Describe", "Get")
Calls = list[tuple[str, dict[str, Any]]]


def hear(event: Event) -> None:
    """Nobody looks on."""


def api(command: Command) -> Iterator[tuple[str, Any]]:
    """What the command sends that can be compared: plain values, lists of them, and a few structures."""
    members = operation(command).input_shape.members  # type: ignore[union-attr]
    for name, values in parameters(command).items():
        shape = members[name]
        strings = isinstance(shape, ListShape) and shape.member.type_name == "string"
        if isinstance(values, bool) or strings:
            yield name, values
        elif shape.type_name == "integer":
            yield name, int(values[0])
        elif shape.type_name == "string" and name != "UserData":
            yield name, values[0]
        elif name in ("Targets", "DefaultActions", "MetadataOptions"):
            yield name, [dict(pair.split("=", 1) for pair in value.split(",")) for value in values]
        elif name == "TagSpecifications":
            yield name, values[0].partition(",Tags=[{Key=Name,Value=")[::2]


def sent(call: dict[str, Any], command: Command) -> dict[str, Any]:
    """The same of a call of the program's: where the AWS CLI has another form for it, in that form."""
    flat = dict(call)
    if command.name == "run-instances":
        interface = flat.pop("NetworkInterfaces")[0]
        assert interface["AssociatePublicIpAddress"]
        flat |= {"SubnetId": interface["SubnetId"], "SecurityGroupIds": interface["Groups"]}
        flat["MetadataOptions"] = [{"HttpTokens": flat["MetadataOptions"]["HttpTokens"]}]
    if command.name == "register-targets":
        flat["Targets"] = [{"Id": target["Id"]} for target in flat["Targets"]]  # the port is the group's by default
    if command.name == "delete-key-pair":
        flat["KeyName"] = command.options["key-name"][0]  # the program says the id of the pair
    if specifications := flat.get("TagSpecifications"):
        name = next(tag["Value"] for tag in specifications[0]["Tags"] if tag["Key"] == "Name")
        flat["TagSpecifications"] = (f"ResourceType={specifications[0]['ResourceType']}", f"{name}}}]")
    if command.name == "authorize-security-group-ingress":
        (permission,) = flat["IpPermissions"]
        flat["rule"] = (permission["IpProtocol"], permission["FromPort"], permission["IpRanges"][0]["CidrIp"])
    return flat


@pytest.fixture(scope="module")
def recorded(
    module_sandbox: Sandbox,
    place: Environment,
    open_run: Callable[..., AbstractContextManager[Run]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Calls]:
    """All pages of commands, filled in with a demo that was there; and every call that made it and deleted it."""
    calls: Calls = []
    clients = place.clients[Side.PROVIDER]

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, dict(params)))

    for client in (clients.ec2, clients.elb, clients.changing_ec2, clients.changing_elb):
        client.meta.events.register("before-parameter-build", note)
    try:
        with open_run(tmp_path_factory.mktemp("recorded")) as run:
            run.up(run.demo.resources, hear, None)
            live = run.look()
            look = (from_settings(run.settings, run.where.config), from_demo(run.demo, live))
            text = "\n".join(fill(block, *look) for page in steps("en") for block in blocks(page.text))
            text = text.replace("$IMAGE", run.settings.provider_image)
            assert run.down(hear, None) == []
    finally:
        for client in (clients.ec2, clients.elb, clients.changing_ec2, clients.changing_elb):
            client.meta.events.unregister("before-parameter-build", note)
    return text, calls


def test_each_command_is_a_call_of_the_program(recorded: tuple[str, Calls]) -> None:
    text, calls = recorded
    compared = 0
    for command in commands(text):
        name = operation(command).name
        if command.waiter or name.startswith(LOOKING):
            continue
        wanted = dict(api(command))
        if command.name == "authorize-security-group-ingress":
            protocol, port, cidr = (command.options[option][0] for option in ("protocol", "port", "cidr"))
            wanted["rule"] = (protocol, int(port), cidr)
        same = [sent(params, command) for made, params in calls if made == name]
        # The program terminates each instance by itself.
        ids = wanted.get("InstanceIds", [])
        for one in [{**wanted, "InstanceIds": [id]} for id in ids] or [wanted]:
            assert any(all(call.get(key) == value for key, value in one.items()) for call in same), (
                f"{command} with {one}: the program sends {same}"
            )
        compared += 1
    assert compared > 40


def test_the_web_server_s_user_data_is_the_program_s(recorded: tuple[str, Calls]) -> None:
    text, calls = recorded
    _, _, after = text.partition("cat > web-server.yaml <<'END'\n")
    data = [params["UserData"] for name, params in calls if name == "RunInstances" and "UserData" in params]
    assert [after.partition("\nEND\n")[0]] == [b64decode(one).decode().strip() for one in data]


def test_all_that_the_program_changes_is_on_the_pages(recorded: tuple[str, Calls]) -> None:
    """No step does anything behind the reader's back."""
    text, calls = recorded
    told = {operation(command).name for command in commands(text)}
    changing = {name for name, _ in calls if not name.startswith(LOOKING)}
    assert changing - told == set()
