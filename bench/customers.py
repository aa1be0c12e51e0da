"""``up`` and ``down`` of demos with more and more customers, and the limit: ``python -m bench.customers``.

It prints the table of ``docs/customers.md``.  ``--full`` is at AWS's assumed pace, six minutes for each number.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from .contenders import vpce_demo
from .measure import LATENCY_MS, Figures, counted, fresh_sandbox
from .results import AWS_PACE, FAST

NUMBERS = (1, 5, 20, 50)


def measured(pace: float, number: int) -> tuple[Figures, Figures]:
    """What ``up`` and ``down`` of a demo with so many customers took, in a fresh sandbox.  Raises Failed."""
    contender = vpce_demo()
    with fresh_sandbox(contender, pace) as (directory, running, environment):
        running.control("settings", {"quotas": {"vpcs": number + 2}})  # the default VPC, and the provider's
        made, _ = counted((*contender.up, "--customers", str(number)), directory, running, environment)
        return made, counted((*contender.down, "--yes"), directory, running, environment)[0]


def table(pace: float, numbers: Sequence[int]) -> Iterator[str]:
    """The lines of the table, each as soon as it is measured."""
    yield "| customers | up, s | to one | calls | down, s | calls | memory, MB | CPU of up, s |"
    yield "| --: " * 8 + "|"
    first = 0.0
    for number in numbers:
        made, deleted = measured(pace, number)
        first = first or made.seconds
        cells = (number, f"{made.seconds:.1f}", f"{made.seconds / first:.2f}", made.calls, f"{deleted.seconds:.1f}")
        memory = f"{max(made.memory_mb, deleted.memory_mb):.0f}"
        yield f"| {' | '.join(map(str, (*cells, deleted.calls, memory, f'{made.cpu_seconds:.1f}')))} |"


def limit(pace: float) -> float:
    """The longest chain of ``up``, in seconds, however many customers: they do not wait for each other."""
    from .limit import demo, longest, seconds, up  # heavy: it would count into the memory of what is measured

    return seconds(longest(up(demo().resources), pace, LATENCY_MS / 1000), pace, LATENCY_MS / 1000)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.customers", description=__doc__)
    parser.add_argument("--full", action="store_true", help="at AWS's assumed pace")
    parser.add_argument("numbers", nargs="*", type=int, default=NUMBERS, help="of customers; 1 5 20 50 if left out")
    options = parser.parse_args()
    pace = AWS_PACE if options.full else FAST
    for line in table(pace, options.numbers):
        print(line, flush=True)
    print(f"The limit of up: {limit(pace):.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
