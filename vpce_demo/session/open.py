"""Opens a demo: its lock, its state file and its settings, and the clients of its sides."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from ..aws.environment import Environment
from ..chapters import chapter_of, demo_of, in_order
from ..config.load import MOST_MISTAKES
from ..config.model import Config
from ..config.settings import TUTORIAL, Settings, Where
from ..engine.resource import Aws
from ..errors import THIS_DEMO, DemoError
from ..extras import WARNINGS
from ..journal.run_log import RunLog
from ..journal.state_file import StateFile, locked
from ..model import Live, Record, Side
from ..private import put_aside
from ..ssh import ensure_key, public_line
from ..untrusted import printable
from .discover import as_built_by_hand, find_out, networks, not_looked_up, refuse_no_room, regions_apart, ssh_source
from .guards import refuse_changed_settings, refuse_other_accounts, refuse_other_demo
from .ownership import Identity, Unrecorded, identify
from .run import Run

NO_KEY = "the key is not here"
"""In the place of the public key of a demo whose key is lost: it is no key that an instance knows."""


@contextlib.contextmanager
def open_demo(
    where: Where,
    environment: Environment,
    command: str,
    *,
    makes: bool = False,
    logged: bool = False,
    only_looks: bool = False,
    plans: bool = False,
    unrecorded: Unrecorded = Unrecorded.REFUSE,
    wanted: str = "",
    ttl: timedelta | None = None,
    every_customer: bool = False,
    chapters: Collection[str] = (),
) -> Iterator[Run]:
    """A run on this demo, with its lock held.

    ``only_looks``: takes no lock, so that it can be used while another command is running.  ``plans``:
    the settings are those with which ``up`` would create or replace.  ``makes``: the command
    creates resources, so the settings are completed and recorded first.  The run is logged if it ``makes`` or is
    ``logged``.  ``unrecorded`` says what to do with a demo of this name that is not on record here, and ``wanted``
    which one to adopt.  ``ttl``: how long the demo is wanted from now on.  ``every_customer``: those that were taken
    away are wanted again.  ``chapters``: what the command makes or plans, if that is not just what there is.  Raises
    Refused if the state belongs to another account or demo, the demo may not be touched, or the settings differ.  A new
    demo of which nothing was begun leaves no state file, and a new chapter no record.
    """
    # Without a state file, a look may write one.
    needs_lock = not (only_looks and StateFile(where.directory).path.exists())
    with locked(where.directory, command, makes=makes) if needs_lock else contextlib.nullcontext():
        new: StateFile | None = None
        begins: list[tuple[StateFile, str]] = []
        try:
            state = StateFile.load(where.directory)
            refuse_other_demo(state, where.config.name)
            refuse_other_accounts(state, environment, where.config.side)
            opened = None if state.demo_id else time.monotonic()
            sides = sides_of(where.config.name, environment, state.records)
            side = where.config.side
            identity = identify(sides, state, where.logs, unrecorded, wanted, side)
            sides = _of_the_demo(sides, identity)
            # Of one side, what is on record of the other one stays.
            kept = {party: facts for party, facts in state.sides.items() if side and Side.of(party) != side}
            state.sides = kept | {str(party): dict(facts) for party, facts in environment.accounts_of(side).items()}
            state.place = environment.id
            there = _chapters(state, identity)
            if makes:
                if not state.settings and not os.path.lexists(state.key_file):
                    new = state
                settings = _settings_to_make(
                    where.config, state, environment, identity, sides, every_customer, chapters
                )
                if ttl:
                    until = datetime.now(UTC) + ttl
                    settings = settings.model_copy(update={"expires": f"{until:%Y-%m-%dT%H:%MZ}"})
                begins = [(state, one) for one in chapters if one not in there]
                recorded_side = state.settings.get("side") if state.settings else settings.side
                state.demo, state.demo_id = settings.name, settings.demo_id
                state.settings = settings.model_dump() | {"side": recorded_side}
                state.save()
            else:
                recorded = (
                    _recorded_settings_now(where.config, state, environment, every_customer)
                    if plans and state.settings
                    else _settings_on_record(where, state)
                )
                if identity.customers and not state.settings:
                    recorded = recorded.model_copy(update=Settings.with_customers(identity.customers))
                recorded = recorded.model_copy(update={"chapters": _chapters(state, identity, chapters)})
                # A key that is lost is to be replaced.  Of a demo that is not on record, no key is known.
                key = "" if identity.standing else public_line(state.key_file) or NO_KEY
                settings = recorded.model_copy(
                    update={**identity.marks, "public_key": key, **_of_this_run(where.config, recorded, environment)}
                )
            sides = _each(sides, more_tags=settings.all_tags)
            if settings.is_over:
                WARNINGS.add(
                    f"This demo was wanted until {settings.expires} (--ttl).",
                    f" To keep it longer, say up --ttl again; to delete it: {THIS_DEMO} down",
                )
            demo = demo_of(settings)
            with (
                RunLog.begin(where.logs, command, settings, environment, demo)
                if makes or logged
                else RunLog(demo) as log
            ):
                if settings.side == Side.CONSUMER.value and settings.service:
                    sides[Side.CONSUMER].known[demo.service.key] = demo.service.named(settings.service)
                yield Run(
                    where, environment, state, settings, demo, sides, log, None if makes else identity.standing, opened
                )
        finally:
            if new and not new.entries:
                new.forget()
            for state, chapter in begins:
                if state.settings and chapter not in map(chapter_of, state.entries):
                    state.remove_chapter(chapter)


def open_recorded(where: Where) -> tuple[StateFile, Settings]:
    """The state file and the settings of a demo, or those it would have.  Makes no AWS call and takes no lock."""
    state = StateFile.load(where.directory)
    return state, _settings_on_record(where, state)


def _settings_on_record(where: Where, state: StateFile) -> Settings:
    return _recorded_settings(state) if state.settings else not_looked_up(where.config)


def _recorded_settings(state: StateFile) -> Settings:
    try:
        return Settings.model_validate(state.settings)
    except ValidationError as error:
        places = dict.fromkeys(printable(".".join(map(str, one["loc"]))) for one in error.errors()[:MOST_MISTAKES])
        raise DemoError(
            f"The settings in the state file {state.path} cannot be used: {', '.join(places)}.",
            code="VPCE079",
            hint=f"AWS knows the demo by its tags, so put the file aside and go on:\n    {put_aside(state.path)}",
        ) from None


def sides_of(name: str, environment: Environment, records: Callable[[], Mapping[str, Record]] = dict) -> dict[str, Aws]:
    """The clients of each party, one object for each account, for a demo whose id is not known yet."""
    known: dict[str, Live] = {}
    unproven: dict[str, str] = {}
    taken_over: dict[str, str] = {}
    made: dict[int, Aws] = {}
    for clients in environment.clients.values():
        if id(clients) not in made:
            made[id(clients)] = Aws(clients, name, "", known, records, unproven=unproven, taken_over=taken_over)
    return {party: made[id(clients)] for party, clients in environment.clients.items()}


def _of_the_demo(sides: Mapping[str, Aws], demo: Identity) -> dict[str, Aws]:
    """The same for this demo."""
    owners = {party: {"owner": demo.owner_in(aws.clients.account)} for party, aws in sides.items()}
    return _each(sides, owners, demo_id=demo.demo_id, other_owners=demo.owners)


def _each(
    sides: Mapping[str, Aws], of_a_party: Mapping[str, Mapping[str, Any]] | None = None, **facts: Any
) -> dict[str, Aws]:
    """The same with these facts, still one object for each account."""
    told = of_a_party or {}
    made = {id(aws): replace(aws, **facts, **told.get(party, {})) for party, aws in sides.items()}
    return {party: made[id(aws)] for party, aws in sides.items()}


def _settings_to_make(
    config: Config,
    state: StateFile,
    environment: Environment,
    identity: Identity,
    sides: Mapping[str, Aws],
    every_customer: bool,
    more: Collection[str],
) -> Settings:
    chapters = _chapters(state, identity, more)
    if state.settings:
        settings, before = _recorded_settings_now(config, state, environment, every_customer), _recorded_settings(state)
        if {*settings.customer_numbers, *chapters} - {*before.customer_numbers, *before.chapters}:
            for clients, *counts in networks(config, environment, settings.customer_numbers, chapters):
                refuse_no_room(settings, clients, *counts, is_sandbox=environment.is_sandbox)
    else:
        settings = find_out(config, environment, sides, chapters)
        if identity.by_hand:
            settings = as_built_by_hand(settings, sides)
        if found := identity.customers:
            wanted = found.union(range(1, (config.customers or 0) + 1))
            settings = settings.model_copy(update=Settings.with_customers(wanted))
    key = ensure_key(state.key_file, f"vpce-demo {config.name} {identity.demo_id}")
    return settings.model_copy(
        update={
            **identity.marks,
            "public_key": key,
            "chapters": chapters,
            **_of_this_run(config, settings, environment),
        }
    )


def _chapters(state: StateFile, identity: Identity, more: Collection[str] = ()) -> tuple[str, ...]:
    """The chapters on record, those that are there, and these; of nothing, the tutorial."""
    on_record = _recorded_settings(state).chapters if state.settings else ()
    return in_order((*on_record, *identity.chapters, *more)) or (TUTORIAL,)


def _of_this_run(config: Config, recorded: Settings, environment: Environment) -> dict[str, Any]:
    """The side that a run is about, and the consumers' accounts and region, if they are others.  With one side's
    sign-in those are the recorded or the given ones."""
    theirs, regions = environment.consumer_account, regions_apart(config, environment)
    more, before = environment.more_consumer_accounts, recorded.more_consumer_accounts
    if config.side:
        more = before if config.side == "provider" else (before + more[len(before) :])[: len(more)]
        theirs = config.consumer_account or recorded.consumer_account
        if config.side == "provider" and theirs == environment.accounts[Side.PROVIDER]["account"]:
            theirs = ""
        regions = regions or {name: getattr(recorded, name) for name in ("service_region", "consumer_region")}
    accounts = {"consumer_account": theirs, "more_consumer_accounts": more}
    return {"side": config.side, **accounts, "service_region": "", "consumer_region": "", **regions}


def _recorded_settings_now(
    config: Config, state: StateFile, environment: Environment, every_customer: bool
) -> Settings:
    """The recorded settings, with the tags, the customers and the operator's address of now.  Raises Refused if the
    config differs from them in anything else."""
    recorded = _recorded_settings(state)
    refuse_changed_settings(config, recorded)
    consumer = recorded.consumer
    if isinstance(config.consumer.profile, tuple):
        consumer = consumer.model_copy(update={"profile": config.consumer.profile})
    recorded = recorded.model_copy(
        update={
            "consumer": consumer,
            "tags": config.tags,
            "customers": config.customers or recorded.customers,
            "removed_customers": () if every_customer else recorded.removed_customers,
        }
    )
    with contextlib.suppress(DemoError):  # if the address is not found, the recorded one stays
        source = ssh_source(recorded if recorded.by_hand else config, environment)
        return recorded.model_copy(update={"ssh_source": source})
    return recorded


def forget_if_the_sandbox_is_another(where: Where, sandbox_id: str) -> bool:
    """Delete the state of a demo whose sandbox has stopped, since the demo is gone.  Returns True if there was one."""
    if StateFile.load(where.directory).place in ("", sandbox_id):
        return False  # nothing to delete, so no lock is needed
    with locked(where.directory, "sandbox", makes=False):
        state = StateFile.load(where.directory)
        gone = bool(state.place) and state.place != sandbox_id
        if gone:
            state.forget()
    return gone
