"""When to look again, and when to ask again: every wait of the engine, bounded and told to stop in one place.

Durations are in AWS's own seconds; a ``Timing`` turns them into the machine's, since a sandbox's clock may run faster.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from ..aws.error_codes import ErrorKind
from ..errors import TimedOut

LIMIT_SECONDS = 1200.0
"""How long anything is waited for, in AWS's seconds: no less than any bound of ``aws-behaviours.md`` section 1.3."""
BUDGETS = {
    ErrorKind.MISSING: 300.0,
    ErrorKind.NOT_YET: 600.0,
    ErrorKind.IN_USE: LIMIT_SECONDS,
    ErrorKind.BUSY: 300.0,
    ErrorKind.UNSURE: 300.0,
}
"""How long AWS is asked again for the same reason, in its seconds (``aws-behaviours.md`` sections 2.1 and 3.4); for any
other it is not asked again."""
HIDDEN_SECONDS = 60.0
"""How long AWS may hide a fresh resource, in its seconds.  So long a create that was cut off is looked for."""
LEAST_LIMIT_SECONDS = 10.0
"""The same in seconds of the machine, however fast the clock at the other end runs."""
RETRY_SECONDS = (2.0, 10.0)
"""The first and the longest pause before asking again, in AWS's seconds, when AWS says "still in use" or "not yet"."""
SHORTEST_PAUSE = 0.02
"""In seconds of the machine, however fast the clock at the other end runs."""


def poll_times(usual: float) -> Iterator[float]:
    """When to look whether something is done that usually takes so long, in the same seconds.

    A few times before, closer and closer, if it takes long; then when it should be done; then often, but the less often
    the longer it takes, so that hardly more than a thirtieth of the time is lost.
    """
    if usual >= 10:
        yield from (usual * share for share in (0.5, 0.75, 0.9))
    moment = usual
    while True:
        yield moment
        moment += max(0.25, moment * 0.03)


def retry_times() -> Iterator[float]:
    """When to ask again what AWS refused for now, in its seconds: at once, then after growing pauses."""
    moment, (pause, longest) = 0.0, RETRY_SECONDS
    while True:
        yield moment
        moment += pause
        pause = min(pause * 1.5, longest)


class RetryBudget:
    """How long something is tried again, for each reason apart: a create may meet several on its way."""

    def __init__(self, pace: Timing) -> None:
        self._pace = pace
        self._since: dict[ErrorKind, float] = {}

    def lasts(self, reason: ErrorKind) -> bool:
        """Whether to try again, now that this has happened once more."""
        budget = BUDGETS.get(reason)
        if budget is None:
            return False
        now = time.monotonic()
        return now - self._since.setdefault(reason, now) < max(LEAST_LIMIT_SECONDS, self._pace.real(budget))


class Timing:
    """How fast the clock at the other end runs, and how long anybody may wait for it.

    ``factor`` is 1 on AWS; ``stop`` ends every wait; ``deadline`` is a moment of the machine's monotonic clock.
    """

    def __init__(self, factor: float, stop: threading.Event, deadline: float) -> None:
        self.factor = factor
        self.stop = stop
        self.deadline = deadline

    def real(self, seconds: float) -> float:
        """AWS's seconds in seconds of the machine."""
        return max(SHORTEST_PAUSE, seconds / self.factor)

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be begun."""
        return self.stop.is_set() or time.monotonic() >= self.deadline

    def moments(self, moments: Iterator[float], what: str, since: float | None = None) -> Iterator[float]:
        """Yield at these moments, in AWS's seconds since then, with the time since the one before in the machine's.

        ``what`` is being waited for.  Raises TimedOut when the time is up, or when we are told to stop.
        """
        before = time.monotonic()
        since = before if since is None else since
        until = min(before + max(LEAST_LIMIT_SECONDS, self.real(LIMIT_SECONDS)), self.deadline)
        for moment in moments:
            now = time.monotonic()
            pause = max(SHORTEST_PAUSE, since + moment / self.factor - now) if moment else 0.0
            if self.stop.wait(min(pause, max(0.0, until - now))):
                raise TimedOut(f"Stopped while waiting for {what}.")
            yield time.monotonic() - before
            before = time.monotonic()
            if before >= until:
                raise TimedOut(f"Waited too long for {what}.", hint="Run the command again: it goes on from here.")
