"""Causes in missing or stopped resources."""

from __future__ import annotations

from ...errors import Fix
from ...model import Phase
from ..aws_facts import AwsFacts
from .table import About, Finding, Symptom, rule


@rule(
    "instance-stopped",
    Symptom.STOPPED,
    Symptom.UNUSED,
    Symptom.SSH_HANGS,
    likely="an instance was stopped",
    confirmed_by="the states of both instances",
    mend="start it, or make another",
    about=About.INSTANCES,
    checks=(3, 5, 6),
)
def instance_stopped(facts: AwsFacts) -> Finding | None:
    for one in facts.demo.instances:
        instance = facts.instance(one)
        state, id = instance["State"]["Name"], instance["InstanceId"]
        if state in ("running", "pending"):
            continue
        start = facts.command(one.side, "ec2 start-instances", instance_ids=id)
        return Finding(
            f"the instance {one.name} does not run.",
            [f"{id} is {state}."],
            [
                Fix("makes another in its place", "<demo> up", deletes=True),
                *([Fix("", start)] if state == "stopped" else []),
            ],
        )
    return None


@rule(
    "part-missing",
    Symptom.GONE,
    likely="somebody deleted or changed it",
    confirmed_by="a look at every part by its tags",
    mend="make it again",
    about=About.PARTS,
    checks=(1, 2, 3, 4, 5, 6),
)
def part_missing(facts: AwsFacts) -> Finding | None:
    wrong = []
    for resource, live in facts.parts():
        if live is None:
            wrong.append(f"{resource.at_start} is gone.")
        elif live.phase in (Phase.WRONG, Phase.FAILED, Phase.DELETING):
            wrong.append(f"{resource.at_start} ({live.id}): {live.why or live.state}.")
    if not wrong:
        return None
    return Finding(
        "somebody deleted a part of the demo, or changed it.",
        wrong,
        [Fix("makes what is missing, mends what was changed", "<demo> up")],
    )
