"""Waits on the sandbox's clock, and cancels what waits."""

from __future__ import annotations

import asyncio
from typing import Any

from vpce_demo.sandbox.clock import Clock

_STEP = 0.2
"""Seconds after which a wait checks the clock again, whose speed may have changed."""


async def wait_until(clock: Clock, since: float, seconds: float) -> None:
    """Wait until this many AWS seconds have passed since that time of the clock."""
    while not clock.passed(since, seconds):
        left = clock.real(since + seconds - clock.now())
        await asyncio.sleep(min(max(left, 0.001), _STEP))


async def cancelled(*futures: asyncio.Future[Any]) -> None:
    """Cancel these futures and wait until they have ended, ignoring what they raise."""
    for each in futures:
        each.cancel()
    await asyncio.gather(*futures, return_exceptions=True)
