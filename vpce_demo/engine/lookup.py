"""What the engine sees of the resources: what is there, what only has their names, and what is there twice."""

from __future__ import annotations

import time
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..errors import DemoError, NotCreated
from ..model import Holder, Live, Phase, Side, ours
from .resource import Aws, Resource
from .waits import HIDDEN_SECONDS, Timing


class Lookup:
    """Looks at one resource at a time, and remembers.

    ``known`` is what is there, by key, shared by both sides; ``foreign`` what only has a resource's name;
    ``duplicates`` what is there beside the known one.
    """

    def __init__(self, sides: Mapping[Side, Aws], pace: Timing) -> None:
        self._sides = sides
        self._pace = pace
        self.known = next(iter(sides.values())).known
        self.foreign: dict[str, Live] = {}
        self.duplicates: dict[str, list[Live]] = {}

    def look_up(self, r: Resource, moment: float) -> Live | None:
        """What AWS has of it, asked for after that moment.  Raises NotCreated if what it is found by is not there."""
        try:
            found = list(r.find(self._sides[r.side].fresh_after(moment)))
        except ClientError as error:
            if error_kind(error) is not ErrorKind.MISSING:
                raise
            found = []
        except NotCreated:
            self.known.pop(r.key, None)
            raise
        self.foreign.pop(r.key, None)
        self.duplicates.pop(r.key, None)
        foreign = [live for live in found if live.phase is Phase.FOREIGN]
        if foreign:
            self.foreign[r.key] = foreign[0]
        there = ours(found)
        standing = [live for live in there if live.phase is not Phase.DELETING]
        if not there:
            self.known.pop(r.key, None)
            return None
        if len(standing) > 1 and r.goes_with() is None:
            self.duplicates[r.key] = standing[1:]
        self.known[r.key] = there[0]
        return there[0]

    def look_up_if_possible(self, r: Resource, moment: float) -> Live | None:
        """The same; nothing where what it is found by is not there."""
        try:
            return self.look_up(r, moment)
        except NotCreated:
            return None

    def wait_until_visible(self, r: Resource, since: float) -> Live | None:
        """See something that may have been made at that moment, as long as AWS may hide it."""
        until = since + HIDDEN_SECONDS / self._pace.factor
        while True:
            live = self.look_up_if_possible(r, time.monotonic())
            if live or time.monotonic() >= until or self._pace.stop.wait(self._pace.real(1.0)):
                return live

    def holders(self, r: Resource, live: Live) -> list[Holder]:
        """What uses it.  That this cannot be asked is no reason to fail: AWS will be asked to delete it again."""
        try:
            return list(r.held_by(self._sides[r.side].fresh_after(time.monotonic()), live))
        except (DemoError, ClientError, BotoCoreError):
            return []
