"""What a sweep is made of: cases, each tried in a worker's world, and what came of them."""

from __future__ import annotations

import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.process import Wrong

from .world import World

ROOT = Path(__file__).parents[2]
Operations = Mapping[str, Sequence[str]]
"""What each command calls when nothing disturbs it, in order of arrival."""


@dataclass(frozen=True)
class Case(ABC):
    """One thing to be tried, said by its fields alone, so that it can be told and tried again."""

    @property
    @abstractmethod
    def row(self) -> str:
        """The line of the sweep's table in which it counts."""

    @abstractmethod
    def run(self, world: World) -> Iterator[str]:
        """Try it; yield a word for how each trial ended.  Raises Wrong when something is not as it has to be."""

    def __str__(self) -> str:
        return " ".join(str(value) for value in vars(self).values())


@dataclass(frozen=True)
class Outcome:
    """What came of a case: how its trials ended, and what was wrong, if anything was."""

    case: Case
    endings: tuple[str, ...]
    seconds: float
    wrong: str = ""


def attempt(world: World, case: Case) -> Outcome:
    """Try a case in a world that is as new."""
    began, endings, wrong = time.monotonic(), [], ""
    try:
        world.begin()
        for ending in case.run(world):
            endings.append(ending)
        world.end()
    except Wrong as error:
        wrong = str(error)
    except Exception:  # of our own looks, or the sandbox is not there any more
        wrong = traceback.format_exc()
    finally:
        world.kill_what_still_runs()
    for path in (world.directory, ROOT):
        wrong = wrong.replace(f"{path}/", "")
    return Outcome(case, tuple(endings), time.monotonic() - began, wrong)


@dataclass(frozen=True)
class Sweep:
    """A set of cases.  ``cases`` gives them, for what the commands call; ``further`` those that follow from outcomes,
    until there are no more.  ``endings`` are the words for how a trial may end, in the order of the table."""

    name: str
    title: str
    words: str
    endings: Sequence[str]
    cases: Callable[[Operations], Sequence[Case]]
    further: Callable[[Sequence[Outcome]], Sequence[Case]] = lambda outcomes: ()
