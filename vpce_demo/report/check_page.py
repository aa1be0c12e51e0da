"""What ``check`` found, as one self-contained HTML page to hand in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..aws.environment import Environment
from ..config.settings import Settings
from ..lessons import Language, noun, words
from ..model import Drift, Side, short_id
from ..ui.resources import differs
from ..ui.style import date_and_time
from .page import rendered
from .redact import Redactor


def check_page(
    document: Mapping[str, Any],
    environment: Environment,
    settings: Settings,
    now: float,
    redacted: bool = False,
    lang: Language = "en",
) -> str:
    """The page of the document of ``check``, in this language.  ``now`` is Unix time; a redacted page has no links."""
    facts = _facts(environment, now, lang)
    if redacted:
        redactor = Redactor({settings.provider.vpc_cidr, settings.consumer.vpc_cidr})
        following = {**document["next"], "console_url": None} if document["next"] else None
        document, facts = redactor.data({**document, "next": following}), redactor.data(facts)
    return rendered(
        "check.html.j2",
        lang,
        **document,
        facts=facts,
        failed=any(one["passed"] is False for one in document["checks"]),
        differs=lambda one: ", ".join(differs(Drift(one["field"], one["tutorial"], one["aws"]), lang)),
        short=short_id,
        now=now,
        redacted=redacted,
    )


def _facts(environment: Environment, now: float, lang: Language) -> list[list[str]]:
    """Names and values for the head of the page."""
    said = words(lang, "report")
    places: dict[tuple[str, str, str], set[str]] = {}
    for party, one in environment.clients.items():
        places.setdefault((one.account, one.region, one.caller), set()).add(noun(Side.of(party).value, lang))
    place = noun(environment.name, lang)
    facts = [[said["fact place"], said["no account"].format(place=place) if environment.is_sandbox else place]]
    for (account, region, caller), whose in places.items():
        of_side = "" if len(whose) > 1 else said["of side"].format(side=whose.pop())
        facts += [[said["fact account"], f"{account}, {region}{of_side}"], [said["fact caller"], caller]]
    return [*facts, [said["fact checked"], date_and_time(now)]]
