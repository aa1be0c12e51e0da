"""Waiting on the sandbox's clock, and ending what waits."""

from __future__ import annotations

import asyncio
from typing import Any

from vpce_demo.sandbox.clock import Clock

_STEP = 0.2
"""Seconds of the machine after which a wait looks at the clock again, which may be set to another pace meanwhile."""


async def wait_until(clock: Clock, since: float, seconds: float) -> None:
    """Until so many AWS seconds have passed since that moment of the clock."""
    while not clock.passed(since, seconds):
        left = clock.real(since + seconds - clock.now())
        await asyncio.sleep(min(max(left, 0.001), _STEP))


async def cancelled(*futures: asyncio.Future[Any]) -> None:
    """Cancel them all and wait until they have ended; what they raise is of no interest any more."""
    for each in futures:
        each.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
