"""A signal that ends the process at once: what was to be done before that is done."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, threading
from vpce_demo.signals import before_a_sudden_end, interruptible

before_a_sudden_end(lambda: os.write(1, b"last"))
with interruptible(threading.Event()):
    for name in sys.argv[1:]:
        signal.raise_signal(getattr(signal, name))
"""


@pytest.mark.parametrize(
    ("signals", "code", "said"),
    [
        ("SIGINT", 0, b""),
        ("SIGINT SIGINT", -2, b"last"),
        ("SIGINT SIGTERM", -15, b"last"),
        ("SIGQUIT", -3, b"last"),
        ("SIGHUP", -1, b"last"),
    ],
)
def test_what_is_done_before_a_sudden_end(signals: str, code: int, said: bytes) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *signals.split()], stdout=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stdout) == (code, said)
