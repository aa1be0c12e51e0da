"""``sandbox break``: break one thing on purpose, as an exercise."""

from __future__ import annotations

import difflib
import random
from collections.abc import Sequence

import click

from ..changes import CHANGES
from ..engine.resource import Resource
from ..errors import NotCreated
from ..exercises.exercise import Exercise
from ..exercises.ways import WAYS
from ..model import is_fine
from ..session.open import open_demo
from ..verify.diagnosis import RULES
from ..verify.diagnosis.table import Rule
from .app import App, command_line
from .group import command, pass_app
from .sandbox import running_sandbox

_BREAKABLE = {number: rule for number, rule in enumerate(RULES, 1) if not rule.local}


@command("break")
@click.argument("fault", required=False, metavar="[FAULT]")
@click.option("--random", "surprise", is_flag=True, help="Break something without saying what.")
@pass_app
def sandbox_break(app: App, fault: str | None, surprise: bool) -> None:
    """Break one thing in the sandbox demo, as an exercise.

    FAULT is a number from the list that is printed without one, or the key of a
    row in docs/diagnosis.md; KEY:WAY breaks it in another way.  It does what
    somebody could do in the console, and never on AWS.

    \b
    Example:
      vpce-demo sandbox break
      vpce-demo sandbox break 5
      vpce-demo sandbox break --random
    """
    if surprise and fault:
        raise click.UsageError("--random chooses by itself; leave FAULT out.")
    if not surprise and not fault:
        _list(app)
        return
    app.given["sandbox"] = True
    rule, way = _chosen(fault) if fault else _any()
    _break(app, rule, way)
    screen = app.screen()
    screen.line(f"One thing is now broken. Find it with:  {command_line(app)} {rule.seen_by}")
    app.document.update(seen_by=rule.seen_by, **({} if surprise else {"fault": rule.key, "way": way}))


def _list(app: App) -> None:
    """What one will see, and not what causes it."""
    screen = app.screen()
    for number, rule in _BREAKABLE.items():
        screen.line(f"{number:>3}  {rule.seen_by:<5} {rule.seen.value}")
    screen.message()
    screen.message("Break one:  vpce-demo sandbox break NUMBER    or any:  vpce-demo sandbox break --random")
    app.document["faults"] = [
        {"number": number, "seen_by": rule.seen_by, "seen": rule.seen.value} for number, rule in _BREAKABLE.items()
    ]


def _chosen(fault: str) -> tuple[Rule, str]:
    """The rule and the way that these words mean.  Raises BadParameter."""

    key, _, way = fault.partition(":")
    by_name = {name: rule for number, rule in _BREAKABLE.items() for name in (rule.key, str(number))}
    rule = by_name.get(key)
    if rule is None:
        near = difflib.get_close_matches(key, [rule.key for rule in _BREAKABLE.values()], 1)
        meant = f" Did you mean '{near[0]}'?" if near else " The list:  vpce-demo sandbox break"
        raise click.BadParameter(f"there is no '{key}'.{meant}", param_hint="FAULT")
    if way not in WAYS[rule.key]:
        others = ", ".join(f"{rule.key}:{name}" for name in WAYS[rule.key] if name) or "no other"
        raise click.BadParameter(f"'{way}' is not a way to break {rule.key}; there is {others}.", param_hint="FAULT")
    return rule, way


def _any() -> tuple[Rule, str]:
    return random.choice([(rule, way) for rule in _BREAKABLE.values() if not rule.passes for way in WAYS[rule.key]])


def _break(app: App, rule: Rule, way: str) -> None:
    running, screen, where = running_sandbox(app), app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    assert environment is not None  # it runs

    if rule.passes and running.speed == float("inf"):
        screen.message("The sandbox's clock has no waits (speed max): this passes before anybody can see it.", mark="!")

    def inject_fault(operation: str, code: str, message: str, until: str) -> None:
        wanted = {"do": "error", "operation": operation, "code": code, "message": message, "until": until}
        running.control("faults", {"add": [wanted]})
        CHANGES.note("The sandbox's faults were changed.")

    with open_demo(where, environment, app.command) as run:
        there = run.look()
        missing = [r for r in run.demo.resources if not is_fine(there.get(r.key))]
        if missing:
            raise NotCreated(
                "It is too early for sandbox break: the demo is not whole.",
                facts={"missing": ", ".join(dict.fromkeys(map(str, missing)))},
                hint="Run first:  <demo> up",
            )

        def make(resources: Sequence[Resource]) -> None:
            run.look()  # what was seen before is broken by now
            run.up(resources, lambda event: None, None, mend=False)

        WAYS[rule.key][way](Exercise(environment, run.facts(), make, inject_fault))
