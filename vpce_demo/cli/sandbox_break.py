"""``sandbox break``: make something go wrong on purpose, as an exercise."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .app import App, how
from .group import pass_app
from .sandbox import running_sandbox, sandbox

if TYPE_CHECKING:
    from ..engine.resource import Resource
    from ..verify.diagnosis import Rule


@sandbox.command("break")
@click.argument("fault", required=False, metavar="[FAULT]")
@click.option("--random", "surprise", is_flag=True, help="Break something, and do not say what.")
@pass_app
def sandbox_break(app: App, fault: str | None, surprise: bool) -> None:
    """Break one thing of the demo in the sandbox, to be found and mended.

    FAULT is a number from the list that comes without one, or the key of a row
    in docs/diagnosis.md; KEY:WAY breaks it in another way.  It acts as somebody
    in the console would, and never on AWS.

    \b
    Example:
      vpce-demo sandbox break
      vpce-demo sandbox break 5
      vpce-demo sandbox break --random
    """
    from ..verify.diagnosis import RULES

    if surprise and fault:
        raise click.UsageError("--random chooses by itself; leave FAULT out.")
    if not surprise and not fault:
        _list(app, RULES)
        return
    app.given["sandbox"] = True
    rule, way = _chosen(RULES, fault) if fault else _any(RULES)
    _break(app, rule, way)
    screen = app.screen()
    screen.line(f"Something is broken now. See it:  {how(app)} {rule.seen_by}")
    app.document.update(seen_by=rule.seen_by, **({} if surprise else {"fault": rule.key, "way": way}))


def _list(app: App, rules: list[Rule]) -> None:
    """What one will see, and not what causes it."""
    screen = app.screen()
    for number, rule in enumerate(rules, 1):
        screen.line(f"{number:>3}  {rule.seen_by:<5} {rule.seen.value}")
    screen.say()
    screen.say("Break one:  vpce-demo sandbox break NUMBER    or any:  vpce-demo sandbox break --random")
    app.document["faults"] = [
        {"number": number, "seen_by": rule.seen_by, "seen": rule.seen.value} for number, rule in enumerate(rules, 1)
    ]


def _chosen(rules: list[Rule], fault: str) -> tuple[Rule, str]:
    """The rule and the way that these words mean.  Raises BadParameter."""
    import difflib

    key, _, way = fault.partition(":")
    by_name = {**{rule.key: rule for rule in rules}, **{str(number): rule for number, rule in enumerate(rules, 1)}}
    rule = by_name.get(key)
    if rule is None:
        near = difflib.get_close_matches(key, [rule.key for rule in rules], 1)
        meant = f" Did you mean '{near[0]}'?" if near else " The list:  vpce-demo sandbox break"
        raise click.BadParameter(f"there is no '{key}'.{meant}", param_hint="FAULT")
    if way not in rule.ways:
        others = ", ".join(f"{rule.key}:{name}" for name in rule.ways if name) or "no other"
        raise click.BadParameter(f"'{way}' is no way to break {rule.key}; there is {others}.", param_hint="FAULT")
    return rule, way


def _any(rules: list[Rule]) -> tuple[Rule, str]:
    return random.choice([(rule, way) for rule in rules if not rule.passes for way in rule.ways])


def _break(app: App, rule: Rule, way: str) -> None:
    running, screen, where = running_sandbox(app), app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    assert environment is not None  # it runs
    from ..errors import NotCreated
    from ..model import is_fine
    from ..session.open import open_demo
    from ..verify.diagnosis import Prank

    if rule.passes and running.speed == float("inf"):
        screen.say("The sandbox's clock has no waits (speed max): this passes before anybody can see it.", mark="!")

    def fault(operation: str, code: str, message: str, until: str) -> None:
        wanted = {"do": "error", "operation": operation, "code": code, "message": message, "until": until}
        running.control("faults", {"add": [wanted]})

    with open_demo(where, environment, app.command) as run:
        there = run.look()
        missing = [r for r in run.demo.resources if not is_fine(there.get(r.key))]
        if missing:
            raise NotCreated(
                "It is too early for sandbox break: the demo is not whole.",
                facts={"missing": ", ".join(dict.fromkeys(map(str, missing)))},
                hint="Run first:  vpce-demo up",
                changed="Nothing was changed.",
            )

        def make(resources: Sequence[Resource]) -> None:
            run.look()  # what was seen before is broken by now
            run.up(resources, lambda event: None, None)

        rule.ways[way](Prank(run.case(), make, fault))
