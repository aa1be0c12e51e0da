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


class Verb(Enum):
    """What a move does."""

    MAKE = "make"
    READY = "wait until ready"
    ASK = "ask to delete"
    GONE = "wait until gone"


Move = tuple[Verb, Resource]
Graph = dict[Move, dict[Move, bool]]
"""What each move waits for, and whether it is skipped when that fails (or goes ahead all the same)."""


def making(resources: Sequence[Resource], leave: Collection[Resource] = ()) -> Graph:
    """The moves that make these, as far as they need one another.

    Those to ``leave`` are not waited for, unless another one needs them ready.
    """
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
    return graph


def deleting(resources: Sequence[Resource], order: Sequence[Sequence[Resource]]) -> Graph:
    """The moves that delete these, asking in this order, group after group."""
    members = {r.key for r in resources}
    graph: Graph = {(Verb.GONE, r): {} for r in resources}
    for r in resources:
        taken_along_by = parent(r, members)
        graph[Verb.GONE, r][(Verb.GONE, taken_along_by) if taken_along_by else (Verb.ASK, r)] = True
        if taken_along_by is None:
            graph.setdefault((Verb.ASK, r), {})
    for r in resources:
        taken_along_by = parent(r, members)
        for need, _, until_gone in r.needs():
            if need.key in members and need is not taken_along_by and parent(need, members) is not r:
                asked = parent(need, members) or need
                if asked is not r:
                    held_by = (Verb.GONE, r) if until_gone else (Verb.ASK, taken_along_by or r)
                    graph[Verb.ASK, asked][held_by] = True
    asking = [[(Verb.ASK, r) for r in group if (Verb.ASK, r) in graph] for group in order]
    for earlier, later in pairwise(group for group in asking if group):
        for move in later:
            for before in earlier:
                graph[move].setdefault(before, False)
    return graph


def parent(r: Resource, members: Iterable[str]) -> Resource | None:
    """The resource that takes this one along when it is deleted, if it is among those with these keys."""
    it = r.goes_with()
    return it if it is not None and it.key in members else None


Node = TypeVar("Node")


def longest(
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
