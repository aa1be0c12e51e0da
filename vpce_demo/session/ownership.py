"""Whose a demo is: this directory's by its record, or another one of the same name that stands in the account.

The record is the state file; where it is lost, the demo's ssh key, whose comment holds the demo's id, or the logs of
its runs.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from ..aws.tags import ID_TAG, KEY_TAG, NO_OWNER, OWNER_TAG, RESOURCE_TAG
from ..chapters import chapter_of, in_order
from ..config.settings import customer_of
from ..engine.resource import Aws
from ..errors import Refused
from ..journal.run_log import runs
from ..journal.state_file import StateFile
from ..model import Side
from ..private import put_aside
from ..resources.by_tag import tagged
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

    ``owner`` is empty for one that was made before owners were recorded; ``since`` is when AWS created the first of its
    resources, as far as AWS says so; ``count`` is the number of its tagged resources; ``keys`` are the fingerprints of
    the ssh keys in its tags; ``customers`` are the numbers of the customers of which something is there, and
    ``chapters`` the chapters.
    """

    id: str
    owner: str
    since: datetime | None
    count: int
    keys: frozenset[str] = frozenset()
    customers: frozenset[int] = frozenset()
    chapters: tuple[str, ...] = ()

    @property
    def made_by(self) -> str:
        return self.owner or "an unknown person (it has no owner tag)"

    @property
    def facts(self) -> dict[str, str]:
        """For a message."""
        since = f"{self.since:%Y-%m-%d %H:%M} UTC" if self.since else ""
        return {"made by": self.made_by, "id": self.id, "since": since, "tagged resources": str(self.count)}


@dataclass(frozen=True)
class Identity:
    """The id and owners that a command compares with the tags.

    ``standing`` describes the demo if there is no record of it here.
    """

    demo_id: str
    owner: str
    adopted_from: str = ""
    standing: StandingDemo | None = None
    customers: frozenset[int] = frozenset()
    """The numbers of its customers, where only AWS or the ids on record say so."""
    chapters: tuple[str, ...] = ()
    """Its chapters, likewise."""

    @property
    def marks(self) -> dict[str, str]:
        """For ``Settings``."""
        return {"demo_id": self.demo_id, "owner": self.owner, "adopted_from": self.adopted_from}


def standing_demos(sides: Mapping[Side, Aws]) -> list[StandingDemo]:
    """The demos of this name in the account, the one with the most resources first."""
    by_id: dict[str, list[tuple[Mapping[str, str], datetime | None]]] = {}
    for one in tagged(sides):
        by_id.setdefault(one.tags.get(ID_TAG, ""), []).append((one.tags, one.created))
    demos = []
    for id, parts in by_id.items():
        owners = Counter(tags.get(OWNER_TAG, "") for tags, _ in parts)
        since = min((created for _, created in parts if created), default=None)
        keys = frozenset(tags[KEY_TAG] for tags, _ in parts if KEY_TAG in tags)
        its = [tags.get(RESOURCE_TAG, "") for tags, _ in parts]
        customers, chapters = frozenset(map(customer_of, its)) - {0}, in_order(map(chapter_of, its))
        demos.append(StandingDemo(id, owners.most_common(1)[0][0], since, len(parts), keys, customers, chapters))
    return sorted(demos, key=lambda demo: (-demo.count, demo.id))


def identify(
    sides: Mapping[Side, Aws], state: StateFile, logs: Path, unrecorded: Unrecorded, wanted: str = ""
) -> Identity:
    """Which demo is meant.  Asks AWS only if there is no state file; ``wanted`` is the id of the one to adopt.

    Raises Refused if that is one that this command may not touch.
    """
    aws = sides[Side.PROVIDER]
    caller = aws.clients.caller
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
        before = NO_OWNER if is_earlier else before
        chapters = in_order(map(chapter_of, state.entries))
        return Identity(state.demo_id, owner or caller, before, customers=customers, chapters=chapters)
    key = public_line(state.key_file)
    key_id = key_comment(key, aws.demo)
    demos = standing_demos(sides)
    ids = {key_id, *(run.head["demo_id"] for run in runs(logs))} - {""}
    own = [demo for demo in demos if demo.owner in (caller, "")]
    if ours := next((demo for demo in own if demo.id in ids or (key and fingerprint(key) in demo.keys)), None):
        before = "" if ours.owner else NO_OWNER
        return Identity(ours.id, caller, before, customers=ours.customers, chapters=ours.chapters)
    if not demos:
        return Identity(key_id or secrets.token_hex(3), caller)
    chosen = _choose(demos, caller, wanted, unrecorded)
    is_own = chosen.owner == caller
    if unrecorded is Unrecorded.REFUSE or (unrecorded is Unrecorded.DELETE_OWN and not is_own):
        raise _not_on_record(aws.demo, chosen, is_own, unrecorded)
    before = "" if is_own else chosen.owner or NO_OWNER
    return Identity(chosen.id, caller, before, chosen, chosen.customers, chosen.chapters)


def _choose(demos: Sequence[StandingDemo], caller: str, wanted: str, unrecorded: Unrecorded) -> StandingDemo:
    """The wanted one, or the caller's own, or any.  Raises Refused if it is to be touched and there are several."""
    own = [demo for demo in demos if demo.owner == caller]
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
