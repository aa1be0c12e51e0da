"""Ports for tests that run beside others."""

from __future__ import annotations

import random
import socket
from contextlib import suppress


def free_port() -> int:
    """A port that nothing listens on, and that no other process is given when it takes any free one."""
    while True:
        port = random.randint(10_000, 30_000)
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
