"""``adopt``: rebuilds a lost state file from AWS."""

from __future__ import annotations

from ..errors import NotCreated
from ..model import is_fine
from ..session.look import look_of
from ..session.open import open_demo
from .app import App, command_line
from .describe import described
from .group import command, pass_app


@command()
@pass_app
def adopt(app: App) -> None:
    """Rebuild a lost state file from the tags in AWS.

    status and down find a demo by its tags too; adopt also finds out with what settings it was made. It changes
    nothing in AWS. The demo's ssh key cannot be rebuilt: without it, up makes new instances.

    \b
    Example:
      vpce-demo adopt
    """
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)

    if environment is None:
        raise _nothing(app)
    with open_demo(where, environment, app.command) as run:
        if not run.look():
            raise _nothing(app)
    with open_demo(where, environment, app.command, makes=True) as run:
        there = run.look(on_event=run.log.on_event)
        app.document.update(resources=described(look_of(run)))
        missing = [r for r in run.demo.resources if r.key not in there]
        broken = [r for r in run.demo.resources if r.key in there and not is_fine(there[r.key])]
        screen.line(f"{len(there)} resources are on record in {run.state.path}.", style="bold")
        for r in broken:
            screen.line(f"{r}: {there[r.key].why or there[r.key].word}", mark="!")
        if missing or broken:
            screen.line(
                f"{len(missing)} are missing, {len(broken)} are not as they should be. Mend it:  {command_line(app)} up"
            )


def _nothing(app: App) -> NotCreated:
    return NotCreated(
        "Nothing in AWS has this demo's tags.",
        hint=f"Another account, region or --name?  Or make it:  {command_line(app)} up",
    )
