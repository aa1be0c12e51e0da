"""``up`` and ``down`` of demos with more and more customers: ``python -m bench.customers``.

The figures stand in the last measurement of this pace, and on the page that ``python -m bench`` writes.  ``--full`` is
at AWS's assumed pace, six minutes for each number.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from .contenders import vpce_demo
from .measure import Figures, counted, fresh_sandbox
from .results import AWS_PACE, FAST, Results

NUMBERS = (1, 5, 20, 50)


def measured(pace: float, number: int) -> dict[str, Figures]:
    """What ``up`` and ``down`` of a demo with so many customers took, in a fresh sandbox.  Raises Failed."""
    contender = vpce_demo()
    with fresh_sandbox(contender, pace) as (directory, running, environment):
        running.control("settings", {"quotas": {"vpcs": number + 2}})  # the default VPC, and the provider's
        made, _ = counted((*contender.up, "--customers", str(number)), directory, running, environment)
        deleted, _ = counted((*contender.down, "--yes"), directory, running, environment)
        return {"up": made, "down": deleted}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.customers", description=__doc__)
    parser.add_argument("--full", action="store_true", help="at AWS's assumed pace")
    parser.add_argument("numbers", nargs="*", type=int, default=NUMBERS, help="of customers; 1 5 20 50 if left out")
    options = parser.parse_args()
    pace = AWS_PACE if options.full else FAST
    if (results := Results.load(pace)) is None:
        print("Measure this pace with `python -m bench` first.", file=sys.stderr)
        return 1
    customers = dict(results.customers)
    for number in options.numbers:
        found = measured(pace, number)
        print(number, found, flush=True)
        customers[str(number)] = {phase: [figures] for phase, figures in found.items()}
    replace(results, customers=customers).save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
