"""``down``, which the tutorial's step 17 calls ``destroy``: delete everything, and look again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..aws.environment import Environment
from ..aws.messages import as_demo_errors
from ..changes import CHANGES
from ..config.model import DEFAULT_NAME
from ..config.settings import Settings, Where
from ..cost.bill import cost_of, said
from ..engine.events import Leftover
from ..engine.failures import UNPROVEN
from ..engine.resource import Resource
from ..errors import Cancelled, Diagnosis, Leftovers, Refused
from ..journal.state_file import StateFile
from ..model import Side, short_id
from ..private import put_aside
from ..resources.holders import in_order
from ..session.demos import all_demos
from ..session.open import forget_if_the_sandbox_is_another, open_demo, sides_of
from ..session.ownership import Unrecorded
from ..session.run import Interrupted, Run
from ..ui import screens
from ..ui.progress_state import DONE_DOWN
from ..ui.screens import header
from ..ui.style import Screen, duration
from ..untrusted import one_line
from ..verify.by_shape import made_by_hand
from .app import App, command_line
from .boundary import tell
from .deletion import to_delete
from .group import (
    ask,
    ask_for_the_name,
    chapter_option,
    command,
    customer_option,
    pass_app,
    the_customer,
    timeout_option,
    yes_option,
)
from .list import as_document, in_all, show
from .progress import showing_progress
from .sandbox_hint import passed

if TYPE_CHECKING:
    from .documents import DownDocument

ME = "ME"
"""The owner that stands for whoever is signed in."""


@command()
@yes_option
@click.option(
    "--reject-foreign-connections",
    is_flag=True,
    help="Also reject other consumers' connections to the endpoint service.",
)
@click.option(
    "--adopt", is_flag=True, help="Delete the demo even if somebody else made it and there is no record of it here."
)
@click.option(
    "--confirm", metavar="NAME", help="Confirm with the demo's name, as at the prompt, or the owner; for scripts."
)
@click.option("--owner", metavar="ME|ARN", help="Delete every demo here whose owner tag names you, or this person.")
@customer_option
@chapter_option("Delete only this chapter.")
@timeout_option
@pass_app
def down(
    app: App,
    yes: bool,
    reject_foreign_connections: bool,
    adopt: bool,
    confirm: str | None,
    owner: str | None,
    customer: int | None,
    chapter: str | None,
    timeout: float | None,
) -> None:
    """Delete everything, in the documented order, and look again.

    On AWS it asks for the demo's name first. `vpce-demo plan --destroy` shows what it would delete.
    Works without the state file too: everything that you made is found by its tags. What others made is left alone,
    unless you say --adopt.  --customer deletes what was made for one of several customers, and leaves the others as
    they are; up does not make it again, unless you say how many --customers there are to be.  --chapter deletes one
    chapter; without it the tutorial and its chapters are deleted.  --owner deletes every demo of the account and region
    that one person made, one after the other, and asks once.

    \b
    Example:
      vpce-demo down
      vpce-demo down --customer 2
      vpce-demo down --owner ME
    """
    if customer and chapter:
        raise click.UsageError("--customer and --chapter do not go together.")
    if owner is not None and (not owner or customer or chapter or adopt or app.origin("name") == "--name"):
        raise click.UsageError(
            "--owner takes ME or an ARN, and goes without --name, --adopt, --customer and --chapter."
        )
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)

    if environment is None:
        app.document.update(deleted=0, deleted_ids=[], left=[])
        screen.line("Nothing to delete: nothing left.")
        return
    how = partial(_delete, environment=environment, reject_foreign=reject_foreign_connections, timeout=timeout)
    if owner:
        _delete_all_of(app, environment, owner, yes, confirm, how)
    else:
        unrecorded = Unrecorded.ADOPT if adopt else Unrecorded.DELETE_OWN
        how(app, where, unrecorded=unrecorded, yes=yes, confirm=confirm, customer=customer, chapter=chapter)


def _delete_all_of(
    app: App, environment: Environment, owner: str, yes: bool, confirm: str | None, delete: Callable[..., None]
) -> None:
    """Delete every demo whose owner tags all name this person, each as ``down`` deletes it: what one of them ends with
    does not stop the next.  The exit code is that of the first that did not go."""
    screen, where = app.screen(), app.where()
    callers = {one.caller for one in environment.clients.values()}
    whom = callers if owner == ME else {owner}
    with as_demo_errors():
        found = all_demos(sides_of(where.config.name, environment).values())
    theirs = [one for one in found if one.id and whom.issuperset(one.owners)]
    if theirs:
        show(screen, [as_document(where, one, callers) for one in theirs])
    for one in found:
        if one not in theirs and whom.intersection(one.owners):
            screen.message(f"Left alone: {one.name} {one.id}, which is not of this owner alone.", mark="!")
    is_own, who = whom <= callers, " and ".join(sorted(whom))
    if theirs and (confirm is not None or not is_own or not environment.is_free):
        if confirm not in (None, owner):
            raise Cancelled(f"Cancelled: that is not the owner, {owner}.")
        counted = f"{len(theirs)} demo{'s' * (len(theirs) > 1)}"
        ask(screen, yes or confirm == owner, f"Delete {counted} of {who}, {said(in_all(theirs))}?")
    app.document.update(deleted=0, deleted_ids=[], left=[], demos=[])
    codes = []
    for demo in theirs:
        its = replace(app, given={**app.given, "name": demo.name}, document={}, _recorded=None)
        CHANGES.begin(keeps_commands=True)
        unrecorded = Unrecorded.DELETE_OWN if is_own else Unrecorded.ADOPT
        try:
            whose = its.where()
            its.begin_line(whose)
            header(screen, environment.name, environment.accounts_of(whose.config.side), environment.alias)
            if environment.is_sandbox:
                forget_if_the_sandbox_is_another(whose, environment.id)
            delete(its, whose, unrecorded=unrecorded, wanted=demo.id, yes=True)
            codes.append(0)
        except (Interrupted, Cancelled):
            raise
        except Exception as error:
            screen.end_line()
            ours = tell(its, error)
            if ours is None:
                raise
            codes.append(ours.exit_code)
        for name in ("deleted", "deleted_ids", "left"):
            app.document[name] += its.document.get(name, type(app.document[name])())
        ended = {"name": demo.name, "id": demo.id, "exit_code": codes[-1]}
        app.document["demos"].append(ended | {key: its.document[key] for key in ("error",) if key in its.document})
    gone = codes.count(0)
    screen.line(f"{gone} of {len(theirs)} demos deleted." if theirs else f"There is no demo of {who}.", style="bold")
    if code := next(filter(None, codes), 0):
        raise click.exceptions.Exit(code)


def _delete(
    app: App,
    where: Where,
    *,
    environment: Environment,
    unrecorded: Unrecorded,
    yes: bool,
    reject_foreign: bool,
    timeout: float | None,
    confirm: str | None = None,
    wanted: str = "",
    customer: int | None = None,
    chapter: str | None = None,
) -> None:
    """Delete a demo, or a part of it, and show what is left.  ``wanted`` is its id, if only that one is meant."""
    screen = app.screen()
    with open_demo(where, environment, app.command, logged=True, unrecorded=unrecorded, wanted=wanted) as run:
        one = the_customer(run.demo, customer) if customer else None
        if one and len(run.demo.customers) == 1:
            raise Refused(
                f"Customer {one.number} is the demo's only one.", code="VPCE130", hint="Delete all of it:  <demo> down"
            )
        ids = to_delete(run, one, chapter or "")
        unproven = run.sides[Side.PROVIDER].unproven
        if chapter and chapter not in run.settings.chapters:
            app.document.update(deleted=0, deleted_ids=[], left=[])
            screen.line(f"Nothing to delete: nothing left of the chapter {chapter}{_where(run)}.")
            return
        if one is None and not ids and not run.state.intents and not unproven and not run.others:
            run.log.look([])
            other = run.other_side
            run.forget()
            app.document.update(deleted=0, deleted_ids=[], left=[])
            screen.line(f"Nothing to delete: nothing left{_where(run)}.")
            what_stays(screen, run.settings, run.state, other, is_sandbox=environment.is_sandbox)
            by_hand = made_by_hand(run.sides[Side.PROVIDER], run.settings) if not other else []
            for vpc in by_hand:
                screen.message(f"{vpc} has the tutorial's addresses, and this program did not make it.", mark="!")
                screen.message(f"What stands there may cost money. See what it is:  {command_line(app)} check")
                if not run.settings.side:  # adopt needs both
                    adopt = f"{command_line(app)} adopt --by-hand{f' --vpc {vpc}' if len(by_hand) > 1 else ''}"
                    screen.message(f"If it is yours, take it over, and down deletes it:  {adopt}")
            return
        if run.standing:
            app.document["unrecorded"] = run.standing.facts
        whose = f" of the demo {run.settings.demo_id}, made by {run.standing.made_by}" if run.standing else ""
        if one:
            whose = f" of customer {one.number}{whose}"
        if chapter:
            whose = f" of the chapter {chapter}{whose}"
        if run.standing:
            screen.message(f"Deleting {len(ids)} resources{whose}:")
        for r, id in ids:
            if run.standing or not environment.is_free or id != run.state.id(r.key):
                screen.message(f"{r}  {short_id(id)}")
        foreign = run.standing is not None and bool(run.settings.adopted_from)
        if ids and (foreign or confirm is not None or not environment.is_free):
            question = f"Delete {len(ids)} resources{whose}, {cost_of([r for r, _ in ids], environment.regions)}?"
            ask_for_the_name(screen, yes, question, run.settings.name, confirm)
        other, resources = run.other_side, run.part(one, chapter or "")
        with showing_progress(app, run, resources, DONE_DOWN) as told:
            left = run.down(told.on_event, timeout, reject_foreign=reject_foreign, customer=one, chapter=chapter or "")
        deleted = [id for _, id in ids if id not in {one.live.id for one in left}]
        document: DownDocument = {
            "deleted": len(deleted),
            "deleted_ids": list(dict.fromkeys(deleted)),
            "left": [
                {"key": one.resource.key, "kind": one.resource.kind, "id": one.live.id, "why": one.why} for one in left
            ],
        }
        app.document.update(document)
        if left:
            cost = "" if environment.is_free else cost_of([one.resource for one in left], environment.regions)
            cost = cost.partition(" (")[0]
            are, costs = ("is", "costs") if len(left) == 1 else ("are", "cost")
            leftovers = Leftovers(
                f"Deleted {len(deleted)} of {len(ids)}. {len(left)} {are} left"
                f"{f' and {costs} {cost}' if cost else ''}. Exit code {Leftovers.exit_code}.",
                table=screens.left_over(left),
            )
            only = ("--customer", str(customer)) if customer else ("--chapter", chapter) if chapter else ()
            leftovers.diagnosis = _of_the_same(run.diagnosis((one.resource, one.why) for one in left), only)
            leftovers.hint = _how_to_continue(app, left, leftovers.diagnosis, run.state.path, only)
            raise leftovers
        if one:
            stay = ", ".join(str(other.number) for other in run.demo.customers if other is not one)
            screen.line(f"Deleted {len(ids)} in {duration(told.board.seconds)}. Nothing left of customer {one.number}.")
            screen.line(f"Left as they are: the provider, and of the customers {stay}.")
            return
        if chapter:
            passed(app, "down", run.settings.demo_id, chapters=(chapter,))
            screen.line(f"Deleted {len(ids)} in {duration(told.board.seconds)}. Nothing left of the chapter {chapter}.")
            return
        passed(app, "down", run.settings.demo_id)
        screen.line(
            f"Deleted {len(ids)} in {duration(told.board.seconds)}. Looked again by tag: nothing left{_where(run)}.",
            style="bold",
        )
        what_stays(screen, run.settings, run.state, other, is_sandbox=environment.is_sandbox)


def _of_the_same(told: Diagnosis | None, only: Sequence[str]) -> Diagnosis | None:
    """The diagnosis with fixes that delete the same part of the demo, and not all of it."""
    if told is None or not only:
        return told
    down = "<demo> down"
    return replace(
        told, fixes=[f._replace(command=f.command.replace(down, f"{down} {' '.join(only)}")) for f in told.fixes]
    )


def _where(run: Run) -> str:
    """Where was looked, in a sentence; empty if both sides are in one account and region."""
    if not (side := run.settings.side):
        return run.environment.in_both
    return f" on the {side}'s side,{run.environment.where(side)}"


def what_stays(
    screen: Screen, settings: Settings, state: StateFile, other: Sequence[Resource], *, is_sandbox: bool
) -> None:
    """Tell of the side that was not looked at: what is on record of it, what it costs, and who can delete it."""
    if not settings.side:
        return
    theirs = next(side for side in Side if side != settings.side)
    there = {party: place for party, place in state.sides.items() if Side.of(party) is theirs}
    if not other or not there:
        screen.message(f"The {theirs}'s side was not looked at, and nothing of it is on record here.")
        return
    each: dict[tuple[str, str], list[Resource]] = {}
    for r in other:
        place = there.get(r.party, there[theirs])
        each.setdefault((place["account"], place["region"]), []).append(r)
    name = f" --name {settings.name}" if settings.name != DEFAULT_NAME else ""
    for (account, region), resources in each.items():
        here = f" --sandbox --profile {account}" if is_sandbox else ""
        command = f"vpce-demo{here}{name} --region {region} down --side {theirs}"
        _what_stays_in(screen, theirs, f"account {account} ({region})", region, resources, command, is_free=is_sandbox)


def _what_stays_in(
    screen: Screen, theirs: Side, place: str, region: str, other: Sequence[Resource], command: str, *, is_free: bool
) -> None:
    cost = "" if is_free else f", which cost {cost_of(other, dict.fromkeys(Side, region))}"
    screen.message(
        f"The {theirs}'s side was not looked at. On record there: {len(other)} of its resources, in {place}{cost}. "
        f"Who can sign in there deletes them:",
        mark="!",
    )
    screen.message(f"    {command}")


def _how_to_continue(
    app: App, left: Sequence[Leftover], cause: Diagnosis | None, state: Path, only: Sequence[str]
) -> str:
    """The command that continues, depending on what holds the rest; ``only`` are the options for what is deleted.

    Where nothing but a repair helps, ``down`` alone would fail in the same way.
    """
    again = " ".join([command_line(app), "down", *only])
    holders = {one_line(id): one_line(what) for one in left for id, what in one.strangers.items()}
    commands = in_order([one_line(command) for one in left for command in one.commands])
    if cause and cause.fixes and all(command in cause.fixes[0].command for command in commands):
        return ""
    if not holders and not commands:
        return f"Go on:  {again}"
    if any(one.why == UNPROVEN for one in left):
        lines = "\n".join(f"    {command}" for command in (*commands, again))
        return (
            f"Give its tags back to what is this demo's, and go on:\n{lines}\n"
            f"If it is not, put the record aside:\n    {put_aside(state)}"
        )
    told = "\n".join(f"{id}: {what or 'not part of this demo'}." for id, what in holders.items())
    if commands:
        lines = "\n".join(f"    {command}" for command in (*commands, again))
        return f"{told}\nRemove what keeps the rest, then go on:\n{lines}"
    if all(id.startswith("vpce-") for id in holders):
        its = "its" if len(holders) == 1 else "their"
        return f"{told}\nRefuse {its} connection and go on:\n    {again} --reject-foreign-connections"
    return f"{told}\nWhat is not this demo's is left alone. Delete it yourself, and go on:\n    {again}"
