"""The report as one self-contained HTML page."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from .. import __version__
from ..cost import bill as cost
from ..diagram.picture import Drawn, state_of
from ..diagram.svg import svg
from ..diagram.theme import DARK, LIGHT, MONO, SANS
from ..engine.resource import Resource
from ..journal.run_log import RecordedRun
from ..model import Side, short_id
from ..ui import console_links
from ..ui.resources import differs
from ..ui.run_log_view import ended
from ..ui.style import date_and_time, duration
from ..untrusted import only_printable
from .chart import chart
from .known import Known
from .timing import Timing, timing


def page(known: Known, now: float, redacted: bool = False) -> str:
    """The whole report.  ``now`` is Unix time; a redacted report has no links to AWS's console."""
    return _template().render(
        known=known,
        test=known.tested,
        teardown=known.torn_down,
        picture=Markup(svg(known.picture())),
        facts=list(facts(known)),
        rows=list(rows(known, links=not redacted)),
        first_day=date_and_time(min(known.made.values(), default=now))[:10],
        charts=list(charts(known)),
        bill=bill(known, now),
        runs=[(run, run.end is not None and run.end["exit_code"] == 0, ended(run)) for run in known.runs],
        light=LIGHT,
        dark=DARK,
        sans=Markup(SANS),
        mono=Markup(MONO),
        now=now,
        redacted=redacted,
        program=__version__,
    )


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("vpce_demo.report"),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(utc=date_and_time, moment=moment, duration=duration, money=money, said=cost.said)
    return environment.get_template("report.html.j2")


def _printable(value: object) -> object:
    """A value of the page with only printable characters: a browser obeys marks of direction, too."""
    return type(value)(only_printable(value)) if isinstance(value, str) else value


def moment(at: float, day: str) -> str:
    """``15:40:53``; with the date if it is not ``day``."""
    return date_and_time(at)[:19].removeprefix(day).strip()


def money(amount: Decimal | None) -> str:
    """``$0.0225``: prices have more than two places."""
    return "not known" if amount is None else f"${amount:.4f}"


# --- the head -------------------------------------------------------------------


def facts(known: Known) -> Iterator[tuple[str, str]]:
    """Names and values for the head of the report."""
    accounts = known.accounts
    yield "demo", known.settings.name
    yield "place", known.place if known.place == "AWS" else f"{known.place}, no AWS account"
    for account, region in dict.fromkeys((one["account"], one["region"]) for one in accounts.values()):
        whose = [side.value for side, one in accounts.items() if (one["account"], one["region"]) == (account, region)]
        yield "account", f"{account}, {region}" + ("" if len(whose) > 1 else f" ({whose[0]})")
    if known.settings.zone:
        yield "zone", known.settings.zone
    if known.made:
        yield "made", date_and_time(min(known.made.values()))
    if known.is_gone:
        yield "deleted" if known.torn_down else "gone", date_and_time(max(known.gone.values()))
    if known.look:
        yield "looked at", date_and_time(known.look.at)


# --- timing ---------------------------------------------------------------------


@dataclass(frozen=True)
class Chart:
    """The timing chart of a run that created or deleted something."""

    run: RecordedRun
    title: str
    summary: str
    drawn: Markup


def charts(known: Known) -> Iterator[Chart]:
    for run in known.runs:
        if timed := timing(run, known.demo):
            verb = "deleted" if timed.deletes else "made"
            others = f", and {timed.with_others} with them," if timed.with_others else ""
            title = f"{run.head['command']}: {len(timed.bars)} {verb}{others} in {duration(timed.seconds)}"
            yield Chart(run, title, _chain(timed), Markup(chart(timed, known.demo)))


def _chain(timed: Timing) -> str:
    """The longest chain in words, without links that took less than a tenth of it."""
    spent = sum(bar.ended - bar.began for bar in timed.bars)
    held = [(str(bar.resource), (bar.passed_on or bar.ended) - bar.began) for bar in timed.chain]
    long = [link for link in held if link[1] >= timed.seconds / 10] or held
    links = ", then ".join(f"{what} ({duration(seconds)})" for what, seconds in long)
    return (
        f"One after the other these would have taken {duration(spent)}. The longest chain of waits is blue; "
        f"most of its time is {links}."
    )


# --- resources --------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A resource in the table.  ``more`` are its addresses and names, ``differs`` its drift, ``link`` leads to AWS."""

    step: int
    name: str
    kind: str
    side: str
    id: str
    link: str
    word: str
    state: Drawn
    more: tuple[str, ...]
    differs: tuple[str, ...]
    made: float
    gone: float


_SHOWN = ("private_address", "public_address", "service_name", "dns_name", "source")


def rows(known: Known, links: bool) -> Iterator[Row]:
    """Every resource of the tutorial, in order, even if it never existed."""
    for step in known.demo.steps:
        for r in step.resources:
            yield _row(known, step.number, r, links and known.place == "AWS")


def _row(known: Known, step: int, r: Resource, links: bool) -> Row:
    live = known.live.get(r.key)
    if live is None:
        return Row(step, r.name, r.noun, r.side.value, "", "", "not there", Drawn.MISSING, (), (), 0.0, 0.0)
    there = r.key in known.there
    seen = [known.addresses.get(r.key, ""), *(live.outputs.get(output, "") for output in _SHOWN)]
    return Row(
        step,
        r.name,
        r.noun,
        r.side.value,
        short_id(live.id),
        console_links.url(r, known.live, known.accounts[r.side]["region"]) if links and there else "",
        live.state if there else "deleted",
        state_of(live) if there else Drawn.MISSING,
        tuple(dict.fromkeys(one for one in seen if one)),
        tuple(", ".join(differs(drift)) for drift in live.drift),
        known.made.get(r.key, 0.0),
        known.gone.get(r.key, 0.0),
    )


# --- money ------------------------------------------------------------------------


@dataclass(frozen=True)
class Bill:
    """The cost of the demo; for the sandbox, what it would be on AWS.  ``so_far`` is None if not billed or known."""

    lines: Sequence[cost.BillLine]
    hourly: Decimal | None
    so_far: Decimal | None
    prices_of: str
    billed: bool


def bill(known: Known, now: float) -> Bill:
    """The bill of everything that was created, for as long as it existed."""
    region = known.accounts[Side.PROVIDER]["region"]
    made = [r for r in known.demo.resources if r.key in known.live]
    billed = known.place == "AWS"
    ages = {key: int(known.gone.get(key, now) - began) for key, began in known.made.items()} if billed else {}
    lines = cost.bill(made, region, ages)
    so_far = cost.so_far(made, region, ages) if billed else None
    return Bill(lines, cost.hourly(made, region), so_far, cost.as_of(made, region), billed)
