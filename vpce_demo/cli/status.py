"""``plan`` and ``status``: what would be made, what there is, what it costs, and where it differs from the tutorial."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from ..aws.environment import Environment
from ..config.settings import Where
from ..cost.bill import as_of, hourly, said, so_far
from ..engine.resource import Resource
from ..model import Live, Side, is_fine
from ..session.open import open_demo, open_recorded
from ..tutorial import Demo
from ..ui import resources, screens
from ..ui.screens import header
from .app import App, how
from .describe import described, summary
from .group import command, pass_app
from .watch import again_and_again

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal


DIFFERENT = 10
WATCH_SECONDS = 5.0


@command()
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 10 if something would be made, or differs.")
@pass_app
def plan(app: App, detailed_exitcode: bool) -> None:
    """Show what up would make, and what it costs.  Changes nothing.

    Each resource with its price an hour, the sum, and where what is there differs from the tutorial.

    \b
    Example:
      vpce-demo plan
    """
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    look = _look(app, where, environment)
    _show(app, look, "to be made")
    if look.missing:
        screen.line(f"{len(look.missing)} to be made, {len(look.fine)} already there.")
        if look.fine:
            screen.line(f"What is to be made costs {look.cost_of(look.missing)} on AWS.")
        screen.line(f"The whole demo costs {look.cost_of(look.demo.resources)} on AWS.")
        if look.dated:
            screen.line(look.dated)
    else:
        screen.line(f"Nothing to do: all {len(look.fine)} are there.")
    _differences(app, look)
    app.document.update(to_make=[r.key for r in look.missing])
    if detailed_exitcode and (look.missing or look.differing):
        raise click.exceptions.Exit(DIFFERENT)


@command()
@click.option("--check", is_flag=True, help="Exit with 10 if something is missing, or differs from the tutorial.")
@click.option(
    "--watch",
    is_flag=False,
    flag_value=WATCH_SECONDS,
    type=click.FloatRange(min=0.1),
    metavar="[SECONDS]",
    help=f"Show it again and again, until Ctrl-C.  [every {WATCH_SECONDS:.0f} s]",
)
@pass_app
def status(app: App, check: bool, watch: float | None) -> None:
    """Show what there is of the demo, what it costs, and where it differs.  Changes nothing.

    Each resource with its age, its price an hour and its id, which is a link to AWS's console on a terminal that knows
    links; and under it every field in which AWS holds something else than the tutorial says.  It goes beside another
    run: --watch shows an up or a down at work.  Ctrl-C ends a watch with exit code 0.

    \b
    Example:
      vpce-demo status
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
            look=lambda: _look(app, where, environment),
            head=lambda: _head(app, where, environment),
            draw=lambda look: _status(app, look),
        )
        return
    look = _look(app, where, environment)
    _status(app, look)
    if check and (look.missing or look.differing):
        raise click.exceptions.Exit(DIFFERENT)


def _head(app: App, where: Where, environment: Environment | None) -> None:

    screen = app.screen()
    screen.begin_line(f"vpce-demo {app.command}   demo {where.config.name}")
    if environment:
        header(screen, environment.name, environment.accounts.values())
    else:
        header(screen, "sandbox, which is not running", [])


def _status(app: App, look: Look) -> None:
    _show(app, look, "-")
    screen = app.screen()
    if not look.lives:
        screen.line(f"There is nothing of this demo. Make it:  {how(app)} up")
        return
    counted = f"{len(look.fine)} of {len(look.demo.resources)} there."
    if look.free:
        screen.line(counted)
        screen.line(f"Nothing is billed here; AWS would ask {look.cost_of(look.there)}.")
    else:
        screen.line(f"{counted} Costs {look.cost_of(look.there)}{look.gone},")
        screen.line(f"until you run:  {how(app)} down")
        if look.dated:
            screen.line(look.dated)
    _differences(app, look)


@dataclass(frozen=True)
class Look:
    """What was seen in one look.  ``described`` is the same for programs, ``facts`` what a person wants to copy."""

    demo: Demo
    region: str
    free: bool = False
    lives: Mapping[str, Live] = field(default_factory=dict)
    ages: Mapping[str, int] = field(default_factory=dict)
    facts: tuple[tuple[str, str], ...] = ()
    described: tuple[dict[str, Any], ...] = ()

    @property
    def there(self) -> list[Resource]:
        return [r for r in self.demo.resources if r.key in self.lives]

    @property
    def fine(self) -> list[Resource]:

        return [r for r in self.demo.resources if is_fine(self.lives.get(r.key))]

    @property
    def missing(self) -> list[Resource]:
        """What ``up`` would make: what is not there, or is to be replaced."""
        fine = self.fine
        return [r for r in self.demo.resources if r not in fine]

    @property
    def differing(self) -> list[Resource]:
        """What is there and stays, but differs from the tutorial."""
        return [r for r in self.fine if self.lives[r.key].drift]

    def cost_of(self, resources: list[Resource]) -> str:

        return said(hourly(resources, self.region))

    @property
    def gone(self) -> str:
        """``, $0.14 so far``, where that is known."""

        amount = so_far(self.there, self.region, self.ages)
        return "" if amount is None else f", ${amount:.2f} so far"

    @property
    def money(self) -> dict[str, str | None]:
        """What is there costs, or the whole demo would: decimals as strings, null where a price is not known."""

        of = self.there or self.demo.resources
        amounts = {"hourly_usd": hourly(of, self.region), "so_far_usd": so_far(of, self.region, self.ages)}
        written = {name: None if amount is None else f"{amount:.6f}" for name, amount in amounts.items()}
        return {**written, "prices_of": as_of(of, self.region)}

    @property
    def dated(self) -> str:

        days = as_of(self.demo.resources, self.region)
        return f"Prices of {days}." if days else ""

    @property
    def links(self) -> dict[str, str]:
        """The addresses of their pages in AWS's console."""
        return {one["key"]: one["console_url"] or "" for one in self.described}

    @property
    def prices(self) -> dict[str, Decimal | None]:

        return {r.key: hourly([r], self.region) for r in self.demo.resources}


def _look(app: App, where: Where, environment: Environment | None) -> Look:

    if environment is None:
        return Look(open_recorded(where)[1], where.config.region or "us-east-1", free=True)
    with open_demo(where, environment, app.command, only_looks=True) as run:
        lives = run.look()
        return Look(
            run.demo,
            environment.clients[Side.PROVIDER].region,
            environment.is_free,
            lives,
            run.ages,
            tuple(summary(run)) if lives else (),
            tuple(described(run)),
        )


def _show(app: App, look: Look, absent: str) -> None:
    """The table and the document."""

    screen = app.screen()
    table = resources.Table(look.demo, look.lives, absent, look.ages, look.prices, look.links)
    resources.show(screen, table)
    screen.line()
    if look.facts:
        screens.facts(screen, look.facts)
        screen.line()
    app.document.update(
        resources=list(look.described),
        missing=[r.key for r in look.missing],
        differing=[r.key for r in look.differing],
        cost=look.money,
    )


def _differences(app: App, look: Look) -> None:
    """How what differs is mended: by ``up`` what it would replace, and the rest only by beginning anew."""
    screen = app.screen()
    replaced = [r for r in look.missing if r.key in look.lives]
    if replaced:
        screen.line(f"up replaces:  {', '.join(map(str, replaced))}", mark="!")
    if look.differing:
        differ = f"{len(look.differing)} differ{'s' if len(look.differing) == 1 else ''}"
        screen.line(f"{differ} from the tutorial, and up does not mend that. Change it back by hand,", mark="!")
        screen.line(f"  or begin anew:  {how(app)} down, then up")
