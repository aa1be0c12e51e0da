"""``accept`` and ``reject``: who wants to connect to the endpoint service, and the provider's answer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import click

from ..changes import CHANGES
from ..errors import NotCreated
from ..model import Side
from ..session.open import open_demo
from ..session.requests import ConnectionRequest, answer, chosen, requests
from ..session.run import Run
from ..ui.screens import table
from ..ui.style import duration
from .app import App, command_line
from .group import command, pass_app, timeout_option, yes_option
from .up import make

STRANGERS = "Not this demo's own, and left to wait:"


@command()
@click.argument("endpoints", nargs=-1, metavar="[ENDPOINT]...")
@click.option("--all", "every", is_flag=True, help="Accept every request that waits, others' too.")
@click.option("--list", "lists", is_flag=True, help="Only show who has asked: endpoint, owner, region, state, age.")
@yes_option
@timeout_option
@pass_app
def accept(app: App, endpoints: tuple[str, ...], every: bool, lists: bool, yes: bool, timeout: float | None) -> None:
    """Step 15: the provider accepts the endpoint's connection.

    Without an ENDPOINT it accepts the demo's own, and names the requests of others, which it leaves alone: accept those
    by their ids, or with --all.

    \b
    Example:
      vpce-demo accept
      vpce-demo accept --list
      vpce-demo accept vpce-0123456789abcdef0
    """
    if bool(endpoints) + every + lists > 1:
        raise click.UsageError("An ENDPOINT, --all and --list exclude each other.")
    if app.where().config.side == Side.PROVIDER.value and not (endpoints or every):
        lists = True  # with the provider's sign-in alone no request is known to be the demo's own
    if not (endpoints or every or lists):
        make(app, ("accept",), yes, timeout, test=False, at_the_end=lambda run: _show_strangers(app, run))
        return
    with _asked(app, "ENDPOINT" if endpoints else "--all" if every else "--list") as run:
        found = requests(run)
        wanted = chosen(found, endpoints) if endpoints else [one for one in found if one.waits]
        if lists:
            _show(app, run, found)
        elif wanted:
            answer(run, wanted, accepts=True)
            _answered(app, wanted, "accepted")
            app.screen().message(f"See when they are available:  {command_line(app)} accept --list")
        else:
            app.screen().line("No request waits.")
        app.document.update(
            answered=[] if lists else [one.endpoint for one in wanted], requests=[one.as_dict() for one in found]
        )


@command()
@click.argument("endpoints", nargs=-1, required=True, metavar="ENDPOINT...")
@pass_app
def reject(app: App, endpoints: tuple[str, ...]) -> None:
    """Refuse endpoints' requests to connect, or end their connections.

    Its owner pays for a rejected endpoint until it is deleted, and only the owner can delete it. One of the demo's own
    cannot be used any more: the next up replaces it.

    \b
    Example:
      vpce-demo reject vpce-0123456789abcdef0
    """
    with _asked(app, "") as run:
        found = requests(run)
        wanted = chosen(found, endpoints)
        answer(run, wanted, accepts=False)
        _answered(app, wanted, "rejected")
        if any(one.customer for one in wanted):
            app.screen().message(f"Replace the demo's own, and connect again:  {command_line(app)} up")
        app.document.update(answered=[one.endpoint for one in wanted], requests=[one.as_dict() for one in found])


@contextlib.contextmanager
def _asked(app: App, how: str) -> Iterator[Run]:
    """A run on the demo that has been looked at.  Raises NotCreated if it has no service."""
    app.command = f"{app.command} {how}".rstrip()
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    if environment is None:
        raise NotCreated(
            f"It is too early for {app.command}.", code="VPCE095", hint="Run first:  <demo> create-endpoint-service"
        )
    with open_demo(where, environment, app.command, logged=how != "--list", only_looks=how == "--list") as run:
        run.refuse_other_side(run.demo.service)
        if run.demo.service.key not in run.look():
            raise _too_early(app, str(run.demo.service))
        yield run


def _too_early(app: App, missing: str) -> NotCreated:
    return NotCreated(
        f"It is too early for {app.command}.",
        code="VPCE095",
        facts={"missing": missing},
        hint="Run first:  <demo> create-endpoint-service",
    )


def _answered(app: App, these: Sequence[ConnectionRequest], word: str) -> None:
    """Say which requests were accepted or rejected."""
    CHANGES.note(f"Connections {word}: {len(these)}.")
    for one in these:
        app.screen().line(f"{one.endpoint} of account {one.owner}: {word}", mark="✓")


def _show(app: App, run: Run, found: Sequence[ConnectionRequest]) -> None:
    """Print the queue."""
    rows = [("endpoint", "owner", "region", "state", "age", "whose")]
    for one in found:
        age = "" if one.age is None else duration(one.age)
        others = "the consumer's account" if one.owner in run.demo.service.consumer_accounts else "not this demo's"
        whose = f"customer {one.customer}" if one.customer else others
        rows.append((one.endpoint, one.owner, one.region, one.state, age, whose))
    if found:
        table(app.screen(), rows)
    else:
        app.screen().line("Nobody has asked to connect.")


def _show_strangers(app: App, run: Run) -> None:
    """Name the requests of others, if any waits."""
    found = [one for one in requests(run) if one.waits and not one.customer]
    if found:
        app.screen().line(STRANGERS, mark="!")
        _show(app, run, found)
        app.screen().message(f"Accept one:  {command_line(app)} accept {found[0].endpoint}")
        app.document["requests"] = [one.as_dict() for one in found]
