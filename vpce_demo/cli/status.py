"""``plan`` and ``status``: what would be made, what there is, what it costs, and where it differs from the tutorial."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import click

from ..aws.environment import Environment
from ..chapters import chapter_named, chapter_of
from ..config.settings import TUTORIAL, Where
from ..journal.run_log import runs
from ..model import Side
from ..session.look import Look, look_at
from ..session.open import open_recorded
from ..session.run import other_side
from ..ui import resources, screens
from ..ui.screens import header
from ..untrusted import printable
from .app import App, command_line
from .commands import STAGES
from .deletion import plan_of_the_deletion
from .describe import described, summary, tell_what_is_not_allowed
from .down import what_stays
from .group import (
    Number,
    chapter_option,
    command,
    customer_option,
    customers_option,
    pass_app,
    the_customer,
    want_customers,
)
from .watch import again_and_again

DIFFERENT = 10
WATCH_SECONDS = 5.0


@command()
@click.option(
    "--detailed-exitcode", "--exit-code", is_flag=True, help="Exit with 10 if anything is missing or differs."
)
@customers_option
@chapter_option("What up --chapter would create, alone or beside what there is.")
@click.option("--destroy", is_flag=True, help="Show what down would delete instead, in its order.")
@pass_app
def plan(app: App, detailed_exitcode: bool, customers: int | None, chapter: str | None, destroy: bool) -> None:
    """Show what up would create and mend, and what it costs.  Changes nothing.

    Lists each step with its price per hour (with -v each resource), the sum, and where existing resources differ from
    the tutorial: what up mends in place, what it replaces, what it asks about, and what it leaves and why.

    \b
    Example:
      vpce-demo plan
      vpce-demo plan --destroy
    """
    if destroy:
        if detailed_exitcode or customers or chapter:
            raise click.UsageError("--destroy goes without --detailed-exitcode, --customers and --chapter.")
        plan_of_the_deletion(app)
        return
    want_customers(app, customers)
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    look = look_at(
        where,
        environment,
        app.command,
        plans=True,
        every_customer=customers is not None,
        chapters=(chapter,) if chapter else (),
    )
    _show(app, look, "to be made")
    _document(app, look)
    if look.missing:
        screen.line(f"{len(look.missing)} to be made, {len(look.fine)} already there.")
        if look.fine:
            screen.line(f"What is to be made costs {look.cost_of(look.missing)} on AWS.")
        screen.line(f"The whole demo costs {look.cost_of(look.demo.resources)} on AWS.")
        if look.prices_of:
            screen.line(look.prices_of)
    elif look.differing:
        screen.line(f"Nothing is to be made: all {len(look.fine)} are there.")
    else:
        screen.line(f"Nothing to do: all {len(look.fine)} are there.")
    _differences(app, look)
    _say_who_makes_what(app, look, chapter)
    tell_what_is_not_allowed(app, look.not_allowed)
    app.document.update(
        to_make=[r.key for r in look.missing],
        to_mend=[r.key for r in look.to_mend],
        not_allowed=list(look.not_allowed),
    )
    if detailed_exitcode and (look.missing or look.differing):
        raise click.exceptions.Exit(DIFFERENT)


@command()
@click.option("--check", is_flag=True, help="Exit with 10 if anything is missing or differs from the tutorial.")
@customer_option
@click.option(
    "--watch",
    is_flag=False,
    flag_value=WATCH_SECONDS,
    type=Number(min=0.1),
    metavar="[SECONDS]",
    help=f"Show it again and again, until Ctrl-C.  [every {WATCH_SECONDS:.0f} s]",
)
@pass_app
def status(app: App, check: bool, customer: int | None, watch: float | None) -> None:
    """Show what exists of the demo, what it costs, and where it differs.  Changes nothing.

    A line for each step: its state, age, price an hour and the id of its main resource, a link to the AWS console
    on a terminal that knows links; and under it each resource that is missing, or in which AWS holds something else
    than the tutorial says.  With -v every resource.  Can be used while another command is running: --watch shows an up
    or a down in progress.  Ctrl-C ends a watch with exit code 0.  Of several customers each has a line; --customer
    shows the steps of one.

    \b
    Example:
      vpce-demo status
      vpce-demo status -v
      vpce-demo status --check
      vpce-demo status --watch 2
    """
    if watch and (check or app.json):
        raise click.UsageError("--watch goes on until Ctrl-C: it has no result for --check or -o json.")
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    if watch:
        again_and_again(
            app,
            watch,
            look=lambda: _of(look_at(where, environment, app.command, others=True), customer),
            head=lambda: _head(app, where, environment),
            draw=lambda look: _status(app, look),
        )
        return
    look = _of(look_at(where, environment, app.command, others=True), customer)
    _status(app, look)
    if check and (look.missing or look.differing):
        raise click.exceptions.Exit(DIFFERENT)


def _of(look: Look, customer: int | None) -> Look:
    """The same, with the customer of this number only.  Raises ConfigError if there is none."""
    return replace(look, only=the_customer(look.demo, customer).number) if customer else look


def _head(app: App, where: Where, environment: Environment | None) -> None:
    screen = app.screen()
    app.begin_line(where)
    if environment:
        header(screen, environment.name, environment.accounts_of(where.config.side))
    else:
        header(screen, "sandbox, which is not running", {})


def _status(app: App, look: Look) -> None:
    screen = app.screen()
    say_whose(app, look)
    if look.there:
        _show(app, look, "missing")
    _document(app, look)
    for one in look.others:
        screen.line(f"{one.at_start} has this demo's tags, and is none of its resources.", mark="!")
    app.document["others"] = [{"kind": one.kind, "id": one.key} for one in look.others]
    app.document["other_demos"] = list(look.other_demos)
    if not look.there:
        _say_how_to_make_it(app, look)
    if look.other_demos and not app.get("name"):
        here = f"Other demos here: {', '.join(look.other_demos)}."
        screen.line(f"{here} See one:  {command_line(app)} status --name {look.other_demos[0]}")
    if not look.there:
        return
    counted = f"{len(look.fine)} of {len(look.demo.resources)} there."
    if look.is_free:
        screen.line(counted)
        screen.line(f"Nothing is billed here; AWS would ask {look.cost_of(look.there)}.")
    else:
        screen.line(f"{counted} Costs {look.cost_of(look.there)}{look.so_far},")
        screen.line(f"until you run:  {command_line(app)} down")
        if look.prices_of:
            screen.line(look.prices_of)
    _differences(app, look)


def _say_how_to_make_it(app: App, look: Look) -> None:
    """Of a demo that is not there: with the side that it had when it was last made, and what stays of the other."""
    up, where = "up", app.where()
    side = look.settings.side
    made: dict[str, Any] = next(
        (run.head["settings"] for run in runs(where.logs) if run.head["command"] in ("up", *STAGES)), {}
    )
    if not side and (once := made.get("side")):
        theirs = made.get("consumer_account") if once == Side.PROVIDER.value else made.get("service")
        option = "--consumer-account" if once == Side.PROVIDER.value else "--service-name"
        up = " ".join(["up", "--side", once, *((option, shlex.quote(printable(theirs))) if theirs else ())])
    whole = f"the {side}'s side of this demo" if side else "this demo"
    app.screen().line(f"There is nothing of {whole}. Make it:  {command_line(app, up)} {up}")
    state, settings = open_recorded(where)
    settings = settings.model_copy(update={"side": side})
    if other := other_side(state, settings):
        what_stays(app.screen(), settings, state, other, is_sandbox=look.is_free)


def say_whose(app: App, look: Look) -> None:
    """Say who made the demo, if there is no record of it here."""
    if look.standing:
        app.document["unrecorded"] = look.standing.facts
        made = f"Made by {look.standing.made_by}, no record here: id {look.standing.id}."
        app.screen().message(f"{made} To take it over:  {command_line(app)} adopt", mark="!")


def _show(app: App, look: Look, absent: str) -> None:
    """Show the table, and what one wants to copy."""
    screen = app.screen()
    links = {one["key"]: one["console_url"] or "" for one in described(look)}
    resources.show(screen, resources.Table(look.demo, look.live, absent, look.ages, look.prices, links))
    screen.line()
    if look.live:
        screens.facts(screen, tuple(summary(look)))
        screen.line()


def _document(app: App, look: Look) -> None:
    app.document.update(
        resources=described(look),
        missing=[r.key for r in look.missing],
        differing=[r.key for r in look.differing],
        cost=look.money,
    )


def _differences(app: App, look: Look) -> None:
    """Say which resources ``up`` replaces or mends, and which differ in what it leaves or asks about."""
    others = [r for r in look.differing if r not in look.to_mend]
    told = {
        "replaces:": [r for r in look.missing if r.key in look.live],
        "mends:": look.to_mend,
        "leaves, or asks about:": others,
    }
    for chapter in look.settings.chapters:
        for what, every in told.items():
            if those := [r for r in every if chapter_of(r.key) == chapter]:
                app.screen().line(f"{_making(chapter)} {what}  {', '.join(map(str, those))}", mark="!")


def _making(chapter: str) -> str:
    """The command that makes a chapter, or the tutorial."""
    return "up" if chapter == TUTORIAL else chapter_named(chapter).command


def _say_who_makes_what(app: App, look: Look, chapter: str | None) -> None:
    """Of a plan with a chapter: the commands that make what it shows, since each ``up`` makes one; and that without
    ``--chapter`` it makes the tutorial, if the plan does not show that."""
    screen, there = app.screen(), look.settings.chapters
    if there == (TUTORIAL,):
        return
    if not chapter and TUTORIAL not in there:
        screen.message("Without --chapter, up makes the tutorial, which is not in this plan.", mark="!")
    wanting = {chapter_of(r.key) for r in (*look.missing, *look.to_mend)}
    if wanting:
        screens.next_commands(screen, [f"{command_line(app)} {_making(one)}" for one in there if one in wanting])
