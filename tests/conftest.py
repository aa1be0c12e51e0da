"""What all tests share: no way to the user's own AWS or files, and demos in a sandbox of this process."""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import math
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore.retries.standard import ExponentialBackoff, RetryQuotaChecker
from hypothesis import settings

from tools.process import remember_what_botocore_reads
from vpce_demo.aws import answers, environment
from vpce_demo.aws.environment import Environment, in_sandbox
from vpce_demo.aws.error_codes import ErrorKind
from vpce_demo.config.load import load
from vpce_demo.config.settings import Where
from vpce_demo.engine import waits
from vpce_demo.sandbox import client
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.open import open_demo
from vpce_demo.session.ownership import Unrecorded
from vpce_demo.session.run import Run

from .in_process import reached_in_process

settings.register_profile("fixed", derandomize=True, max_examples=30)
settings.register_profile("search", print_blob=True)
settings.load_profile("fixed")
"""Property tests try the same few examples each time; with ``--hypothesis-profile search`` (``make test-all``) many
new ones.  What such a search finds is kept as an ``@example``."""


UNKNOWN_ROWS = pytest.StashKey[dict[str, set[str]]]()
"""By test, the rows that its mark ``sampled`` names and that were not collected."""


def pytest_configure(config: pytest.Config) -> None:
    """A runner in the background may ignore signals, and the programs that the tests start would inherit that.

    Clients are made for nearly every test, which takes longer than most of them if AWS's models are read each time.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    remember_what_botocore_reads()
    config.pluginmanager.register(_Workers())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, so that they run beside the rest.  Of a test that is ``sampled``,
    the rows that it does not name, or those between, are slow; a row that is slow by itself does not count."""
    rows = Counter[str]()
    config.stash[UNKNOWN_ROWS] = {}
    for item in items:
        if (sampled := item.get_closest_marker("sampled")) and not item.get_closest_marker("slow"):
            name, _, row = item.nodeid.removesuffix("]").partition("[")
            by_name = isinstance(sampled.args[0], str)
            if by_name:
                config.stash[UNKNOWN_ROWS].setdefault(name, set(sampled.args)).discard(row)
            if row not in sampled.args if by_name else rows[name] % sampled.args[0]:
                item.add_marker("slow")
            rows[name] += 1
    items.sort(key=lambda item: item.path.parent.name not in ("peers", "torture"))


def pytest_collection_finish() -> None:
    """What is loaded now stays: to look through it again and again would take a good part of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)


# --- the CPU time of the run, which it prints --------------------------------------

_sandboxes = [0.0]
"""Seconds of CPU time of each sandbox in the background that was stopped, in the workers too."""
_stop = client.stop


def _stop_and_count(directory: Path) -> bool:
    """A sandbox in the background is nobody's child: its time is read before it is stopped, and its log after."""
    # One that does not answer is not counted.  Not on Linux, or it has just ended: nor is that.
    with contextlib.suppress(client.NotReached, OSError):
        if running := client.running(directory):
            spent = Path(f"/proc/{running.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
            _sandboxes.append(sum(map(int, spent)) / os.sysconf("SC_CLK_TCK"))
    stopped = _stop(directory)
    _no_traceback_in(directory / client.LOG_FILE)
    return stopped


client.stop = _stop_and_count


def pytest_sessionfinish(session: pytest.Session) -> None:
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["sandboxes"] = sum(_sandboxes)


class _Workers:
    """A hook of pytest-xdist, which is not known without it."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        _sandboxes.append(getattr(node, "workeroutput", {}).get("sandboxes", 0.0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    spent = sum(os.times()[:4]) + sum(_sandboxes)  # the workers have ended, and are among the children
    skipped = Counter(str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", ()))
    for why, count in skipped.items():
        terminalreporter.write_line(f"{count} skipped: {why.removeprefix('Skipped: ')}")
    terminalreporter.write_line(f"CPU {spent:.0f} s, of all processes together")


# --- no traceback in any sandbox's log -----------------------------------------------


def _no_traceback_in(log: Path) -> None:
    with contextlib.suppress(OSError):  # it may have been removed, or be what no log is: that is the test's business
        text = log.read_text(errors="replace") if log.is_file() else ""
        assert "Traceback" not in text, text


class _Tracebacks(logging.Handler):
    """Keeps every traceback that is logged in this process."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.logged: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.logged.append(self.format(record))


_tracebacks = _Tracebacks()
logging.getLogger().addHandler(_tracebacks)


@pytest.fixture(autouse=True)
def tracebacks(tmp_path: Path) -> Iterator[list[str]]:
    """The tracebacks logged so far: a test that wants one takes it out, any other fails with it."""
    yield _tracebacks.logged
    logged = "\n".join(_tracebacks.logged)
    _tracebacks.logged.clear()
    assert not logged, logged
    for log in tmp_path.rglob(client.LOG_FILE):
        _no_traceback_in(log)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No credentials, no profile, no option from outside; for fixtures that live longer than a test, too."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "VPCE_DEMO_"))]:
            patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(autouse=True)
def _a_place_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Home and current directory are the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def module_sandbox() -> Iterator[Sandbox]:
    """A sandbox whose clock has no waits, kept for the module: moto's store is the process's, so one at a time."""
    # To make the clients of an account takes longer than most commands.
    once = patch.object(environment, "_sandbox_clients", functools.cache(environment._sandbox_clients))
    with Sandbox(speed=math.inf) as started, reached_in_process(started), once:
        yield started


@pytest.fixture(scope="module")
def reached(module_sandbox: Sandbox) -> Running:
    """The module's sandbox, as a command finds it."""
    it = module_sandbox
    return Running(it.endpoint_url, it.proxy_url, it.boot_id, os.getpid(), it.token, it.clock.speed)


@pytest.fixture(scope="module")
def place(reached: Running) -> Environment:
    """The way into the module's sandbox, as every command takes it."""
    return in_sandbox(load(None, {}), reached)


@pytest.fixture
def sandbox(module_sandbox: Sandbox) -> Sandbox:
    """The module's sandbox with an empty account."""
    module_sandbox.reset()
    module_sandbox.set(speed=math.inf)
    return module_sandbox


@pytest.fixture(scope="module")
def open_run(place: Environment) -> Callable[..., AbstractContextManager[Run]]:
    """Opens a run in the module's sandbox, as a command does: ``with open_run(directory, name="second") as run``.

    ``directory`` is for the state of all demos; the rest is what could stand in the config file.
    """

    @contextlib.contextmanager
    def open_it(
        directory: Path,
        *,
        makes: bool = True,
        unrecorded: Unrecorded = Unrecorded.REFUSE,
        chapters: Sequence[str] = (),
        **settings: Any,
    ) -> Iterator[Run]:
        where = Where(load(None, settings), directory, sandbox=True)
        with open_demo(where, place, "test", makes=makes, unrecorded=unrecorded, chapters=chapters) as run:
            yield run

    return open_it


@pytest.fixture
def gives_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore repeats without pauses, the engine gives up soon, and an answer is too large after a megabyte."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    # How often a client may repeat is counted: without pauses one test would leave nothing for the next.
    monkeypatch.setattr(RetryQuotaChecker, "acquire_retry_quota", lambda *_: True)
    monkeypatch.setitem(waits.BUDGETS, ErrorKind.UNSURE, 1.0)
    monkeypatch.setattr(waits, "LEAST_SHOWN_SECONDS", 0.3)
    monkeypatch.setattr(answers, "LARGEST_ANSWER", 2**20)
