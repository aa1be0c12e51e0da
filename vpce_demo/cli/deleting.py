"""``down`` and ``destroy``: delete everything, and look again."""

from __future__ import annotations

from ..errors import Leftovers
from .app import App, how
from .group import ask, cli, pass_app, timeout_option, yes_option
from .showing import shown


@cli.command()
@yes_option
@timeout_option
@pass_app
def down(app: App, yes: bool, timeout: float | None) -> None:
    """Delete everything, in the documented order, and look again.

    Works without the state file too: everything is found by its tags.

    \b
    Example:
      vpce-demo down
    """
    _delete(app, yes, timeout)


@cli.command()
@yes_option
@timeout_option
@pass_app
def destroy(app: App, yes: bool, timeout: float | None) -> None:
    """Step 17: delete everything.  The same as down.

    \b
    Example:
      vpce-demo destroy
    """
    _delete(app, yes, timeout)


def _delete(app: App, yes: bool, timeout: float | None) -> None:
    screen, where = app.screen(), app.where()
    place = app.place(where, screen, start=False)
    from ..cost import hourly, said
    from ..model import Side
    from ..run import opened
    from ..ui import screens
    from ..ui.board import DONE_DOWN
    from ..ui.style import duration

    if place is None:
        app.document.update(deleted=0, left=[])
        screen.line("Nothing to delete: nothing left.")
        return
    with opened(where, place, app.command) as run:
        there = run.look()
        resources = [r for r in run.demo.resources if r.key in there]
        if not resources and not run.state.intents:
            run.state.forget()
            app.document.update(deleted=0, left=[])
            screen.line("Nothing to delete: nothing left.")
            return
        region = place.clients[Side.PROVIDER].region
        if not place.is_free:
            ask(screen, yes, f"Delete {len(resources)} resources, {said(hourly(resources, region))}?")
        with shown(app, run, run.demo.resources, DONE_DOWN) as told:
            left = run.down(told.hear, timeout)
        app.document.update(
            deleted=len(resources) - len(left),
            left=[{"key": r.key, "kind": r.kind, "id": live.id, "why": why} for r, live, why in left],
        )
        if left:
            costs = said(hourly([r for r, _, _ in left], region))
            screens.left_over(screen, left)
            leftovers = Leftovers(
                f"Deleted {len(resources) - len(left)} of {len(resources)}. {len(left)} are left"
                + ("." if place.is_free else f" and cost {costs}."),
                hint=f"Go on:  {how(app)} down",
            )
            leftovers.diagnosis = run.diagnosis((r, why) for r, _, why in left)
            raise leftovers
        screen.line(
            f"Deleted {len(resources)} in {duration(told.board.seconds)}. Looked again by tag: nothing left.",
            style="bold",
        )
