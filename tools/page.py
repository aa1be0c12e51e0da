"""Makes ``docs/performance.md`` from the measurements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench import goals
from bench.contenders import OURS, ROOT
from bench.measure import PHASES
from bench.results import AWS_PACE, FAST, Results

PAGE = ROOT / "docs" / "performance.md"
PHASE_NAMES = {"up": "up", "again": "up again", "down": "down"}
PACE_NAMES = {AWS_PACE: "AWS's assumed pace", FAST: f"{FAST} times AWS's assumed pace"}

INTRODUCTION = """\
# Performance

`up`, `up` again with nothing to do, and `down` of the whole tutorial, by vpce-demo and by other tools, each against a
fresh sandbox with AWS's rules and {latency:g} ms added to every call. `make bench` writes this page and its
chart; `make bench-full` does it at AWS's assumed pace. Nothing here was measured on AWS.

- *AWS's assumed pace* is that of the durations in [sandbox.md](sandbox.md), which rest on documentation and on what
  other people report. AWS itself varies: the network interfaces of a deleted load balancer may take minutes more,
  and `down` waits for them.
- *Seconds* are the wall clock of the whole process, from its start to its end. *Calls* are API requests that arrived.
  *Memory* is the peak of the largest process, *CPU* the sum over all of them. All are medians over the runs.
- `up` is compared without its test. A run counts only if the endpoint is available after `up` and no VPC is
  left after `down`.
- The other tools run the files in `bench/peers`. The aws CLI script's `up` also waits until the target is
  healthy; vpce-demo does that in its test, and the others do not.
- vpce-demo knows the sandbox's pace and polls accordingly; the other tools pause for fixed times. The fair comparison
  is at AWS's assumed pace; the faster one shows how much of each tool's time is its own.
- *The limit* is the longest chain of the assumed durations, one round trip for each create, accept or delete on it, and
  one describe call where the next call depends on AWS's state. A round trip is the shortest call recorded. It does not
  include starting a program and looking up what exists already.
- *The floor* of `up` again is a bare boto3 script that makes the two clients and asks the same questions at once.
  *Strangers* are 200 subnets, security groups, key pairs, interfaces, instances and target groups and 34 load balancers
  of somebody else in the account.
- *The sandbox* as others build on it is measured by `python -m bench.sandbox`: until it can be reached; a reset and the
  call after it, a thousand times, with a network and an instance made in between, of which the last 800 count for the
  memory; and the describe calls of a demo that stands, one after another by boto3, both processes on one core.
"""


def page(measurements: Mapping[int, Results]) -> str:
    """The whole page.  ``measurements`` are by pace; at least one."""
    one = next(iter(measurements.values()))
    parts = [INTRODUCTION.format(latency=one.latency_ms), "## Goals", _goals(measurements)]
    for pace, results in measurements.items():
        parts += [
            f"## At {PACE_NAMES[pace]}",
            _how(results),
            *(_figures(results, phase) for phase in PHASES),
            _looks(results),
            _customers(results),
        ]
    shown = measurements.get(FAST) or measurements[AWS_PACE]
    parts += [
        "## One run, call by call",
        f"At {PACE_NAMES[shown.pace]}. Bars beside each other ran side by side; a pale bar is the time AWS takes after "
        "a call; red is the longest chain.\n\n![Every API call of one up and one down on a time axis](performance.svg)",
    ]
    for phase in ("up", "down"):
        parts += [f"The longest chain of `{phase}`, as it was and as the limit has it:", _chain(shown, phase)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is words and whose others are figures."""
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _goals(measurements: Mapping[int, Results]) -> str:
    rows = []
    for goal in goals.GOALS:
        results = measurements.get(goal.pace)
        figure = goal.figure(results) if results else None
        missed = f"**no** {goal.reason}".strip()
        met = "not measured" if figure is None else "yes" if figure <= goal.bound else missed
        reached = "" if figure is None else goal.form.format(figure)
        rows.append((goal.what, PACE_NAMES[goal.pace], goal.form.format(goal.bound), reached, met))
    return table(("what", "at", "at most", "reached", "met"), rows)


def _how(results: Results) -> str:
    runs = "one run" if results.runs == 1 else f"{results.runs} runs"
    said = f"{results.when}; {results.machine}; {runs} of each, in turn; `{results.command}`."
    absent = "".join(f"\n- Not measured: {name}: {why}." for name, why in sorted(results.missing.items()))
    return said + ("\n" + absent if absent else "")


def _figures(results: Results, phase: str) -> str:
    """Everybody's medians of one phase, and how vpce-demo's time compares to each."""
    rows = []
    for name in results.figures:
        if one := results.median(name, phase):
            ratio = "" if name == OURS else f"{goals.against(name, phase)(results):.2f}"
            taken = (f"{one.seconds:.2f}", f"{one.calls}", f"{one.memory_mb:.0f}", f"{one.cpu_seconds:.2f}")
            rows.append((f"{name} {results.versions[name]}", *taken, ratio))
    if phase != "again":
        ratio = f"{goals.against_limit(phase)(results):.2f}"
        rows.append(("the limit", f"{goals.least(results, phase):.2f}", "", "", "", ratio))
    return table((PHASE_NAMES[phase], "seconds", "calls", "memory, MB", "CPU, s", f"{OURS} to it"), rows)


def _looks(results: Results) -> str:
    """What it takes to look at a demo that stands."""
    rows = [
        (name, f"{one.seconds:.2f}", f"{one.calls}", f"{one.memory_mb:.0f}", f"{one.cpu_seconds:.2f}")
        for name in results.looks
        if (one := results.look(name))
    ]
    return table(("a demo that stands", "seconds", "calls", "memory, MB", "CPU, s"), rows) if rows else ""


def _customers(results: Results) -> str:
    """Demos with several customers, in a sandbox whose quota of VPCs was raised."""
    rows = []
    for number in results.customers:
        up, down = (results.of_customers(int(number), phase) for phase in ("up", "down"))
        first = results.of_customers(1, "up")
        if up and down:
            ratio = f"{up.seconds / first.seconds:.2f}" if first else ""
            memory = f"{max(up.memory_mb, down.memory_mb):.0f}"
            made, deleted = (f"{up.seconds:.2f}", ratio, f"{up.calls}"), (f"{down.seconds:.2f}", f"{down.calls}")
            rows.append((number, *made, f"{up.cpu_seconds:.2f}", *deleted, memory))
    head = ("customers", "up, s", "to one", "calls", "CPU, s", "down, s", "calls", "memory, MB")
    return table(head, rows) if rows else ""


def _chain(results: Results, phase: str) -> str:
    """Each call on the chain: when its answer came, when the limit has it, and how far behind that is."""
    rows, due = [], 0.0
    for link in goals.chain(results, phase):
        due += link.seconds(results.pace, results.round_trip)
        if call := link.done(results.timelines[phase]):
            rows.append((f"{link.operation} {link.name}".strip(), *_times(call.ended, due)))
    done = results.timelines[phase][-1].ended
    rows.append(("the last answer of the run", *_times(done, due)))
    return table(("answered", "after, s", "limit, s", "behind, s"), rows)


def _times(at: float, due: float) -> tuple[str, str, str]:
    return f"{at:.2f}", f"{due:.2f}", f"{at - due:.2f}"
