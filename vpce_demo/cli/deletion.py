"""What ``down`` would delete: for its question, and for ``plan --destroy``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..cost.bill import cost_of
from ..engine.resource import Resource
from ..model import short_id
from ..session.open import open_demo
from ..session.ownership import Unrecorded
from ..session.run import Run
from ..tutorial import Customer
from .app import App, command_line

if TYPE_CHECKING:
    from .documents import PlanDestroyDocument


def to_delete(run: Run, customer: Customer | None = None, chapter: str = "") -> list[tuple[Resource, str]]:
    """The resources that are there, and what the instances left behind, with their ids; all, a customer's, or a
    chapter's.

    In the order of deletion; what goes at the same time, newest first.
    """
    there, strays = run.look(compare=False), run.look_for_strays()
    if customer or chapter:
        theirs = {r.key: there[r.key].id for r in run.part(customer, chapter) if r.key in there}
        there = {key: live for key, live in there.items() if key in theirs}
        strays = [one for one in strays if one.of in (*theirs, *theirs.values())]
    found = [
        (r, live.id)
        for group in run.demo.teardown
        for r in reversed(group)
        if r.key in there
        for live in (there[r.key], *run.duplicates.get(r.key, ()))
    ]
    return [*found, *((one, one.key) for one in strays if one.can_be_deleted)]


def plan_of_the_deletion(app: App) -> None:
    """Show what ``down`` would delete.  Changes nothing."""
    app.command += " --destroy"
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)
    ids: list[tuple[Resource, str]] = []
    whose = ""
    if environment:
        with open_demo(where, environment, app.command, only_looks=True, unrecorded=Unrecorded.SHOW) as run:
            ids = to_delete(run)
            if run.standing:
                whose = f" Made by {run.standing.made_by}, no record here: id {run.standing.id}."
                app.document["unrecorded"] = run.standing.facts
    document: PlanDestroyDocument = {"to_delete": [{"key": r.key, "kind": r.kind, "id": id} for r, id in ids]}
    app.document.update(document)
    if not ids or not environment:
        screen.line("Nothing to delete.")
        return
    wide = max(len(str(r)) for r, _ in ids)
    for r, id in ids:
        screen.line(f"{r!s:{wide}}  {short_id(id)}", mark="-")
    screen.line()
    screen.line(f"{len(ids)} to be deleted.{whose}")
    price = cost_of([r for r, _ in ids], environment.regions)
    screen.line(f"Nothing is billed here; AWS would ask {price}." if environment.is_free else f"They cost {price}.")
    screen.line(f"Delete them:  {command_line(app)} down")
