"""refresh, up, down: one walk over what needs what, with all the waiting, retrying and reading of error codes.

The engine knows no kind, no file and no screen.  It tells what it does as events, and listeners write and draw.

A walk is over *moves* (``moves.py``).
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.error_codes import ErrorKind, error_code, error_kind, error_message, is_rejection
from ..errors import DemoError, InUse, NotCreated, Refused, TimedOut
from ..model import Holder, Live, Phase, Side
from .events import Action, Event
from .graph import Graph, Task, TaskType, creation_graph, deletion_graph
from .lookup import Lookup
from .resource import Aws, Resource
from .waits import HIDDEN_SECONDS, RetryBudget, Timing, poll_times, retry_times

WORKERS = 24
FRESH_SECONDS = 5.0
"""How old, in seconds of the machine, a look may be that need not be repeated."""


@dataclass(frozen=True)
class Intent:
    """A create that was noted but whose answer was not: the process ended in between.

    ``age`` is in seconds, when the engine is made.
    """

    token: str
    age: float


class Engine:
    """Makes resources be there, or be gone.

    ``sides`` gives each side's clients (the same for both in one account); ``pace`` is how many times faster than
    AWS's the clock at the other end runs (1 on AWS); ``intents`` are creates cut off in an earlier run; ``seen_since``
    is a moment since which somebody has looked through these ``sides``, so that the first look need not ask again;
    ``recent`` is how many seconds ago what is on record was made.
    """

    def __init__(
        self,
        sides: Mapping[Side, Aws],
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
        self._made: set[str] = set()
        self._changed: dict[str, float] = {}
        self._unheard: BaseException | None = None
        self._release = False

    # --- the three things it does -----------------------------------------

    def refresh(self, resources: Sequence[Resource]) -> list[Event]:
        """See what is there.  Return what could not be looked up; then nothing may be concluded from the rest."""
        now = time.monotonic()
        moment = max(self._seen_since, now - FRESH_SECONDS) if self._seen_since else now
        self._seen_since = None
        for r in resources:
            self._known.pop(r.key, None)
        left, missing, failures = list(resources), [], []
        with ThreadPoolExecutor(WORKERS) as pool:
            while left:
                # What is found through another thing is looked for again once that is known.
                poll_times = [(r, pool.submit(self._lookup.look_up, r, moment)) for r in left]
                before, left = len(left), []
                for r, look in poll_times:
                    error = look.exception()
                    if isinstance(error, NotCreated):
                        left.append(r)
                    elif isinstance(error, (DemoError, ClientError, BotoCoreError)):
                        failures.append(self._tell(Action.FAILED, r, error=error, note="could not be looked up"))
                    elif error is not None:
                        raise error
                    elif live := look.result():
                        self._tell(Action.FOUND, r, live)
                    else:
                        missing.append(r)
                if len(left) == before:
                    missing += left
                    break
        return failures or self._look_for_what_is_fresh([r for r in resources if r in missing])

    def _look_for_what_is_fresh(self, missing: Sequence[Resource]) -> list[Event]:
        """Look again for what was not seen but made so lately that AWS may hide it; tell of each how it is."""
        failures = []
        for r in missing:
            age = self._recent.pop(r.key, None)
            try:
                fresh = age is not None and age < HIDDEN_SECONDS / self._pace.factor
                live = self._lookup.wait_until_visible(r, self._begun - age) if age is not None and fresh else None
            except (DemoError, ClientError, BotoCoreError) as error:
                failures.append(self._tell(Action.FAILED, r, error=error, note="could not be looked up"))
            else:
                self._tell(Action.FOUND if live else Action.MISSING, r, live)
        return failures

    def up(self, resources: Sequence[Resource], leave: Collection[Resource] = ()) -> list[Event]:
        """Make every resource be there and ready.  Return the failures; raise Refused before anything is made.

        Those to ``leave`` need only be asked for, unless another one needs them ready.
        """
        if failures := self.refresh(resources):
            return failures
        self._refuse_what_is_not_ours(resources)
        return self._walk(creation_graph(resources, leave))

    def down(
        self, resources: Sequence[Resource], order: Sequence[Sequence[Resource]], release: bool = False
    ) -> list[Event]:
        """Make every resource be gone, asking in this order, group after group.  Return the failures.

        ``release`` sends away what is not ours and keeps something of ours, where that may be done.
        If not everything can be looked up nothing is deleted: "not seen" is not "gone".
        """
        self._release = release
        if failures := self.refresh(resources) or self._find_what_was_cut_off(resources):
            return failures
        return self._walk(deletion_graph([r for r in resources if r.key in self._known], order))

    def _find_what_was_cut_off(self, resources: Sequence[Resource]) -> list[Event]:
        """See creates without an answer, which AWS may hide yet.  Return what could not be looked up."""
        failures = []
        for r in resources:
            intent = self.intents.get(r.key)
            if intent is None or r.key in self._known:
                continue
            try:
                if live := self._lookup.wait_until_visible(r, self._begun - intent.age):
                    self._tell(Action.FOUND, r, live)
            except (DemoError, ClientError, BotoCoreError) as error:
                failures.append(self._tell(Action.FAILED, r, error=error, note="could not be looked up"))
        return failures

    def _refuse_what_is_not_ours(self, resources: Sequence[Resource]) -> None:
        for r in resources:
            if foreign := self._lookup.foreign.get(r.key):
                raise Refused(
                    f"The name {r.name} is taken by {foreign.id}, which is not this demo's.",
                    facts={"why": foreign.why},
                    hint="Choose another demo name (--name), or other names in the config file.",
                )
            if more := self._lookup.duplicates.get(r.key):
                raise Refused(
                    f"{r} exists {len(more) + 1} times.",
                    facts={"ids": ", ".join([self._known[r.key].id, *(live.id for live in more)])},
                    hint="Remove them all:  vpce-demo down",
                )

    # --- the walk -----------------------------------------------------------

    def _walk(self, graph: Graph) -> list[Event]:
        """Make each move after those it waits for; skip what depends on a failure, finish what does not."""
        sorter = TopologicalSorter(graph)
        sorter.prepare()
        failed: dict[Task, Event] = {}
        running: dict[Future[None], Task] = {}
        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                while sorter.is_active():
                    for move in sorter.get_ready():
                        causes = [failed[m] for m, matters in graph[move].items() if matters and m in failed]
                        if causes or self._pace.is_over:
                            failed[move] = self._skip(move, causes)
                            sorter.done(move)
                        else:
                            running[pool.submit(self._run_task, move)] = move
                    # The timeout lets a signal that landed in another thread be seen.
                    for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                        move = running.pop(future)
                        error = future.exception()
                        if error is not None and error is self._unheard:
                            raise error  # nothing may be done that nobody notes
                        if isinstance(error, (DemoError, ClientError, BotoCoreError)):
                            failed[move] = self._tell(Action.FAILED, move[1], error=error)
                            if error_kind(error) is ErrorKind.SIGN_IN:
                                self.stop.set()  # nothing else would get through either
                        elif error is not None:
                            raise error
                        sorter.done(move)
            except BaseException:
                self.stop.set()
                raise
        return list({event.resource.key: event for event in reversed(failed.values())}.values())[::-1]

    def _skip(self, move: Task, causes: Sequence[Event]) -> Event:
        verb, r = move
        if verb in (TaskType.READY, TaskType.GONE) and any(cause.resource is r for cause in causes):
            return causes[0]  # told already
        how = {TaskType.ASK: "still used by", TaskType.GONE: "goes with"}.get(verb, "needs")
        note = f"{how} {causes[0].resource.name}" if causes else "stopped"
        return self._tell(Action.SKIPPED, r, self._known.get(r.key), note=note)

    def _run_task(self, move: Task) -> None:
        verb, r = move
        {
            TaskType.MAKE: self._make,
            TaskType.READY: self._wait_until_ready,
            TaskType.ASK: self._ask,
            TaskType.GONE: self._gone,
        }[verb](r)

    def _make(self, r: Resource) -> None:
        if r.key in self._known and any(need.resource.key in self._made for need in r.needs()):
            # It was seen before what it stands on was made anew.
            self._lookup.look_up_if_possible(r, time.monotonic())
        live = self._known.get(r.key)
        if live and live.phase in (Phase.WRONG, Phase.FAILED):
            self._ask(r)
        if live and live.phase in (Phase.WRONG, Phase.FAILED, Phase.DELETING):
            self._wait_until_gone(r)
            live = None
        intent = self.intents.pop(r.key, None)
        if live is None and intent and r.create_can_duplicate:
            live = self._lookup.wait_until_visible(r, self._begun - intent.age)
        if live is None:
            live = self._known[r.key] = self._create(r, intent.token if intent else uuid.uuid4().hex)
            self._made.add(r.key)
            self._changed[r.key] = time.monotonic()
            self._tell(Action.CREATED, r, live)

    def _create(self, r: Resource, token: str) -> Live:
        """Ask AWS to create it, with one token over all tries.  Notes the intent before, so that nothing is lost."""
        self._tell(Action.CREATING, r, token=token)
        patience, asked = RetryBudget(self._pace), 0.0
        unsure = False
        with _last_words() as last:
            for _ in self._pace.moments(retry_times(), f"{r} to be created"):
                if unsure and r.create_can_duplicate and (live := self._lookup.wait_until_visible(r, asked)):
                    return live
                asked = time.monotonic()
                try:
                    return r.create(self.sides[r.side].to_change(token))
                except NotCreated as error:
                    note = error.message
                    last.append(error)
                except (ClientError, BotoCoreError) as error:
                    last.append(error)
                    reason = error_kind(error)
                    unsure = reason is not ErrorKind.BUSY and not is_rejection(error)
                    if reason is ErrorKind.TOKEN_USED_UP:
                        return self._create(r, uuid.uuid4().hex)
                    if reason is ErrorKind.THERE_ALREADY:
                        # The answer to an earlier try was lost, and AWS may hide what that made; or it is not ours.
                        if live := self._lookup.wait_until_visible(r, asked):
                            return live
                        raise
                    if not patience.lasts(reason):
                        raise _given_up(r, error, reason) from error
                    # What it stands on is there, so AWS will see it before long.
                    note = _short(error)
                self._tell(Action.RETRYING, r, note=f"{note}, trying again")
        raise AssertionError("unreachable")

    def _ask(self, r: Resource) -> None:
        """Ask AWS to delete it, again while AWS says that something still uses it."""
        for live in [*self._lookup.duplicates.get(r.key, []), self._known[r.key]]:
            if live.phase is not Phase.DELETING:
                self._tell(Action.DELETING, r, live)
                gone = self._delete(r, live)
                self._tell(Action.DELETED, r, live, error=gone)
        self._changed[r.key] = time.monotonic()

    def _delete(self, r: Resource, live: Live) -> Exception | None:
        """Ask for one, again while it is in use.  Return AWS's word that it is gone already, if that is its answer."""
        patience = RetryBudget(self._pace)
        with _last_words() as last:
            for _ in self._pace.moments(retry_times(), f"{r} to be released by what uses it"):
                try:
                    r.delete(self.sides[r.side].to_change(), live)
                    return None
                except (ClientError, BotoCoreError) as error:
                    last.append(error)
                    reason = error_kind(error)
                    if reason is ErrorKind.MISSING:
                        return error
                    if not patience.lasts(reason):
                        raise _given_up(r, error, reason) from error
                    note = f"{_short(error)}, trying again"
                    if reason is ErrorKind.IN_USE:
                        holders = self._lookup.holders(r, live)
                        self._send_away(r, live, [holder for holder in holders if holder.foreign], error)
                        by = f" by {', '.join(map(str, holders))}" if holders else ""
                        note = f"still in use{by} ({_short(error)}), trying again"
                    self._tell(Action.RETRYING, r, live, error=error, note=note)
        raise AssertionError("unreachable")

    def _send_away(self, r: Resource, live: Live, strangers: Sequence[Holder], error: Exception) -> None:
        """Have strangers let go of it where we are told to; else there is nothing to wait for.  Raises InUse."""
        if not strangers or (self._release and r.release(self.sides[r.side].to_change(), live, strangers)):
            return
        others = ", ".join(holder.id for holder in strangers)
        raise InUse(
            f"{r} is in use by what is not this demo's.",
            facts={"AWS said": f"{_short(error)}: {others} is not ours", **{h.id: h.what for h in strangers}},
        ) from error

    def _gone(self, r: Resource) -> None:
        if r.goes_with() is None:
            self._wait_until_gone(r)
        self._known.pop(r.key, None)
        self._tell(Action.GONE, r)

    # --- waiting ------------------------------------------------------------

    def _wait_until_ready(self, r: Resource) -> None:
        live: Live | None = self._known[r.key]
        if live and live.phase is Phase.PENDING:
            live = self._wait(r, r.usual_seconds, "to be ready", _settled)
        if live is None or live.phase is not Phase.READY:
            word, why = (live.word, live.why) if live else ("gone", "")
            raise DemoError(f"{r} is {word} in AWS.", facts={"id": live.id if live else "", "AWS said": why})
        self._tell(Action.READY, r, live)

    def _wait_until_gone(self, r: Resource) -> None:
        if r.usual_delete_seconds or self._known[r.key].phase is Phase.DELETING:
            self._wait(r, r.usual_delete_seconds, "to be gone", lambda live: live is None)
        self._known.pop(r.key, None)

    def _wait(self, r: Resource, usual: float, what: str, done: Callable[[Live | None], bool]) -> Live | None:
        """Look again until it is done.  Told are the changes of AWS's word."""
        word = self._known[r.key].word
        self._tell(Action.WAITING, r, self._known[r.key], note=word)
        changed = self._changed.get(r.key, 0.0)
        patience = RetryBudget(self._pace)
        with _last_words() as last:
            for pause in self._pace.moments(poll_times(usual), f"{r} {what}", since=changed or time.monotonic()):
                try:
                    # Whoever looks in the same moment shares the answer.
                    live = self._lookup.look_up_if_possible(r, max(time.monotonic() - pause / 2, changed))
                except (ClientError, BotoCoreError) as error:
                    last.append(error)
                    if not patience.lasts(error_kind(error)):
                        raise
                    self._tell(
                        Action.RETRYING, r, self._known.get(r.key), error=error, note=f"{_short(error)}, looking again"
                    )
                    continue
                if done(live):
                    return live
                if live and live.word != word:
                    word = live.word
                    self._tell(Action.WAITING, r, live, note=word)
        raise AssertionError("unreachable")

    # --- telling ------------------------------------------------------------

    def _tell(
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
                self._unheard = error
                self.stop.set()
                raise
        return event


def _settled(live: Live | None) -> bool:
    """Whether waiting has an end; one that is not seen may only be hidden."""
    return live is not None and live.phase is not Phase.PENDING


def _given_up(r: Resource, error: ClientError | BotoCoreError, reason: ErrorKind) -> Exception:
    """What to raise when an error is not, or no longer, an occasion to try again."""
    if reason not in (ErrorKind.MISSING, ErrorKind.NOT_YET, ErrorKind.IN_USE):
        return error
    return TimedOut(f"{r}: AWS has said {_short(error)} for too long.", facts=_facts(error))


@contextlib.contextmanager
def _last_words() -> Iterator[list[Exception]]:
    """When the time is up inside, the last error in the list is told with it."""
    errors: list[Exception] = []
    try:
        yield errors
    except TimedOut as late:
        if errors:
            late.facts.update(_facts(errors[-1]))
        raise


def _facts(error: Exception) -> dict[str, str]:
    return {"call": getattr(error, "operation_name", ""), "AWS said": _whole(error)}


def _short(error: Exception) -> str:
    """AWS's code; or what botocore calls what happened on the way."""
    return error_code(error) if isinstance(error, ClientError) else type(error).__name__


def _whole(error: Exception) -> str:
    """The same with the words."""
    if isinstance(error, DemoError):
        return error.message
    return f"{_short(error)}: {error_message(error) if isinstance(error, ClientError) else error}"
