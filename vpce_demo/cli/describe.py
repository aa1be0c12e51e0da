"""A demo in few words for people, and in full for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..cost.bill import hourly
from ..model import Live, Side
from ..resources.vpc_endpoint import addresses
from ..session.run import Run
from ..ui.console_links import url


def summary(run: Run) -> Iterator[tuple[str, str]]:
    """What a person wants to copy."""

    demo, known = run.demo, run.sides[Side.PROVIDER].known
    if service := known.get(demo.service.key):
        yield "service name", service.outputs.get("service_name", "")
    if endpoint := known.get(demo.endpoint.key):
        yield "endpoint", "   ".join([endpoint.id, *addresses(run.sides[Side.CONSUMER], demo.endpoint)])
    if balancer := known.get(demo.balancer.key):
        yield "web page", f"http://{balancer.outputs.get('dns_name', '')}/"


def described(run: Run) -> list[dict[str, Any]]:
    """The resources that are there, for programs.

    ``hourly_usd`` is a decimal as a string, null where a price is not known; ``console_url`` is null in the sandbox.
    """

    known: Mapping[str, Live] = run.sides[Side.PROVIDER].known
    ages = run.ages
    found = []
    for step in run.demo.steps:
        for r in step.resources:
            if r.key not in known:
                continue
            live, region = known[r.key], run.environment.clients[r.side].region
            price = hourly([r], region)
            found.append(
                {
                    "step": step.number,
                    "key": r.key,
                    "kind": r.kind,
                    "name": r.name,
                    "side": str(r.side),
                    "id": live.id,
                    "state": live.word or live.phase.value,
                    "outputs": dict(live.outputs),
                    "age_seconds": ages.get(r.key),
                    "hourly_usd": None if price is None else f"{price:.6f}",
                    "drift": [drift._asdict() for drift in live.drift],
                    "console_url": None if run.environment.is_free else url(r, known, region) or None,
                }
            )
    return found
