"""The state of every step, derived from the engine's events without asking AWS."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..engine.events import Action, Event
from ..engine.graph import TaskType, creation_graph, deletion_graph, longest_path
from ..engine.resource import Resource
from ..errors import TimedOut
from ..model import Live, Phase
from ..tutorial import Demo, Step
from .style import in_a_sentence

BUSY = {
    Action.CREATING,
    Action.CREATED,
    Action.MENDING,
    Action.MENDED,
    Action.WAITING,
    Action.RETRYING,
    Action.DELETING,
    Action.DELETED,
}
DONE_UP = {Action.READY}
DONE_DOWN = {Action.GONE}


@dataclass
class Cell:
    """One resource: its last event, and when its work began and ended, in monotonic seconds.

    ``asked`` is when AWS was last asked to create or delete it; ``is_going`` is true after a delete.
    """

    resource: Resource
    action: Action | None = None
    live: Live | None = None
    note: str = ""
    error: Exception | None = None
    began: float = 0.0
    asked: float = 0.0
    ended: float = 0.0
    is_going: bool = False

    def on_event(self, event: Event, done: set[Action]) -> None:
        self.action, self.note, self.error = event.action, event.note, event.error
        self.live = None if event.action is Action.CREATING else event.live or self.live
        if event.action in (Action.CREATING, Action.DELETING, Action.FOUND):
            self.is_going = event.action is Action.DELETING or bool(self.live and self.live.phase is Phase.DELETING)
        if event.action in (Action.CREATING, Action.DELETING):
            self.asked = self.ended = 0.0
        if event.action in BUSY and not self.began:
            self.began = event.at
        if event.action in (Action.CREATED, Action.DELETED) or (event.action is Action.WAITING and not self.asked):
            self.asked = event.at
        if event.action in done or event.action is Action.FAILED:
            self.ended = event.at

    def seconds(self, now: float) -> float:
        """How long it has taken."""
        return (self.ended or now) - self.began if self.began else 0.0

    @property
    def usual_seconds(self) -> float:
        """How long AWS usually takes, in AWS's seconds."""
        return self.resource.usual_delete_seconds if self.is_going else self.resource.usual_seconds

    @property
    def word(self) -> str:
        """AWS's state; ``deleting`` after a delete call until AWS has been asked again."""
        if self.action is Action.GONE:
            return "gone"
        if self.live and self.is_going and self.live.phase is not Phase.DELETING:
            return "deleting"
        return self.live.word if self.live else ""

    @property
    def is_late(self) -> bool:
        """True if it only timed out or was interrupted."""
        return self.action is Action.FAILED and isinstance(self.error, TimedOut)


@dataclass
class Row:
    step: Step
    cells: list[Cell]

    @property
    def head(self) -> Cell:
        """The resource that stands for the step."""
        return next(cell for cell in self.cells if cell.resource.key == self.step.head.key)

    @property
    def busy(self) -> Cell | None:
        """The resource in progress; of several, the one that takes longest."""
        busy = [cell for cell in self.cells if cell.action in BUSY]
        return max(busy, key=lambda cell: cell.usual_seconds, default=None)


@dataclass
class Board:
    """Listens to the events of a run; ``done`` are the actions that finish a resource.

    ``pace`` is how many times faster than AWS the clock at the other end runs.
    """

    demo: Demo
    resources: Sequence[Resource]
    done: set[Action]
    pace: float = 1.0
    began: float = field(default_factory=time.monotonic)
    _created: set[str] = field(default_factory=set)
    _found: set[str] = field(default_factory=set)
    _mended: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cells = {r.key: Cell(r) for r in self.resources}
        self._rows = [
            Row(replace(step, resources=[cell.resource for cell in cells]), cells)
            for step in self.demo.rows
            if (cells := [self.cells[r.key] for r in step.resources if r.key in self.cells])
        ]
        self._graph = (
            creation_graph(self.resources) if self.makes else deletion_graph(self.resources, self.demo.teardown)
        )

    def on_event(self, event: Event) -> None:
        self.cells[event.resource.key].on_event(event, self.done)
        if event.action is Action.CREATED:
            self._created.add(event.resource.key)
        if event.action is Action.MENDED:
            self._mended[event.resource.key] = event.note
        if event.action is Action.FOUND and event.live and event.live.phase in (Phase.READY, Phase.PENDING):
            self._found.add(event.resource.key)

    @property
    def created(self) -> int:
        return len(self._created)

    @property
    def found(self) -> int:
        """How many existed, without those that had to be created again."""
        return len(self._found - self._created)

    @property
    def mended(self) -> dict[str, str]:
        """What was mended, by resource key: the fields with their values before and after."""
        return {key: note for key, note in self._mended.items() if key not in self._created}

    @property
    def makes(self) -> bool:
        return Action.READY in self.done

    def is_member(self, cell: Cell) -> bool:
        """Whether it is part of the run: ``down`` has nothing to do for a missing resource."""
        return self.makes or cell.action is not Action.MISSING

    @property
    def rows(self) -> list[Row]:
        """The steps with a resource in the run."""
        return [row for row in self._rows if any(map(self.is_member, row.cells))]

    @property
    def all(self) -> int:
        return sum(map(self.is_member, self.cells.values()))

    @property
    def finished(self) -> int:
        return sum(cell.action in self.done for cell in self.cells.values())

    @property
    def there(self) -> list[Resource]:
        return [cell.resource for cell in self.cells.values() if cell.live and cell.action is not Action.GONE]

    def waits_for(self, row: Row) -> str:
        """The title of the first step that this one still waits for."""
        needs = (self.cells.get(need.resource.key) for need in row.head.resource.needs())
        first = next((cell.resource for cell in needs if cell and self.is_open(cell)), None)
        if first is None:
            return ""
        step = self.demo.step_of(first)
        return first.name if step is row.step else in_a_sentence(step.title)

    def is_open(self, cell: Cell) -> bool:
        return self.is_member(cell) and cell.action not in self.done

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def seconds_left(self, now: float) -> float:
        """How long the rest will take, in seconds of this machine, if AWS takes its usual time.

        This is the longest chain of remaining tasks, less the time already spent waiting.
        """
        chain = longest_path(self._graph, lambda task: self._left(*task, now), lambda task: task[1].key)
        return sum(self._left(*task, now) for task in chain)

    def _left(self, verb: TaskType, r: Resource, now: float) -> float:
        cell = self.cells[r.key]
        if cell.action in self.done or cell.action in (Action.FAILED, Action.SKIPPED) or not self.is_member(cell):
            return 0.0
        found = cell.live.phase if cell.live and cell.action is Action.FOUND else None
        match verb:
            case TaskType.MAKE if found in (Phase.WRONG, Phase.FAILED, Phase.DELETING):
                usual, since = r.usual_delete_seconds, 0.0  # it is deleted first
            case TaskType.READY if found is not Phase.READY:
                usual, since = r.usual_seconds, cell.asked
            case TaskType.GONE if r.goes_with() is None:
                usual, since = r.usual_delete_seconds, cell.asked
            case _:
                return 0.0
        return max(0.0, usual / self.pace - (now - since if since else 0.0))
