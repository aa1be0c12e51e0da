"""``up`` and the commands of its stages: create what is missing."""

from __future__ import annotations

import click

from ..cost.bill import hourly, said
from ..model import is_fine
from ..session.look import look_of
from ..session.open import open_demo
from ..ui import screens
from ..ui.progress_state import DONE_UP
from .app import App, command_line
from .commands import STAGES
from .describe import described, summary
from .group import ask, command, pass_app, timeout_option, yes_option
from .progress import showing_progress
from .test import run_test
from .walkthrough import walk


@command()
@click.option("--until", type=click.Choice([*STAGES, "test"]), help="Stop after this stage; test is the last.")
@click.option("--skip-test", is_flag=True, help="Do not test at the end.")
@click.option("--step", is_flag=True, help="Stop before each step and explain it: walkthrough.")
@yes_option
@timeout_option
@pass_app
def up(app: App, until: str | None, skip_test: bool, step: bool, yes: bool, timeout: float | None) -> None:
    """Create everything that is missing, accept the connection, and test.

    Safe to run again: it creates what is missing and replaces what no longer works, or says that nothing is to do.

    \b
    Example:
      vpce-demo --sandbox up
      vpce-demo up --until create-endpoint-service
    """
    if step and (until or skip_test):
        raise click.UsageError("--step asks before each step where to stop; it goes without --until and --skip-test.")
    if step:
        walk(app, None, yes, timeout)
        return
    stages = STAGES[: STAGES.index(until) + 1] if until in STAGES else STAGES
    _make(app, stages, yes, timeout, test=not skip_test and until in (None, "test"))


def _stage(name: str, text: str) -> click.Command:
    """The command of one stage."""

    @command(name, help=text)
    @yes_option
    @timeout_option
    @pass_app
    def stage(app: App, yes: bool, timeout: float | None) -> None:
        _make(app, (name,), yes, timeout, test=False)

    return stage


create_provider = _stage(
    "create-provider",
    """Steps 1-7: the provider's VPC, web server and load balancer.

    \b
    Example:
      vpce-demo create-provider
    """,
)
create_endpoint_service = _stage(
    "create-endpoint-service",
    """Step 8: publish the load balancer as an endpoint service.

    \b
    Example:
      vpce-demo create-endpoint-service
    """,
)
create_consumer = _stage(
    "create-consumer",
    """Steps 9-15: the customer's VPC, instance and VPC endpoint.

    \b
    Example:
      vpce-demo create-consumer
    """,
)
accept = _stage(
    "accept",
    """Step 15: the provider accepts the endpoint's connection.

    \b
    Example:
      vpce-demo accept
    """,
)


def _make(app: App, stages: tuple[str, ...], yes: bool, timeout: float | None, *, test: bool) -> None:
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=True)
    assert environment is not None

    with open_demo(where, environment, app.command, makes=True) as run:
        run.trust_the_opening()
        resources = run.demo.of(*stages)
        if len(stages) == 1:
            run.refuse_too_early(resources, app.command)
        region = environment.clients[resources[0].side].region
        there = {} if environment.is_free else run.look(resources)
        missing = [r for r in resources if not is_fine(there.get(r.key))]
        if missing and not environment.is_free:
            again = [r.name for r in missing if r.key in there]
            replaced = f" ({', '.join(again)} deleted first)" if again else ""
            ask(screen, yes, f"Make {len(missing)} resources{replaced}, {said(hourly(missing, region))}?")
        with showing_progress(app, run, resources, DONE_UP) as told:
            run.up(resources, told.on_event, timeout)
        board = told.board
        look = look_of(run)
        app.document.update(created=board.created, found=board.found, resources=described(look))
        all_there = [r for r in run.demo.resources if run.state.id(r.key)]
        cost = (
            "" if environment.is_free else f"{said(hourly(all_there, region))} until you run: {command_line(app)} down"
        )
        screens.ready(screen, board.seconds, board.created, board.found, [*summary(look), ("cost", cost)])
        if test:
            screen.line()
            run_test(app, run, screen, timeout and max(1.0, timeout - board.seconds))
        screen.message()
        screens.next_commands(screen, [f"{command_line(app)} {name}" for name in _next(stages)])


def _next(stages: tuple[str, ...]) -> tuple[str, ...]:
    last = STAGES.index(stages[-1])
    return (STAGES[last + 1],) if last + 1 < len(STAGES) else ("status", "test", "down")
