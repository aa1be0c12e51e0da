"""Every command line of the README and of ``docs/`` is run, by somebody in front of a terminal, in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.docs.lines import documented, words
from vpce_demo.aws import environment
from vpce_demo.cli import run_command
from vpce_demo.sandbox import client

from .program import World, clients_made_once
from .terminal import Terminal

WITH_NOTHING = ("up", "create-provider", "plan", "walkthrough", "init")
"""Commands that have more to do where no demo stands."""
ANYWHERE = ("", "explain", "completion", "iam-policy")
"""Commands that need no demo; all others are run on a whole one."""
ELSEWHERE = {
    "vpce-demo cost --refresh",
    "vpce-demo sandbox aws ec2 describe-vpc-endpoints",
    "vpce-demo sandbox curl http://203.0.113.10/",
    "vpce-demo sandbox run",
    "vpce-demo sandbox run --port 4566",
    "vpce-demo sandbox run --port 4566 --log-format json",
    "vpce-demo sandbox env | source",
    "vpce-demo sandbox env --shell powershell | Out-String | Invoke-Expression",
    "vpce-demo sandbox proxy %h %p",
    "vpce-demo accept vpce-0123456789abcdef0",
    "vpce-demo reject",
    "vpce-demo reject vpce-0123456789abcdef0",
    "vpce-demo down --customer 2",
    "vpce-demo test --customer 2",
    "vpce-demo test --chapter gateway",
    "vpce-demo check",
    "vpce-demo check --key my-key.pem",
    "vpce-demo check --key my-key.pem --to homework.html",
    "vpce-demo check --vpc vpc-0123456789abcdef0",
    "vpce-demo adopt --by-hand --key my-key.pem",
}
"""``test_cost.py`` runs the first, with a Price List of its own: the sandbox has none.  ``test_sandbox_aws.py`` runs
``aws`` and ``curl`` without these programs, ``test_sandbox_run.py`` and ``test_sandbox_env.py`` what begins with
``sandbox run`` and ``env``, ``test_customers.py`` those of a demo of several customers, ``test_diagnosis.py`` that of a
chapter, ``test_check.py`` and ``test_adopt_by_hand.py`` those of a demo that was built by hand."""
LINES = [line for line in documented() if line not in ELSEWHERE]


class Yes:
    """Standard input with somebody there who says yes."""

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return "y\n"


@pytest.fixture(scope="module")
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """With a sandbox of its own, since some lines stop it."""
    world = World(tmp_path_factory.mktemp("documented"))
    try:
        yield world
    finally:
        client.stop(world.emulator)


Say = Callable[..., int]


class Stands:
    """Keeps a whole demo there, and knows when nothing has changed since it saw to that."""

    def __init__(self) -> None:
        self._calls: dict[str, int] | None = None

    def see_to_it(self, world: World, say: Say) -> None:
        if world.changing_calls() != self._calls or not world.demo_directory().exists():
            assert say("up", "--skip-test") == 0
            self._calls = world.changing_calls()


@pytest.fixture(scope="module")
def stands() -> Stands:
    return Stands()


@pytest.fixture
def say(own_world: World, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Runs a command in this process, as one that is begun there would be, and returns its exit code."""
    monkeypatch.setattr(environment, "_sandbox_clients", clients_made_once)
    for name, value in own_world.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(own_world.directory)
    monkeypatch.setattr("sys.stdin", Yes())
    if client.running(own_world.emulator) is None:
        own_world.start_sandbox()
    return lambda *line: run_command(list(line))


def ctrl_c(seconds: float) -> None:
    raise KeyboardInterrupt


@pytest.mark.extended
@pytest.mark.parametrize("line", [line for line in LINES if "walkthrough" not in line])
@pytest.mark.sampled(2)
def test_a_line(line: str, own_world: World, say: Say, stands: Stands, monkeypatch: pytest.MonkeyPatch) -> None:
    said = words(line)
    command = next((word for word in said if not word.startswith("-")), "")
    if command in WITH_NOTHING:
        own_world.empty()
        for file in own_world.directory.glob("*.yaml"):
            file.unlink()
    elif command not in ANYWHERE and said[:2] != ["sandbox", "faults"]:
        stands.see_to_it(own_world, say)
    if said[-1] == "--undo" or said[:2] == ["sandbox", "hint"]:
        assert say("sandbox", "break", "part-missing") == 0
    if "--watch" in said:
        monkeypatch.setattr("vpce_demo.cli.watch.time.sleep", ctrl_c)
    try:
        assert say(*said) == 0
    finally:
        if said[:2] == ["sandbox", "faults"]:
            say("sandbox", "faults", "clear")
        elif command == "sandbox" and client.running(own_world.emulator):
            own_world.empty()


@pytest.mark.extended
@pytest.mark.parametrize("line", [line for line in LINES if "walkthrough" in line])
def test_a_line_for_a_reader(line: str, own_world: World, say: Say) -> None:
    own_world.empty()
    with Terminal(own_world, *words(line), height=100) as terminal:
        terminal.until(lambda shown: "q:" in shown.text, "the first page")
        terminal.press("q")
        assert terminal.finish() == 0
