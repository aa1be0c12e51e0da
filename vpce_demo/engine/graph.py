"""The moves of ``up`` and ``down``, what each waits for, and the longest chain of them.

``up`` has two moves for each resource: make it, and wait until it is ready; what needs it waits for one or the other.
``down`` has two as well: ask AWS to delete it, and wait until it is gone.  Asking follows the documented order; waiting
follows what AWS really demands: nothing is asked for while something that stands on it is still there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import TypeVar

from .resource import Resource


class TaskType(Enum):
    """What a move does."""

    MAKE = "make"
    READY = "wait until ready"
    ASK = "ask to delete"
    GONE = "wait until gone"


Task = tuple[TaskType, Resource]
Graph = dict[Task, dict[Task, bool]]
"""What each move waits for, and whether it is skipped when that fails (or goes ahead all the same)."""


def creation_graph(resources: Sequence[Resource], leave: Collection[Resource] = ()) -> Graph:
    """The moves that make these, as far as they need one another.

    Those to ``leave`` are not waited for, unless another one needs them ready.
    """
    members = {r.key for r in resources}
    graph: Graph = {}
    for r in resources:
        needs = [need for need in r.needs() if need.resource.key in members]
        graph[TaskType.MAKE, r] = {(TaskType.READY if n.ready else TaskType.MAKE, n.resource): True for n in needs}
        graph[TaskType.READY, r] = {(TaskType.MAKE, r): True}
    needed = {move for needs in graph.values() for move in needs}
    for r in leave:
        if (TaskType.READY, r) not in needed:
            graph.pop((TaskType.READY, r), None)
    return graph


def deletion_graph(resources: Sequence[Resource], order: Sequence[Sequence[Resource]]) -> Graph:
    """The moves that delete these, asking in this order, group after group."""
    members = {r.key for r in resources}
    graph: Graph = {(TaskType.GONE, r): {} for r in resources}
    for r in resources:
        taken_along_by = deleted_with(r, members)
        graph[TaskType.GONE, r][(TaskType.GONE, taken_along_by) if taken_along_by else (TaskType.ASK, r)] = True
        if taken_along_by is None:
            graph.setdefault((TaskType.ASK, r), {})
    for r in resources:
        taken_along_by = deleted_with(r, members)
        for need, _, until_gone in r.needs():
            if need.key in members and need is not taken_along_by and deleted_with(need, members) is not r:
                asked = deleted_with(need, members) or need
                if asked is not r:
                    held_by = (TaskType.GONE, r) if until_gone else (TaskType.ASK, taken_along_by or r)
                    graph[TaskType.ASK, asked][held_by] = True
    asking = [[(TaskType.ASK, r) for r in group if (TaskType.ASK, r) in graph] for group in order]
    for earlier, later in pairwise(group for group in asking if group):
        for move in later:
            for before in earlier:
                graph[move].setdefault(before, False)
    return graph


def deleted_with(r: Resource, members: Iterable[str]) -> Resource | None:
    """The resource that takes this one along when it is deleted, if it is among those with these keys."""
    it = r.goes_with()
    return it if it is not None and it.key in members else None


Node = TypeVar("Node")


def longest_path(
    graph: Mapping[Node, Iterable[Node]], seconds: Callable[[Node], float], name: Callable[[Node], str] = str
) -> list[Node]:
    """The chain that takes longest, each after what it waits for.  Of equally long ones it is always the same."""

    def rank(one: tuple[float, list[Node]]) -> tuple[float, list[str]]:
        return round(one[0], 6), [name(node) for node in one[1]]

    best: dict[Node, tuple[float, list[Node]]] = {}
    for node in TopologicalSorter(graph).static_order():
        before = max((best[one] for one in graph[node]), key=rank, default=(0.0, []))
        best[node] = before[0] + seconds(node), [*before[1], node]
    return max(best.values(), key=rank, default=(0.0, []))[1]
