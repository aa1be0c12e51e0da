"""A demo in few words for people, and in full for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..cost.bill import hourly
from ..model import is_fine
from ..session.look import Look
from ..ui.console_links import url
from .app import App, command_line

if TYPE_CHECKING:
    from .documents import Resource


def summary(look: Look) -> Iterator[tuple[str, str]]:
    """The values that a person copies: service name, addresses, web page."""
    demo, live = look.demo, look.live
    if service := live.get(demo.service.key):
        yield "service name", service.outputs.get("service_name", "")
    several = len(demo.customers) > 1
    if several:
        there = sum(is_fine(live.get(one.endpoint.key)) for one in demo.customers)
        yield "customers", f"{there} of {len(demo.customers)}, each with {demo.endpoint.vpc.cidr}"
    elif endpoint := live.get(demo.endpoint.key):
        yield (
            "endpoint",
            "   ".join(
                filter(None, [endpoint.id, *(of.get(demo.endpoint.key) for of in (look.addresses, look.zones))])
            ),
        )
    consumer = [] if several else [("consumer", demo.customer)]
    for name, instance in (*consumer, ("web server", demo.web)):
        told = live[instance.key].outputs if instance.key in live else {}
        words = {"public_address": "public", "private_address": "private", "zone": ""}
        yield name, "   ".join(f"{word} {told[output]}".lstrip() for output, word in words.items() if output in told)
    if balancer := live.get(demo.balancer.key):
        yield "web page", f"http://{balancer.outputs.get('dns_name', '')}/"
        if look.proxy:
            yield "by proxy", f"{look.proxy}   the web page opens only through it"
    for name in look.settings.chapters:
        private, jump = (live.get(f"{name}-{word}") for word in ("private", "jump"))
        if private and jump:
            addresses = private.outputs.get("private_address", ""), jump.outputs.get("public_address", "")
            yield name, "private {}   ssh -J {}".format(*addresses)
    if live and look.settings.expires:
        yield "wanted until", f"{look.settings.expires} (--ttl)"


def described(look: Look) -> list[Resource]:
    """The existing resources, for programs.

    ``hourly_usd`` is a decimal as a string, null where a price is not known; ``console_url`` is null in the sandbox.
    """
    found: list[Resource] = []
    for step in look.demo.steps:
        for r in step.resources:
            if r.key not in look.live:
                continue
            live = look.live[r.key]
            price = hourly([r], look.regions)
            told = {"private_address": look.addresses.get(r.key), "zones": look.zones.get(r.key)}
            found.append(
                {
                    "step": step.number,
                    "key": r.key,
                    "kind": r.kind,
                    "name": r.name,
                    "side": r.side.value,
                    "id": live.id,
                    "state": live.state,
                    "outputs": {**live.outputs, **{name: value for name, value in told.items() if value}},
                    "age_seconds": look.ages.get(r.key),
                    "hourly_usd": None if price is None else f"{price:.6f}",
                    "drift": [
                        {
                            "field": one.field,
                            "tutorial": one.tutorial,
                            "aws": one.aws,
                            "remedy": one.remedy.value,
                            "why": one.why,
                        }
                        for one in live.drift
                    ],
                    "console_url": None if look.is_free else url(r, look.live, look.regions[r.side]) or None,
                }
            )
    return found


def tell_what_is_not_allowed(app: App, calls: Sequence[str]) -> None:
    """Name the calls that AWS would refuse, and how to get the permission."""
    if calls:
        app.screen().message(f"Not allowed to you: {', '.join(calls)}.", mark="!")
        app.screen().message(
            f"Ask for what is missing; this prints what the demo needs:  {command_line(app)} iam-policy"
        )
