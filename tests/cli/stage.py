"""A demo that stands in a sandbox of this process, and the program run in this process too, which is quick."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vpce_demo.aws.clients import Clients
from vpce_demo.aws.environment import Environment
from vpce_demo.cli import run_command
from vpce_demo.model import Side
from vpce_demo.sandbox.client import SERVER_FILE
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run


def write_server_file(sandbox: Sandbox, state: Path) -> None:
    """Let the program find a sandbox of this process as it would any other."""
    found = {name: getattr(sandbox, name) for name in ("boot_id", "endpoint_url", "proxy_url", "token")}
    path = state / "emulator" / SERVER_FILE
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({**found, "pid": os.getpid()}))


def standing(
    sandbox: Sandbox,
    open_run: Callable[..., AbstractContextManager[Run]],
    place: Environment,
    directory: Path,
    **settings: Any,
) -> Stage:
    """A demo with these settings that stands, where the program finds it as it would any other."""
    sandbox.reset()
    write_server_file(sandbox, directory)
    with open_run(directory, **settings) as run:
        run.up(run.demo.resources, lambda event: None, None)
        ids = dict(run.state.ids)
    return Stage(directory, place.clients[Side.PROVIDER], ids)


@dataclass
class Stage:
    """What a test changes behind the program's back, and how it asks the program."""

    directory: Path
    clients: Clients
    ids: dict[str, str]
    capsys: pytest.CaptureFixture[str] | None = None
    where: list[str] = field(default_factory=lambda: ["--sandbox"])

    @property
    def ec2(self) -> Any:
        return self.clients.ec2

    @property
    def elb(self) -> Any:
        return self.clients.elb

    def run(self, *words: str) -> tuple[int, dict[str, Any], str]:
        """Run the program here; return its exit code, its document and its screen."""
        code, out, err = self.text("-o", "json", *words)
        return code, json.loads(out), err

    def text(self, *words: str) -> tuple[int, str, str]:
        """The same, with what it printed on stdout and on stderr."""
        assert self.capsys
        code = run_command([*self.where, "--state-dir", str(self.directory), *words])
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err
