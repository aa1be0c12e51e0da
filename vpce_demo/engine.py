"""refresh, up, down: one walk over what needs what, with all the waiting, retrying and reading of error codes.

The engine knows no kind, no file and no screen.  It tells what it does as events, and listeners write and draw.

A walk is over *moves*.  ``up`` has two for each resource: make it, and wait until it is ready; what needs it waits for
one or the other.  ``down`` has two as well: ask AWS to delete it, and wait until it is gone.  Asking follows the
documented order; waiting follows what AWS really demands: nothing is asked for while something that stands on it is
still there.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum
from graphlib import TopologicalSorter
from itertools import pairwise

from botocore.exceptions import BotoCoreError, ClientError

from .aws import Aws
from .errors import DemoError, Fault, NotCreated, Refused, TimedOut, code, fault, words
from .model import Action, Event, Live, Phase, Resource, Side, ours
from .pace import Pace, looks, tries

WORKERS = 24
HIDDEN_SECONDS = 60.0
"""How long AWS may hide a fresh resource, in its seconds.  So long a create that was cut off is looked for."""
FRESH_SECONDS = 5.0
"""How old, in seconds of the machine, a look may be that need not be repeated."""


class Verb(Enum):
    """What a move does."""

    MAKE = "make"
    READY = "wait until ready"
    ASK = "ask to delete"
    GONE = "wait until gone"


Move = tuple[Verb, Resource]
Graph = dict[Move, dict[Move, bool]]
"""What each move waits for, and whether it is skipped when that fails (or goes ahead all the same)."""


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
        self._pace = Pace(pace, self.stop, self._begun + timeout_seconds if timeout_seconds else float("inf"))
        self._seen_since = seen_since
        self._recent = dict(recent or {})
        self._lock = threading.Lock()
        self._known = next(iter(sides.values())).known
        self._foreign: dict[str, Live] = {}
        self._duplicates: dict[str, list[Live]] = {}
        self._made: set[str] = set()
        self._changed: dict[str, float] = {}
        self._unheard: BaseException | None = None

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
                looks = [(r, pool.submit(self._see, r, moment)) for r in left]
                before, left = len(left), []
                for r, look in looks:
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
                live = self._look_until_shown(r, age or 0.0) if fresh else None
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
        members = {r.key for r in resources}
        graph: Graph = {}
        for r in resources:
            needs = [need for need in r.needs() if need.resource.key in members]
            graph[Verb.MAKE, r] = {(Verb.READY if n.ready else Verb.MAKE, n.resource): True for n in needs}
            graph[Verb.READY, r] = {(Verb.MAKE, r): True}
        needed = {move for needs in graph.values() for move in needs}
        for r in leave:
            if (Verb.READY, r) not in needed:
                graph.pop((Verb.READY, r), None)
        return self._walk(graph)

    def down(self, resources: Sequence[Resource], order: Sequence[Sequence[Resource]]) -> list[Event]:
        """Make every resource be gone, asking in this order, group after group.  Return the failures.

        If not everything can be looked up nothing is deleted: "not seen" is not "gone".
        """
        if failures := self.refresh(resources) or self._find_what_was_cut_off(resources):
            return failures
        there = [r for r in resources if r.key in self._known]
        members = {r.key for r in there}
        graph: Graph = {(Verb.GONE, r): {} for r in there}
        for r in there:
            parent = self._parent(r, members)
            graph[Verb.GONE, r][(Verb.GONE, parent) if parent else (Verb.ASK, r)] = True
            if parent is None:
                graph.setdefault((Verb.ASK, r), {})
        for r in there:
            parent = self._parent(r, members)
            for need, _, until_gone in r.needs():
                if need.key in members and need is not parent and self._parent(need, members) is not r:
                    asked = self._parent(need, members) or need
                    if asked is not r:
                        held_by = (Verb.GONE, r) if until_gone else (Verb.ASK, parent or r)
                        graph[Verb.ASK, asked][held_by] = True
        asking = [[(Verb.ASK, r) for r in group if (Verb.ASK, r) in graph] for group in order]
        for earlier, later in pairwise(group for group in asking if group):
            for move in later:
                for before in earlier:
                    graph[move].setdefault(before, False)
        return self._walk(graph)

    def _find_what_was_cut_off(self, resources: Sequence[Resource]) -> list[Event]:
        """See creates without an answer, which AWS may hide yet.  Return what could not be looked up."""
        failures = []
        for r in resources:
            intent = self.intents.get(r.key)
            if intent is None or r.key in self._known:
                continue
            try:
                if live := self._look_until_shown(r, intent.age):
                    self._tell(Action.FOUND, r, live)
            except (DemoError, ClientError, BotoCoreError) as error:
                failures.append(self._tell(Action.FAILED, r, error=error, note="could not be looked up"))
        return failures

    def _parent(self, r: Resource, members: set[str]) -> Resource | None:
        """The resource that takes this one along when it is deleted, if that is being deleted too."""
        parent = r.goes_with()
        return parent if parent is not None and parent.key in members else None

    def _refuse_what_is_not_ours(self, resources: Sequence[Resource]) -> None:
        for r in resources:
            if foreign := self._foreign.get(r.key):
                raise Refused(
                    f"The name {r.name} is taken by {foreign.id}, which is not this demo's.",
                    facts={"why": foreign.why},
                    hint="Choose another demo name (--name), or other names in the config file.",
                    changed="Nothing was changed.",
                )
            if more := self._duplicates.get(r.key):
                raise Refused(
                    f"{r} exists {len(more) + 1} times.",
                    facts={"ids": ", ".join([self._known[r.key].id, *(live.id for live in more)])},
                    hint="Remove them all:  vpce-demo down",
                    changed="Nothing was changed.",
                )

    # --- the walk -----------------------------------------------------------

    def _walk(self, graph: Graph) -> list[Event]:
        """Make each move after those it waits for; skip what depends on a failure, finish what does not."""
        sorter = TopologicalSorter(graph)
        sorter.prepare()
        failed: dict[Move, Event] = {}
        running: dict[Future[None], Move] = {}
        with ThreadPoolExecutor(WORKERS) as pool:
            try:
                while sorter.is_active():
                    for move in sorter.get_ready():
                        causes = [failed[m] for m, matters in graph[move].items() if matters and m in failed]
                        if causes or self._pace.is_over:
                            failed[move] = self._skip(move, causes)
                            sorter.done(move)
                        else:
                            running[pool.submit(self._move, move)] = move
                    # The timeout lets a signal that landed in another thread be seen.
                    for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                        move = running.pop(future)
                        error = future.exception()
                        if error is not None and error is self._unheard:
                            raise error  # nothing may be done that nobody notes
                        if isinstance(error, (DemoError, ClientError, BotoCoreError)):
                            failed[move] = self._tell(Action.FAILED, move[1], error=error)
                        elif error is not None:
                            raise error
                        sorter.done(move)
            except BaseException:
                self.stop.set()
                raise
        return list({event.resource.key: event for event in reversed(failed.values())}.values())[::-1]

    def _skip(self, move: Move, causes: Sequence[Event]) -> Event:
        verb, r = move
        if verb in (Verb.READY, Verb.GONE) and any(cause.resource is r for cause in causes):
            return causes[0]  # told already
        how = {Verb.ASK: "still used by", Verb.GONE: "goes with"}.get(verb, "needs")
        note = f"{how} {causes[0].resource.name}" if causes else "stopped"
        return self._tell(Action.SKIPPED, r, self._known.get(r.key), note=note)

    def _move(self, move: Move) -> None:
        verb, r = move
        {Verb.MAKE: self._make, Verb.READY: self._wait_until_ready, Verb.ASK: self._ask, Verb.GONE: self._gone}[verb](r)

    def _make(self, r: Resource) -> None:
        if r.key in self._known and any(need.resource.key in self._made for need in r.needs()):
            # It was seen before what it stands on was made anew.
            self._try_to_see(r, time.monotonic())
        live = self._known.get(r.key)
        if live and live.phase in (Phase.WRONG, Phase.FAILED):
            self._ask(r)
        if live and live.phase in (Phase.WRONG, Phase.FAILED, Phase.DELETING):
            self._wait_until_gone(r)
            live = None
        intent = self.intents.pop(r.key, None)
        if live is None and intent and r.doubles:
            live = self._look_until_shown(r, intent.age)
        if live is None:
            live = self._known[r.key] = self._create(r, intent.token if intent else uuid.uuid4().hex)
            self._made.add(r.key)
            self._changed[r.key] = time.monotonic()
            self._tell(Action.CREATED, r, live)

    def _create(self, r: Resource, token: str) -> Live:
        """Ask AWS to create it, with one token over all tries.  Notes the intent before, so that nothing is lost."""
        self._tell(Action.CREATING, r, token=token)
        said = ""
        may_be_hidden_until = time.monotonic() + HIDDEN_SECONDS / self._pace.factor
        try:
            for _ in self._pace.moments(tries(), f"{r} to be created"):
                aws = self._aws(r).fresh_after(time.monotonic()).with_token(token)
                try:
                    return r.create(aws)
                except NotCreated as error:
                    note = said = error.message
                except ClientError as error:
                    what = fault(error)
                    if what is Fault.THERE_ALREADY:
                        # The answer to an earlier try was lost, and AWS may hide what that made; or it is not ours.
                        if live := self._try_to_see(r, time.monotonic()):
                            return live
                        if time.monotonic() >= may_be_hidden_until:
                            raise
                    elif what is Fault.TOKEN_USED_UP:
                        return self._create(r, uuid.uuid4().hex)
                    elif what not in (Fault.MISSING, Fault.NOT_YET, Fault.IN_USE):
                        raise
                    # What it stands on is there, so AWS will see it before long.
                    note, said = code(error), f"{code(error)}: {words(error)}"
                self._tell(Action.RETRYING, r, note=note)
        except TimedOut as late:
            late.facts["AWS said"] = said
            raise
        raise AssertionError("unreachable")

    def _look_until_shown(self, r: Resource, age: float) -> Live | None:
        """See something that may have been made so many seconds ago, as long as AWS may hide it."""
        until = self._begun + HIDDEN_SECONDS / self._pace.factor - age
        while True:
            live = self._try_to_see(r, time.monotonic())
            if live or time.monotonic() >= until or self.stop.wait(self._pace.real(1.0)):
                return live

    def _ask(self, r: Resource) -> None:
        """Ask AWS to delete it, again while AWS says that something still uses it."""
        for live in [*self._duplicates.get(r.key, []), self._known[r.key]]:
            if live.phase is Phase.DELETING:
                continue
            self._tell(Action.DELETING, r, live)
            for _ in self._pace.moments(tries(), f"{r} to be released by what uses it"):
                try:
                    r.delete(self._aws(r), live)
                    break
                except ClientError as error:
                    if fault(error) is Fault.MISSING:
                        break
                    if fault(error) is not Fault.IN_USE:
                        raise
                    self._tell(
                        Action.RETRYING, r, live, error=error, note=f"still in use ({code(error)}), trying again"
                    )
            self._tell(Action.DELETED, r, live)
        self._changed[r.key] = time.monotonic()

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
        if r.usual_seconds_gone or self._known[r.key].phase is Phase.DELETING:
            self._wait(r, r.usual_seconds_gone, "to be gone", lambda live: live is None)
        self._known.pop(r.key, None)

    def _wait(self, r: Resource, usual: float, what: str, done: Callable[[Live | None], bool]) -> Live | None:
        """Look again until it is done.  Told are the changes of AWS's word."""
        word = self._known[r.key].word
        self._tell(Action.WAITING, r, self._known[r.key], note=word)
        changed = self._changed.get(r.key, 0.0)
        for pause in self._pace.moments(looks(usual), f"{r} {what}", since=changed or time.monotonic()):
            # Whoever looks in the same moment shares the answer.
            live = self._try_to_see(r, max(time.monotonic() - pause / 2, changed))
            if done(live):
                return live
            if live and live.word != word:
                word = live.word
                self._tell(Action.WAITING, r, live, note=word)
        raise AssertionError("unreachable")

    # --- looking ------------------------------------------------------------

    def _aws(self, r: Resource) -> Aws:
        return self.sides[r.side]

    def _try_to_see(self, r: Resource, moment: float) -> Live | None:
        try:
            return self._see(r, moment)
        except NotCreated:
            return None

    def _see(self, r: Resource, moment: float) -> Live | None:
        """What AWS has of it, asked for after that moment.  Raises NotCreated if what it is found by is not there."""
        try:
            found = list(r.find(self._aws(r).fresh_after(moment)))
        except ClientError as error:
            if fault(error) is not Fault.MISSING:
                raise
            found = []
        except NotCreated:
            self._known.pop(r.key, None)
            raise
        self._foreign.pop(r.key, None)
        self._duplicates.pop(r.key, None)
        foreign = [live for live in found if live.phase is Phase.FOREIGN]
        if foreign:
            self._foreign[r.key] = foreign[0]
        there = ours(found)
        standing = [live for live in there if live.phase is not Phase.DELETING]
        if not there:
            self._known.pop(r.key, None)
            return None
        if len(standing) > 1 and r.goes_with() is None:
            self._duplicates[r.key] = standing[1:]
        self._known[r.key] = there[0]
        return there[0]

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
