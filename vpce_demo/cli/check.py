"""``check``: which of the tutorial's steps are done in an account where somebody did them by hand."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
from rich.cells import cell_len

from ..aws.environment import Environment
from ..aws.messages import as_demo_errors
from ..aws.my_address import my_address
from ..engine.drift import shortened
from ..engine.resource import Aws, Resource
from ..model import Drift
from ..report.check_page import check_page
from ..session.discover import not_looked_up
from ..ssh import USER, Ssh
from ..ui import screens
from ..ui.console_links import page_of
from ..ui.style import Screen, padded
from ..untrusted import write_text
from ..verify import checks
from ..verify.aws_facts import AwsFacts
from ..verify.checks import CheckContext, Result
from ..verify.hand_made import CheckedStep, HandMade, NextThing, Problem, State, look_at_hand_made
from .app import App, diagnosis_for_this_demo, for_this_demo
from .group import command, lang_option, meant_options, page_option, pass_app, redact_option, timeout_option
from .sandbox import running_sandbox
from .status import DIFFERENT

if TYPE_CHECKING:
    from ..lessons import Language
    from . import documents

MARKS = {State.DONE: "✓", State.NOT_YET: "…", State.DIFFERS: "✗", State.MISSING: "✗", State.NOT_LOOKED_AT: "-"}
TEST = 16
FAILED = 6


@command()
@meant_options
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The private key for the consumer instance: run the checks of test, too.",
)
@click.option("--user", metavar="NAME", default=USER, show_default=True, help="Who logs in there.")
@click.option("--all", "everything", is_flag=True, help="Look at what this program made, too.")
@page_option("Write what was found as one HTML page, too, to hand in.")
@redact_option
@timeout_option
@lang_option
@pass_app
def check(
    app: App,
    vpcs: Sequence[str],
    service: str,
    key: Path | None,
    user: str,
    everything: bool,
    to: Path | None,
    redact: bool,
    timeout: float | None,
    lang: Language | None,
) -> None:
    """Check a demo that was built by hand: each step, what differs, what comes next.  Changes nothing.

    It needs no tags and no record: what belongs to the tutorial is found by its shape, and the tutorial's names only
    decide among several. What may be otherwise without being wrong is a note. Exit code 0 if nothing is to be done,
    10 if something is, 6 if the test with --key fails.

    \b
    Example:
      vpce-demo check
      vpce-demo check --key my-key.pem --to homework.html
      vpce-demo check --vpc vpc-0123456789abcdef0
    """
    if redact and not to:
        raise click.UsageError("--redact is for the page: it goes with --to.")
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    if environment is None:
        running_sandbox(app)  # which raises that it does not run
        return
    with as_demo_errors():
        found = look_at_hand_made(not_looked_up(where.config), environment.clients, vpcs, service, everything)
        steps, following = found.steps, found.next_thing()
    for one in steps:
        _show(screen, one, found)
    results: list[Result] = []
    if key and not any(one.problem for one in steps):
        results = _test(app, environment, found, key, user, timeout)
    steps.append(_test_step(found, steps, results))
    _show(screen, steps[-1], found)
    told = [one.state for one in steps]
    document: documents.CheckDocument = {
        "steps": [_as_document(one, found) for one in steps],
        "done": told.count(State.DONE),
        "of": len(steps),
        "checks": [cast("documents.Check", one.as_dict()) for one in results],
        "next": _following(app, environment, found, following) if following else None,
    }
    app.document.update(document)
    if to:
        write_text(to, check_page(document, environment, found.settings, time.time(), redact, app.language))
        app.document.update(file=str(to), redacted=redact)
    screen.line()
    screen.line(f"{document['done']} of {document['of']} done.", style="" if following else "green")
    if document["next"]:
        _show_next(screen, document["next"])
    if to:
        screen.line(f"Written: {to}")
    if told[-1] is State.DIFFERS:
        raise click.exceptions.Exit(FAILED)
    theirs = where.config.side is not None  # what the other person has to see to
    if any(one.problem and not (theirs and found.is_left_out(one)) for one in steps[:-1]):
        raise click.exceptions.Exit(DIFFERENT)


def _test_step(found: HandMade, before: Sequence[CheckedStep], results: Sequence[Result]) -> CheckedStep:
    """Step 16, which only a key can show."""
    step = next(one for one in found.demo.steps if one.number == TEST)
    failed = next((one for one in results if one.passed is False), None)
    if results and not failed:
        return CheckedStep(str(TEST), step)
    why = "the steps before it come first"
    if failed:
        why = f"check {failed.number} failed: {failed.evidence}"
    elif not any(one.problem for one in before):
        why = "it needs the private key of the consumer instance: --key FILE"
    state = State.DIFFERS if failed else State.NOT_LOOKED_AT
    return CheckedStep(str(TEST), step, Problem(found.demo.customer, state, why))


def _show(screen: Screen, one: CheckedStep, found: HandMade) -> None:
    """Show a step: what is found of it, or what is not as it should be; and the notes."""
    wide = max(cell_len(screen.said(step.title)) for step in found.demo.steps)
    p, aside = one.problem, " " * (wide + 10)
    what = found.live[one.step.head.key].id if one.step.resources and not p else ""
    if p:
        noun = _called(screen, p.resource, one)
        what = (f"{noun}: " if one.step.resources else "") + screen.said(p.why) if p.why else noun
    head = f"{one.number:>4}  {padded(screen.said(one.step.title), wide)} {padded(screen.said(one.state.value), 13)}"
    screen.entry(head, f" {shortened(what)}" if what else "", mark=MARKS[one.state])
    for drift in p.drift if p else ():
        screen.entry(aside, _in_words(drift))
    for note in one.notes if not screen.quiet else ():
        noun, words = _called(screen, note.resource, one), screen.said(_in_words(note.drift))
        screen.entry(aside, f"{screen.said('fine')}: {noun}: {words}")


def _called(screen: Screen, r: Resource, one: CheckedStep) -> str:
    """Its kind, with its name if the step has several of the kind, such as inbound rules."""
    several = [each.kind for each in one.step.resources].count(r.kind) > 1
    return f"{screen.said(r.noun)} {r.name}" if several else screen.said(r.noun)


def _in_words(drift: Drift) -> str:
    return f"{drift.field} is {shortened(drift.aws)}, in the tutorial {shortened(drift.tutorial)}"


def _following(app: App, environment: Environment, found: HandMade, one: NextThing) -> documents.NextThing:
    """The next thing for programs, with its page in the console on AWS."""
    link = None
    if one.resource and not environment.is_sandbox:
        link = page_of(one.resource, found.live, environment.regions[one.resource.side]) or None
    run = for_this_demo(app, one.command)
    return {"step": one.number, "what": one.what, "click": one.click, "console_url": link, "command": run}


def _show_next(screen: Screen, one: documents.NextThing) -> None:
    screen.entry("Next: ", one["what"])
    if one["click"]:
        screen.entry("  ", one["click"])
    screen.line(f"  {one['console_url'] or ''}".rstrip())
    screen.text(
        "\n".join(f"    {line}" if not number else line for number, line in enumerate(one["command"].split("\n")))
    )


def _as_document(one: CheckedStep, found: HandMade) -> documents.CheckedStep:
    p = one.problem
    shown = p.resource if p else one.step.head if one.step.resources else None
    live = found.live.get(shown.key) if shown and one.step.resources else None

    def fields(drifts: Iterable[tuple[Resource, Drift]]) -> list[documents.CheckedField]:
        return [{"kind": r.kind, "field": d.field, "tutorial": d.tutorial, "aws": d.aws} for r, d in drifts]

    return {
        "step": one.number,
        "title": one.step.title,
        "state": one.state.value,
        "id": live.id if live else None,
        "kind": p.resource.kind if p and one.step.resources else None,
        "why": p.why if p else "",
        "differs": fields((p.resource, drift) for drift in p.drift) if p else [],
        "notes": fields((note.resource, note.drift) for note in one.notes),
    }


def _test(
    app: App, environment: Environment, found: HandMade, key: Path, user: str, timeout: float | None
) -> list[Result]:
    """Run the checks of ``test`` with the user's own key up to one that fails, and show each."""
    screen, results = app.screen(), list[Result]()
    with tempfile.TemporaryDirectory() as directory:
        ssh = Ssh(key.absolute(), Path(directory) / "known_hosts", environment.ssh_options, user)
        sides: dict[str, Aws] = {**found.sides}

        def facts(said: str) -> AwsFacts:
            return AwsFacts(found.demo, sides, ssh, "", lambda: my_address(environment), said)

        lab = CheckContext(found.demo, sides, ssh, environment.pace, "", facts, timeout, by_hand=True)
        for result in checks.run(lab):
            screens.result(screen, result)
            results.append(result)
            if result.failure:
                cause = diagnosis_for_this_demo(app, checks.explain(lab, result))
                theirs = [fix for fix in cause.fixes if " up" not in fix.command]
                screens.diagnosis(screen, replace(cause, fixes=theirs))
                break
    return results
