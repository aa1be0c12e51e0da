"""Polling and retry intervals.

All waiting in the engine goes through here, so that it is bounded and can be
interrupted.

Durations are in AWS's seconds; ``Timing`` converts them to this machine's, since a sandbox's clock may run faster.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from ..aws.error_codes import ErrorKind
from ..errors import TimedOut

LIMIT_SECONDS = 1200.0
"""The longest wait, in AWS's seconds: no less than any bound of ``aws-behaviours.md`` section 1.3."""
BUDGETS = {
    ErrorKind.MISSING: 300.0,
    ErrorKind.NOT_YET: 600.0,
    ErrorKind.IN_USE: LIMIT_SECONDS,
    ErrorKind.BUSY: 300.0,
    ErrorKind.UNSURE: 300.0,
}
"""How long a call is repeated for each kind of error, in AWS's seconds (``aws-behaviours.md`` sections 2.1 and 3.4).
For any other kind it is not repeated."""
HIDDEN_SECONDS = 60.0
"""How long AWS may not show a new resource, in its seconds.  An unanswered create is looked for this long."""
TAGS_LATE_SECONDS = 30.0
"""How long AWS may not know the tags of a new resource when it decides what is allowed, in its seconds."""
LEAST_LIMIT_SECONDS = 10.0
"""The shortest limit of a wait, in seconds of this machine, however fast the other clock runs."""
LEAST_SHOWN_SECONDS = 2.0
"""The same for what AWS has answered, and may only show late."""
RETRY_SECONDS = (2.0, 10.0)
"""The first and the longest pause between retries, in AWS's seconds."""
SHORTEST_PAUSE = 0.02
"""In seconds of this machine, however fast the other clock runs."""


def poll_times(usual: float) -> Iterator[float]:
    """When to poll for something that usually takes this long, in the same unit.

    Poll sparsely before the usual time, densely around it, then back off so that at most 1/30 of the wait is lost.
    """
    if usual >= 10:
        yield from (usual * share for share in (0.5, 0.75, 0.9))
    moment = usual
    while True:
        yield moment
        moment += max(0.25, moment * 0.03)


def retry_times() -> Iterator[float]:
    """When to repeat a call, in AWS's seconds: at once, then after growing pauses."""
    moment, (pause, longest) = 0.0, RETRY_SECONDS
    while True:
        yield moment
        moment += pause
        pause = min(pause * 1.5, longest)


class RetryBudget:
    """How long a call is repeated, counted for each kind of error apart: a create may meet several."""

    def __init__(self, pace: Timing) -> None:
        self._pace = pace
        self._since: dict[ErrorKind, float] = {}

    def lasts(self, reason: ErrorKind, budget: float | None = None) -> bool:
        """Record this error; return True if the call may be repeated, for the kind's budget or another one."""
        budget = BUDGETS.get(reason) if budget is None else budget
        if budget is None:
            return False
        least = LEAST_LIMIT_SECONDS if budget > HIDDEN_SECONDS else LEAST_SHOWN_SECONDS
        now = time.monotonic()
        return now - self._since.setdefault(reason, now) < max(least, self._pace.real(budget))


class Timing:
    """Converts AWS's seconds to this machine's, and bounds every wait.

    ``factor`` is how many times faster the other clock runs (1 on AWS); ``stop`` ends every wait; ``deadline`` is a
    monotonic time of this machine.
    """

    def __init__(self, factor: float, stop: threading.Event, deadline: float) -> None:
        self.factor = factor
        self.stop = stop
        self.deadline = deadline

    def real(self, seconds: float) -> float:
        """AWS's seconds as seconds of this machine."""
        return max(SHORTEST_PAUSE, seconds / self.factor)

    @property
    def is_over(self) -> bool:
        """True if no further task may start."""
        return self.stop.is_set() or time.monotonic() >= self.deadline

    def moments(self, moments: Iterator[float], what: str, since: float | None = None) -> Iterator[float]:
        """Sleep until each of these moments, in AWS's seconds after ``since``; yield the seconds since the last one.

        ``what`` completes the sentence "waiting for ...".  Raises TimedOut at the limit, or when told to stop.
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
                raise TimedOut(f"Waited too long for {what}.", hint="Run the command again: it continues from here.")
