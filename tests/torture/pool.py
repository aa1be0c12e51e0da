"""Workers side by side, each a fresh process with one thread, which may fork, and a world of its own."""

from __future__ import annotations

import multiprocessing
import multiprocessing.util
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from .cases import Case, Operations, Outcome, attempt
from .world import World

_world: World | None = None


class Workers:
    """So many workers, ready for cases."""

    def __init__(self, executor: ProcessPoolExecutor) -> None:
        self._executor = executor

    def operations(self) -> Operations:
        """What each command calls when nothing disturbs it."""
        return self._executor.submit(_operations).result()

    def outcomes(self, cases: Iterable[Case]) -> Iterator[Outcome]:
        """Try the cases, as many at once as there are workers; yield what came of each as it ends."""
        futures = [self._executor.submit(_attempt, case) for case in cases]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()


@contextmanager
def workers(number: int) -> Iterator[Workers]:
    """So many workers.  Nothing of them is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="vpce-demo-torture-") as name:
        fresh = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(number, fresh, _begin, (Path(name),)) as executor:
            yield Workers(executor)


# --- in a worker ------------------------------------------------------------------------


def _begin(directory: Path) -> None:
    global _world
    _world = World(Path(tempfile.mkdtemp(dir=directory)))
    multiprocessing.util.Finalize(_world, _world.close, exitpriority=0)


def _attempt(case: Case) -> Outcome:
    assert _world is not None
    return attempt(_world, case)


def _operations() -> Operations:
    assert _world is not None
    return _world.operations
