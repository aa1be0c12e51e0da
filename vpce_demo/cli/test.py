"""``test``: prove that the page comes through PrivateLink, and no other way."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from ..changes import CHANGES
from ..errors import Diagnosis, NotCreated, TestFailed
from ..model import Side
from ..session.look import addresses_of, managed_interfaces
from ..session.open import open_demo
from ..session.run import Run
from ..ui import screens
from ..ui.progress import checking
from ..ui.style import Screen
from ..verify import checks
from ..verify.checks import Result
from .app import App, command_line, diagnosis_for_this_demo
from .group import command, lang_option, pass_app, timeout_option
from .sandbox_hint import instead_of_the_cause, passed

if TYPE_CHECKING:
    from ..lessons import Language


@command()
@timeout_option
@click.option("--no-diagnosis", is_flag=True, help="Show what failed, and leave the cause for you to find.")
@lang_option
@pass_app
def test(app: App, timeout: float | None, no_diagnosis: bool, lang: Language | None) -> None:
    """Step 16: prove that the page comes through PrivateLink, and no other way.

    Eight checks, each with its evidence.  It changes nothing.  Exit code 6 if one fails.

    \b
    Example:
      vpce-demo test
      vpce-demo test --no-diagnosis
      vpce-demo test --lang ja
    """
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)

    if environment is None:
        raise _nothing_to_test(app)
    with open_demo(where, environment, app.command, logged=True) as run:
        there = run.look()
        needed = (run.demo.service, run.demo.endpoint, run.demo.customer, run.demo.web)
        missing = [r for r in needed if r.key not in there and run.settings.side in (None, r.side)]
        if missing:
            raise _nothing_to_test(app, missing)
        run_test(app, run, screen, timeout, explain=not no_diagnosis)


def _nothing_to_test(app: App, missing: list[Any] | None = None) -> NotCreated:
    what = ", ".join(str(r) for r in missing or []) or "everything"
    return NotCreated(
        "It is too early for test.",
        code="VPCE095",
        facts={"missing": what},
        hint=f"Run first:  {command_line(app)} up",
    )


def run_test(app: App, run: Run, screen: Screen, timeout: float | None, *, explain: bool = True) -> None:
    """Run every check and show each result as it comes.  Raises TestFailed.

    The cause of a failure is diagnosed if it is to be explained, and no exercise is open.
    """

    settings = run.settings
    lab = checks.CheckContext(
        run.demo,
        run.sides,
        run.ssh(),
        run.environment.pace,
        settings.page,
        run.facts,
        timeout,
        settings.side,
        settings.consumer_account or run.environment.accounts[Side.PROVIDER]["account"],
    )
    began, results = time.monotonic(), []
    failed: Result | None = None
    cause: Diagnosis | None = None
    instead = instead_of_the_cause(app)
    answers = checks.run(lab)
    for question in checks.QUESTIONS:
        with checking(screen, app.get("progress", "auto"), question.number, question.title(lab)):
            result = next(answers)
        results.append(result)
        if result.passed is False or not screen.quiet:
            screens.result(screen, result)
        if result.failure and not failed:
            failed = result
            if explain and not instead:
                cause = diagnosis_for_this_demo(app, checks.explain(lab, result))
                result.failure.diagnosis = cause
        run.log.check(result.as_dict(), result.failure)
    run.log.page(lab.seen)
    with contextlib.suppress(ClientError, BotoCoreError):  # needed only for the report
        run.log.addresses(addresses_of(managed_interfaces(run)))
    page = "" if screen.quiet else lab.seen
    screens.verdict(screen, results, page, time.monotonic() - began, CHANGES.sentence())
    app.document.update(checks=[one.as_dict() for one in results], page=lab.seen)
    if failed and instead and explain:
        screen.message(instead)
    if failed:
        error = TestFailed(f"check {failed.number} failed: {failed.evidence}")
        error.diagnosis = cause
        raise error
    passed(app, "test", run.settings.demo_id)
