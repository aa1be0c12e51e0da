"""The report as one self-contained HTML page."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .. import __version__
from ..config.settings import TUTORIAL
from ..cost import bill as cost
from ..diagram.picture import Drawn, state_of
from ..diagram.svg import svg
from ..diagram.theme import DARK, LIGHT, MONO, SANS
from ..engine.resource import Resource
from ..journal.run_log import RecordedRun
from ..lessons import Language, noun, words
from ..lessons.catalogue import translated
from ..model import Side, short_id
from ..resources.nouns import noun_of
from ..ui import console_links
from ..ui.resources import differs
from ..ui.run_log_view import ended
from ..ui.style import date_and_time, duration
from ..untrusted import only_printable
from .chart import called, chart
from .known import Known
from .timing import Timing, timing


def page(known: Known, now: float, redacted: bool = False, lang: Language = "en") -> str:
    """The whole report, in this language.  ``now`` is Unix time; a redacted report has no links to AWS's console."""
    said = words(lang, "report")
    return rendered(
        "report.html.j2",
        lang,
        hourly=lambda amount: hourly(amount, said),
        money=lambda amount: money(amount, said),
        known=known,
        test=known.tested,
        teardown=known.torn_down,
        picture=Markup(svg(known.picture(lang))) if TUTORIAL in known.settings.chapters else "",
        facts=list(facts(known, lang)),
        rows=list(rows(known, not redacted, lang)),
        first_day=date_and_time(min(known.made.values(), default=now))[:10],
        charts=list(charts(known, lang)),
        bill=bill(known, now),
        runs=[(run, run.end is not None and run.end["exit_code"] == 0, ended(run, lang)) for run in known.runs],
        now=now,
        redacted=redacted,
    )


def rendered(template: str, lang: Language, **values: Any) -> str:
    """A page of this template, in this language.  ``now`` and ``redacted`` are among the values."""
    said = words(lang, "report")
    return (
        _templates()
        .get_template(template)
        .render(
            lang=lang,
            say=lambda key, **given: Markup(said[key]).format(**given),
            tr=lambda text: translated(text, lang),
            noun=lambda english: noun(english, lang),
            noun_of=noun_of,
            light=LIGHT,
            dark=DARK,
            sans=Markup(SANS),
            mono=Markup(MONO),
            program=__version__,
            **values,
        )
    )


@functools.cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("vpce_demo.report"),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(utc=date_and_time, moment=moment, duration=duration)
    return environment


def _printable(value: object) -> object:
    """A value of the page with only printable characters: a browser obeys marks of direction, too."""
    return type(value)(only_printable(value)) if isinstance(value, str) else value


def moment(at: float, day: str) -> str:
    """``15:40:53``; with the date if it is not ``day``."""
    return date_and_time(at)[:19].removeprefix(day).strip()


def money(amount: Decimal | None, said: Mapping[str, str]) -> str:
    """``$0.0225``: prices have more than two places."""
    return said["not known"] if amount is None else f"${amount:.4f}"


def hourly(amount: Decimal | None, said: Mapping[str, str]) -> str:
    """``about $0.07 an hour ($1.66 a day)``."""
    if amount is None:
        return said["cost not known"]
    return said["cost hourly"].format(hour=f"{amount:.2f}", day=f"{amount * 24:.2f}")


# --- the head -------------------------------------------------------------------


def facts(known: Known, lang: Language) -> Iterator[tuple[str, str]]:
    """Names and values for the head of the report."""
    said, accounts, place = words(lang, "report"), known.accounts, noun(known.place, lang)
    yield said["fact demo"], known.settings.name
    yield said["fact place"], place if known.place == "AWS" else said["no account"].format(place=place)
    for account, region in dict.fromkeys((one["account"], one["region"]) for one in accounts.values()):
        whose = {
            noun(Side.of(party).value, lang)
            for party, one in accounts.items()
            if (one["account"], one["region"]) == (account, region)
        }
        of_side = "" if len(whose) > 1 else said["of side"].format(side=whose.pop())
        yield said["fact account"], f"{account}, {region}{of_side}"
    if known.settings.zone:
        yield said["fact zone"], known.settings.zone
    if known.made:
        yield said["fact made"], date_and_time(min(known.made.values()))
    if known.is_gone:
        yield said["fact deleted" if known.torn_down else "fact gone"], date_and_time(max(known.gone.values()))
    if known.look:
        yield said["fact looked at"], date_and_time(known.look.at)


# --- timing ---------------------------------------------------------------------


@dataclass(frozen=True)
class Chart:
    """The timing chart of a run that created or deleted something."""

    run: RecordedRun
    title: str
    summary: str
    drawn: Markup


def charts(known: Known, lang: Language) -> Iterator[Chart]:
    said = words(lang, "report")
    for run in known.runs:
        if timed := timing(run, known.demo):
            title = said["chart deleted" if timed.deletes else "chart made"].format(
                command=run.head["command"],
                count=len(timed.bars),
                others=said["chart others"].format(count=timed.with_others) if timed.with_others else "",
                time=duration(timed.seconds),
            )
            yield Chart(run, title, _chain(timed, lang), Markup(chart(timed, known.demo, lang)))


def _chain(timed: Timing, lang: Language) -> str:
    """The longest chain in words, without links that took less than a tenth of it."""
    said = words(lang, "report")
    spent = sum(bar.ended - bar.began for bar in timed.bars)
    held = [(called(bar.resource, lang), (bar.passed_on or bar.ended) - bar.began) for bar in timed.chain]
    long = [link for link in held if link[1] >= timed.seconds / 10] or held
    links = [said["chain link"].format(resource=what, time=duration(seconds)) for what, seconds in long]
    return said["chain"].format(time=duration(spent), links=said["chain then"].join(links))


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


def rows(known: Known, links: bool, lang: Language) -> Iterator[Row]:
    """Every resource of the tutorial, in order, even if it never existed."""
    for step in known.demo.steps:
        for r in step.resources:
            yield _row(known, step.number, r, links and known.place == "AWS", lang)


def _row(known: Known, step: int, r: Resource, links: bool, lang: Language) -> Row:
    live, kind, side = known.live.get(r.key), noun(r.noun, lang), noun(r.side.value, lang)
    if live is None:
        absent = words(lang, "picture")["not there"]
        return Row(step, r.name, kind, side, "", "", absent, Drawn.MISSING, (), (), 0.0, 0.0)
    there = r.key in known.there
    seen = [known.addresses.get(r.key, ""), *(live.outputs.get(output, "") for output in _SHOWN)]
    return Row(
        step,
        r.name,
        kind,
        side,
        short_id(live.id),
        console_links.url(r, known.live, known.accounts[r.side]["region"]) if links and there else "",
        noun(live.state, lang) if there else words(lang, "report")["state deleted"],
        state_of(live) if there else Drawn.MISSING,
        tuple(dict.fromkeys(one for one in seen if one)),
        tuple(", ".join(differs(drift, lang)) for drift in live.drift),
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

    @property
    def apart(self) -> bool:
        """True if the sides are in two regions."""
        return len({line.region for line in self.lines}) > 1


def bill(known: Known, now: float) -> Bill:
    """The bill of everything that was created, for as long as it existed."""
    regions = {side: known.accounts[side]["region"] for side in Side}
    made = [r for r in known.demo.resources if r.key in known.live]
    billed = known.place == "AWS"
    ages = {key: int(known.gone.get(key, now) - began) for key, began in known.made.items()} if billed else {}
    lines = cost.bill(made, regions, ages)
    so_far = cost.so_far(made, regions, ages) if billed else None
    return Bill(lines, cost.hourly(made, regions), so_far, cost.as_of(made, regions), billed)
