"""Refuses to run on the wrong demo: another account or region, or other settings."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from typing import Any

from ..aws.environment import Environment
from ..config.model import Config
from ..config.settings import Settings, customer_of, party_of
from ..errors import Refused
from ..journal.state_file import StateFile
from ..model import Side
from ..private import put_aside, refuse_writable
from ..untrusted import printable
from .discover import not_looked_up

Place = Mapping[str, str]
"""An account and a region."""


def same_accounts(recorded: Mapping[str, Place], now: Mapping[str, Place], customers: Collection[int] = (1,)) -> bool:
    """True if a state with these accounts and regions belongs to those of now.  A side without any may be in any
    account: nothing of it is on record."""
    return all(before == after for before, after in _pairs(recorded, now, customers).values())


def _pairs(
    recorded: Mapping[str, Place], now: Mapping[str, Place], customers: Collection[int]
) -> dict[str, tuple[Place, Place]]:
    """Where the provider and the consumer are, on record and now; where there are several consumer profiles, each of
    the ``customers`` that have these numbers."""
    before, after = _consumers(recorded), _consumers(now)
    several = max(before, after) > 1
    pairs = {
        str(party): (recorded.get(party, place), place)
        for party, place in now.items()
        if not several or party == Side.PROVIDER
    }
    for number in customers if several and after else ():
        place = now[party_of(number, after)]
        pairs[f"customer {number}"] = recorded.get(party_of(number, max(before, 1)), place), place
    return pairs


def _consumers(places: Mapping[str, Place]) -> int:
    """How many consumer profiles these are of."""
    return sum(Side.of(party) is Side.CONSUMER for party in places)


def refuse_other_demo(state: StateFile, name: str) -> None:
    """Raise Refused if the state file is another demo's, does not say whose it is, or others may write to it."""
    if not state.path.exists():
        return
    if not state.demo and state.settings:
        return  # they cannot be used, which is said where they are read
    told = (state.settings.get("name", state.demo), state.settings.get("demo_id", state.demo_id))
    if state.demo == name and told != (state.demo, state.demo_id):
        raise Refused(
            f"The state file {state.path} contradicts itself: its settings are another demo's.",
            code="VPCE078",
            facts={
                "in the file": printable(f"{state.demo} {state.demo_id}"),
                "settings": printable(f"{told[0]} {told[1]}"),
            },
            hint=f"AWS knows the demo by its tags, so put the file aside and go on:\n    {put_aside(state.path)}",
        )
    if state.demo != name or (not state.sides and (state.entries or state.settings)):
        what = "account and region" if state.demo == name else "demo"
        raise Refused(
            f"The state file {state.path} belongs to another demo."
            if state.demo and state.demo != name
            else f"The state file {state.path} does not say which {what} it belongs to.",
            code="VPCE078",
            facts={"in the file": printable(state.demo), "wanted": name} if state.demo != name else {},
            hint=f"AWS knows the demo by its tags, so put the file aside and go on:\n    {put_aside(state.path)}",
        )
    refuse_writable(state.path, "the state file")


def refuse_other_accounts(state: StateFile, environment: Environment, side: str | None = None) -> None:
    """Raise Refused if the state was created in another account or region than a party's credentials are for.

    ``side``: the only one that is looked at.
    """
    accounts = environment.accounts_of(side)
    customers = sorted({customer_of(key) for key in state.entries} - {0}) or [1]
    if not state.sides or same_accounts(state.sides, accounts, customers):
        return
    pairs = _pairs(state.sides, accounts, customers)
    seen = {
        whose: [(what, before.get(what, "-"), now[what]) for what in ("account", "region")]
        for whose, (before, now) in pairs.items()
    }
    other = {what for rows in seen.values() for what, before, now in rows if before != now}
    sides = [seen[side] for side in Side if side in seen]
    if len(sides) == len(Side) and sides[0] == sides[1]:
        seen = {"": sides[0]}
    elif len(sides) < len(seen):  # of several customers, those that are elsewhere
        seen = {whose: rows for whose, rows in seen.items() if any(before != now for _, before, now in rows)}
    what = "account" if "account" in other else "region"
    back = f"<command> {_options(state, pairs, what)}"
    profiles, given = _consumers(state.sides), _consumers(accounts)
    raise Refused(
        f"Refusing to continue: the customers of this demo need {profiles} consumer profiles, not {given}."
        if profiles > 1 and given not in (0, profiles)
        else "Refusing to continue: this state belongs to another AWS "
        f"{'account' if 'account' in other else 'region'}.",
        code="VPCE076",
        table=[
            ("", "", "state file", "your credentials"),
            *((whose, *row) for whose, rows in seen.items() for row in rows),
        ],
        hint=f"Use the {'credentials' if 'account' in other else 'region'} that made it:\n    {back}\n"
        "Or make another demo here, with its own state:\n    <demo> up --name second-demo",
    )


def _options(state: StateFile, pairs: Mapping[str, tuple[Place, Place]], what: str) -> str:
    """The options with which a command finds the demo again, for the sides whose ``account`` or ``region`` (``what``)
    is another one.  The profiles are the recorded ones, if there are any; of the consumer all are named, in their
    order."""
    values: dict[Side, list[str]] = {}
    for whose, (before, now) in pairs.items():
        if before.get(what, what.upper()) != now[what]:
            side = Side.PROVIDER if whose == Side.PROVIDER else Side.CONSUMER
            values[side] = _profiles(state, side) if what == "account" else [_word(before.get(what, what.upper()))]
    option = "profile" if what == "account" else what
    if len(values) == len(Side) and values[Side.PROVIDER] == values[Side.CONSUMER]:
        return f"--{option} {values[Side.PROVIDER][0]}"
    return " ".join(f"--{side}-{option} {value}" for side, each in values.items() for value in each)


def _profiles(state: StateFile, side: Side) -> list[str]:
    """The profiles of a side, as recorded; PROFILE for each that is not."""
    part, count = state.settings.get(str(side)), max(1, sum(Side.of(party) is side for party in state.sides))
    told = part.get("profile") if isinstance(part, Mapping) else None
    names = [_word(one) for one in (told if isinstance(told, list | tuple) else [told]) if one]
    return names if len(names) == count else ["PROFILE"] * count


def _word(recorded: object) -> str:
    """A recorded value, quoted as one word of a command line."""
    return shlex.quote(printable(str(recorded)))


def refuse_changed_settings(config: Config, recorded: Settings) -> None:
    """Raise Refused if the settings differ from those that the demo was created with."""
    now = not_looked_up(config, recorded.demo_id)
    # The accounts themselves are compared, the operator's address may change, tags are mended, and an image is chosen
    # only once.  More customers are made, and fewer are taken away one by one.
    free = {"profile", "region", "ssh_from", "image_parameter", "tags", "consumer_account", "customers", "sandbox"}
    free |= {name for name in ("zone", "service") if not getattr(config, name)}
    free |= set() if recorded.side else {"side"}  # a run may be about one side of a demo that has two
    free |= {"provider", "consumer", "instance_type", "health_check_seconds"} if recorded.by_hand else set()
    compared = Config.model_fields.keys() - free
    before, after = (_flat(s.model_dump(include=compared)) for s in (recorded, now))
    changed = {key: f"{before[key]} -> {after[key]}" for key in before if before[key] != after[key]}
    for key in () if recorded.consumer_region else ("second_subnet_name", "second_subnet_cidr"):
        changed.pop(f"provider.{key}", None)  # of which a demo in one region makes nothing
    for side in Side:
        for key in ("profile", "region"):
            # For which region a provider alone has made its service, nothing else tells.
            if not (recorded.side == Side.PROVIDER.value and side is Side.CONSUMER and config.consumer.region):
                changed.pop(f"{side}.{key}", None)
    if changed:
        raise Refused(
            "The settings differ from those the existing demo was created with.",
            code="VPCE077",
            facts=changed,
            hint="Go back to the old ones, or first:  <demo> down    (or give it another --name)",
        )
    there = recorded.customer_numbers
    if config.customers and there[-1] > config.customers:
        raise Refused(
            f"The demo has {len(there)} customers, and asking for fewer deletes none.",
            code="VPCE129",
            facts={"customers": f"{', '.join(map(str, there))} -> {config.customers}"},
            hint=f"Take one away:  <demo> down --customer {there[-1]}",
        )


def _flat(data: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat
