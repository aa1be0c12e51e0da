"""Looks up resources for the engine: known, foreign (the name is taken) and duplicate ones."""

from __future__ import annotations

import time
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..errors import DemoError, NotCreated
from ..model import Holder, Live, Phase, ours
from .resource import Aws, Resource
from .waits import HIDDEN_SECONDS, Timing


class Lookup:
    """Looks up one resource at a time and remembers the result, by key.

    ``known`` are the demo's own, shared by both sides; ``foreign`` are others that have a resource's name;
    ``duplicates`` are further ones of the demo's own; ``ended`` are known ones that AWS still lists, as gone.
    """

    def __init__(self, sides: Mapping[str, Aws], pace: Timing) -> None:
        self._sides = sides
        self._pace = pace
        self.known = next(iter(sides.values())).known
        self.foreign: dict[str, Live] = {}
        self.duplicates: dict[str, list[Live]] = {}
        self.ended: dict[str, Live] = {}

    def look_up(self, r: Resource, moment: float) -> Live | None:
        """What AWS has of it, no older than ``moment``.  Raises NotCreated if a parent it is found through is
        missing."""
        self._sides[r.party].unproven.pop(r.key, None)
        try:
            found = list(r.find(self._sides[r.party].fresh_after(moment)))
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
        if there:
            self._sides[r.party].unproven.pop(r.key, None)
        standing = [live for live in there if live.phase is not Phase.DELETING]
        if not there:
            before = self.known.pop(r.key, None)
            for live in found:
                if before and live.id == before.id:
                    self.ended[r.key] = live
            return None
        if len(standing) > 1 and r.goes_with() is None:
            self.duplicates[r.key] = standing[1:]
        self.known[r.key] = there[0]
        return there[0]

    def look_up_if_possible(self, r: Resource, moment: float) -> Live | None:
        """``look_up``, or None if a parent it is found through is missing."""
        try:
            return self.look_up(r, moment)
        except NotCreated:
            return None

    def wait_until_visible(self, r: Resource, since: float) -> Live | None:
        """Look up a resource that may have been created at ``since``, for as long as AWS may not show it."""
        until = since + HIDDEN_SECONDS / self._pace.factor
        while True:
            live = self.look_up_if_possible(r, time.monotonic())
            if live or time.monotonic() >= until or self._pace.stop.wait(self._pace.real(1.0)):
                return live

    def holders(self, r: Resource, live: Live) -> list[Holder]:
        """What uses it; empty if that cannot be asked, since the deletion is tried again anyway.  Raises the error of a
        lost sign-in."""
        try:
            return list(r.held_by(self._sides[r.party].fresh_after(time.monotonic()), live))
        except (DemoError, ClientError, BotoCoreError) as error:
            if error_kind(error) is ErrorKind.SIGN_IN:
                raise
            return []
