"""``plan`` and ``status``: what would be made, and what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .app import App, how
from .describing import described, summary
from .group import cli, pass_app

if TYPE_CHECKING:
    from ..model import Resource


@cli.command()
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 10 if something would be made.")
@pass_app
def plan(app: App, detailed_exitcode: bool) -> None:
    """Show what up would make, and what it costs.  Changes nothing.

    \b
    Example:
      vpce-demo plan
    """
    from ..cost import AS_OF, hourly, said

    missing, there, region = _look(app, "to be made")
    screen = app.screen()
    screen.line()
    if missing:
        screen.line(f"{len(missing)} to be made, {len(there)} already there.")
        screen.line(f"The whole demo costs {said(hourly([*missing, *there], region))} on AWS (prices of {AS_OF}).")
    else:
        screen.line(f"Nothing to do: all {len(there)} are there.")
    app.document.update(to_make=[r.key for r in missing])
    if missing and detailed_exitcode:
        raise click.exceptions.Exit(10)


@cli.command()
@click.option("--check", is_flag=True, help="Exit with 10 if something is missing or not as it should be.")
@pass_app
def status(app: App, check: bool) -> None:
    """Show what there is of the demo.  Changes nothing.

    \b
    Example:
      vpce-demo status
    """
    from ..cost import hourly, said

    missing, there, region = _look(app, "-")
    screen = app.screen()
    screen.line()
    if there:
        screen.line(
            f"{len(there)} of {len(missing) + len(there)} there"
            + ("." if app.get("sandbox") else f", {said(hourly(there, region))} until you run: {how(app)} down")
        )
    else:
        screen.line(f"There is nothing of this demo. Make it:  {how(app)} up")
    if check and missing:
        raise click.exceptions.Exit(10)


def _look(app: App, word: str) -> tuple[list[Resource], list[Resource], str]:
    """Show what there is; return what is missing (or wrong) and what is there, and the region."""
    screen, where = app.screen(), app.where()
    place = app.place(where, screen, start=False)
    from ..facts import not_looked_up
    from ..model import Side, is_fine
    from ..run import opened
    from ..tutorial import tutorial
    from ..ui import screens

    if place is None:
        demo = tutorial(not_looked_up(where.config))
        screens.table(screen, demo, {}, word)
        app.document.update(resources=[])
        return demo.resources, [], where.config.region or "us-east-1"
    with opened(where, place, app.command) as run:
        live = run.look()
        screens.table(screen, run.demo, live, word)
        app.document.update(resources=described(run))
        fine = [r for r in run.demo.resources if is_fine(live.get(r.key))]
        if any(r.key in live for r in run.demo.resources):
            screen.line()
            screens.facts(screen, summary(run))
        return [r for r in run.demo.resources if r not in fine], fine, place.clients[Side.PROVIDER].region
