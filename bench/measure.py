"""One contender at work: a fresh sandbox, its commands as whole processes, and what they took.

This process stays small on purpose (nothing heavy is imported before the measuring is done): what a process is started
from counts into the peak memory that the system reports of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .contenders import Contender, last_line

if TYPE_CHECKING:
    from vpce_demo.sandbox.client import Running

PHASES = ("up", "again", "down")
EMULATOR = "emulator"
"""The sandbox's directory inside a state directory; vpce-demo finds it there."""
LATENCY_MS = 80
FLOOR = "the floor: a bare boto3 script with the questions of up again"
AMONG_STRANGERS = ", among strangers"
SETTLING = 1.0
"""Seconds before the clock starts: a sandbox is still loading when it answers already, and that is nobody's time."""
SECONDS = 1800.0
"""How long one command may take before it is given up."""


class Failed(Exception):
    """A command failed, or did not do the work; the message says which and how."""


@dataclass(frozen=True)
class Figures:
    """What one command took.  ``memory_mb`` is the peak of the largest of its processes, ``cpu_seconds`` of all."""

    seconds: float
    calls: int
    memory_mb: float
    cpu_seconds: float


@dataclass(frozen=True)
class Call:
    """One API call of a timeline; times are seconds since the command began.  ``name`` is the resource's, if given."""

    operation: str
    name: str
    started: float
    ended: float
    error: str = ""

    @classmethod
    def as_dict(cls, call: Mapping[str, Any], begin: float) -> Call:
        """Out of the control port's ``calls``."""
        ended = call["ended"] or call["started"]
        return cls(
            call["operation"],
            name_in(call["params"]),
            round(call["started"] - begin, 3),
            round(ended - begin, 3),
            call["error"] or "",
        )


@dataclass(frozen=True)
class Lap:
    """One contender's up, up again and down in one sandbox."""

    figures: dict[str, Figures]
    timelines: dict[str, list[Call]]


def name_in(params: Mapping[str, Any]) -> str:
    """The name a create call gives: the parameter ``Name`` or ``KeyName``, else the tag ``Name``."""
    tags = [tag for specification in params.get("TagSpecifications") or () for tag in specification.get("Tags") or ()]
    tagged = next((str(tag["Value"]) for tag in tags if tag.get("Key") == "Name"), "")
    return tagged or str(params.get("Name") or "")


def lap(contender: Contender, pace: float) -> Lap:
    """Up, up again and down in a fresh sandbox.  Raises Failed, or NotHere when the contender cannot be set up."""
    with fresh_sandbox(contender, pace) as (directory, running, environment):
        figures, timelines = {}, {}
        for phase in PHASES:
            begin = time.time()
            words = contender.down if phase == "down" else contender.up
            figures[phase], calls = counted(words, directory, running, environment)
            timelines[phase] = [Call.as_dict(call, begin) for call in calls]
            check(running.endpoint_url, phase)
        return Lap(figures, timelines)


def looks(contender: Contender, pace: float, runs: int) -> dict[str, list[Figures]]:
    """What a demo that stands costs to look at: ``up`` again, ``status`` and the floor; then both among strangers.

    By name, so many runs of each, in turn.  Raises Failed.
    """
    with fresh_sandbox(contender, pace) as (directory, running, environment):
        run(contender.up, directory, environment)
        _, calls = counted(contender.up, directory, running, environment)
        (directory / "calls.json").write_text(json.dumps(calls))
        ours: dict[str, tuple[str, ...]] = {"up again": contender.up, "status": contender.status}
        floor: dict[str, tuple[str, ...]] = {FLOOR: (sys.executable, "-m", "bench.floor", "calls.json")}
        measured: dict[str, list[Figures]] = {}

        def measure(commands: Mapping[str, Sequence[str]]) -> None:
            for _ in range(runs):
                for name, words in commands.items():
                    measured.setdefault(name, []).append(counted(words, directory, running, environment)[0])

        measure(ours | floor)
        run((sys.executable, "-m", "bench.strangers"), directory, environment)
        measure({f"{name}{AMONG_STRANGERS}": words for name, words in ours.items()})
        return measured


@contextlib.contextmanager
def fresh_sandbox(
    contender: Contender, pace: float, latency_ms: float = LATENCY_MS
) -> Iterator[tuple[Path, Running, dict[str, str]]]:
    """A directory prepared for the contender, a sandbox of its own in it, and the environment that leads there."""
    from vpce_demo.sandbox import client

    with tempfile.TemporaryDirectory(prefix="vpce-demo-bench-") as name:
        directory = Path(name)
        running = client.ensure(directory / EMULATOR, speed=pace, latency_ms=latency_ms)
        try:
            environment = contender.all_environment(directory, running.endpoint_url)
            contender.prepare(directory, environment)
            time.sleep(SETTLING)
            yield directory, running, environment
        finally:
            client.stop(directory / EMULATOR)


def counted(
    words: Sequence[str], directory: Path, running: Running, environment: Mapping[str, str]
) -> tuple[Figures, list[dict[str, Any]]]:
    """Run a command; its figures, and the calls that it made.  Raises Failed."""
    before = len(running.control("calls")["calls"])
    took = run(words, directory, environment)
    calls = running.control("calls")["calls"][before:]
    return replace(took, calls=len(calls)), calls


def run(words: Sequence[str], directory: Path, environment: Mapping[str, str]) -> Figures:
    """Run a command to its end.  Raises Failed."""
    with tempfile.TemporaryFile() as said:
        begin = time.monotonic()
        process = subprocess.Popen(
            words,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        with given_up(process):
            _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            text = said.read().decode("utf-8", "replace")
            raise Failed(f"{Path(words[0]).name} ended with {process.returncode}: {last_line(text)}")
    unit = 1024 if sys.platform == "darwin" else 1
    return Figures(seconds, 0, usage.ru_maxrss / unit / 1024, usage.ru_utime + usage.ru_stime)


@contextlib.contextmanager
def given_up(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the process and all it has started when it takes too long, or when we are interrupted."""
    timer = threading.Timer(SECONDS, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        yield
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        timer.cancel()


def check(endpoint_url: str, phase: str) -> None:
    """See that the work is done: the endpoint available after up, no VPC but the default one after down.

    Raises Failed.  Asked in plain HTTP, since a signature is not looked at and a whole SDK would make us large.
    """
    if phase == "down":
        left = ask(endpoint_url, "DescribeVpcs").count("<isDefault>false")
        if left:
            raise Failed(f"{left} VPCs were left after down")
    elif (states := re.findall(r"<state>(\w+)", ask(endpoint_url, "DescribeVpcEndpoints"))) != ["available"]:
        raise Failed(f"after {phase} the endpoint is {', '.join(states) or 'not there'}")


def ask(endpoint_url: str, operation: str) -> str:
    """The answer of an EC2 call without parameters, as XML."""
    credential = "AWS4-HMAC-SHA256 Credential=sandbox/20260101/us-east-1/ec2/aws4_request"
    body = f"Action={operation}&Version=2016-11-15".encode()
    request = urllib.request.Request(
        endpoint_url, body, {"Authorization": f"{credential}, SignedHeaders=h, Signature=0"}
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return str(answer.read().decode())


def seconds_of(words: Sequence[str], runs: int) -> list[float]:
    """How long a short command takes, so many times."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    return [run(words, Path.cwd(), environment).seconds for _ in range(runs)]
