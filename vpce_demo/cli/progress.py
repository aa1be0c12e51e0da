"""A run of ``up`` or ``down`` as it is shown while it goes."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Sequence

import click

from ..cost.bill import hourly, said
from ..engine.events import Action
from ..engine.resource import Resource
from ..session.run import Interrupted, Run
from ..ui.progress import Progress, progress
from ..ui.progress_state import Board
from .app import App


@contextlib.contextmanager
def showing_progress(app: App, run: Run, resources: Sequence[Resource], done: set[Action]) -> Iterator[Progress]:
    """Show the events that the progress inside hears; ``done`` are the actions that end a resource's part.

    What is there when somebody interrupts costs money: that is said with the interruption.
    """

    def cost(there: list[Resource]) -> str:
        amount = None if run.environment.is_free else hourly(there, run.environment.regions)
        return said(amount).partition(" (")[0] if amount else ""

    board = Board(run.demo, resources, done, run.environment.pace)
    kind = app.get("progress", "plain" if app.get("debug") else "auto")  # lines of calls would go through a live tree
    with progress(app.screen(), board, kind, again(app), cost) as told:
        try:
            yield told
        except Interrupted as stopped:
            stopped.facts["cost"] = cost(board.there)
            raise


def again(app: App) -> str:
    """The command that goes on after an interruption: the same, with the part of the demo that it is limited to."""
    context = click.get_current_context(silent=True)
    given = context.params if context else {}
    limits = ((name, given.get(name)) for name in ("chapter", "customer", "owner"))
    return " ".join([app.command, *(f"--{name} {shlex.quote(str(value))}" for name, value in limits if value)])
