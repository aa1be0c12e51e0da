"""One run on one demo: settings, environment, state file and engine together.

A command opens a ``Run``, calls one method of it, and shows the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.environment import Environment
from ..aws.error_codes import ErrorKind, error_kind
from ..aws.messages import understood
from ..aws.my_address import my_address
from ..changes import CHANGES
from ..chapters import demo_of
from ..config.settings import Settings, Where, customer_of
from ..engine.engine import Engine
from ..engine.events import Action, Event, Leftover
from ..engine.failures import UNPROVEN
from ..engine.resource import Aws, Resource, closure
from ..engine.waits import HIDDEN_SECONDS
from ..errors import DemoError, Diagnosis, InUse, NotCreated, OtherSide, Refused, TimedOut
from ..journal.run_log import RunLog
from ..journal.state_file import StateFile
from ..model import Live, Phase, Side
from ..resources.stray import Stray, strays
from ..signals import interruptible
from ..ssh import Ssh
from ..tutorial import Customer, Demo
from .noting import noting
from .ownership import StandingDemo

if TYPE_CHECKING:
    from ..verify.aws_facts import AwsFacts


class Interrupted(DemoError):
    """Ctrl-C or SIGTERM was received; calls in progress were completed and recorded."""

    code = "VPCE002"

    def __init__(self, number: int, there: int) -> None:
        super().__init__(
            "Interrupted. Calls in progress were completed and recorded.",
            facts={"there now": f"{there} resources"},
            hint="Continue with the same command, or delete everything:  <demo> down",
        )
        self.exit_code = 128 + number


class OneSide(dict[str, Aws]):
    """The only side with a sign-in.  What needs the other one cannot be asked, as if it did not exist."""

    def __missing__(self, side: Side) -> Aws:
        raise OtherSide(side)


@dataclass
class Run:
    """An open demo, and what can be done with it."""

    where: Where
    environment: Environment
    state: StateFile
    settings: Settings
    demo: Demo
    sides: dict[str, Aws]
    log: RunLog
    standing: StandingDemo | None = None
    """The demo, if it stands in the account and is not on record here."""
    opened: float | None = None
    """Monotonic time since which AWS was asked for everything of the demo's name, if opening the demo needed that."""
    _seen_since: float | None = None
    _trusted: float | None = None
    """When the opening began, while the next look takes its answers: what that look saw is no newer."""
    duplicates: dict[str, list[Live]] = field(default_factory=dict)
    """Further ones of the demo's own, by resource key, as of the last look."""
    others: list[Stray] = field(default_factory=list)
    """What has the demo's tags and is none of its resources, as of the last look for them."""

    @property
    def own_sides(self) -> dict[str, Aws]:
        """The side that the run is about, or both."""
        return {party: aws for party, aws in self.sides.items() if self.settings.side in (None, Side.of(party))}

    # --- looking ------------------------------------------------------------

    def engine(self, on_event: Callable[[Event], None] | None = None, timeout_seconds: float | None = None) -> Engine:
        """An engine whose events go to this listener.  It reuses the results of a look that has just been taken."""
        seen_since, self._seen_since = self._seen_since, None
        return Engine(
            self.sides,
            noting(on_event or (lambda event: None)),
            self.environment.pace,
            self.state.intents,
            timeout_seconds,
            seen_since,
            self.state.recent,
        )

    def look(
        self,
        resources: Sequence[Resource] | None = None,
        on_event: Callable[[Event], None] | None = None,
        *,
        compare: bool = True,
    ) -> dict[str, Live]:
        """What AWS has of these resources, or of all, and if it is to ``compare``, in which fields they differ.  Raises
        the error of a failed look-up.  Changes nothing in AWS.

        A lost state file is written again from what is found by tags, if the demo's key is still here.
        """
        lost = not self.state.path.exists() and self.standing is None
        if lost:
            self.state.demo, self.state.demo_id = self.settings.name, self.settings.demo_id
        began, self._trusted = self._trusted or time.monotonic(), None
        engine = self.engine(self.state.on_event if lost else on_event)
        looked = self.demo.resources if resources is None else resources
        self._raise_first(engine.refresh(looked) or (engine.compare(looked) if compare else []))
        if lost and self.state.path.exists():
            CHANGES.note("The state file was written from what AWS has.")
        self._seen_since = began
        known = self.sides[Side.PROVIDER].known
        self.duplicates = {key: list(lives) for key, lives in engine.duplicates.items()}
        return {r.key: known[r.key] for r in looked if r.key in known}

    @property
    def ages(self) -> dict[str, int]:
        """The age of each resource in seconds, as AWS or else the state file has it."""
        recorded, now, ages = self.state.recent, time.time(), {}
        for key, live in self.sides[Side.PROVIDER].known.items():
            if live.made:
                ages[key] = max(0, int(now - live.made.timestamp()))
            elif key in recorded:
                ages[key] = int(recorded[key])
        return ages

    def record(self, event: Event) -> None:
        """Write an event to the state file and the log."""
        self.state.on_event(event)
        self.log.on_event(event)

    def trust_the_opening(self) -> None:
        """Reuse what AWS listed when the demo was opened, for the next look and what follows: for a command that goes
        on at once."""
        self._seen_since = self._trusted = self.opened

    def not_allowed(self) -> list[str]:
        """The EC2 calls of ``up`` and ``down`` that AWS would refuse to this caller, as far as a dry run tells."""
        from ..verify.dry_run import allowed_calls

        each = list({id(aws): party for party, aws in reversed(self.sides.items())}.values())[::-1]
        asked = [allowed_calls(party if len(each) > 1 else None, self.settings, self.sides, demo_of) for party in each]
        return [name for one in asked for name, allowed in one.items() if allowed is False]

    # --- changing -------------------------------------------------------------

    def refuse_other_side(self, resource: Resource) -> None:
        """Raise Refused if the resource is on the other side of a demo that has one side only."""
        if self.settings.side not in (None, resource.side):
            raise Refused(
                f"This demo is the {self.settings.side}'s side only, and {resource} is on the other.",
                code="VPCE123",
                hint="See what there is:  <demo> status",
            )

    def refuse_too_early(self, resources: Sequence[Resource], command: str) -> None:
        """Raise NotCreated if a dependency of these resources is missing and not among them."""
        made_here, ours = {r.key for r in resources}, {r.key for r in self.demo.resources}
        before = [r for r in closure(resources) if r.key in ours - made_here]
        there = self.look(before)
        missing = [r for r in before if r.key not in there or there[r.key].phase is not Phase.READY]
        if missing:
            steps = dict.fromkeys(step.command for step in self.demo.steps if set(step.resources) & set(missing))
            raise NotCreated(
                f"It is too early for {command}.",
                code="VPCE095",
                facts={"missing": ", ".join(dict.fromkeys(str(r) for r in missing))},
                hint="Run first:  " + "    ".join(f"<demo> {step}" for step in steps),
            )

    def up(
        self,
        resources: Sequence[Resource],
        on_event: Callable[[Event], None],
        timeout_seconds: float | None,
        *,
        leave: Collection[Resource] = (),
        mend: bool = True,
        agreed: Collection[tuple[str, str]] = (),
    ) -> None:
        """Create what is missing and mend what differs (``Engine.up``).  Raises the first error if something failed,
        Interrupted on a signal.

        Resources to ``leave`` need not be ready at the end, unless another one needs them.
        """

        def both(event: Event) -> None:
            self.record(event)
            on_event(event)

        engine = self.engine(both, timeout_seconds)
        with interruptible(engine.stop) as interrupted:
            failures = engine.up(resources, leave, mend=mend, agreed=agreed)
        if interrupted:
            raise Interrupted(interrupted[0], len(self.state.ids))
        try:
            self._raise_first(failures, "Run the command again: it continues from here.")
        except DemoError as error:
            error.diagnosis = self.diagnosis((f.resource, _said(f)[0]) for f in failures)
            raise

    def down(
        self,
        on_event: Callable[[Event], None],
        timeout_seconds: float | None,
        *,
        reject_foreign: bool = False,
        only: Sequence[Resource] = (),
        customer: Customer | None = None,
        chapter: str = "",
    ) -> list[Leftover]:
        """Delete everything, or ``only`` these, look again, and return what is left and why.

        ``reject_foreign`` rejects connections of others to the endpoint service, which otherwise keep it in place.
        ``only`` these: nothing else is looked for, and the record stays.  ``customer``: only what was made for this
        one, and it is recorded that it is not wanted any more; ``chapter``: the same of a chapter.  Raises Interrupted
        on a signal.
        """

        resources = only or self.part(customer, chapter)
        known = self.sides[Side.PROVIDER].known
        theirs = {name for r in resources for name in (r.key, known[r.key].id if r.key in known else r.key)}
        refused: dict[str, Event] = {}

        def both(event: Event) -> None:
            if event.error and event.action in (Action.RETRYING, Action.DELETED):
                refused[event.resource.key] = event  # AWS's reason, if the wait times out
            self.record(event)
            on_event(event)

        engine = self.engine(both, timeout_seconds)
        with interruptible(engine.stop) as interrupted:
            failures = engine.down(resources, self.demo.teardown, release=reject_foreign)
        if interrupted:
            raise Interrupted(interrupted[0], len(self.state.ids))
        self._raise_first([f for f in failures if f.note == "could not be looked up"])
        not_let_in = [f for f in failures if f.error and error_kind(f.error) is ErrorKind.SIGN_IN]
        self._raise_first(not_let_in)
        there = self._look_until_gone(resources) if not failures else self.look(resources)
        left = [self._with_holders(one) for one in _left(resources, there, failures, refused)]
        if only:
            return left
        left += [
            *self._unproven(resources),
            *self._delete_strays(timeout_seconds, theirs if customer or chapter else None),
        ]
        self.log.look(left)
        if not left and customer:
            self.state.remove_customer(customer.number)
        elif not left and chapter and set(self.settings.chapters) != {chapter}:
            self.state.remove_chapter(chapter)
        elif not left:
            self.forget()
        return left

    def part(self, customer: Customer | None = None, chapter: str = "") -> list[Resource]:
        """What was made for a customer, or in a chapter; without either, all."""
        if customer:
            return self.demo.of_customer(customer)
        return self.demo.in_chapter(chapter) if chapter else self.demo.resources

    @property
    def other_side(self) -> list[Resource]:
        """What is on record of the side that this run is not about."""
        return other_side(self.state, self.settings)

    def forget(self) -> None:
        """Delete the record, unless something of the other side is on it."""
        if not self.other_side:
            self.state.forget()

    def _ids(self) -> set[str]:
        """The ids of what exists of the demo, as of the last look."""
        known = self.sides[Side.PROVIDER].known
        return {live.id for lives in (known.values(), *self.duplicates.values()) for live in lives}

    def look_for_strays(self) -> list[Stray]:
        """What has the demo's tags and is none of its resources.  Raises the error of a failed look-up."""
        try:
            keys = {r.key: r.party for r in self.demo.resources}
            both = demo_of(self.settings.model_copy(update={"side": None})).resources
            elsewhere = {r.key for r in both} - keys.keys()  # on the side that was not looked at
            found = strays(self.own_sides, keys, self._ids(), self._seen_since)
            self.others = [one for one in found if one.of not in elsewhere]
        except (ClientError, BotoCoreError) as error:
            raise understood(error, self.sides[Side.PROVIDER].clients.decode) or error from error
        return self.others

    def _delete_strays(self, timeout_seconds: float | None, of: Collection[str] | None) -> list[Leftover]:
        """Delete the volumes and interfaces that the instances left behind: all, or those ``of`` these keys and ids.
        Returns what is left, with the reason."""
        before = {one.key: one for one in self.others if one.can_be_deleted}
        found = list({**before, **{one.key: one for one in self.look_for_strays()}}.values())
        found = [one for one in found if of is None or one.of in of]
        failures: list[Event] = []
        if ours := [one for one in found if one.can_be_deleted]:
            engine = self.engine(timeout_seconds=timeout_seconds)
            with interruptible(engine.stop) as interrupted:
                failures = engine.down(ours, [ours])
            if interrupted:
                raise Interrupted(interrupted[0], len(self.state.ids))
        left = [
            Leftover(event.resource, event.live or Live(event.resource.key), *_said(event), _commands(event))
            for event in failures
        ]
        why, what = "it has this demo's tags, but is none of its resources", "tagged as this demo's; delete it by hand"
        return left + [Leftover(one, Live(one.key), why, {one.key: what}) for one in found if one not in ours]

    def _with_holders(self, left: Leftover) -> Leftover:
        """The same, with what holds it, if that was not asked for because something else was in the way first."""
        r = left.resource
        if left.strangers or r.goes_with():
            return left
        try:
            holders = [
                one for one in r.held_by(self.sides[r.party].fresh_after(time.monotonic()), left.live) if one.foreign
            ]
        except (DemoError, ClientError, BotoCoreError):
            return left
        commands = [command for one in holders for command in one.commands]
        return left._replace(strangers={one.id: one.what for one in holders}, commands=commands)

    def _unproven(self, resources: Sequence[Resource]) -> Iterator[Leftover]:
        """What is on record and was not deleted, since nothing in AWS shows that it is the demo's."""
        for r in resources:
            if id := self.sides[r.party].unproven.get(r.key):
                tag = self.sides[r.party].command_to_tag(r, id)
                yield Leftover(r, Live(id), UNPROVEN, {}, (f"{tag}    # if it is this demo's",))

    def _look_until_gone(self, resources: Sequence[Resource]) -> dict[str, Live]:
        """Look until none of these is found, for a while: AWS may still list what it has deleted."""
        until = time.monotonic() + HIDDEN_SECONDS / self.environment.pace
        while {r.key for r in resources} & (there := self.look(resources)).keys() and time.monotonic() < until:
            self._seen_since = None
            time.sleep(max(0.05, 2.0 / self.environment.pace))
        return there

    def _raise_first(self, events: Sequence[Event], hint: str = "") -> None:
        """Raise the first error among these events, with its resource and the others that failed."""
        causes = [event for event in events if event.action is Action.FAILED and event.error]
        if not causes:
            if events:
                raise TimedOut("Stopped before the end.", hint=hint)
            return
        sign_in = [event for event in causes if event.error and error_kind(event.error) is ErrorKind.SIGN_IN]
        first = (sign_in or causes)[0]
        assert first.error is not None
        error = understood(first.error, self.sides[first.resource.party].clients.decode)
        if error is None:
            raise first.error
        others = ", ".join(str(event.resource) for event in causes if event is not first)
        error.facts = {"resource": str(first.resource), **error.facts, "also failed": others}
        error.hint = error.hint or hint
        raise error from first.error

    def ssh(self) -> Ssh:
        return Ssh(self.state.key_file, self.state.known_hosts, self.environment.ssh_options)

    # --- diagnosis --------------------------------------------------------------

    def sides_of(self, customer: Customer) -> dict[str, Aws]:
        """The provider's clients and those of one customer, by side."""
        theirs = self.sides.get(customer.party, self.sides[Side.CONSUMER])  # a provider alone has no others
        return {Side.PROVIDER: self.sides[Side.PROVIDER], Side.CONSUMER: theirs}

    def facts(self, said: str = "", number: int = 0, chapter: str = "") -> AwsFacts:
        """The demo, or this chapter of it, as the diagnosis asks about it, with the customer of this number, or the
        first; ``said`` is what a failed check reported."""
        from ..verify.aws_facts import AwsFacts

        customers = self.demo.customers
        customer = next((one for one in customers if one.number == number), customers[0])
        sides = self.sides_of(customer)
        if side := self.settings.side:
            sides = OneSide({side: sides[side]})
        source = self.settings.ssh_source
        demo = self.demo.alone(customer)
        demo = demo.only(chapter) if chapter else demo
        return AwsFacts(demo, sides, self.ssh(), source, lambda: my_address(self.environment), said)

    def diagnosis(self, refused: Iterable[tuple[Resource, str]]) -> Diagnosis | None:
        """The most likely cause of the first of these errors, each in AWS's words, for which there is a rule."""
        from ..verify.diagnosis import diagnose, refusal

        for resource, said in refused:
            if symptom := refusal(resource, said):
                return diagnose(self.facts(said, customer_of(resource.key)), symptom)
        return None


def other_side(state: StateFile, settings: Settings) -> list[Resource]:
    """What is on record of the side that these settings are not about."""
    others = [side for side in Side if settings.side not in (None, side)]
    demos = [demo_of(settings.model_copy(update={"side": side.value})) for side in others]
    return [r for demo in demos for r in demo.resources if state.id(r.key)]


# --- failures ---------------------------------------------------------------------


def _said(event: Event) -> tuple[str, dict[str, str]]:
    error = understood(event.error) if event.error else None
    if error is None:
        return event.note, {}
    came = error.facts.get("what came")
    words = error.facts.get("AWS said") or (f"what came: {came}" if came else error.message)
    if (call := error.facts.get("call")) and not isinstance(error, InUse):
        words = f"{call}: {words}"
    strangers = {id: what for id, what in error.facts.items() if isinstance(error, InUse) and id != "AWS said"}
    return words, strangers


def _commands(event: Event | None) -> Sequence[str]:
    """The commands that remove what holds the resource."""
    return event.error.commands if event and isinstance(event.error, InUse) else ()


def _left(
    resources: Iterable[Resource], there: Mapping[str, Live], failures: Sequence[Event], refused: Mapping[str, Event]
) -> list[Leftover]:
    """What is left, each with the reason: its own error, AWS's last error if the wait timed out, or the error of
    another resource that is gone by now."""
    by_key = {f.resource.key: f for f in failures}
    elsewhere = [f for f in failures if f.action is Action.FAILED and f.resource.key not in there]
    cause = f" ({elsewhere[0].resource}: {_said(elsewhere[0])[0]})" if elsewhere else ""
    left = []
    for r in (r for r in resources if r.key in there):
        failure, refusal = by_key.get(r.key), refused.get(r.key)
        if failure is None:
            why: tuple[str, dict[str, str]] = _listed_still(refusal), {}
        elif failure.action is Action.SKIPPED:
            why = f"{failure.note}{cause}", {}
        elif isinstance(failure.error, DemoError) and not isinstance(failure.error, InUse) and refusal:
            why = _said(refusal)
        else:
            why = _said(failure)
        left.append(Leftover(r, there[r.key], *why, _commands(failure)))
    return left


def _listed_still(event: Event | None) -> str:
    """The reason for a resource that AWS deleted but still lists."""
    return f"{_said(event)[0] if event else 'deleted'}, but AWS still lists it"
