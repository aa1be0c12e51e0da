"""Refuses to run on the wrong demo: another account or region, or other settings."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ..aws.environment import Environment
from ..config.model import Config
from ..config.settings import Settings
from ..errors import Refused
from ..journal.state_file import StateFile
from ..model import Side
from ..private import put_aside, refuse_writable
from ..untrusted import printable
from .discover import not_looked_up


def same_accounts(recorded: Mapping[str, Mapping[str, str]], now: Mapping[Side, Mapping[str, str]]) -> bool:
    """True if a state with these accounts and regions belongs to those of now.  A side without any may be in any
    account: nothing of it is on record."""
    return all(facts == recorded.get(side, facts) for side, facts in now.items())


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
    """Raise Refused if the state was created in another account or region than a side's credentials are for.

    ``side``: the only one that is looked at.
    """
    accounts = {one: facts for one, facts in environment.accounts.items() if side in (None, one)}
    if not state.sides or same_accounts(state.sides, accounts):
        return
    seen = {
        one: [(what, state.sides.get(one, now).get(what, "-"), now[what]) for what in ("account", "region")]
        for one, now in accounts.items()
    }
    other = {what for rows in seen.values() for what, before, now in rows if before != now}
    are_one = len(seen) == 2 and seen[Side.PROVIDER] == seen[Side.CONSUMER]
    named = {"": seen[Side.PROVIDER]} if are_one else seen
    back = f"<command> {_options(state, accounts, 'account' if 'account' in other else 'region')}"
    raise Refused(
        f"Refusing to continue: this state belongs to another AWS {'account' if 'account' in other else 'region'}.",
        code="VPCE076",
        table=[
            ("", "", "state file", "your credentials"),
            *((str(one), *row) for one, rows in named.items() for row in rows),
        ],
        hint=f"Use the {'credentials' if 'account' in other else 'region'} that made it:\n    {back}\n"
        "Or make another demo here, with its own state:\n    <demo> up --name second-demo",
    )


def _options(state: StateFile, now: Mapping[Side, Mapping[str, str]], what: str) -> str:
    """The options with which a command finds the demo again, for the sides whose ``account`` or ``region`` (``what``)
    is another one.  The profile is the recorded one, if there is one."""
    before = {side: state.sides.get(side, one).get(what, what.upper()) for side, one in now.items()}
    wrong = [side for side, one in now.items() if before[side] != one[what]]
    if what == "account":
        option, values = "profile", {side: _profile(state.settings, side) or "PROFILE" for side in now}
    else:
        option, values = "region", {side: _word(region) for side, region in before.items()}
    if len(set(values.values())) == 1 and len(wrong) == len(Side):
        return f"--{option} {values[wrong[0]]}"
    return " ".join(f"--{side}-{option} {values[side]}" for side in wrong)


def _profile(settings: Mapping[str, Any], side: Side) -> str:
    part = settings.get(str(side))
    return _word(part["profile"]) if isinstance(part, Mapping) and part.get("profile") else ""


def _word(recorded: object) -> str:
    """A recorded value, quoted as one word of a command line."""
    return shlex.quote(printable(str(recorded)))


def refuse_changed_settings(config: Config, recorded: Settings) -> None:
    """Raise Refused if the settings differ from those that the demo was created with."""
    now = not_looked_up(config, recorded.demo_id)
    # The accounts themselves are compared, the operator's address may change, tags are mended, and an image is chosen
    # only once.  More customers are made, and fewer are taken away one by one.
    free = {"profile", "region", "ssh_from", "image_parameter", "tags", "consumer_account", "customers"}
    free |= {name for name in ("zone", "service") if not getattr(config, name)}
    free |= set() if recorded.side else {"side"}  # a run may be about one side of a demo that has two
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
