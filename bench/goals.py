"""The goals of vpce-demo's performance, and whether it meets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vpce_demo.engine.resource import Resource
from vpce_demo.resources.endpoint_service import EndpointService

from . import limit, sandbox
from .contenders import OURS, TERRAFORM
from .measure import AMONG_STRANGERS, FLOOR, PHASES
from .results import AWS_PACE, FAST, Results

HELP, CLICK = "vpce-demo --help", 'python -c "import click"'


@dataclass(frozen=True)
class Goal:
    """A figure that is to be at most ``bound``, out of the measurement at one pace.

    ``figure`` is None where it was not measured.
    """

    what: str
    bound: float
    pace: int
    figure: Callable[[Results], float | None]
    form: str = "{:.2f}"
    reason: str = ""
    """Why it is missed, shown only when it is."""


def against_limit(phase: str) -> Callable[[Results], float | None]:
    """The ratio of our time to the least possible."""

    def figure(results: Results) -> float | None:
        ours = results.median(OURS, phase)
        return ours.seconds / least(results, phase) if ours else None

    return figure


def against(other: str, phase: str) -> Callable[[Results], float | None]:
    """The ratio of our time to another contender's."""

    def figure(results: Results) -> float | None:
        ours, theirs = results.median(OURS, phase), results.median(other, phase)
        return ours.seconds / theirs.seconds if ours and theirs else None

    return figure


def calls(phase: str) -> Callable[[Results], float | None]:
    """Our API calls."""

    def figure(results: Results) -> float | None:
        ours = results.median(OURS, phase)
        return ours.calls if ours else None

    return figure


def against_floor(results: Results) -> float | None:
    """The ratio of the CPU of ``up`` again to that of the bare script."""
    ours, floor = results.look("up again"), results.look(FLOOR)
    return ours.cpu_seconds / floor.cpu_seconds if ours and floor else None


def more_calls(command: str) -> Callable[[Results], float | None]:
    """The calls that a command makes more because strangers have things in the account."""

    def figure(results: Results) -> float | None:
        alone, among = results.look(command), results.look(f"{command}{AMONG_STRANGERS}")
        return among.calls - alone.calls if alone and among else None

    return figure


def memory(results: Results) -> float | None:
    """Our largest peak, in megabytes."""
    return max((ours.memory_mb for phase in PHASES if (ours := results.median(OURS, phase))), default=None)


def customers(results: Results) -> float | None:
    """The ratio of ``up`` of twenty customers to that of one."""
    one, twenty = results.of_customers(1, "up"), results.of_customers(20, "up")
    return twenty.seconds / one.seconds if one and twenty else None


def customers_against_limit(results: Results) -> float | None:
    """The ratio of ``up`` of twenty customers to the least possible: none waits for another, so that is that of one."""
    twenty = results.of_customers(20, "up")
    return twenty.seconds / least(results, "up") if twenty else None


def customers_memory(results: Results) -> float | None:
    """Our peak with twenty customers, in megabytes."""
    found = [one.memory_mb for phase in ("up", "down") if (one := results.of_customers(20, phase))]
    return max(found, default=None)


def start(results: Results) -> float | None:
    """The time of ``--help`` against the import of click alone."""
    return results.seconds[HELP] / results.seconds[CLICK] if HELP in results.seconds else None


def sandbox_start(results: Results) -> float | None:
    """The time until a sandbox can be reached against an import of what it is built on."""
    found = results.sandbox
    return found[sandbox.START] / found[sandbox.IMPORT] if found else None


def of_sandbox(name: str) -> Callable[[Results], float | None]:
    """A figure of the sandbox as others build on it."""
    return lambda results: results.sandbox.get(name)


def durations(results: Results) -> Mapping[type[Resource], float]:
    """AWS's seconds after each create, in the sandbox in which this was measured."""
    return {**limit.UNTIL_READY, EndpointService: results.service_seconds}


def chain(results: Results, phase: str) -> limit.Chain:
    """The longest chain of ``up`` or ``down`` at the measurement's pace and round trip."""
    resources = limit.demo().resources
    graph = limit.up(resources, durations(results)) if phase == "up" else limit.down(resources)
    return limit.longest(graph, results.pace, results.round_trip)


def least(results: Results, phase: str) -> float:
    """The least that ``up`` or ``down`` can take, in seconds."""
    return limit.seconds(chain(results, phase), results.pace, results.round_trip)


COMPARES = "seven calls are for what the lists do not show and somebody may have changed, such as network ACLs"

GOALS = (
    Goal("up against the limit", 1.03, AWS_PACE, against_limit("up")),
    Goal("up against the limit", 1.15, FAST, against_limit("up")),
    Goal("up against Terraform", 0.80, AWS_PACE, against(TERRAFORM, "up")),
    Goal("up against Terraform", 0.30, FAST, against(TERRAFORM, "up")),
    Goal("up again against Terraform", 0.30, AWS_PACE, against(TERRAFORM, "again")),
    Goal("up again against Terraform", 0.30, FAST, against(TERRAFORM, "again")),
    Goal("API calls of up again", 20, AWS_PACE, calls("again"), "{:.0f}", COMPARES),
    Goal("CPU of up again against the floor", 1.40, FAST, against_floor),
    Goal("API calls more of up again among strangers", 0, FAST, more_calls("up again"), "{:.0f}"),
    Goal("API calls more of status among strangers", 0, FAST, more_calls("status"), "{:.0f}"),
    Goal("down against the limit", 1.05, AWS_PACE, against_limit("down")),
    Goal("down against Terraform", 0.85, AWS_PACE, against(TERRAFORM, "down")),
    Goal("API calls of up", 90, AWS_PACE, calls("up"), "{:.0f}"),
    Goal("API calls of down", 70, AWS_PACE, calls("down"), "{:.0f}"),
    Goal("peak memory, MB", 120, FAST, memory, "{:.0f}"),
    Goal("up of 20 customers against one", 1.25, AWS_PACE, customers),
    Goal("up of 20 customers against one", 1.25, FAST, customers),
    Goal("up of 20 customers against the limit", 1.10, AWS_PACE, customers_against_limit),
    Goal("peak memory with 20 customers, MB", 150, FAST, customers_memory, "{:.0f}"),
    Goal(f"`{HELP}` against `{CLICK}`", 2.0, FAST, start),
    Goal(f"{sandbox.START} against `{sandbox.IMPORT}`", 1.0, FAST, sandbox_start),
    Goal(f"sandbox: {sandbox.RESET}", 30, FAST, of_sandbox(sandbox.RESET), "{:.0f}"),
    Goal(f"sandbox: {sandbox.CALLS}, with the client on the same core", 1.0, FAST, of_sandbox(sandbox.CALLS)),
    Goal(f"sandbox: {sandbox.GROWTH}", 10, FAST, of_sandbox(sandbox.GROWTH), "{:.0f}"),
)
