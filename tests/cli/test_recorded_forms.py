"""A whole life with answers in the forms that AWS was seen to give (``relay.py``)."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from vpce_demo.cli import run_command
from vpce_demo.sandbox.server import Sandbox

from ..sandbox.world import World
from .relay import Relay
from .stage import write_server_file


@pytest.mark.slow
def test_a_life_with_answers_in_recorded_forms(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def passes(operation: str) -> None:
        """Let time pass only while a new service is of no use yet: the sandbox, too, refuses its endpoint then."""
        if operation == "CreateVpcEndpointServiceConfiguration":
            sandbox.set(speed=10)
        elif operation == "DescribeVpcEndpointConnections":
            sandbox.set(speed=math.inf)

    def run(*words: str) -> str:
        code = run_command(["--sandbox", "--state-dir", str(tmp_path / "state"), *words])
        out, err = capsys.readouterr()
        assert (code, "Traceback" in out + err) == (0, False), (words, out + err)
        return str(out + err)

    with Relay(sandbox.endpoint_url, 2, passes) as relay:
        known = {name: getattr(sandbox, name) for name in ("boot_id", "proxy_url", "token")}
        write_server_file(cast(Any, SimpleNamespace(**known, endpoint_url=relay.url)), tmp_path / "state")
        assert "PASSED" in run("up", "--yes")
        web = next(one.params for one in sandbox.calls() if one.operation == "RegisterTargets")["Targets"][0]["Id"]
        World(sandbox).ec2.terminate_instances(InstanceIds=[web])
        run("up", "--yes")
        assert "PASSED" in run("test")
        assert "nothing left" in run("down", "--yes")
    refused = [one.error for one in sandbox.calls() if one.operation == "CreateVpcEndpoint"]
    assert (refused[0], refused[-1]) == ("Unavailable", None)
    assert relay.met["unavailable"] == 2
    assert min(relay.met[what] for what in ("empty pages", "unknown elements", "capitals")) > 5, relay.met
