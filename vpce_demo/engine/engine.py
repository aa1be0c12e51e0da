"""Looks up, creates and deletes resources: ``refresh``, ``up`` and ``down`` walk one graph of tasks (``graph.py``).

All waiting, retrying and reading of error codes is here.  The engine knows no kind, no file and no screen: it reports
what it does as events, and listeners write and draw.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from graphlib import TopologicalSorter

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.access_denied import denial
from ..aws.clients import CALLS_AT_ONCE
from ..aws.error_codes import ErrorKind, error_kind, is_rejection
from ..errors import DemoError, InUse, NotCreated, Refused
from ..model import Drift, Holder, Live, Phase, Remedy, is_replaced
from .drift import changes, compared
from .events import Action, Event
from .failures import UNPROVEN, GaveUp, code, code_and_message, final_error, gave_up, name_taken, with_last_error
from .graph import Graph, Task, TaskType, creation_graph, deletion_graph
from .lookup import Lookup
from .resource import Aws, Resource
from .waits import HIDDEN_SECONDS, LEAST_SHOWN_SECONDS, TAGS_LATE_SECONDS, RetryBudget, Timing, poll_times, retry_times

TASKS_A_WORKER = 8
"""So many tasks of a large demo share a thread, of which most are done before the others begin."""
FRESH_SECONDS = 5.0
"""A look-up that is younger than this, in seconds of this machine, is not repeated."""


@dataclass(frozen=True)
class Intent:
    """A create call that an earlier process recorded but whose answer it did not: the process ended in between.

    ``age`` is in seconds, at the time the engine is made.
    """

    token: str
    age: float


class Engine:
    """Creates or deletes resources.

    ``sides`` gives each side's clients (the same for both in one account).  ``pace`` is how many times faster than
    AWS's clock the other end's runs (1 on AWS).  ``intents`` are creates that an earlier run began.  ``seen_since``
    is the monotonic time of the last full look-up; results newer than this are reused.  ``recent`` gives, by key, how
    many seconds ago a recorded resource was created.
    """

    def __init__(
        self,
        sides: Mapping[str, Aws],
        listener: Callable[[Event], None],
        pace: float = 1.0,
        intents: Mapping[str, Intent] | None = None,
        timeout_seconds: float | None = None,
        seen_since: float | None = None,
        recent: Mapping[str, float] | None = None,
    ) -> None:
        self.sides = sides
        self.listener = listener
        self.intents = dict(intents or {})
        self.stop = threading.Event()
        self._begun = time.monotonic()
        self._pace = Timing(pace, self.stop, self._begun + timeout_seconds if timeout_seconds else float("inf"))
        self._seen_since = seen_since
        self._recent = dict(recent or {})
        self._lock = threading.Lock()
        self._lookup = Lookup(sides, self._pace)
        self._known = self._lookup.known
        self._made: dict[str, float] = {}
        self._changed: dict[str, float] = {}
        self._listener_error: BaseException | None = None
        self._release = False
        self._moment = self._begun
        self._mends = True
        self._agreed: Collection[tuple[str, str]] = ()
        self._resources: Collection[Resource] = ()

    @property
    def duplicates(self) -> Mapping[str, Sequence[Live]]:
        """Further ones of the demo's own, by resource key, as of the last look."""
        return self._lookup.duplicates

    # --- refresh, up, down --------------------------------------------------

    def refresh(self, resources: Sequence[Resource]) -> list[Event]:
        """Look up every resource.  Returns the look-ups that failed; if there are any, the rest proves nothing."""
        now = time.monotonic()
        self._moment = moment = max(self._seen_since, now - FRESH_SECONDS) if self._seen_since else now
        self._seen_since = None
        for r in resources:
            self._known.pop(r.key, None)
        left, missing, failures = list(resources), [], []
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            while left:
                # A resource that is found through another one is looked up again once that is known.
                lookups = [(r, pool.submit(self._lookup.look_up, r, moment)) for r in left]
                before, left = len(left), []
                for r, look in lookups:
                    error = look.exception()
                    if isinstance(error, NotCreated):
                        left.append(r)
                    elif isinstance(error, (DemoError, ClientError, BotoCoreError)):
                        failures.append(self._emit(Action.FAILED, r, error=error, note="could not be looked up"))
                        if self._sign_in_is_lost(error):
                            pool.shutdown(cancel_futures=True)
                            return failures
                    elif error is not None:
                        raise error
                    elif live := look.result():
                        self._emit(Action.FOUND, r, live)
                    else:
                        missing.append(r)
                if len(left) == before:
                    missing += left
                    break
        self._refuse_what_was_taken_over()
        return failures or self._look_again_for_recent([r for r in resources if r in missing])

    def _refuse_what_was_taken_over(self) -> None:
        for aws in self.sides.values():
            if owner := next(iter(aws.taken_over.values()), ""):
                raise Refused(
                    f"{owner} has taken over the demo {aws.demo}.",
                    code="VPCE086",
                    facts={"id": aws.demo_id, "made by": aws.owner},
                    hint="Make a demo of your own:  <demo> up --name another-name",
                )

    def _look_again_for_recent(self, missing: Sequence[Resource]) -> list[Event]:
        """Look again for resources created so recently that AWS may not show them yet, and report each."""
        failures = []
        for r in missing:
            age = self._recent.pop(r.key, None)
            try:
                fresh = age is not None and age < HIDDEN_SECONDS / self._pace.factor
                live = self._lookup.wait_until_visible(r, self._begun - age) if age is not None and fresh else None
            except (DemoError, ClientError, BotoCoreError) as error:
                failures.append(self._emit(Action.FAILED, r, error=error, note="could not be looked up"))
                if self._sign_in_is_lost(error):
                    break
            else:
                if live or r.key not in self.sides[r.party].unproven:  # what is unproven stays on record
                    self._emit(Action.FOUND if live else Action.MISSING, r, live)
        return failures

    def up(
        self,
        resources: Sequence[Resource],
        leave: Collection[Resource] = (),
        *,
        mend: bool = True,
        agreed: Collection[tuple[str, str]] = (),
    ) -> list[Event]:
        """Create what is missing, mend what differs, and wait until all is ready.  Returns the failures.

        Resources to ``leave`` are created but not waited for, unless another one needs them ready.  Without ``mend``
        nothing that exists is changed or replaced; ``agreed`` are the fields (resource key, field) that are mended
        because the user agreed.  What AWS gives up while it starts is replaced once.  Raises Refused, before anything
        is created, if a name is taken or a resource exists more than once.
        """
        self._mends, self._agreed, self._resources = mend, frozenset(agreed), frozenset(resources)
        failures: list[Event] = []
        for _ in range(2):
            if failures := self.refresh(resources) or self.compare(resources):
                return failures
            self._refuse_foreign_and_duplicates(resources)
            failures = self._run(creation_graph(resources, leave))
            if self._pace.is_over or not any(isinstance(event.error, GaveUp) for event in failures):
                break
        return failures

    def compare(self, resources: Sequence[Resource]) -> list[Event]:
        """Note in every resource that was found in which fields it differs.  Returns what could not be asked."""
        there = [r for r in resources if r.key in self._known]
        failures: list[Event] = []
        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            for r, comparing in [(r, pool.submit(self._compared, r, self._known[r.key], self._moment)) for r in there]:
                error = comparing.exception()
                if isinstance(error, (DemoError, ClientError, BotoCoreError)):
                    failures.append(self._emit(Action.FAILED, r, error=error, note="could not be looked up"))
                    self._sign_in_is_lost(error)
                elif error is not None:
                    raise error
                else:
                    self._known[r.key] = comparing.result()
        return failures

    def _compared(self, r: Resource, live: Live, moment: float) -> Live:
        return compared(r, live, self.sides[r.party].fresh_after(moment), self._known)

    def down(
        self, resources: Sequence[Resource], order: Sequence[Sequence[Resource]], release: bool = False
    ) -> list[Event]:
        """Delete every resource, requesting it in this order, group after group.  Returns the failures.

        ``release`` also detaches foreign holders where the kind allows it.  If a look-up fails, nothing is deleted:
        "not seen" is not "gone".
        """
        self._release = release
        if failures := self.refresh(resources) or self._find_unanswered_creates(resources):
            return failures
        return self._run(deletion_graph([r for r in resources if r.key in self._known], order))

    def _find_unanswered_creates(self, resources: Sequence[Resource]) -> list[Event]:
        """Look for what unanswered creates may have made.  Returns the look-ups that failed."""
        failures = []
        for r in resources:
            intent = self.intents.get(r.key)
            if intent is None or r.key in self._known:
                continue
            try:
                if live := self._lookup.wait_until_visible(r, self._begun - intent.age):
                    self._emit(Action.FOUND, r, live)
            except (DemoError, ClientError, BotoCoreError) as error:
                failures.append(self._emit(Action.FAILED, r, error=error, note="could not be looked up"))
                if self._sign_in_is_lost(error):
                    break
        return failures

    def _sign_in_is_lost(self, error: Exception) -> bool:
        """Stop if AWS does not accept the credentials any more: nothing else would get through either."""
        if error_kind(error) is not ErrorKind.SIGN_IN:
            return False
        self.stop.set()
        return True

    def _refuse_foreign_and_duplicates(self, resources: Sequence[Resource]) -> None:
        for r in resources:
            if foreign := self._lookup.foreign.get(r.key):
                raise name_taken(r, foreign)
            if unproven := self.sides[r.party].unproven.get(r.key):
                raise Refused(
                    f"{unproven} is on record as {r}, but nothing in AWS shows that it is this demo's.",
                    code="VPCE088",
                    facts={"why": UNPROVEN},
                    hint="If it is, give it back its tags:\n    "
                    + self.sides[r.party].command_to_tag(r, unproven)
                    + "\nIf it is not, choose another demo name (--name).",
                )
            if more := self._lookup.duplicates.get(r.key):
                raise Refused(
                    f"{r.at_start} exists {len(more) + 1} times.",
                    code="VPCE089",
                    facts={"ids": ", ".join([self._known[r.key].id, *(live.id for live in more)])},
                    hint="Remove them all:  <demo> down",
                )

    # --- the walk -----------------------------------------------------------

    def _run(self, graph: Graph) -> list[Event]:
        """Run each task after its prerequisites; skip what depends on a failed one, finish the rest."""
        sorter = TopologicalSorter(graph)
        sorter.prepare()
        failed: dict[Task, Event] = {}
        running: dict[Future[None], Task] = {}
        with ThreadPoolExecutor(max(CALLS_AT_ONCE, len(graph) // TASKS_A_WORKER)) as pool:
            try:
                while sorter.is_active():
                    for task in sorter.get_ready():
                        causes = [failed[m] for m, matters in graph[task].items() if matters and m in failed]
                        if causes or self._pace.is_over:
                            failed[task] = self._skip(task, causes)
                            sorter.done(task)
                        else:
                            running[pool.submit(self._run_task, task)] = task
                    # The timeout lets a signal that landed in another thread be seen.
                    for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                        task = running.pop(future)
                        error = future.exception()
                        if error is not None and error is self._listener_error:
                            raise error  # nothing may be done that is not recorded
                        if isinstance(error, (DemoError, ClientError, BotoCoreError)):
                            failed[task] = self._emit(Action.FAILED, task[1], error=error)
                            self._sign_in_is_lost(error)
                        elif error is not None:
                            raise error
                        sorter.done(task)
            except BaseException:
                self.stop.set()
                raise
        return list({event.resource.key: event for event in reversed(failed.values())}.values())[::-1]

    def _skip(self, task: Task, causes: Sequence[Event]) -> Event:
        type, r = task
        if type in (TaskType.READY, TaskType.GONE) and any(cause.resource is r for cause in causes):
            return causes[0]  # reported already
        how = {TaskType.ASK: "still used by", TaskType.GONE: "goes with"}.get(type, "needs")
        cause = causes[0].resource if causes else r
        name = cause.name if cause.name != r.name else str(cause)  # two kinds may have one name
        note = f"{how} {name}" if causes else "stopped"
        return self._emit(Action.SKIPPED, r, self._known.get(r.key), note=note)

    def _run_task(self, task: Task) -> None:
        type, r = task
        {
            TaskType.MAKE: self._ensure_created,
            TaskType.READY: self._wait_until_ready,
            TaskType.ASK: self._request_deletion,
            TaskType.GONE: self._finish_deletion,
        }[type](r)

    def _ensure_created(self, r: Resource) -> None:
        live = self._known.get(r.key)
        if live and any(need.resource.key in self._made for need in r.needs()):
            # It was looked up before one of its dependencies was created again.
            live = self._lookup.look_up_if_possible(r, time.monotonic())
            live = live and self._compared(r, live, time.monotonic())
        if live and self._mends and is_replaced(live):
            self._request_deletion(r)
            self._wait_until_gone(r)
            live = None
        elif live and live.phase is Phase.DELETING:
            self._wait_until_gone(r)
            live = None
        elif live and (differing := self._to_mend(r, live)):
            self._mend(r, replace(live, drift=differing))
        intent = self.intents.pop(r.key, None)
        if live is None and intent and r.create_can_duplicate:
            live = self._lookup.wait_until_visible(r, self._begun - intent.age)
        if live is None:
            live = self._known[r.key] = self._create(r, intent.token if intent else uuid.uuid4().hex)
            self._made[r.key] = self._changed[r.key] = time.monotonic()
            self._emit(Action.CREATED, r, live)

    def _to_mend(self, r: Resource, live: Live) -> tuple[Drift, ...]:
        """The fields that are to be brought back in place."""
        return tuple(
            one
            for one in live.drift
            if self._mends and (one.remedy is Remedy.MEND or (r.key, one.field) in self._agreed)
        )

    def _mend(self, r: Resource, live: Live) -> None:
        """Bring the fields in ``live.drift`` back, again until AWS shows it: that does no harm.

        Nothing of it has to be on record: what an interrupted run has not mended still differs.
        """
        mended, patience = changes(live.drift), RetryBudget(self._pace)
        self._emit(Action.MENDING, r, live, note=mended)
        with with_last_error() as last:
            for _ in self._pace.moments(retry_times(), f"{r} to be mended"):
                error: ClientError | BotoCoreError | None = None
                try:
                    r.mend(self.sides[r.party].to_change(), live)
                except (ClientError, BotoCoreError) as refused:
                    error = refused
                    last.append(error)
                moment = self._changed[r.key] = time.monotonic()
                seen = self._lookup.look_up_if_possible(r, moment)
                if seen is None:
                    raise gave_up(r, seen)
                self._known[r.key] = seen = self._compared(r, seen, moment)
                if not (differing := self._to_mend(r, seen)):
                    break
                reason = error_kind(error) if error else ErrorKind.NOT_YET
                if not patience.lasts(reason, self._denied_early(r, error)):
                    text = f"{r.at_start} was mended, and AWS still has it as it was."
                    raise (
                        final_error(r, error, reason)
                        if error
                        else DemoError(text, code="VPCE074", facts={"now": changes(differing)})
                    )
                live = replace(seen, drift=differing)
                note = f"{code(error)}, trying again" if error else "AWS still shows it as it was"
                self._emit(Action.RETRYING, r, live, error=error, note=note)
        self._emit(Action.MENDED, r, seen, note=mended)

    def _create(self, r: Resource, token: str) -> Live:
        """Request the creation, with one token for all tries.  The intent is recorded first, so that nothing is
        lost."""
        self._emit(Action.CREATING, r, token=token)
        patience, asked = RetryBudget(self._pace), 0.0
        unsure = False
        with with_last_error() as last:
            for _ in self._pace.moments(retry_times(), f"{r} to be created"):
                if unsure and r.create_can_duplicate and (live := self._lookup.wait_until_visible(r, asked)):
                    return live
                asked = time.monotonic()
                try:
                    return r.create(self.sides[r.party].to_change(token))
                except NotCreated as error:
                    note = error.message.rstrip(".")
                    last.append(error)
                except (ClientError, BotoCoreError) as error:
                    last.append(error)
                    reason = error_kind(error)
                    unsure = reason is not ErrorKind.BUSY and not is_rejection(error)
                    if reason is ErrorKind.TOKEN_USED_UP:
                        return self._create(r, uuid.uuid4().hex)
                    if reason is ErrorKind.THERE_ALREADY:
                        # An earlier try succeeded but its answer was lost; or the resource is not ours.
                        if live := self._lookup.wait_until_visible(r, asked):
                            return live
                        if foreign := self._lookup.foreign.get(r.key):
                            raise name_taken(r, foreign) from error
                        raise
                    if not patience.lasts(reason, self._denied_early(r, error)):
                        raise final_error(r, error, reason) from error
                    # Its dependencies exist, so AWS will see them before long.
                    note = code(error)
                self._emit(Action.RETRYING, r, note=f"{note}, trying again")
        raise AssertionError("unreachable")

    def _denied_early(self, r: Resource, error: Exception | None) -> float | None:
        """How long a call that is denied is repeated: AWS may learn late of the tags, by which policies allow it, of
        what this run has just created.  None, if it is about anything else, or denied explicitly."""
        if not isinstance(error, ClientError) or error_kind(error) is not ErrorKind.DENIED:
            return None
        since = time.monotonic() - max(LEAST_SHOWN_SECONDS, self._pace.real(TAGS_LATE_SECONDS))
        used = [r, *(need.resource for need in r.needs())]
        fresh = [one for one in used if self._made.get(one.key, float("-inf")) > since]
        if not fresh:
            return None
        denied = denial(error, lambda message: self.sides[r.party].clients.decode(message))
        names = {name for one in fresh if one.key in self._known for name in (self._known[one.key].id, one.name)}
        is_about_it = not denied.resource or not names.isdisjoint((denied.resource, denied.resource.rpartition("/")[2]))
        return TAGS_LATE_SECONDS if is_about_it and not denied.explicit else None

    def _request_deletion(self, r: Resource) -> None:
        """Request the deletion, repeatedly while AWS says that something still uses it."""
        for live in [*self._lookup.duplicates.get(r.key, []), self._known[r.key]]:
            if live.phase is not Phase.DELETING:
                self._emit(Action.DELETING, r, live)
                gone = self._delete(r, live)
                self._emit(Action.DELETED, r, live, error=gone)
        self._changed[r.key] = time.monotonic()

    def _delete(self, r: Resource, live: Live) -> Exception | None:
        """Request one deletion, repeatedly while it is in use.  Returns AWS's error if it is gone already."""
        patience = RetryBudget(self._pace)
        with with_last_error() as last:
            for _ in self._pace.moments(retry_times(), f"{r} to be released by what uses it"):
                try:
                    r.delete(self.sides[r.party].to_change(), live)
                    return None
                except (ClientError, BotoCoreError) as error:
                    last.append(error)
                    reason = error_kind(error)
                    if reason is ErrorKind.MISSING:
                        return error
                    budget, note = self._denied_early(r, error), f"{code(error)}, trying again"
                    if reason in (ErrorKind.IN_USE, ErrorKind.OTHER):  # a protection has an error of its own
                        holders = self._lookup.holders(r, live)
                        self._detach_holders(r, live, holders, error)
                        by = f" by {', '.join(map(str, holders))}" if holders else ""
                        note = f"still in use{by} ({code(error)}), trying again"
                        if reason is ErrorKind.IN_USE and not holders:
                            budget = HIDDEN_SECONDS  # what held it has gone, and AWS may see that late
                    if not patience.lasts(reason, budget):
                        raise final_error(r, error, reason) from error
                    self._emit(Action.RETRYING, r, live, error=error, note=note)
        raise AssertionError("unreachable")

    def _detach_holders(self, r: Resource, live: Live, holders: Sequence[Holder], error: Exception) -> None:
        """Remove holders that are the demo's own, and detach foreign ones if that was asked for.

        Raises InUse otherwise: they do not go by themselves.
        """
        for holder in holders:
            if holder.remove:
                try:
                    holder.remove(self.sides[r.party].to_change())
                except ClientError as refused:
                    if not is_rejection(refused) or error_kind(refused) in (ErrorKind.MISSING, ErrorKind.IN_USE):
                        continue  # the next try shows what is still there
                    raise
        strangers = [holder for holder in holders if holder.foreign]
        if not strangers or (self._release and r.release(self.sides[r.party].to_change(), live, strangers)):
            return
        said = f"{code(error)}: {', '.join(holder.id for holder in strangers)} is not ours"
        if error_kind(error) is ErrorKind.OTHER:
            said = code_and_message(error)
        raise InUse(
            f"{r.at_start} is in use by a resource that is not part of this demo.",
            facts={"AWS said": said, **{h.id: h.what for h in strangers}},
            commands=[command for holder in strangers for command in holder.commands],
        ) from error

    def _finish_deletion(self, r: Resource) -> None:
        if r.goes_with() is None:
            self._wait_until_gone(r)
        self._known.pop(r.key, None)
        self._emit(Action.GONE, r)

    # --- waiting ------------------------------------------------------------

    def _wait_until_ready(self, r: Resource) -> None:
        found = self._known[r.key]
        waited = found.phase is Phase.PENDING
        live = self._wait(r, r.usual_seconds, "to be ready", partial(_settled, r)) if waited else found
        left_as_it_is = live and live.phase is Phase.WRONG and not self._mends
        if live is None or (live.phase is not Phase.READY and not left_as_it_is):
            raise gave_up(r, live)
        self._emit(Action.READY, r, live)
        if waited and (other := r.completes()):
            self._tell_its_state(other)

    def _tell_its_state(self, r: Resource) -> None:
        """Note the state that a resource has now, and report it if it is part of this run.  That it cannot be looked up
        is no failure."""
        before = self._known[r.key]
        with contextlib.suppress(ClientError, BotoCoreError):
            live = self._lookup.look_up_if_possible(r, time.monotonic())
            if live and r in self._resources:
                self._emit(Action.READY, r, live)
        self._known.setdefault(r.key, before)

    def _wait_until_gone(self, r: Resource) -> None:
        """Wait until AWS does not list it.  A state from which it does not go ends the wait, once AWS has had time to
        show the deletion."""
        seen_going = False
        shown = time.monotonic() + max(LEAST_SHOWN_SECONDS, self._pace.real(HIDDEN_SECONDS))

        def settled(live: Live | None) -> bool:
            nonlocal seen_going
            if live is None or live.phase is Phase.GONE:
                return True
            going = live.phase is Phase.DELETING
            seen_going = seen_going or going
            return not going and (seen_going or time.monotonic() > shown)

        if r.usual_delete_seconds or self._known[r.key].phase is Phase.DELETING:
            live = self._wait(r, r.usual_delete_seconds, "to be gone", settled)
            if live and live.phase is not Phase.GONE:
                raise gave_up(r, live)
        self._known.pop(r.key, None)

    def _wait(self, r: Resource, usual: float, what: str, done: Callable[[Live | None], bool]) -> Live | None:
        """Look it up until it is done, and report each change of AWS's state word."""
        word = self._known[r.key].word
        self._emit(Action.WAITING, r, self._known[r.key], note=word)
        changed = self._changed.get(r.key, 0.0)
        patience = RetryBudget(self._pace)
        with with_last_error() as last:
            for pause in self._pace.moments(poll_times(usual), f"{r} {what}", since=changed or time.monotonic()):
                try:
                    # Look-ups at the same moment share one answer.
                    live = self._lookup.look_up_if_possible(r, max(time.monotonic() - pause / 2, changed))
                except (ClientError, BotoCoreError) as error:
                    last.append(error)
                    if not patience.lasts(error_kind(error)):
                        raise
                    self._emit(
                        Action.RETRYING, r, self._known.get(r.key), error=error, note=f"{code(error)}, looking again"
                    )
                    continue
                live = live or self._lookup.ended.get(r.key)
                if done(live):
                    return live
                if live and live.word != word:
                    word = live.word
                    self._emit(Action.WAITING, r, live, note=word)
        raise AssertionError("unreachable")

    # --- events -------------------------------------------------------------

    def _emit(
        self,
        action: Action,
        r: Resource,
        live: Live | None = None,
        error: Exception | None = None,
        token: str = "",
        note: str = "",
    ) -> Event:
        event = Event(action, r, live, error, token, note)
        with self._lock:
            try:
                self.listener(event)
            except BaseException as error:
                self._listener_error = error
                self.stop.set()
                raise
        return event


def _settled(r: Resource, live: Live | None) -> bool:
    """True if the wait is over.  A resource that is not seen may only be hidden."""
    return live is not None and (live.phase is not Phase.PENDING or _is_unknown(r, live))


def _is_unknown(r: Resource, live: Live) -> bool:
    """True if nothing says that this kind becomes ready from AWS's state word."""
    return bool(live.word) and live.word.lower() not in r.pending_words
