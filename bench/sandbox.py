"""The sandbox as others build on it: ``python -m bench.sandbox``, about a minute.

How long it takes to start and to be emptied, how many calls it answers, and whether it grows.  The figures stand in
the last measurement at 20 times AWS's pace, and on the page that ``python -m bench`` writes.
"""

from __future__ import annotations

import math
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .contenders import to_the_sandbox, vpce_demo
from .floor import SERVICES, method_of
from .measure import EMULATOR, counted, fresh_sandbox, run, seconds_of
from .results import FAST, Results

START, IMPORT = "sandbox start", 'python -c "import moto.ec2.models, moto.elbv2.models"'
RESET, CALLS, GROWTH = "reset and first call, ms", "200 describe calls, s", "memory after 1,000 resets, MB more"
STARTS = 11
RESETS = 1000
WARM_UP = 200
"""Resets before the first look at the memory: by then all is loaded that is loaded once."""
ROUNDS = 40
"""How often all describe calls of a demo are made."""


def main() -> int:
    if (results := Results.load(FAST)) is None:
        print("Measure this pace with `python -m bench` first.", file=sys.stderr)
        return 1
    found = {**_starts(), **_at_work()}
    for name, figure in found.items():
        print(f"{name}: {figure:.3f}")
    replace(results, sandbox=found).save()
    return 0


def _starts() -> dict[str, float]:
    """Medians of the seconds until a sandbox can be reached, and of an import of what it is built on, in turn."""
    from vpce_demo.sandbox import client

    started, imported = [], []
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory(prefix="vpce-demo-bench-") as name:
            begin = time.monotonic()
            client.ensure(Path(name) / EMULATOR)
            started.append(time.monotonic() - begin)
            client.stop(Path(name) / EMULATOR)
        imported += seconds_of((sys.executable, "-c", IMPORT.split('"')[1]), 1)
    return {START: statistics.median(started), IMPORT: statistics.median(imported)}


def _at_work() -> dict[str, float]:
    """The sandbox and its client on one core: the describe calls of a demo that stands, then resets."""
    contender = vpce_demo()
    with _one_core(), fresh_sandbox(contender, math.inf, latency_ms=0) as (directory, running, environment):
        run(contender.up, directory, environment)
        _, asked = counted(contender.up, directory, running, environment)
        clients = _clients(running.endpoint_url)
        calls = [
            (getattr(clients[one["service"]], method_of(one["operation"])), one["params"])
            for one in asked
            if one["operation"].startswith("Describe")
        ]
        begin = time.monotonic()
        for ask, params in calls * ROUNDS:
            ask(**params)
        each = (time.monotonic() - begin) / (len(calls) * ROUNDS)
        took, before = [], 0.0
        for number in range(RESETS):
            if number == WARM_UP:
                before = _memory(running.pid)
            begin = time.monotonic()
            running.control("reset")
            clients["ec2"].describe_vpcs()
            took.append(time.monotonic() - begin)
            _fill(clients["ec2"])
        return {
            CALLS: each * 200,
            RESET: statistics.median(took) * 1000,
            GROWTH: max(0.0, _memory(running.pid) - before),
        }


@contextmanager
def _one_core() -> Iterator[None]:
    """This process and those it starts share one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _clients(endpoint_url: str) -> dict[str, Any]:
    import boto3

    os.environ.update(to_the_sandbox(endpoint_url))
    session: Any = boto3.Session()
    return {service: session.client(service) for service in SERVICES}


def _fill(ec2: Any) -> None:
    """Make something that the next reset has to forget: a network, and an instance that runs in it."""
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    ec2.run_instances(ImageId="ami-12c6146b", SubnetId=subnet, MinCount=1, MaxCount=1)


def _memory(pid: int) -> float:
    """Megabytes of this machine that a process holds."""
    found = re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else math.nan


if __name__ == "__main__":
    sys.exit(main())
