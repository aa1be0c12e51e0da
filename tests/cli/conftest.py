"""One sandbox for all, which costs seconds to start and stop, and demos that begin with nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from vpce_demo.aws import environment
from vpce_demo.aws.environment import Environment
from vpce_demo.aws.region import image
from vpce_demo.config.load import load
from vpce_demo.model import Side
from vpce_demo.sandbox import client
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

from ..in_process import reached_in_process
from .hand_made import Account
from .program import Program, World
from .stage import Stage, standing, write_server_file
from .users import Users


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sandbox that runs; whoever uses it empties it first."""
    world = World(tmp_path_factory.mktemp("world"))
    world.start_sandbox()
    try:
        yield world
    finally:
        client.stop(world.emulator)


@pytest.fixture(scope="module")
def world_in_process(module_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same with the sandbox of this process, which makes commands that run here quicker.

    For modules that stop no sandbox: they let it be their ``shared_world``.
    """
    world = World(tmp_path_factory.mktemp("world"))
    write_server_file(module_sandbox, world.directory / world.state)
    return world


@pytest.fixture
def world(shared_world: World) -> World:
    """An empty account, and no demo on record."""
    shared_world.empty()
    return shared_world


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program in an empty directory, without credentials, a region or a sandbox."""
    return Program(tmp_path)


@pytest.fixture(scope="module")
def made(
    module_sandbox: Sandbox,
    open_run: Callable[..., AbstractContextManager[Run]],
    place: Environment,
    tmp_path_factory: pytest.TempPathFactory,
) -> Stage:
    """One demo for the module, in the sandbox of this process, where the program finds it as it would any other."""
    return standing(module_sandbox, open_run, place, tmp_path_factory.mktemp("state"))


@pytest.fixture
def stage(
    made: Stage, place: Environment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Stage:
    """The same, with clients that are not made anew for each command, which is what takes long.

    A test puts back what it changes.
    """
    monkeypatch.setattr("vpce_demo.aws.environment.in_sandbox", lambda config, running: place)
    made.capsys = capsys
    return made


@pytest.fixture(scope="module")
def made_run(
    module_sandbox: Sandbox,
    open_run: Callable[..., AbstractContextManager[Run]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Run]:
    """A demo that stands, in a sandbox of this process, and was looked at."""
    module_sandbox.reset()
    with open_run(tmp_path_factory.mktemp("state")) as run:
        run.up(run.demo.resources, lambda event: None, None)
        run.look()
        yield run


@pytest.fixture(scope="module")
def the_image(place: Environment) -> str:
    """The image that the tutorial's instances are made from."""
    return image(place.clients[Side.PROVIDER], load(None, {}))


@pytest.fixture
def account(sandbox: Sandbox, place: Environment, the_image: str) -> Account:
    """An empty account, with a key, for a demo that is built by hand."""
    place.clients[Side.PROVIDER].ec2.create_key_pair(KeyName="mine")
    return Account(sandbox, place, the_image)


@pytest.fixture
def account_stage(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stage:
    """The program in this account, with clients that are not made anew for each command."""
    monkeypatch.setattr("vpce_demo.aws.environment.in_sandbox", lambda config, running: account.place)
    state = tmp_path / "state"
    write_server_file(account.sandbox, state)
    return Stage(state, account.clients, {}, capsys)


@pytest.fixture(scope="module")
def guarded() -> Iterator[Sandbox]:
    """A sandbox that checks permissions."""
    with Sandbox(speed=math.inf, iam=True) as started, reached_in_process(started):
        yield started


@pytest.fixture
def users(guarded: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Users]:
    guarded.reset()
    guarded.set(speed=math.inf)
    users = Users(guarded, tmp_path)
    monkeypatch.setattr(environment, "in_sandbox", users.place)
    with users.after:
        yield users
