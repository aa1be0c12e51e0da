"""The ``aws`` commands in a text, read as a shell and the AWS CLI do, and held against AWS's own model of its API."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, StructureShape

GLOBAL = {"query", "output", "region", "profile"}
OF_THE_CLI_ALONE = {
    "run-instances": {"associate-public-ip-address", "count"},
    "authorize-security-group-ingress": {"protocol", "port", "cidr", "source-group"},
    "revoke-security-group-ingress": {"protocol", "port", "cidr", "source-group"},
}
"""Options that the AWS CLI has beside the parameters of the call (its reference, by command)."""
MADE_OF_THEM = {"run-instances": {"MinCount", "MaxCount"}}
"""Required parameters that the AWS CLI fills in by itself."""


@dataclass(frozen=True)
class Command:
    """One command of the AWS CLI; an option without a value has none in its list."""

    service: str
    name: str
    options: dict[str, list[str]] = field(default_factory=dict)
    waiter: bool = False

    def __str__(self) -> str:
        return f"aws {self.service} {self.name}"


def blocks(markdown: str) -> list[str]:
    """The shell blocks of a text."""
    return re.findall(r"^```sh\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


def commands(shell: str) -> Iterator[Command]:
    """Every ``aws`` command in a piece of shell."""
    shell = re.sub(r"<<'END'\n.*?\nEND\n", "\n", shell, flags=re.DOTALL).replace("\\\n", " ")
    for line in shell.splitlines():
        tokens = shlex.shlex(re.sub(r"\d?>&?\S+", "", line), posix=True, punctuation_chars=True)
        tokens.whitespace_split = True
        words: list[str] = []
        for token in [*tokens, ";"]:
            if set(token) <= set("();<>|&"):
                if words:
                    yield _command(words)
                words = []
            elif words or token == "aws":
                words.append(token)


def _command(words: list[str]) -> Command:
    _, service, name, *rest = words
    waiter = name == "wait"
    if waiter:
        name, *rest = rest
    options: dict[str, list[str]] = {}
    for word in rest:
        if word.startswith("--"):
            assert word[2:] not in options, f"{word} twice"
            options[word[2:]] = []
        else:
            options[list(options)[-1]].append(word)
    return Command(service, name, options, waiter)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


@cache
def _model(service: str) -> ServiceModel:
    return _session().get_service_model(service)


def operation(command: Command) -> OperationModel:
    """The call that the command makes.  Raises KeyError for one that AWS does not have."""
    model = _model(command.service)
    if command.waiter:
        waiters = _session().get_waiter_model(command.service)
        named = {xform_name(waiter, "-"): waiter for waiter in waiters.waiter_names}
        return model.operation_model(waiters.get_waiter(named[command.name]).operation)
    return model.operation_model({xform_name(name, "-"): name for name in model.operation_names}[command.name])


def parameters(command: Command) -> dict[str, list[str] | bool]:
    """The command's options as parameters of the call; raises KeyError for one that the call does not have."""
    shape = operation(command).input_shape
    assert isinstance(shape, StructureShape)
    members = {xform_name(name, "-"): name for name in shape.members}
    found: dict[str, list[str] | bool] = {}
    for option, values in command.options.items():
        if option in GLOBAL or option in OF_THE_CLI_ALONE.get(command.name, ()):
            continue
        negated = option not in members and option.startswith("no-")
        name = members[option.removeprefix("no-") if negated else option]
        if shape.members[name].type_name == "boolean":
            assert values == [], f"{command}: --{option} takes no value"
            found[name] = not negated
        else:
            assert values, f"{command}: --{option} needs a value"
            found[name] = values
    return found


def missing(command: Command) -> set[str]:
    """What the call requires and the command does not give."""
    shape = operation(command).input_shape
    assert isinstance(shape, StructureShape)
    return set(shape.required_members) - set(parameters(command)) - MADE_OF_THEM.get(command.name, set())
