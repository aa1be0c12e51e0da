"""What was measured, kept as a file for each pace, so that one page shows both."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from vpce_demo.sandbox import timing

from .contenders import OURS
from .measure import PHASES, Call, Figures, Lap

FAST, AWS_PACE = 20, 1
DIRECTORY = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Results:
    """One measurement, of some runs at one pace.  ``figures`` has a list of runs for each contender and phase."""

    pace: int
    latency_ms: float
    runs: int
    when: str
    machine: str
    command: str
    versions: Mapping[str, str]
    figures: Mapping[str, Mapping[str, Sequence[Figures]]]
    missing: Mapping[str, str]
    timelines: Mapping[str, Sequence[Call]]
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Short commands of the start-up, by name."""
    looks: Mapping[str, Sequence[Figures]] = field(default_factory=dict)
    """Looking at a demo that stands, by name (``measure.looks``)."""
    customers: Mapping[str, Mapping[str, Sequence[Figures]]] = field(default_factory=dict)
    """``up`` and ``down`` of demos with several customers, by their number and the phase."""
    sandbox: Mapping[str, float] = field(default_factory=dict)
    """The sandbox as others build on it, by the names of ``bench.sandbox``."""
    service_seconds: float = timing.SERVICE_UNAVAILABLE
    """How long a new service was of no use yet in that sandbox, in AWS's seconds."""

    def median(self, name: str, phase: str) -> Figures | None:
        """Each figure's median over the runs; None where the contender has none."""
        return _median(self.figures.get(name, {}).get(phase, ()))

    def look(self, name: str) -> Figures | None:
        """The same of a look."""
        return _median(self.looks.get(name, ()))

    def of_customers(self, number: int, phase: str) -> Figures | None:
        """The same of a demo with so many customers."""
        return _median(self.customers.get(str(number), {}).get(phase, ()))

    @property
    def round_trip(self) -> float:
        """The shortest call that was recorded, in seconds: what no call can be quicker than."""
        return min(call.ended - call.started for calls in self.timelines.values() for call in calls)

    def save(self) -> Path:
        """Write the file of this pace."""
        DIRECTORY.mkdir(exist_ok=True)
        path = _path(self.pace)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")
        return path

    @classmethod
    def load(cls, pace: int) -> Results | None:
        """What was last measured at this pace, if anything was."""
        path = _path(pace)
        return cls.read(json.loads(path.read_text())) if path.exists() else None

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Results:
        """Out of JSON."""
        figures, customers = _figures(data["figures"]), _figures(data.get("customers", {}))
        timelines = {phase: [Call(**one) for one in calls] for phase, calls in data["timelines"].items()}
        looks = {name: [Figures(**one) for one in runs] for name, runs in data.get("looks", {}).items()}
        return cls(**{**data, "figures": figures, "timelines": timelines, "looks": looks, "customers": customers})


def _figures(data: Mapping[str, Any]) -> dict[str, dict[str, list[Figures]]]:
    return {
        name: {phase: [Figures(**one) for one in runs] for phase, runs in phases.items()}
        for name, phases in data.items()
    }


def _median(runs: Sequence[Figures]) -> Figures | None:
    if not runs:
        return None
    middle = {what: statistics.median(asdict(one)[what] for one in runs) for what in asdict(runs[0])}
    return Figures(**{**middle, "calls": round(middle["calls"])})


def machine() -> str:
    """What it was measured on, in few words."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _path(pace: int) -> Path:
    return DIRECTORY / f"pace-{pace}.json"


def gathered(
    pace: int,
    latency_ms: float,
    command: str,
    versions: Mapping[str, str],
    laps: Mapping[str, Sequence[Lap]],
    missing: Mapping[str, str],
    seconds: Mapping[str, float],
    looks: Mapping[str, Sequence[Figures]],
) -> Results:
    """Put the laps of a measurement together; the timelines are of vpce-demo's middle run."""
    ours = sorted(laps[OURS], key=lambda one: one.figures["up"].seconds)
    middle = ours[len(ours) // 2]
    return Results(
        pace=pace,
        latency_ms=latency_ms,
        runs=len(ours),
        when=date.today().isoformat(),
        machine=machine(),
        command=command,
        versions=versions,
        figures={
            name: {phase: [one.figures[phase] for one in runs] for phase in PHASES} for name, runs in laps.items()
        },
        missing=missing,
        timelines=middle.timelines,
        seconds=seconds,
        looks=looks,
    )
