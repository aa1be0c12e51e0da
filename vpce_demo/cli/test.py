"""``test``: prove that the page comes through PrivateLink, and no other way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from ..changes import CHANGES
from ..errors import Diagnosis, NotCreated, TestFailed
from ..model import Side
from ..session.look import addresses_of, managed_interfaces
from ..session.open import open_demo
from ..session.run import Run
from ..tutorial import Demo
from ..ui import screens
from ..ui.progress import checking
from ..ui.style import Screen
from ..verify import checks
from ..verify.checks import CheckContext, Result
from .app import App, command_line, diagnosis_for_this_demo
from .group import command, customer_option, lang_option, pass_app, the_customer, timeout_option
from .sandbox_hint import instead_of_the_cause, passed

if TYPE_CHECKING:
    from ..lessons import Language

AT_A_TIME = 8
"""Customers that are tested at the same time: each takes an ssh client and a thread."""
THE_PAGE = 6
"""The number of the check that fetches the page."""


@command()
@timeout_option
@customer_option
@click.option("--no-diagnosis", is_flag=True, help="Show what failed, and leave the cause for you to find.")
@lang_option
@pass_app
def test(app: App, timeout: float | None, customer: int | None, no_diagnosis: bool, lang: Language | None) -> None:
    """Step 16: prove that the page comes through PrivateLink, and no other way.

    Eight checks, each with its evidence.  It changes nothing.  Exit code 6 if one fails.  Of several customers each has
    a line; --customer shows the eight checks of one.

    \b
    Example:
      vpce-demo test
      vpce-demo test --customer 2
      vpce-demo test --no-diagnosis
      vpce-demo test --lang ja
    """
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)

    if environment is None:
        raise _nothing_to_test(app)
    with open_demo(where, environment, app.command, logged=True) as run:
        if customer:
            run = replace(run, demo=run.demo.alone(the_customer(run.demo, customer)))
        there = run.look()
        each = [r for one in run.demo.customers for r in (one.endpoint, one.instance)]
        needed = (run.demo.service, *each, run.demo.web)
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
    """Run every check and show each result as it comes; of several customers, each on one line.  Raises TestFailed.

    The cause of a failure is diagnosed if it is to be explained, and no exercise is open.
    """
    several = len(run.demo.customers) > 1
    began, results = time.monotonic(), []
    failed: Result | None = None
    cause: Diagnosis | None = None
    instead = instead_of_the_cause(app)
    first = checks_of(run, run.demo, timeout)
    answers = _of_several(app, run, screen, first) if several else _of_one(app, screen, first, checks.run(first))
    for lab, result in answers:
        results.append(result)
        one_of_many = several and result.number > checks.OF_THE_PROVIDER
        if result.passed is False or not (screen.quiet or one_of_many):
            screens.result(screen, result)
        if result.failure and not failed:
            failed = result
            if explain and not instead:
                cause = diagnosis_for_this_demo(app, checks.explain(lab, result))
                result.failure.diagnosis = cause
        run.log.check(_in_the_log(result), result.failure)
    run.log.page(first.seen)
    with contextlib.suppress(ClientError, BotoCoreError):  # needed only for the report
        run.log.addresses(addresses_of(managed_interfaces(run)))
    page = "" if screen.quiet else first.seen
    seconds = time.monotonic() - began
    screens.verdict(screen, results, page, seconds, CHANGES.sentence(), len(run.demo.customers))
    app.document.update(checks=[one.as_dict() for one in results], page=first.seen)
    if failed and instead and explain:
        screen.message(instead)
    if failed:
        words = f"check {failed.number} failed: {failed.evidence}"
        if failed.customer:
            words = f"check {failed.number} of customer {failed.customer} failed: {failed.evidence}"
        error = TestFailed(words)
        error.diagnosis = cause
        raise error
    passed(app, "test", run.settings.demo_id, run)


def _in_the_log(result: Result) -> dict[str, Any]:
    """The result as the run log has it, which has one list of checks: whose it is stands in the title."""
    whose = f", customer {result.customer}" if result.customer else ""
    return replace(result, title=f"{result.title}{whose}", customer=0).as_dict()


def checks_of(run: Run, demo: Demo, timeout: float | None) -> CheckContext:
    """What the checks of the demo's first customer work with."""
    settings, customer = run.settings, demo.customers[0]
    return CheckContext(
        demo,
        run.sides_of(customer),
        run.ssh(),
        run.environment.pace,
        settings.page,
        replace(run, demo=demo).facts,
        timeout,
        settings.side,
        customer.account or run.environment.accounts[Side.PROVIDER]["account"],
    )


def _of_one(
    app: App, screen: Screen, lab: CheckContext, answers: Iterator[Result], count: int = len(checks.QUESTIONS)
) -> Iterator[tuple[CheckContext, Result]]:
    """The results of the first so many checks, one after the other."""
    for question in checks.QUESTIONS[:count]:
        with checking(screen, app.get("progress", "auto"), question.number, question.title(lab)):
            result = next(answers)
        yield lab, result


def _of_several(app: App, run: Run, screen: Screen, first: CheckContext) -> Iterator[tuple[CheckContext, Result]]:
    """The checks of the provider once, and the others for each customer: several at a time, told in their order."""
    known = []
    for lab, result in _of_one(app, screen, first, checks.run(first), checks.OF_THE_PROVIDER):
        known.append(result)
        yield lab, result
    labs = [checks_of(run, run.demo.alone(one), first.timeout_seconds) for one in run.demo.customers]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for lab, asked in [(lab, pool.submit(list, checks.run(lab, known))) for lab in labs]:
            customer = lab.demo.customers[0]
            with checking(screen, app.get("progress", "auto"), checks.OF_THE_PROVIDER + 1, customer.title):
                results = asked.result()
            if not screen.quiet or any(one.passed is False for one in results):
                screens.customer(screen, customer.title, results, _through_the_endpoint(results))
            for result in results:
                yield lab, replace(result, customer=customer.number)
    first.seen = labs[0].seen


def _through_the_endpoint(results: Sequence[Result]) -> str:
    """What curl met, if that was asked."""
    return next((one.evidence for one in results if one.number == THE_PAGE and one.passed), "")
