"""The command: ``python -m bench [--full] [--runs N] [--only NAME] [--looks] [--install-ansible] [--page]``.

It runs every contender on the same work, in turn, each time in a fresh sandbox, and writes ``docs/performance.md``
and its chart.  ``--full`` is one run at AWS's assumed pace, half an hour with all contenders; without it the clock runs
20 times faster.  The last measurement of each pace is kept in ``bench/results`` and shown on the same page.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import statistics
import sys
from dataclasses import replace

from .contenders import OURS, Contender, NotHere, everybody, install_ansible, vpce_demo
from .measure import LATENCY_MS, PHASES, Failed, Lap, lap, looks, seconds_of
from .results import AWS_PACE, FAST, Results, gathered

RUNS = 3
SHORT_RUNS = 11
"""Runs of commands that take a tenth of a second."""
LOOKS = 7
"""Runs of commands that take a second."""


def main() -> int:
    """Measure and write; 1 if vpce-demo itself fails or there is nothing to show."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the sandbox is stopped all the same
    options = _options()
    if options.page:
        return _write()
    if options.install_ansible:
        install_ansible()
    pace, runs = (AWS_PACE, options.runs or 1) if options.full else (FAST, options.runs or RUNS)
    if options.looks and (last := Results.load(pace)):
        replace(last, looks=looks(vpce_demo(), pace, options.runs or LOOKS)).save()
        return _write()
    contenders, missing = everybody()
    if options.only:
        contenders = [one for one in contenders if one.name == options.only]
        missing = {} if contenders else {options.only: missing.get(options.only, "there is no such contender")}
    beside = None if options.only else (_short(), looks(vpce_demo(), pace, LOOKS))
    laps = _race(contenders, missing, pace, runs)
    if beside is None or OURS in missing:
        for name, why in missing.items():
            print(f"{name}: {why}", file=sys.stderr)
        return 1 if missing else 0
    versions = {one.name: one.version for one in contenders if one.name not in missing}
    laps = {name: done for name, done in laps.items() if name not in missing}
    command = shlex.join(["python", "-m", "bench", *sys.argv[1:]])
    found = gathered(pace, LATENCY_MS, command, versions, laps, missing, *beside)
    if last := Results.load(pace):
        found = replace(found, customers=last.customers, sandbox=last.sandbox)  # which have commands of their own
    found.save()
    return _write()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="vpce-demo and other tools at the same work.")
    parser.add_argument("--full", action="store_true", help="at AWS's assumed pace, once: about half an hour")
    parser.add_argument("--runs", type=int, help=f"how often each works; {RUNS}, or 1 with --full")
    parser.add_argument("--only", metavar="NAME", help="one contender alone; prints its figures and writes nothing")
    parser.add_argument(
        "--looks", action="store_true", help="only looking at a demo that stands; the other figures stay the last ones"
    )
    parser.add_argument("--install-ansible", action="store_true", help="from PyPI, into a cache directory, if missing")
    parser.add_argument("--page", action="store_true", help="measure nothing; write the page of what was measured")
    return parser.parse_args()


def _race(contenders: list[Contender], missing: dict[str, str], pace: int, runs: int) -> dict[str, list[Lap]]:
    """Run each contender in turn, ``runs`` times.  One that fails is dropped, with the reason in ``missing``."""
    laps: dict[str, list[Lap]] = {one.name: [] for one in contenders}
    for number in range(runs):
        for one in contenders:
            if one.name in missing:
                continue
            try:
                done = lap(one, pace)
            except (Failed, NotHere) as why:
                missing[one.name] = str(why)
                if one.name == OURS:
                    return laps  # there is nothing to compare
                continue
            laps[one.name].append(done)
            told = "   ".join(
                f"{phase} {f.seconds:.2f} s, {f.calls} calls, {f.memory_mb:.0f} MB, {f.cpu_seconds:.2f} s of CPU"
                for phase, f in ((phase, done.figures[phase]) for phase in PHASES)
            )
            print(f"run {number + 1} of {runs}   {one.name}:   {told}", flush=True)
    return laps


def _short() -> dict[str, float]:
    """How long ``--help`` takes, beside the import of click alone."""
    from .goals import CLICK, HELP

    commands = {HELP: ("-m", "vpce_demo", "--help"), CLICK: ("-c", "import click")}
    return {
        name: statistics.median(seconds_of((sys.executable, *words), SHORT_RUNS)) for name, words in commands.items()
    }


def _write() -> int:
    """Write the page; the rest of the program is imported only now."""
    from tools import page

    from . import chart

    measurements = {pace: found for pace in (AWS_PACE, FAST) if (found := Results.load(pace))}
    if not measurements:
        print("Nothing has been measured yet.", file=sys.stderr)
        return 1
    page.PAGE.write_text(page.page(measurements))
    chart.CHART.write_text(chart.svg(measurements.get(FAST) or measurements[AWS_PACE]))
    print(page.PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
