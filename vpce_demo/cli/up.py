"""``up`` and the commands of its stages: create what is missing."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import click

from ..aws.messages import understood
from ..changes import CHANGES
from ..config.settings import TUTORIAL
from ..cost.bill import Regions, cost_of
from ..engine.drift import added, changes
from ..engine.resource import Resource
from ..errors import Refused
from ..model import Drift, Live, Remedy, Side, is_fine
from ..resources.endpoint_service import account_root
from ..session.discover import zones_of_service
from ..session.look import Look, look_of
from ..session.open import open_demo, open_recorded
from ..session.run import Interrupted, Run
from ..ui import screens
from ..ui.progress_state import DONE_DOWN, DONE_UP
from .app import App, command_line, for_this_demo
from .commands import STAGES
from .describe import described, summary, tell_what_is_not_allowed
from .group import (
    ask,
    chapter_option,
    command,
    customers_option,
    pass_app,
    timeout_option,
    ttl_option,
    want_customers,
    yes_option,
)
from .progress import showing_progress

no_mend_option = click.option(
    "--no-mend", is_flag=True, help="Create only what is missing: change and replace nothing that exists."
)


@command()
@click.option("--until", type=click.Choice([*STAGES, "test"]), help="Stop after this stage; test is the last.")
@click.option("--skip-test", is_flag=True, help="Do not test at the end.")
@no_mend_option
@customers_option
@chapter_option("Make this chapter, which shows another kind of endpoint, instead of the tutorial.")
@click.option("--step", is_flag=True, help="Stop before each step and explain it: walkthrough.")
@click.option(
    "--on-failure",
    type=click.Choice(["keep", "delete"]),
    default="keep",
    show_default=True,
    help="What becomes of what this command created, if it fails. Ctrl-C is no failure.",
)
@yes_option
@ttl_option
@timeout_option
@pass_app
def up(
    app: App,
    until: str | None,
    skip_test: bool,
    no_mend: bool,
    customers: int | None,
    chapter: str | None,
    step: bool,
    on_failure: str,
    yes: bool,
    ttl: timedelta | None,
    timeout: float | None,
) -> None:
    """Create what is missing, mend what somebody changed, accept the connection, and test.

    Safe to run again: it creates what is missing, brings back in place what differs from the tutorial, and replaces
    what cannot be brought back; or says that nothing is to do.  What others may need it leaves: plan says why.
    A --chapter stands alone or beside the tutorial, in the same demo: status, test and down know both.

    \b
    Example:
      vpce-demo --sandbox up
      vpce-demo up --until create-endpoint-service
      vpce-demo --sandbox up --customers 3
      vpce-demo --sandbox up --chapter gateway
    """
    deletes = on_failure == "delete"
    if step and (until or skip_test or ttl or deletes):
        raise click.UsageError(
            "--step asks before each step where to stop; it goes without --until, --skip-test, --ttl, --on-failure."
        )
    if chapter and (until or customers or step):
        raise click.UsageError("--chapter goes without --until, --customers and --step, which are the tutorial's.")
    want_customers(app, customers)
    if step:
        from .walkthrough import walk

        walk(app, None, yes, timeout)
        return
    stages = STAGES[: STAGES.index(until) + 1] if until in STAGES else STAGES
    test = not skip_test and until in (None, "test")
    make(app, stages, yes, timeout, test=test, mend=not no_mend, ttl=ttl, deletes=deletes, chapter=chapter or TUTORIAL)


def _stage(name: str, text: str) -> click.Command:
    """The command of one stage."""

    @command(name, help=text)
    @yes_option
    @timeout_option
    @pass_app
    def stage(app: App, yes: bool, timeout: float | None) -> None:
        make(app, (name,), yes, timeout, test=False)

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
    """Steps 9-15: the consumer's VPC, instance and VPC endpoint.

    \b
    Example:
      vpce-demo create-consumer
    """,
)


def make(
    app: App,
    stages: tuple[str, ...],
    yes: bool,
    timeout: float | None,
    *,
    test: bool,
    mend: bool = True,
    ttl: timedelta | None = None,
    deletes: bool = False,
    chapter: str = TUTORIAL,
    at_the_end: Callable[[Run], None] = lambda run: None,
) -> None:
    """Make what these stages make, or a chapter, and show it; ``at_the_end`` shows what else is to be said."""
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=True)
    assert environment is not None

    every = app.get("customers") is not None
    before = open_recorded(where)[1].consumer_account
    with (
        open_demo(
            where, environment, app.command, makes=True, ttl=ttl, every_customer=every, chapters=(chapter,)
        ) as run,
        _deleting_what_was_made(app, run, timeout) if deletes else contextlib.nullcontext(),
    ):
        run.trust_the_opening()
        resources = run.demo.of(*stages) if chapter == TUTORIAL else run.demo.in_chapter(chapter)
        if not resources and chapter != TUTORIAL:
            raise Refused(
                f"The chapter {chapter} is the consumer's, and this demo is the {run.settings.side}'s side only.",
                code="VPCE123",
                hint="Who can sign in as the consumer makes it, in a demo of another --name.",
            )
        if not resources:
            raise Refused(
                f"This demo is the {run.settings.side}'s side only, and {app.command} makes nothing of it.",
                code="VPCE123",
                hint="See what there is:  <demo> status",
            )
        if len(stages) == 1:
            run.refuse_too_early(resources, app.command)
        there = run.look(resources)
        missing = [r for r in resources if not is_fine(there.get(r.key)) and (mend or r.key not in there)]
        mends = changing(resources, there, Remedy.MEND) if mend else []
        if run.settings.service and any(r.key == run.demo.endpoint.key for r in missing):
            for consumer in environment.consumers:
                zones_of_service(consumer, run.settings.service)  # refuses what would be in vain
        replaces_theirs = run.settings.by_hand and any(r.key in there for r in missing)
        if (missing or mends) and not environment.is_free:
            tell_what_is_not_allowed(app, run.not_allowed())
        if ((missing or mends) and not environment.is_free) or replaces_theirs:
            ask(screen, yes, _question(missing, mends, there, environment.regions))
        agreed = [one for one in changing(resources, there, Remedy.ASK) if mend and _agrees(app, yes, *one)]
        boards = []
        for part, at_its_end in _parts(app, run, resources, chapter, there):
            with showing_progress(app, run, part, DONE_UP) as told:
                run.up(part, told.on_event, timeout, mend=mend, agreed=[(r.key, d.field) for r, d in agreed])
            boards.append(told.board)
            if at_its_end:
                at_its_end()
        look = look_of(run)
        created, found = sum(one.created for one in boards), boards[0].found
        seconds = time.monotonic() - boards[0].began
        mended = {key: note for one in boards for key, note in one.mended.items()}
        app.document.update(created=created, mended=list(mended), found=found)
        if app.json:
            app.document.update(resources=described(look))
        all_there = [r for r in run.demo.resources if run.state.id(r.key)]
        an_hour = cost_of(all_there, environment.regions)
        cost = "" if environment.is_free else f"{an_hour} until you run: {command_line(app)} down"
        counts = created, len(mended), found
        facts = summary(look) if chapter == TUTORIAL else ()
        screens.ready(screen, seconds, *counts, [*facts, ("cost", cost)], len(look.differing))
        if test and (chapter != TUTORIAL or _is_complete(look)):
            from .test import run_test

            screen.line()
            run_test(app, run, screen, timeout and max(1.0, timeout - seconds), chapters=[chapter])
        _say_what_stays_allowed(app, run, before)
        at_the_end(run)
        screen.message()
        own = [f"{command_line(app)} {name}" for name in (_next(stages) if chapter == TUTORIAL else _next(STAGES))]
        screens.next_commands(screen, [*(_for_the_other_side(look) if chapter == TUTORIAL else ()), *own])


def _parts(
    app: App, run: Run, resources: Sequence[Resource], chapter: str, there: Mapping[str, Live]
) -> Iterator[tuple[Sequence[Resource], Callable[[], None] | None]]:
    """The resources in the parts in which they are made, each with what is to be done after it, if anything."""
    if chapter == TUTORIAL:
        yield resources, None
        return
    from .chapters import parts_of  # with the checks, which ``up`` of the tutorial may not need

    yield from parts_of(app, run, chapter, there)


def _say_what_stays_allowed(app: App, run: Run, before: str) -> None:
    """Where the provider names another account than ``before``: that one may have connections, and keeps its permission
    until somebody takes it away."""
    aws, live = run.sides[Side.PROVIDER], run.sides[Side.PROVIDER].known.get(run.demo.service.key)
    if run.settings.side == Side.PROVIDER.value and live and before not in ("", run.settings.consumer_account):
        taken = f"--service-id {live.id} --remove-allowed-principals {account_root(aws, before)}"
        app.screen().message(f"Account {before} may connect as before. To take its permission away:", mark="!")
        command = f"{aws.clients.cli} ec2 modify-vpc-endpoint-service-permissions {taken}"
        app.screen().message(f"    {for_this_demo(app, command)}")


def _is_complete(look: Look) -> bool:
    """True if there is something to test: not while one side waits for the other."""
    endpoint = look.live.get(look.demo.endpoint.key)
    return look.settings.side is None or (endpoint is not None and endpoint.word == "available")


def _for_the_other_side(look: Look) -> Iterator[str]:
    """What the person on the other side runs next, if that is somebody else."""
    service, endpoint = (look.live.get(r.key) for r in (look.demo.service, look.demo.endpoint))
    if look.settings.side == Side.PROVIDER.value and service:
        name, account = service.outputs["service_name"], look.settings.consumer_account
        here = " --sandbox" * look.is_free
        if look.is_free or not account:
            here += " --name consumer"  # beside the provider's
        if look.is_free and account:
            here += f" --profile {account}"
        region = look.settings.consumer_region or look.regions[Side.PROVIDER]
        yield f"the consumer:  vpce-demo{here} up --side consumer --region {region} --service-name {name}"
    if look.settings.side == Side.CONSUMER.value and endpoint and not _is_complete(look):
        ids = [look.live[one.endpoint.key].id for one in look.demo.customers if one.endpoint.key in look.live]
        yield f"the provider:  vpce-demo{' --sandbox' * look.is_free} accept {' '.join(ids)}"


@contextlib.contextmanager
def _deleting_what_was_made(app: App, run: Run, timeout: float | None) -> Iterator[None]:
    """If what is inside fails, delete what it created, and raise its error with what is left.

    If nothing was there before, nothing stays: neither the key nor the state file.
    """
    was_there = bool(run.state.ids)
    try:
        yield
    except Interrupted:
        raise
    except Exception as error:
        failure = understood(error)
        made = [r for r in run.demo.resources if r.key in CHANGES.made]
        if not made or failure is None:
            raise
        app.screen().message(f"It failed: {failure.message} Deleting what was created (--on-failure delete).", mark="!")
        try:
            with showing_progress(app, run, made if was_there else run.demo.resources, DONE_DOWN) as told:
                left = run.down(told.on_event, timeout, only=made if was_there else ())
            failure.facts["left"] = ", ".join(str(one.resource) for one in left)
            for key in {r.key for r in made} - {one.resource.key for one in left}:
                CHANGES.refused(key)  # what was not answered made nothing, or that is gone
        except Interrupted:
            raise
        except Exception as second:
            if (ours := understood(second)) is None:
                raise
            failure.facts["deleting failed"] = ours.message
        raise failure from error


Difference = tuple[Resource, Drift]


def changing(resources: Iterable[Resource], there: Mapping[str, Live], remedy: Remedy) -> list[Difference]:
    """The fields with this remedy, of what stays."""
    live = ((r, there[r.key]) for r in resources if is_fine(there.get(r.key)))
    return [(r, drift) for r, one in live for drift in one.drift if drift.remedy is remedy]


def _question(missing: list[Resource], mends: list[Difference], there: Mapping[str, Live], regions: Regions) -> str:
    """``Make 2 resources (Webserver1 deleted first), $0.03 an hour, and mend MyNetwork-TG (port: 8443 → 80)?``"""
    again = [r.name for r in missing if r.key in there]
    replaced = f" ({', '.join(again)} deleted first)" if again else ""
    parts = (
        [f"make {len(missing)} resource{'s' * (len(missing) != 1)}{replaced}, {cost_of(missing, regions)}"]
        if missing
        else []
    )
    parts += [f"mend {r.name} ({changes([drift])})" for r, drift in mends]
    question = ", and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    return f"{question[:1].upper()}{question[1:]}?"


def _agrees(app: App, yes: bool, r: Resource, drift: Drift) -> bool:
    """Whether to mend what the demo works with and makes the account less safe: only if the user says so."""
    screen, what = app.screen(), f"{r.at_start}: {drift.field}: {', '.join(added(drift))}. The demo does not need it."
    if yes or not sys.stdin.isatty():
        done = "It is taken away." if yes else f"It is left. To take it away:  {command_line(app)} up --yes"
        screen.message(f"{what} {done}", mark="!")
        return yes
    screen.end_line()
    try:
        return click.confirm(f"{what} Take it away?", err=True)
    except click.Abort:
        raise KeyboardInterrupt from None


def _next(stages: tuple[str, ...]) -> tuple[str, ...]:
    last = STAGES.index(stages[-1])
    return (STAGES[last + 1],) if last + 1 < len(STAGES) else ("status", "test", "down")
