"""``doctor``: checks everything that can be checked, and names the most likely cause."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from dataclasses import replace

import click
from botocore.exceptions import BotoCoreError, ClientError

from ..aws.environment import Environment
from ..aws.messages import understood
from ..changes import CHANGES
from ..chapters import demo_of
from ..config.settings import Where
from ..errors import DemoError, Locked, SignInError
from ..journal.state_file import StateFile
from ..model import Live
from ..session.discover import not_looked_up
from ..session.open import open_demo, sides_of
from ..session.run import Run
from ..ui import screens
from ..ui.style import Screen, padded
from ..verify import checks
from ..verify import doctor as questions
from ..verify.doctor import DoctorLine, account
from .app import App, command_line, diagnosis_for_this_demo, for_this_demo
from .group import command, pass_app, timeout_option
from .sandbox_hint import instead_of_the_cause
from .test import proof_of


@command()
@timeout_option
@pass_app
def doctor(app: App, timeout: float | None) -> None:
    """Check this machine, the account, and the demo if there is one.

    Machine: versions, OpenSSH. Account: sign-in, region, clock, permissions (by
    EC2's DryRun, which carries out nothing; Elastic Load Balancing has none),
    quotas, image, zones, Block Public Access. Demo: all that test asks, once and
    without waiting, and every cause that can be asked for.
    It changes nothing, and works without credentials as far as that goes.

    Exit code 6 if the demo's connectivity fails, 1 if anything else is wrong.

    \b
    Example:
      vpce-demo doctor
      vpce-demo --sandbox doctor
    """
    screen, where = app.screen(), app.where()
    lines: list[DoctorLine] = []

    def show(line: DoctorLine) -> None:
        line = replace(line, fix=for_this_demo(app, line.fix))
        lines.append(line)
        screen.entry(f"    {padded(screen.said(line.title), 29)} ", line.evidence, mark=line.mark)
        for head, text in zip(itertools.chain(["Fix:"], itertools.repeat("")), line.fix.splitlines(), strict=False):
            screen.line(f"         {padded(screen.said(head), 4)} {screen.said(text)}")

    environment, error = _environment(app, where)
    for line in questions.machine(where.sandbox):
        show(line)
    show(questions.files(StateFile(where.directory).key_file))
    works = True
    if error:
        ours = understood(error) or DemoError(str(error), code="VPCE065")
        if isinstance(ours, SignInError):
            app.complete(ours)
        for line in questions.not_signed_in(error, ours):
            show(line)
    elif environment:
        works = _look(app, where, environment, show, timeout)
    elif "sandbox" not in {line.title for line in lines}:
        show(questions.DoctorLine("sandbox", None, f"does not run; it starts by itself:  {command_line(app)} up"))
    app.document["lines"] = [line.as_dict() for line in lines]
    wrong = [line.title for line in lines if line.fine is False]
    screen.line()
    if not works:
        screen.line(f"The demo does not work. Exit code 6. {CHANGES.sentence()}", style="red")
        raise click.exceptions.Exit(6)
    if wrong:
        screen.line(f"Wrong: {', '.join(wrong)}. Exit code 1. {CHANGES.sentence()}", style="red")
        raise click.exceptions.Exit(1)
    screen.line("Nothing is wrong, as far as that can be asked.", style="green")


def _environment(app: App, where: Where) -> tuple[Environment | None, Exception | None]:
    """The environment, or the error that prevents asking AWS."""
    try:
        return app.environment(where, app.screen(), start=False), None
    except (DemoError, ClientError, BotoCoreError) as error:
        app.screen().end_line()
        app.screen().message()
        if isinstance(error, SignInError):
            app.complete(error)
        return None, error


def _look(
    app: App, where: Where, environment: Environment, show: Callable[[DoctorLine], None], timeout: float | None
) -> bool:
    """Check the account, and the demo if there is one.  Returns False if the demo does not work."""
    there: dict[str, Live] = {}
    settings, sides = not_looked_up(where.config), sides_of(where.config.name, environment)
    demo, problem = demo_of(settings), None
    with contextlib.ExitStack() as stack:
        try:
            run = stack.enter_context(open_demo(where, environment, app.command))
            settings, sides, demo = run.settings, run.sides, run.demo
            there = run.look()
        except DemoError as error:  # locked, another account's state, or a look-up that is not allowed
            problem = error
        for line in account(where.config, environment, settings, sides, demo):
            show(line)
        if problem:
            show(DoctorLine("demo", None if isinstance(problem, Locked) else False, problem.message, problem.hint))
        elif there:
            return _ask(app, run, app.screen(), timeout)
        else:
            show(DoctorLine("demo", None, f"there is none of this name; make it:  {command_line(app)} up"))
    return True


def _ask(app: App, run: Run, screen: Screen, timeout: float | None) -> bool:
    """Run the checks of ``test`` once, then confirm every cause.  Returns True if all is well."""
    told, causes, works = [], [], True
    for name in run.settings.chapters:
        one = proof_of(run, name, timeout)
        if len(run.settings.chapters) > 1:
            screen.line(f"    {screen.said(one.title)}", style="bold")
        lab, results = replace(one.lab, patient=False), []
        for result in checks.run(lab, questions=one.questions):
            results.append(replace(result, chapter=name))
            screens.result(screen, result)
        told += results
        app.document.update(checks=[each.as_dict() for each in told])
        failed = next((each for each in results if each.failure), None)
        works = works and failed is None
        if instead_of_the_cause(app):
            continue
        cause = diagnosis_for_this_demo(app, one.explain(lab, failed))
        causes.append(cause)
        if failed is None and not cause.key:
            none = f"none of those that can be asked for: {', '.join(cause.ruled_out)}"
            screen.line(f"    {padded(screen.said('causes'), 29)} {screen.said(none)}", mark="✓")
        else:
            works = False
            screen.line()
            screens.diagnosis(screen, cause)
    if instead := instead_of_the_cause(app):
        screen.message(instead)
    if causes:
        app.document.update(diagnosis=next((one for one in causes if one.key), causes[0]).as_dict())
    return works
