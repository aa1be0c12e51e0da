"""What came of a sweep, kept as a file, so that one page shows them all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path

from bench.results import machine
from vpce_demo import __version__

from .cases import Outcome

DIRECTORY = Path(__file__).parent / "results"
OF = ("boto3", "botocore", "moto", "hypothesis")
WRONG = "wrong"
"""The ending of a case in which something was not as it has to be."""


@dataclass(frozen=True)
class Results:
    """One run of one sweep.  ``rows`` has for each line of its table how many trials ended how; ``wrong`` has the cases
    in which something was, with what it was."""

    sweep: str
    when: str
    seconds: float
    workers: int
    machine: str
    versions: Mapping[str, str]
    cases: int
    trials: int
    rows: Mapping[str, Mapping[str, int]]
    wrong: Mapping[str, str] = field(default_factory=dict)

    def save(self) -> None:
        """Write the file of this sweep."""
        DIRECTORY.mkdir(exist_ok=True)
        _path(self.sweep).write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, sweep: str) -> Results | None:
        """What came of it last, if it was ever run."""
        path = _path(sweep)
        return cls(**json.loads(path.read_text())) if path.exists() else None


def gathered(sweep: str, outcomes: Sequence[Outcome], seconds: float, workers: int) -> Results:
    """Count the outcomes of a whole sweep."""
    rows: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        row = rows.setdefault(outcome.case.row, Counter())
        row.update(outcome.endings)
        row.update([WRONG] if outcome.wrong else [])
    return Results(
        sweep=sweep,
        when=date.today().isoformat(),
        seconds=round(seconds, 1),
        workers=workers,
        machine=machine(),
        versions={"vpce-demo": __version__, **{name: version(name) for name in OF}},
        cases=len(outcomes),
        trials=sum(row.total() for row in rows.values()),
        rows={name: dict(row) for name, row in rows.items()},
        wrong={str(outcome.case): outcome.wrong for outcome in outcomes if outcome.wrong},
    )


def _path(sweep: str) -> Path:
    return DIRECTORY / f"{sweep}.json"
