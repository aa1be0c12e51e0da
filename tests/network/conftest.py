"""A running network over the tutorial's world."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vpce_demo.sandbox.clock import Clock
from vpce_demo.sandbox.network.network import Network

from .world import Lab, World, tutorial


@pytest.fixture(scope="session")
def ssh_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key pair made by ssh-keygen: the private key's file, the public one beside it."""
    path = tmp_path_factory.mktemp("key") / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@pytest.fixture
def make_lab(tmp_path: Path, ssh_key: Path) -> Iterator[Callable[..., Lab]]:
    """Makes one running network per test: ``make_lab(speed=..., user_data=..., install_error=..., proxy_port=...)``."""
    labs: list[Lab] = []

    def make(
        speed: float = math.inf, install_error: Callable[[], str] = str, proxy_port: int = 0, **arguments: str
    ) -> Lab:
        public = ssh_key.with_suffix(".pub").read_text()
        world = World(tutorial(public_keys=(public,), **arguments), Clock(speed))
        network = Network(world.look, world.clock, tmp_path, proxy_port, install_error)
        lab = Lab(world, network, tmp_path, ssh_key)
        labs.append(lab)
        lab.network.start()
        return lab

    yield make
    for lab in labs:
        lab.network.stop()


@pytest.fixture
def lab(make_lab: Callable[..., Lab]) -> Lab:
    """The tutorial's world on an infinitely fast clock, with both instances booted and the target healthy."""
    lab = make_lab()
    lab.booted()
    return lab
