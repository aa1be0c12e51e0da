"""``test``: prove that the page comes through PrivateLink, and no other way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from ..changes import CHANGES
from ..config.settings import TUTORIAL, made_by
from ..engine.resource import Resource
from ..errors import Diagnosis, NotCreated, TestFailed
from ..model import Side
from ..resources.instance import Instance
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
from .group import chapter_option, command, customer_option, lang_option, pass_app, the_customer, timeout_option
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
@chapter_option("Only this chapter.  [default: the tutorial, and each chapter that is there]")
@click.option("--no-diagnosis", is_flag=True, help="Show what failed, and leave the cause for you to find.")
@lang_option
@pass_app
def test(
    app: App,
    timeout: float | None,
    customer: int | None,
    chapter: str | None,
    no_diagnosis: bool,
    lang: Language | None,
) -> None:
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
        chapters = (chapter,) if chapter else run.settings.chapters[:1] if customer else run.settings.chapters
        needed: list[Resource] = []
        if TUTORIAL in chapters:
            each = [r for one in run.demo.customers for r in (one.endpoint, one.instance)]
            needed = [run.demo.service, *each, run.demo.web]
        for one in chapters:
            needed += [r for r in run.demo.in_chapter(one) if one != TUTORIAL and isinstance(r, Instance)]
        missing = [r for r in needed if r.key not in there and run.settings.side in (None, r.side)]
        if missing or (chapter and not needed):
            raise _nothing_to_test(app, missing, chapter)
        run_test(app, run, screen, timeout, explain=not no_diagnosis, chapters=chapters)


def _nothing_to_test(app: App, missing: Sequence[Resource] = (), chapter: str | None = None) -> NotCreated:
    what = ", ".join(map(str, missing)) or "everything"
    return NotCreated(
        "It is too early for test.",
        code="VPCE095",
        facts={"missing": what},
        hint=f"Run first:  {command_line(app)} {made_by(chapter or TUTORIAL)}",
    )


def run_test(
    app: App,
    run: Run,
    screen: Screen,
    timeout: float | None,
    *,
    explain: bool = True,
    chapters: Sequence[str] = (TUTORIAL,),
) -> None:
    """Run the checks of the tutorial and of these chapters, and show each result as it comes.  Raises TestFailed for
    the first that failed.

    The cause of a failure is diagnosed if it is to be explained, and no exercise is open.
    """
    told: list[Result] = []
    failed: Result | None = None
    page = ""
    instead = instead_of_the_cause(app)
    for name in chapters:
        one, customers = proof_of(run, name, timeout), len(run.demo.customers) if name == TUTORIAL else 1
        if len(chapters) > 1 and not screen.quiet:
            if told:
                screen.line()
            screen.line(one.title, style="bold")
        began, results = time.monotonic(), []
        first_failed: Result | None = None
        for lab, result in _of_several(app, run, screen, one) if customers > 1 else _of_one(app, screen, one):
            result = replace(result, chapter=name)
            results.append(result)
            one_of_many = customers > 1 and result.number > checks.OF_THE_PROVIDER
            if result.passed is False or not (screen.quiet or one_of_many):
                screens.result(screen, result)
            if result.failure and not first_failed:
                first_failed = result
                if explain and not instead:
                    result.failure.diagnosis = diagnosis_for_this_demo(app, one.explain(lab, result))
            run.log.check(_in_the_log(result), result.failure)
        if name == TUTORIAL:
            page = one.lab.seen
            run.log.page(page)
        seconds = time.monotonic() - began
        seen = "" if screen.quiet or name != TUTORIAL else page
        screens.verdict(screen, results, seen, seconds, CHANGES.sentence(), customers, one.proven)
        told += results
        failed = failed or first_failed
    with contextlib.suppress(ClientError, BotoCoreError):  # needed only for the report
        run.log.addresses(addresses_of(managed_interfaces(run)))
    app.document.update(checks=[one.as_dict() for one in told], page=page)
    if failed and instead and explain:
        screen.message(instead)
    if failed:
        whose = f" of customer {failed.customer}" if failed.customer else ""
        where = f" of the chapter {failed.chapter}" if failed.chapter != TUTORIAL else ""
        error = TestFailed(f"check {failed.number}{whose}{where} failed: {failed.evidence}")
        error.diagnosis = failed.failure.diagnosis if failed.failure else None
        raise error
    passed(app, "test", run.settings.demo_id, run, chapters)


@dataclass(frozen=True)
class Proof:
    """The checks of the tutorial or of a chapter, what they work with, what explains a failure, and what is proven if
    all pass."""

    title: str
    lab: CheckContext
    questions: Sequence[checks.Question]
    explain: Callable[[CheckContext, Result | None], Diagnosis]
    proven: str = ""


def proof_of(run: Run, name: str, timeout: float | None) -> Proof:
    """The proof of the tutorial, for its first customer, or of this chapter."""
    lab = checks_of(run, run.demo.only(name), timeout)
    if name == TUTORIAL:
        return Proof("The tutorial", lab, checks.QUESTIONS, checks.explain)
    from ..chapters import chapter_named

    chapter = chapter_named(name)
    lab.before = run.settings.before.get(name, "")
    return Proof(chapter.title, lab, chapter.checks, chapter.explain, chapter.proven)


def _in_the_log(result: Result) -> dict[str, Any]:
    """The result as the run log has it, which has one list of checks: whose it is stands in the title."""
    whose = f", customer {result.customer}" if result.customer else ""
    if result.chapter != TUTORIAL:
        whose = f", {result.chapter}"
    return replace(result, title=f"{result.title}{whose}", customer=0, chapter=TUTORIAL).as_dict()


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
        by_hand=settings.by_hand,
    )


def _of_one(app: App, screen: Screen, proof: Proof, count: int | None = None) -> Iterator[tuple[CheckContext, Result]]:
    """The results of the checks, or of the first so many, one after the other."""
    answers = checks.run(proof.lab, questions=proof.questions)
    for question in proof.questions[:count]:
        with checking(screen, app.get("progress", "auto"), question.number, question.title(proof.lab)):
            result = next(answers)
        yield proof.lab, result


def _of_several(app: App, run: Run, screen: Screen, proof: Proof) -> Iterator[tuple[CheckContext, Result]]:
    """The checks of the provider once, and the others for each customer: several at a time, told in their order."""
    known, first = [], proof.lab
    for lab, result in _of_one(app, screen, proof, checks.OF_THE_PROVIDER):
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
