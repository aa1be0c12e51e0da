"""Whose a demo is: this directory's by its record, or another one of the same name that stands in the account.

The record is the state file; where it is lost, the demo's ssh key, whose comment holds the demo's id, or the logs of
its runs.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path

from ..aws.tags import BY_HAND_TAG, ID_TAG, KEY_TAG, NO_OWNER, OWNER_TAG, RESOURCE_TAG
from ..chapters import chapter_of, in_order, side_of
from ..config.settings import customer_of, party_of
from ..engine.resource import Aws
from ..errors import Refused
from ..journal.run_log import runs
from ..journal.state_file import StateFile
from ..model import Side
from ..private import put_aside
from ..resources.by_tag import Tagged, tagged
from ..resources.key_pair import fingerprint
from ..ssh import key_comment, public_line


class Unrecorded(Enum):
    """What a command does with a demo of this name that stands in the account and is not on record here."""

    REFUSE = "refuse"
    SHOW = "show"
    DELETE_OWN = "delete it if the same caller made it"
    ADOPT = "take it, whoever made it"


@dataclass(frozen=True)
class StandingDemo:
    """A demo in the account, as its tags say.

    ``owners`` are its makers, one of each account; empty for one that was made before owners were recorded; ``since``
    is when AWS created the first of its resources, as far as AWS says so; ``count`` is the number of its tagged
    resources; ``keys`` are the fingerprints of the ssh keys in its tags; ``customers`` are the numbers of the customers
    of which something is there, each with the party whose clients found it, ``sides`` the sides, and ``chapters`` the
    chapters; ``by_hand`` is True for one that was adopted from somebody who built it by hand.
    """

    id: str
    owners: tuple[str, ...]
    since: datetime | None
    count: int
    keys: frozenset[str] = frozenset()
    customers: Mapping[int, str] = field(default_factory=dict)
    sides: frozenset[Side] = frozenset(Side)
    chapters: tuple[str, ...] = ()
    by_hand: bool = False

    @property
    def made_by(self) -> str:
        return " and ".join(filter(None, self.owners)) or "an unknown person (it has no owner tag)"

    @property
    def facts(self) -> dict[str, str]:
        """For a message."""
        since = f"{self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return {"made by": self.made_by, "id": self.id, "since": since, "tagged resources": str(self.count)}


@dataclass(frozen=True)
class Identity:
    """The id and owners that a command compares with the tags.

    ``consumer_owner`` is the maker of the consumer's side, where that is in another account.  ``standing`` describes
    the demo if there is no record of it here.
    """

    demo_id: str
    owner: str
    consumer_owner: str = ""
    adopted_from: str = ""
    standing: StandingDemo | None = None
    customers: frozenset[int] = frozenset()
    """The numbers of its customers, where only AWS or the ids on record say so."""
    chapters: tuple[str, ...] = ()
    """Its chapters, likewise."""
    by_hand: bool = False
    """True if it may have been built by hand, where only AWS says so."""

    @property
    def marks(self) -> dict[str, str]:
        """For ``Settings``."""
        names = ("demo_id", "owner", "consumer_owner", "adopted_from")
        return {name: getattr(self, name) for name in names}

    def owner_in(self, account: str) -> str:
        """Who is named by the tags of what is made in this account."""
        return next((one for one in self.consumer_owner.split(",") if _account(one) == account), self.owner)

    @property
    def owners(self) -> frozenset[str]:
        """All whom its tags may name."""
        return frozenset({self.owner, *self.consumer_owner.split(","), *self.adopted_from.split(",")} - {""})


def standing_demos(sides: Mapping[str, Aws]) -> list[StandingDemo]:
    """The demos of this name in the account, the one with the most resources first."""
    by_id: dict[str, list[Tagged]] = {}
    for one in tagged(sides):
        by_id.setdefault(one.tags.get(ID_TAG, ""), []).append(one)
    demos, accounts = [], dict.fromkeys(aws.clients.account for aws in sides.values())
    for id, parts in by_id.items():
        owners = [owner for owner, _ in Counter(one.tags.get(OWNER_TAG, "") for one in parts).most_common()]
        by_account = {_account(owner): owner for owner in reversed(owners)} if owners[0] else {}
        makers = tuple(by_account[account] for account in accounts if account in by_account)
        since = min((one.created for one in parts if one.created), default=None)
        keys = frozenset(one.tags[KEY_TAG] for one in parts if KEY_TAG in one.tags)
        its = {one.tags.get(RESOURCE_TAG, ""): one.party for one in parts}
        customers = {number: party for key, party in its.items() if (number := customer_of(key))}
        seen = frozenset(map(side_of, its))
        chapters = in_order(map(chapter_of, its))
        by_hand = any(BY_HAND_TAG in one.tags for one in parts)
        told = (makers or (owners[0],), since, len(parts), keys, customers, seen, chapters, by_hand)
        demos.append(StandingDemo(id, *told))
    return sorted(demos, key=lambda demo: (-demo.count, demo.id))


def _account(owner: str) -> str:
    """The account in an ARN; the whole of what is none."""
    return owner.split(":")[4] if owner.count(":") > 4 else owner


def identify(
    sides: Mapping[str, Aws],
    state: StateFile,
    logs: Path,
    unrecorded: Unrecorded,
    wanted: str = "",
    only: str | None = None,
) -> Identity:
    """Which demo is meant.  Asks AWS only if there is no state file; ``wanted`` is the id of the one to adopt, and
    ``only`` the side that the command is about: what has nothing of that is another person's.

    Raises Refused if that is one that this command may not touch.
    """
    aws = sides[Side.PROVIDER]
    caller = aws.clients.caller
    others = {one.clients.account: one.clients.caller for one in sides.values()}
    others.pop(aws.clients.account)
    theirs = ",".join(others.values())
    if state.demo_id:
        if wanted not in ("", state.demo_id):
            raise Refused(
                f"The demo on record in this directory is {state.demo_id}, not {wanted}.",
                code="VPCE085",
                hint=f"Put its record aside first:\n    {put_aside(state.path)}",
            )
        owner, before = (str(state.settings.get(name) or "") for name in ("owner", "adopted_from"))
        is_earlier = bool(state.settings) and not owner  # an earlier release wrote it
        customers = frozenset(map(customer_of, state.entries)) - {0}
        recorded = str(state.settings.get("consumer_owner") or "").split(",")
        theirs = ",".join((others | {_account(one): one for one in recorded if one}).values())
        before = NO_OWNER if is_earlier else before
        chapters = in_order(map(chapter_of, state.entries))
        return Identity(
            state.demo_id,
            owner or caller,
            theirs,
            before,
            customers=customers,
            chapters=chapters,
            by_hand=not state.settings,  # of a demo that was just taken over from somebody they stand in AWS
        )
    key = public_line(state.key_file)
    key_id = key_comment(key, aws.demo)
    callers = {caller, *others.values()}
    every = standing_demos({party: aws for party, aws in sides.items() if only in (None, Side.of(party))})
    demos = [demo for demo in every if only is None or Side(only) in demo.sides]
    ids = {key_id, *(run.head["demo_id"] for run in runs(logs))} - {""}
    meant = [demo for demo in demos if wanted in ("", demo.id)]
    own = [demo for demo in meant if callers.union({""}).issuperset(demo.owners)]
    if ours := next((demo for demo in own if demo.id in ids or (key and fingerprint(key) in demo.keys)), None):
        _refuse_another_order(ours, sides)
        before = NO_OWNER if "" in ours.owners else ""
        customers = frozenset(ours.customers)
        return Identity(ours.id, caller, theirs, before, None, customers, ours.chapters, ours.by_hand)
    if not demos:
        if every and unrecorded is Unrecorded.REFUSE:
            raise _the_other_sides(aws.demo, every[0])
        return Identity(key_id or secrets.token_hex(3), caller, theirs)
    chosen = _choose(demos, callers, wanted, unrecorded)
    is_own = callers.issuperset(chosen.owners)
    if unrecorded is Unrecorded.REFUSE or (unrecorded is Unrecorded.DELETE_OWN and not is_own):
        raise _not_on_record(aws.demo, chosen, is_own, unrecorded)
    _refuse_another_order(chosen, sides)
    before = ",".join(owner or NO_OWNER for owner in chosen.owners if owner not in callers)
    return Identity(
        chosen.id, caller, theirs, before, chosen, frozenset(chosen.customers), chosen.chapters, chosen.by_hand
    )


def _refuse_another_order(demo: StandingDemo, sides: Mapping[str, Aws]) -> None:
    """Raise Refused if one of several consumer profiles is not the one whose customers are in its account."""
    count = len(sides) - 1
    for number, party in sorted(demo.customers.items()) if count > 1 else ():
        found, wanted = sides[party].clients, sides[party_of(number, count)].clients
        if (found.account, found.region) != (wanted.account, wanted.region):
            raise Refused(
                f"Customer {number} is in account {found.account}, and the --consumer-profile in its turn is of "
                f"account {wanted.account}.",
                code="VPCE076",
                hint="Name the profiles in the order in which the demo was made: customer 1 has the first.",
            )


def _choose(demos: Sequence[StandingDemo], callers: set[str], wanted: str, unrecorded: Unrecorded) -> StandingDemo:
    """The wanted one, or the callers' own, or any.  Raises Refused if it is to be touched and there are several."""
    own = [demo for demo in demos if callers.issuperset(demo.owners)]
    fitting = [demo for demo in demos if demo.id == wanted] if wanted else own or demos
    if not fitting or (unrecorded in (Unrecorded.ADOPT, Unrecorded.DELETE_OWN) and len(fitting) > 1):
        raise Refused(
            f"There is no demo with the id {wanted}." if wanted else "Several demos have this name.",
            code="VPCE084",
            table=[("id", "made by"), *((demo.id, demo.made_by) for demo in demos)],
            hint="Say which one:  <demo> adopt --id ID",
        )
    return fitting[0]


def _not_on_record(name: str, demo: StandingDemo, is_own: bool, unrecorded: Unrecorded) -> Refused:
    """The refusal to touch a demo that another directory or person made."""
    if unrecorded is Unrecorded.DELETE_OWN:
        hint = "Ask who made it.  If it may be deleted:\n    <demo> down --adopt"
    else:
        hint = (
            "Make another demo:\n"
            "    <demo> up --name another-name\n"
            "Or take this one over. Its ssh key is not here, so the next up makes new keys and new instances:\n"
            "    <demo> adopt"
        )
    return Refused(
        f"The demo {name} exists in this account, but there is no record of it here.",
        code="VPCE083",
        facts={**demo.facts, "made by": f"{demo.made_by} (you)"} if is_own else demo.facts,
        hint=hint,
    )


def _the_other_sides(name: str, demo: StandingDemo) -> Refused:
    """The refusal to make one side where the other one, somebody else's, has the name: it is not to be taken over."""
    (side,) = demo.sides
    return Refused(
        f"The name {name} is taken in this account: by the {side}'s side of a demo that is not on record here.",
        code="VPCE083",
        facts=demo.facts,
        hint="Give yours another name:\n    <demo> up --name another-name",
    )
