"""Ctrl-C and SIGTERM: what is done before a sudden end, and where an interrupt is raised."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
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


IN_THE_MAIN_THREAD = """
import os, signal, sys
from vpce_demo import signals

signals.interrupt()
try:
    {0}
    os.write(1, b"not interrupted")
except KeyboardInterrupt:
    sys.exit(signals.interrupted())
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("signal.raise_signal(number)", b""),
        ("import half, time; time.sleep(60)", b"imported"),
        ("type('Last', (), {'__del__': lambda self: signal.raise_signal(number)})()", b""),
    ],
    ids=["anywhere", "in an import", "where nothing can be raised"],
)
def test_where_an_interrupt_is_raised(tmp_path: Path, what: str, said: bytes, name: str) -> None:
    number = getattr(signal, name)
    module = "import os, signal, time\nsignal.raise_signal(%d)\ntime.sleep(0.02)\nos.write(1, b'imported')\n"
    (tmp_path / "half.py").write_text(module % number)
    body = what.replace("import half, time; time.sleep(60)", "import half; import time; time.sleep(60)").replace(
        "number", str(number)
    )
    program = IN_THE_MAIN_THREAD.format(body)
    environment = {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (128 + number, said, b"Interrupted.\n")


def test_a_command_that_has_ended_keeps_its_code() -> None:
    program = (
        "import atexit, os, signal, sys; from vpce_demo import signals; signals.begin();"
        "atexit.register(lambda: (signal.raise_signal(2), signal.raise_signal(15), os.write(1, b'end')));"
        "signals.finish(7); sys.exit(7)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (7, b"end", b"")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_the_program_notes_that_a_command_has_ended(name: str) -> None:
    """The command cannot say any more that it was interrupted."""
    program = f"""
import signal, sys
import vpce_demo.__main__ as program
from vpce_demo import cli

def finish(code):
    program.signals.finish = finished
    signal.raise_signal(signal.{name})
    finished(code)

finished, program.signals.finish = program.signals.finish, finish
cli.main = lambda: sys.exit(7)
program.main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stderr) == (128 + getattr(signal, name), b"Interrupted.\n")


def test_an_interrupt_that_waited_for_an_import_until_the_command_had_ended(tmp_path: Path) -> None:
    (tmp_path / "last.py").write_text("import signal\nsignal.raise_signal(2)\n")
    program = (
        "import sys, time; from vpce_demo import signals; signals._IMPORTED_SECONDS = 0.1; signals.interrupt();"
        "import last; signals.finish(7); time.sleep(0.3); sys.exit(7)"
    )
    environment = {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, env=environment)
    assert (done.returncode, done.stderr) == (7, b"")


@pytest.mark.parametrize(
    "how",
    ["signal.raise_signal(2)", "exec('with signals.interruptible(stop): signal.raise_signal(2)')"],
    ids=["anywhere", "while calls complete"],
)
def test_what_is_ignored_from_the_beginning_is_ignored_still(how: str) -> None:
    program = (
        "import os, signal, threading; signal.signal(2, signal.SIG_IGN);"
        "from vpce_demo import signals; signals.begin();"
        f"signals.interrupt(); stop = threading.Event(); {how};"
        "assert not stop.is_set() and signal.getsignal(2) is signal.SIG_IGN; os.write(1, b'on')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stdout) == (0, b"on"), done.stderr
