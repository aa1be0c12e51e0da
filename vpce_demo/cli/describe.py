"""A demo in few words for people, and in full for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..cost.bill import hourly
from ..session.look import Look
from ..ui.console_links import url


def summary(look: Look) -> Iterator[tuple[str, str]]:
    """What a person wants to copy."""
    demo, live = look.demo, look.live
    if service := live.get(demo.service.key):
        yield "service name", service.outputs.get("service_name", "")
    if endpoint := live.get(demo.endpoint.key):
        yield "endpoint", "   ".join(filter(None, [endpoint.id, look.addresses.get(demo.endpoint.key)]))
    if balancer := live.get(demo.balancer.key):
        yield "web page", f"http://{balancer.outputs.get('dns_name', '')}/"


def described(look: Look) -> list[dict[str, Any]]:
    """The resources that are there, for programs.

    ``hourly_usd`` is a decimal as a string, null where a price is not known; ``console_url`` is null in the sandbox.
    """
    found = []
    for step in look.demo.steps:
        for r in step.resources:
            if r.key not in look.live:
                continue
            live, region = look.live[r.key], look.region(r.side)
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
                    "age_seconds": look.ages.get(r.key),
                    "hourly_usd": None if price is None else f"{price:.6f}",
                    "drift": [drift._asdict() for drift in live.drift],
                    "console_url": None if look.is_free else url(r, look.live, region) or None,
                }
            )
    return found
