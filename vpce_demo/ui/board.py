"""Where every step stands, put together from the engine's events alone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..model import Action, Event, Live, Phase, Resource
from ..tutorial import Demo, Step

BUSY = {Action.CREATING, Action.CREATED, Action.WAITING, Action.RETRYING, Action.DELETING, Action.DELETED}
DONE_UP = {Action.READY}
DONE_DOWN = {Action.GONE}


@dataclass
class Cell:
    """One resource: the last that was heard of it, and when its work began."""

    resource: Resource
    action: Action | None = None
    live: Live | None = None
    note: str = ""
    began: float = 0.0
    ended: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it has taken, or took."""
        return (self.ended or time.monotonic()) - self.began if self.began else 0.0


@dataclass
class Row:
    """One step with its resources."""

    step: Step
    cells: list[Cell]

    @property
    def head(self) -> Cell:
        """The resource that the step is about: the one that takes longest."""
        return max(self.cells, key=lambda cell: cell.resource.usual_seconds)

    @property
    def busy(self) -> Cell | None:
        """What is being worked at or waited for now."""
        return next((cell for cell in reversed(self.cells) if cell.action in BUSY), None)


@dataclass
class Board:
    """A listener that keeps the picture of a run; ``done`` are the actions that end a resource's part in it."""

    demo: Demo
    resources: Sequence[Resource]
    done: set[Action]
    began: float = field(default_factory=time.monotonic)
    created: int = 0
    found: int = 0
    gone: int = 0

    def __post_init__(self) -> None:
        self.cells = {r.key: Cell(r) for r in self.resources}
        self.rows = [
            Row(step, cells)
            for step in self.demo.steps
            if (cells := [self.cells[r.key] for r in step.resources if r.key in self.cells])
        ]

    def hear(self, event: Event) -> None:
        cell = self.cells[event.resource.key]
        cell.action, cell.note = event.action, event.note
        cell.live = event.live or cell.live
        if event.action in (Action.CREATING, Action.DELETING) and not cell.began:
            cell.began = event.at
        if event.action in self.done or event.action is Action.FAILED:
            cell.ended = event.at
        self.created += event.action is Action.CREATED
        if event.action is Action.FOUND and event.live:
            self.found += event.live.phase in (Phase.READY, Phase.PENDING)
        self.gone += event.action is Action.GONE

    @property
    def finished(self) -> int:
        """How many resources have come to their end."""
        return sum(cell.action in self.done for cell in self.cells.values())

    @property
    def there(self) -> list[Resource]:
        """What exists now, as far as was heard."""
        return [cell.resource for cell in self.cells.values() if cell.live and cell.action is not Action.GONE]

    def waits_for(self, row: Row) -> str:
        """The name of the first thing that keeps this step waiting: what it needs, or on the way down what needs it."""
        head = row.head.resource
        if Action.READY in self.done:
            first = [need.resource for need in head.needs()]
        else:
            first = [r for r in self.resources if any(need.resource is head for need in r.needs())]
        open = (r for r in first if r.key in self.cells and self.cells[r.key].action not in self.done)
        return next((r.name for r in open), "")

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began
