"""Causes in the web server: nothing listens, or another page answers."""

from __future__ import annotations

from ...errors import Fix
from ...model import Side
from ...sandbox.client import NOT_UNDERSTOOD
from ..aws_facts import AwsFacts
from .differences import on_the_way
from .groups import PORT
from .table import About, Finding, LikelierFirst, Symptom, rule


@rule(
    "nothing-listens",
    Symptom.REFUSED,
    likely="nothing listens on the target's port, or the load balancer has no listener or target for it",
    confirmed_by="the target's health and what is checked, the web server's console output",
    mend="see the web server's console output; make another web server",
    about=About.HEALTH,
)
def nothing_listens(facts: AwsFacts) -> Finding | None:
    """A refusal is an answer: the packets arrive, so nothing on the way drops them.  A health check of another port may
    hide that; anything else that differs is the likelier cause."""
    if any(drift.field != "health check port" for _, drift in on_the_way(facts)):
        raise LikelierFirst
    web, group, health = facts.id(facts.demo.web), facts.target_group(), facts.health()
    state = health.get("TargetHealth", {}).get("State", "") if health else "not registered"
    checked = group.get("HealthCheckPort", "traffic-port")
    evidence = [
        "Refused at once: the packets arrive at the load balancer or behind it, and nothing there takes them.",
        f"{web} tcp/{PORT} is {state} in {group['TargetGroupName']}"
        + ("." if checked == "traffic-port" else f", which checks tcp/{checked} instead."),
        *console(facts),
    ]
    again = facts.another(facts.demo.web)
    if checked != "traffic-port":
        check = facts.command(
            Side.PROVIDER,
            "elbv2 modify-target-group",
            target_group_arn=facts.id(facts.demo.targets),
            health_check_port="traffic-port",
        )
        again = f"{check} && {again}"
    return Finding(
        "nothing listens on the web server's port.", evidence, [Fix("makes another web server", again, deletes=True)]
    )


def console(facts: AwsFacts) -> list[str]:
    """What the web server's console says of its boot, first what the sandbox did not understand in its user data, and
    how to read it all."""
    web = facts.id(facts.demo.web)
    lines = sorted(facts.console(facts.demo.web), key=lambda line: NOT_UNDERSTOOD not in line)
    told = [f"Its console says: {line}" for line in lines[:2]]
    look = facts.command(Side.PROVIDER, "ec2 get-console-output", instance_id=web, output="text")
    return [*told, f"Its console output: {look}"]


@rule(
    "other-page",
    Symptom.OTHER_PAGE,
    likely="an old or foreign web server answers, or its page was changed",
    confirmed_by="the demo id and the page that came",
    mend="make another web server",
    about=About.PAGE,
)
def other_page(facts: AwsFacts) -> Finding | None:
    """Confirmed by what was seen: AWS knows nothing of files."""
    if on_the_way(facts):
        raise LikelierFirst
    return Finding(
        "another web server answers, or its page was changed.",
        [f"{facts.id(facts.demo.web)}: {facts.said}."],
        [Fix("makes another web server", facts.another(facts.demo.web), deletes=True)],
    )
