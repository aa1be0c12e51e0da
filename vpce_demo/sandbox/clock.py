"""The sandbox's time: AWS seconds, running faster than the wall clock.

Every duration in the sandbox is in AWS's seconds (``timing.py``).  Only this module converts them to seconds of this
machine.
"""

from __future__ import annotations

import math
import threading
import time

SHORTEST = 0.02
"""Real seconds between two rounds of periodic work (a health check, say) however fast the clock runs."""
LONGEST = 600.0
"""AWS seconds; every wait in the sandbox is shorter, but for the memory of what is gone."""


class Clock:
    """AWS seconds since the sandbox started.  ``speed`` 1 is AWS's pace; at ``math.inf`` no wait takes time."""

    def __init__(self, speed: float) -> None:
        self._lock = threading.Lock()
        self._set(speed, at=0.0)

    def _set(self, speed: float, at: float) -> None:
        if not speed > 0:
            raise ValueError(f"a clock's speed is above 0, not {speed}")
        self._speed, self._at, self._since = speed, at, time.monotonic()

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """Change the pace from now on.  What was begun while no wait took time stays done."""
        now = self.now() + (LONGEST if math.isinf(self._speed) and math.isfinite(speed) else 0.0)
        with self._lock:
            self._set(speed, now)

    def skip(self, seconds: float) -> None:
        """Advance the clock by this many AWS seconds at once."""
        if not seconds >= 0:
            raise ValueError(f"time goes forward, not by {seconds}")
        with self._lock:
            self._at += seconds

    def now(self) -> float:
        """AWS seconds since the start.  At infinite speed the wall clock's seconds, so that time still has an order."""
        with self._lock:
            pace = self._speed if math.isfinite(self._speed) else 1.0
            return self._at + (time.monotonic() - self._since) * pace

    def passed(self, since: float, seconds: float) -> bool:
        """True if this many AWS seconds have passed since that value of ``now()``."""
        return math.isinf(self._speed) or self.now() - since >= seconds

    def real(self, seconds: float) -> float:
        """This many AWS seconds as seconds of this machine; 0 at infinite speed."""
        return seconds / self._speed
