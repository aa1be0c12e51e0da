"""``sandbox break``: break one thing on purpose, as an exercise, and put it back."""

from __future__ import annotations

import difflib
import math
import random
import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from ..aws.environment import Environment
from ..changes import CHANGES
from ..chapters import chapter_of, in_order
from ..config.settings import TUTORIAL, made_by
from ..engine.resource import Resource
from ..errors import DemoError, NotCreated, Refused
from ..exercises.attempts import Attempt, Attempts
from ..exercises.exercise import Exercise
from ..exercises.ways import EXERCISES, WAYS, chapter_of_rule, why_not
from ..model import Remedy, is_fine
from ..sandbox.client import Running
from ..session.open import open_demo
from ..session.run import Run
from ..verify.diagnosis.table import Rule, ask
from .app import App, command_line
from .group import command, pass_app
from .sandbox import running_sandbox
from .sandbox_hint import NO_EXERCISE, end
from .up import changing

if TYPE_CHECKING:
    from .documents import Exercise as ExerciseDocument

SHOWN_SECONDS = 60.0
"""How long it may take until something is to be seen, in AWS's seconds: two failed health checks take thirty."""
LEAST_SECONDS = 5.0
"""The same at least, in seconds of this machine."""
SLOW = 1.0
"""The speed of the sandbox's clock for what passes by itself, so that there is time to see it: AWS's own."""


@command("break")
@click.argument("fault", required=False, metavar="[FAULT]")
@click.option("--random", "surprise", is_flag=True, help="Break something without saying what.")
@click.option("--undo", is_flag=True, help="Put the demo back as it was, without solving the exercise.")
@pass_app
def sandbox_break(app: App, fault: str | None, surprise: bool, undo: bool) -> None:
    """Break one thing in the sandbox demo, as an exercise.

    FAULT is a number from the list that is printed without one, or a key, which
    shell completion offers; KEY:WAY breaks it in another way.  It does what
    somebody could do in the console, and never on AWS.

    Until it is solved, no command names the cause: sandbox hint does, in three
    steps. --undo puts the demo back, and sandbox score shows what was solved.

    \b
    Example:
      vpce-demo sandbox break
      vpce-demo sandbox break 5
      vpce-demo sandbox break --random
      vpce-demo sandbox break --undo
    """
    if (surprise or undo) and fault:
        raise click.UsageError(f"{'--undo takes no' if undo else '--random chooses by itself; leave out the'} FAULT.")
    if surprise and undo:
        raise click.UsageError("--random begins an exercise and --undo ends one: give one of them.")
    if not (surprise or undo or fault):
        _list(app)
        return
    app.given["sandbox"] = True
    if undo:
        _undo(app)
        return
    chosen = _chosen(fault) if fault else None
    rule, seen = _break(app, chosen)
    screen = app.screen()
    screen.line(f"One thing is now broken. Find it with:  {command_line(app)} {rule.seen_by}")
    if not seen:
        screen.message("There is nothing to see yet: wait a little, or look with sandbox trace.", mark="!")
    app.document.update(seen_by=rule.seen_by, **({"fault": rule.key, "way": chosen[1]} if chosen else {}))


def _list(app: App) -> None:
    """What one will see, and not what causes it."""
    screen = app.screen()
    faults: list[ExerciseDocument] = []
    for number, rule in EXERCISES.items():
        chapter = chapter_of_rule(rule)
        where = "" if chapter == TUTORIAL else f"  (up --chapter {chapter})"
        screen.line(f"{number:>3}  {rule.seen_by:<6} {screen.said(rule.seen.value)}{where}")
        fault: ExerciseDocument = {"number": number, "seen_by": rule.seen_by, "seen": rule.seen.value}
        faults.append({**fault, "chapter": chapter} if where else fault)
    screen.message()
    screen.message("Break one:  vpce-demo sandbox break NUMBER    or any:  vpce-demo sandbox break --random")
    app.document["faults"] = faults


def _chosen(fault: str) -> tuple[Rule, str]:
    """The rule and the way that these words mean.  Raises BadParameter."""

    key, _, way = fault.partition(":")
    by_name = {name: rule for number, rule in EXERCISES.items() for name in (rule.key, str(number))}
    rule = by_name.get(key)
    if rule is None:
        near = difflib.get_close_matches(key, [rule.key for rule in EXERCISES.values()], 1)
        meant = f" Did you mean '{near[0]}'?" if near else " The list:  vpce-demo sandbox break"
        raise click.BadParameter(f"there is no '{key}'.{meant}", param_hint="FAULT")
    if way not in WAYS[rule.key]:
        others = ", ".join(f"{rule.key}:{name}" for name in WAYS[rule.key] if name) or "no other"
        raise click.BadParameter(f"'{way}' is not a way to break {rule.key}; there is {others}.", param_hint="FAULT")
    return rule, way


def _any(environment: Environment, chapters: Collection[str]) -> tuple[Rule, str]:
    """What shows for as long as it is broken, in demos of this environment and with these chapters."""
    every = [(rule, way) for rule in EXERCISES.values() if not rule.passes for way in WAYS[rule.key]]
    return random.choice([(rule, way) for rule, way in every if not why_not(rule, way, environment, chapters)])


def _break(app: App, chosen: tuple[Rule, str] | None) -> tuple[Rule, bool]:
    """Break what was chosen, or anything, and wait until AWS's answers show it.  Returns the rule, and False if they do
    not yet.

    Raises NotCreated if the demo is not whole, Refused if an exercise is open or has no meaning in this demo.  No error
    of a surprise says what it is.
    """
    running, where = running_sandbox(app), app.where()
    environment, surprise = _environment(app), chosen is None
    with open_demo(where, environment, app.command) as run:
        rule, way = chosen or _any(environment, run.settings.chapters)
        if refused := why_not(rule, way, environment, run.settings.chapters):
            raise refused
        there = run.look()
        missing = [r for r in run.demo.resources if not is_fine(there.get(r.key))]
        attempts = Attempts.load(where.directory)
        if attempts.open(run.settings.demo_id):
            raise Refused(
                "An exercise is open: this demo is broken already.",
                code="VPCE120",
                hint="Solve it, or put the demo back:  <demo> sandbox break --undo",
            )
        if missing:
            raise NotCreated(
                "It is too early for sandbox break: the demo is not whole.",
                code="VPCE095",
                facts={"missing": ", ".join(dict.fromkeys(map(str, missing)))},
                hint="Run first:  "
                + "    ".join(f"<demo> {made_by(name)}" for name in in_order(chapter_of(r.key) for r in missing)),
            )
        attempt = Attempt.of(rule.key, way, demo_id=run.settings.demo_id, surprise=surprise)
        if rule.passes and running.speed > SLOW:
            attempt.speed = running.speed if math.isfinite(running.speed) else "max"
        attempts.begin(attempt, environment.id)
        if attempt.speed:
            running.control("settings", {"speed": SLOW})
            app.screen().message("The sandbox's clock is as slow as AWS's until this has passed by itself.", mark="!")
        exercise = _exercise(run, running, chapter_of_rule(rule))
        try:
            WAYS[rule.key][way](exercise)
            return rule, _shows(run, rule)
        except (DemoError, ClientError, BotoCoreError):
            if not surprise:
                raise
            error = DemoError(
                "The exercise could not be set up.",
                code="VPCE122",
                hint="Put the demo back:  <demo> sandbox break --undo",
            )
            error.says_what_changed = True  # anything more would say what it is
            raise error from None
        finally:
            attempt.seal(rule.key, way, exercise.undo)
            attempts.save()


def _undo(app: App) -> None:
    """Take back what ``up`` would leave, then do what ``up`` does.  Raises NotCreated if no exercise is open."""
    running, where, screen = running_sandbox(app), app.where(), app.screen()
    environment = _environment(app)
    with open_demo(where, environment, app.command) as run:
        attempts = Attempts.load(where.directory)
        attempt = attempts.open(run.settings.demo_id)
        if attempt is None:
            raise NotCreated(NO_EXERCISE, code="VPCE121", hint="Begin one:  <demo> sandbox break --random")
        screen.message("Putting the demo back, which may take a minute.")
        run.look()
        _exercise(run, running).take_back(attempt.undo)
        there, resources = run.look(), run.demo.resources
        agreed = [(r.key, drift.field) for r, drift in changing(resources, there, Remedy.ASK)]
        run.up(resources, lambda event: None, None, agreed=agreed)
    end(app, attempts, attempt, "undone")
    screen.line(f"The demo is as it was. See it:  {command_line(app)} test")
    app.document.update(undone=True)


def _environment(app: App) -> Environment:
    environment = app.environment(app.where(), app.screen(), start=False)
    assert environment is not None  # it runs
    return environment


def _exercise(run: Run, running: Running, chapter: str = "") -> Exercise:
    def make(resources: Sequence[Resource]) -> None:
        run.look()  # what was seen before is broken by now
        run.up(resources, lambda event: None, None, mend=False)

    def inject_fault(operation: str, code: str, message: str, until: str) -> None:
        wanted = {"do": "error", "operation": operation, "code": code, "message": message, "until": until}
        running.control("faults", {"add": [wanted]})
        CHANGES.note("The sandbox's faults were changed.")

    return Exercise(run.environment, run.facts(chapter=chapter), make, inject_fault)


def _shows(run: Run, rule: Rule) -> bool:
    """Wait until AWS's answers confirm the rule's cause, which a health check may take a while to notice."""
    until = time.monotonic() + max(LEAST_SECONDS, SHOWN_SECONDS / run.environment.pace)
    while True:
        run.look()
        answer = ask(run.facts(chapter=chapter_of_rule(rule)), rule)
        if answer and answer.finding:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
