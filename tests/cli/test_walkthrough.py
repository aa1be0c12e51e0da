"""``walkthrough`` in a real terminal: pages, keys, stopping, going on.  One reader goes all the way."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from vpce_demo.cli import run_command
from vpce_demo.config.model import Config
from vpce_demo.lessons import heading, steps, words
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial

from .program import SECONDS, Done, World
from .terminal import Terminal

pytestmark = pytest.mark.extended

ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\]8;[^\x1b]*\x1b\\)")
TITLES = {lang: [heading(page, 17, words(lang)) for page in steps(lang)] for lang in ("en", "ja")}
PROVIDER = {r.key for r in tutorial(not_looked_up(Config())).of("create-provider")}
ENTER = "\r"
STOP, STOP_JA = "q: stop", "q: 中断"


class Reader:
    """Somebody in front of a terminal."""

    def __init__(self, world: World, *command: str, **environment: str) -> None:
        self.terminal = pexpect.spawn(
            sys.executable,
            ["-m", "vpce_demo", *command],
            cwd=str(world.directory),
            env={**world.environment, "TERM": "xterm-256color", **environment},
            dimensions=(50, 100),
            encoding="utf-8",
            timeout=SECONDS,
        )

    def until(self, text: str) -> str:
        """Wait for these words; return what was on the screen since the last ones."""
        self.terminal.expect_exact(text)
        return ESCAPES.sub("", f"{self.terminal.before}{self.terminal.after}").replace("\r\n", "\n")

    def press(self, key: str) -> None:
        self.terminal.send(key)

    def page(self, stop: str = STOP) -> str:
        """Read a page to its end; return what was on the screen since the last words."""
        text = self.until(stop)
        while "Space:" in text[text.rindex("\n") :]:
            self.press(" ")
            text += self.until(stop)
        return text

    def end(self) -> tuple[int | None, str]:
        """The exit code, and the last words."""
        self.terminal.expect(pexpect.EOF)
        self.terminal.close()
        text = ESCAPES.sub("", self.terminal.before or "").replace("\r\n", "\n")
        assert "Traceback" not in text, text
        return self.terminal.exitstatus, text


@contextmanager
def reading(world: World, *command: str, **environment: str) -> Iterator[Reader]:
    reader = Reader(world, *command, **environment)
    try:
        yield reader
    finally:
        reader.terminal.close(force=True)


def test_all_the_way_with_a_rest(world: World) -> None:
    """Enter through the provider's steps, stop; go on in Japanese to the test that passes; keep it all."""
    with reading(world, "walkthrough") as reader:
        page = reader.page()
        assert "Seventeen steps" in page
        assert 'eval "$(vpce-demo sandbox env)"' in page.replace("--sandbox ", "")
        for title in TITLES["en"][:8]:
            reader.press(ENTER)
            page = reader.page()
            assert title in page
            assert page.index(title) < page.index("Where we are")
            assert "the consumer" not in page.partition("Where we are")[0]
        assert f"--network-load-balancer-arns {world.recorded()['load-balancer']}" in page
        reader.press("p")
        assert world.recorded()["provider-vpc"] in reader.until(STOP)
        reader.press("q")
        code, last = reader.end()
    assert code == 0
    assert "Stopped." in last
    assert f"{len(PROVIDER)} of 32 resources are there." in last
    assert "vpce-demo --sandbox walkthrough" in last
    assert "vpce-demo --sandbox down" in last
    assert set(world.recorded()) == PROVIDER

    with reading(world, "up", "--step", LANG="ja_JP.UTF-8") as reader:
        page = reader.page(STOP_JA)
        for title in TITLES["ja"][:7]:
            assert re.search(rf"✓ {re.escape(title)} +作成済み", page), title
        reader.press("p")
        assert "プロバイダー   us-east-1a" in reader.until(STOP_JA), "the picture is in Japanese too"
        reader.press("p")
        reader.until(STOP_JA)
        for before, title in zip(TITLES["ja"][7:], TITLES["ja"][8:-1], strict=False):
            assert before in page
            reader.press(ENTER)
            page = reader.page(STOP_JA)
            assert title in page
        assert "項目中" not in page
        reader.press(ENTER)
        page = reader.page(STOP_JA)
        assert "<html><h1> Welcome to Hangyuzs Server 1 </h1></html>" in page
        assert "成功  8 項目中 8 項目" in page
        assert TITLES["ja"][-1] in page
        reader.press(ENTER)
        reader.until("[y/N]:")
        reader.press("\r")
        code, last = reader.end()
    assert code == 0
    assert "32 個のうち 32 個のリソースがあります。" in last
    assert len(world.recorded()) == 32


@pytest.mark.slow
def test_without_pages_and_away_again(world: World) -> None:
    """``s`` goes on to the end of the part from any screen, and skips the test; yes at the end deletes it all."""
    before = world.account()
    with reading(world, "walkthrough", "--lang", "en") as reader:
        reader.page()
        reader.press(ENTER)
        assert "s: make up to step 7" in reader.until(STOP)
        reader.press("x")  # nothing
        reader.press("s")
        assert TITLES["en"][7] in reader.page()
        assert set(world.recorded()) == PROVIDER
        reader.press(ENTER)
        assert "s: make up to step 15" in reader.page()
        reader.press("s")
        page = reader.page()
        assert TITLES["en"][15] in page
        assert f"--vpc-endpoint-ids {world.recorded()['endpoint']}" in page
        reader.press(ENTER)
        assert "s: skip the test" in reader.until(STOP)
        reader.press("s")
        assert "PASSED" not in reader.page()
        reader.press(ENTER)
        reader.until("[y/N]:")
        reader.press("y\r")
        code, last = reader.end()
    assert code == 0
    assert "Looked again by tag: nothing left." in last
    assert world.account() == before


def test_whose_turn_it_is_and_the_steps_of_one_side(world: World) -> None:
    with reading(world, "--consumer-profile", "222222222222", "walkthrough") as reader:
        reader.page()
        reader.press(ENTER)
        assert "the provider's turn, in account 123456789012" in reader.until(STOP)
        reader.press("q")
        reader.end()
    with reading(world, "walkthrough", "--side", "provider", "--consumer-account", "222222222222") as reader:
        reader.page()
        reader.press(ENTER)
        reader.until(STOP)
        reader.press("s")
        assert TITLES["en"][7] in reader.page()
        reader.press(ENTER)
        page = reader.page()
        assert TITLES["en"][-2] in page, "the consumer's steps are somebody else's"
        assert "turn" not in page.partition("Where we are")[0]
        reader.press("q")
        reader.end()
    assert "principal" in world.recorded()


def test_another_size_while_somebody_reads(world: World) -> None:
    """The screen is drawn anew at once; the same keys work."""
    with Terminal(world, "walkthrough", width=60, height=15) as reader:
        reader.until(lambda it: it.lines[-1] == "1/2   Space: next   q: stop", "the welcome")
        reader.press(" ")
        reader.until(lambda it: it.lines[-1] == "2/2   Enter: begin   b: back   q: stop", "the rest of it")
        reader.resize(80, 30)
        reader.until(lambda it: it.lines[-1] == "Enter: begin   q: stop", "all of it")
        assert "The tutorial, step by step" in reader.text
        reader.press("q")
        assert reader.finish() == 0
        assert "Nothing has been made." in reader.text


@pytest.mark.ordinary
def test_ctrl_c_at_a_page(world: World) -> None:
    with reading(world, "walkthrough") as reader:
        reader.until(STOP)
        reader.terminal.sendcontrol("c")
        code, last = reader.end()
    assert code == 130
    assert "Interrupted." in last
    assert not world.demo_directory().exists()


def test_the_document_of_a_reader_who_stops(world: World) -> None:
    with reading(world, "-o", "json", "walkthrough") as reader:
        reader.until(STOP)
        reader.press("q")
        code, last = reader.end()
    document = Done(0, last[last.index("{") :], "").document
    assert (code, document["command"], document["resources"]) == (0, "walkthrough", [])


def test_the_price_is_asked_once_where_it_costs_money(world: World) -> None:
    with world.nothing_changes(), reading(world, "walkthrough", **world.as_aws()) as reader:
        page = reader.page()
        reader.press(ENTER)
        page += reader.until("[y/N]:")
        assert re.search(r"32 resources will be made, which cost about \$0\.\d\d an hour", page)
        assert "vpce-demo --region us-east-1 down does not delete it." in " ".join(page.split())
        reader.press("n\r")
        code, last = reader.end()
    assert code == 3
    assert "Nothing was changed." in last


@pytest.mark.ordinary
@pytest.mark.parametrize("command", [("walkthrough",), ("walkthrough", "--yes"), ("up", "--step", "--yes")])
def test_nobody_reads(command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is begun, not even a sandbox."""
    assert run_command(["--sandbox", *command]) == 5
    told = capsys.readouterr().err
    assert "There is no terminal to read the pages on." in told
    assert "vpce-demo --sandbox up" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.ordinary
@pytest.mark.parametrize("more", [("--until", "accept"), ("--skip-test",)])
def test_step_by_step_stops_where_the_reader_says(more: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["--sandbox", "up", "--step", *more]) == 2
    assert "--step" in capsys.readouterr().err
