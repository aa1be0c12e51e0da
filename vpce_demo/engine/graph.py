"""The tasks of ``up`` and ``down``, the prerequisites of each, and the longest path through them.

``up`` has two tasks for each resource: create it, and wait until it is ready; a dependent waits for one or the other.
``down`` has two as well: request its deletion, and wait until it is gone.  Requests follow the documented order; waits
follow what AWS demands: nothing is deleted while a resource that depends on it still exists.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import Enum
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import TypeVar

from .resource import Resource


class TaskType(Enum):
    """What a task does with its resource."""

    MAKE = "make"
    READY = "wait until ready"
    ASK = "ask to delete"
    GONE = "wait until gone"


Task = tuple[TaskType, Resource]
Graph = dict[Task, dict[Task, bool]]
"""task -> {prerequisite: skip the task if this prerequisite failed}"""


def creation_graph(resources: Sequence[Resource], leave: Collection[Resource] = ()) -> Graph:
    """The tasks that create these resources.  Those to ``leave`` are not waited for, unless another one needs them."""
    members = {r.key for r in resources}
    graph: Graph = {}
    for r in resources:
        needs = [need for need in r.needs() if need.resource.key in members]
        graph[TaskType.MAKE, r] = {(TaskType.READY if n.ready else TaskType.MAKE, n.resource): True for n in needs}
        graph[TaskType.READY, r] = {(TaskType.MAKE, r): True}
    needed = {task for needs in graph.values() for task in needs}
    for r in leave:
        if (TaskType.READY, r) not in needed:
            graph.pop((TaskType.READY, r), None)
    return graph


def deletion_graph(resources: Sequence[Resource], order: Sequence[Sequence[Resource]]) -> Graph:
    """The tasks that delete these resources, requested in this order, group after group."""
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
        for task in later:
            for before in earlier:
                graph[task].setdefault(before, False)
    return graph


def deleted_with(r: Resource, members: Iterable[str]) -> Resource | None:
    """The resource whose deletion deletes this one too, if it is among those with these keys."""
    it = r.goes_with()
    return it if it is not None and it.key in members else None


Node = TypeVar("Node")


def longest_path(
    graph: Mapping[Node, Iterable[Node]], seconds: Callable[[Node], float], name: Callable[[Node], str] = str
) -> list[Node]:
    """The path that takes longest, prerequisites first.  Of equally long paths, always the same one."""

    def rank(one: tuple[float, list[Node]]) -> tuple[float, list[str]]:
        return round(one[0], 6), [name(node) for node in one[1]]

    best: dict[Node, tuple[float, list[Node]]] = {}
    for node in TopologicalSorter(graph).static_order():
        before = max((best[one] for one in graph[node]), key=rank, default=(0.0, []))
        best[node] = before[0] + seconds(node), [*before[1], node]
    return max(best.values(), key=rank, default=(0.0, []))[1]
