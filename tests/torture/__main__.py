"""The command: ``python -m tests.torture [SWEEP ...] [OPTION ...]``; ``--help`` says which.

It runs the sweeps, all unless some are named, says what is wrong as soon as it is, and writes ``docs/reliability.md``.
What came of each sweep last is kept in ``tests/torture/results`` and shown on the page.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterable, Sequence

from . import apart, chapters, crash, drift, hidden, lives, neighbours, refusals, strangers
from .cases import Case, Outcome, Sweep
from .page import PAGE, page
from .pool import Workers, workers
from .results import Results, gathered

SWEEPS = (
    *(crash.SWEEP, refusals.SWEEP, hidden.SWEEP, neighbours.SWEEP, strangers.SWEEP, drift.SWEEP, apart.SWEEP),
    *(chapters.SWEEP, lives.SWEEP),
)
EVERY = 20.0
"""Seconds between two lines about how far it is."""

EXAMPLES = """\
examples:
  python -m tests.torture                             everything, and the page: an hour and a half on two cores
  python -m tests.torture errors hidden               these two; the page keeps what came of the others before
  python -m tests.torture crash --only "down 12 "     the cases of the crash sweep that say so; nothing is written
  python -m tests.torture crash --from 20 --to 30     its cases 20 to 30, in the order of --list; nothing is written
  python -m tests.torture --every 25                  a sample of each sweep; nothing is written
"""


def main() -> int:
    """Run what is asked for; 1 if anything was wrong."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the sandboxes are stopped all the same
    options = _options()
    if options.page:
        return _write()
    wrong = 0
    with workers(options.jobs) as pool:
        operations = pool.operations()
        for sweep in SWEEPS:
            if options.sweeps and sweep.name not in options.sweeps:
                continue
            every = sweep.cases(operations)
            some = every[options.first - 1 : options.last : options.every]
            chosen = [case for case in some if options.only in str(case)]
            if options.list:
                for number, case in enumerate(every, 1):
                    if case in chosen:
                        print(f"{number:>5}  {case}")
                continue
            whole = len(chosen) == len(every)
            began = time.monotonic()
            outcomes = _run(pool, sweep, chosen, whole)
            wrong += sum(bool(outcome.wrong) for outcome in outcomes)
            if whole:
                gathered(sweep.name, outcomes, time.monotonic() - began, options.jobs).save()
                _write()
    return 1 if wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.torture",
        description="vpce-demo killed, refused and misled in the sandbox, case by case.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [sweep.name for sweep in SWEEPS]
    parser.add_argument("sweeps", nargs="*", metavar="SWEEP", help=f"which: {', '.join(names)}; all if none is named")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases whose name holds this")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="N", help="only from this case on")
    parser.add_argument("--to", type=int, dest="last", metavar="N", help="only up to this case")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every so many of these")
    parser.add_argument(
        "--jobs", type=int, default=(os.cpu_count() or 1) + 1, metavar="N", help="workers; cores and one"
    )
    parser.add_argument("--list", action="store_true", help="run nothing; list the cases")
    parser.add_argument("--page", action="store_true", help="run nothing; write the page of what was run before")
    options = parser.parse_args()
    if unknown := set(options.sweeps) - set(names):
        parser.error(f"there is no sweep {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


def _run(pool: Workers, sweep: Sweep, cases: Sequence[Case], whole: bool) -> list[Outcome]:
    """Try all cases, and, of a whole sweep, those that follow from them; say what is wrong, and how far it is."""
    outcomes: list[Outcome] = []
    began = said = time.monotonic()
    wave: Sequence[Case] = cases
    while wave:
        for outcome in pool.outcomes(wave):
            outcomes.append(outcome)
            now = time.monotonic()
            if outcome.wrong:
                print(f"WRONG  {sweep.name} {outcome.case}  ({outcome.seconds:.1f} s)\n{outcome.wrong}\n", flush=True)
            if now - said > EVERY:
                said = now
                print(_progress(sweep, outcomes, len(cases), now - began), flush=True)
        wave = sweep.further(outcomes) if whole else ()
    print(_progress(sweep, outcomes, len(outcomes), time.monotonic() - began), flush=True)
    return outcomes


def _progress(sweep: Sweep, outcomes: Sequence[Outcome], of: int, seconds: float) -> str:
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    ended = _counted(ending for outcome in outcomes for ending in outcome.endings)
    return f"{sweep.name}: {len(outcomes)} of {of} cases in {seconds:.0f} s, {wrong} wrong   ({ended})"


def _counted(endings: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for ending in endings:
        counts[ending] = counts.get(ending, 0) + 1
    return ", ".join(f"{count} {ending}" for ending, count in counts.items())


def _write() -> int:
    """Write the page of all that was run."""
    results = {sweep.name: found for sweep in SWEEPS if (found := Results.load(sweep.name))}
    PAGE.write_text(page(SWEEPS, results))
    print(PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
