"""Help, and what the screens are made of: no heavy import, no colour or symbol where none is wanted."""

from __future__ import annotations

import gc
import re

import click
import pytest

from tools.reference import commands
from vpce_demo import __version__, chapters
from vpce_demo.cli import cli, run_command
from vpce_demo.cli.commands import ALIASES, CHAPTERS, SANDBOX, SECTIONS

from .program import Program, World, finished, good, imported

HEAVY = ("boto3", "botocore", "moto", "pydantic", "rich", "yaml", "asyncssh", "flask")
ALL = [path.split() for path, _ in commands()]


def test_the_front_page(program: Program) -> None:
    done = good(program.run("-h"))
    assert program.run("--help").out == done.out
    assert program.run().text.split("Options:")[0].strip() == done.out.split("Options:")[0].strip()
    for name in cli.list_commands(click.Context(cli)):
        assert re.search(rf"^  {name}\b", done.out, re.MULTILINE), name
    assert "vpce-demo --sandbox up" in done.out
    assert program.run("--version").out.startswith("vpce-demo, version ")
    assert program.run("-o", "json", "--version").document["program"] == __version__


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_help_of_each_command(words: list[str]) -> None:
    """In one process: the front page and the imports have shown that the command line works as one."""
    from click.testing import CliRunner

    short, long = (CliRunner().invoke(cli, [*words, option], prog_name="vpce-demo") for option in ("-h", "--help"))
    assert (short.exit_code, long.exit_code) == (0, 0)
    assert short.output == long.output
    assert short.output.startswith(f"Usage: vpce-demo {' '.join(words)} ")
    if words != ["sandbox"]:
        example = ALIASES.get(words[0], " ".join(words))
        assert re.search(rf"Example:\n +vpce-demo (?:--sandbox )?{example}\b", short.output)
        is_shared = words not in (["sandbox", "aws"], ["sandbox", "curl"])  # all that follows is for another program
        for option in ("--name", "--region", "--config", "--state-dir", "--sandbox", "--output", "--no-color"):
            assert (option in short.output) == is_shared
        own, _, shared = short.output.partition("\nShared options, explained by vpce-demo --help:\n")
        assert "\nOptions:\n" in own
        assert len(shared.splitlines()) == 3 * is_shared
    assert max(map(len, short.output.splitlines())) <= 80


def test_the_table_of_commands_says_what_they_say_of_themselves() -> None:
    own = {path: one.get_short_help_str(200) for path, one in commands() if path.count(" ") < 2}
    rows = {name: line for section in SECTIONS.values() for name, line in section.items()}
    rows |= {f"sandbox {name}": line for name, line in SANDBOX.items()}
    assert {path: line for path, line in rows.items() if path not in ALIASES} == {
        path: line for path, line in own.items() if path in rows and path not in ALIASES
    }
    assert rows.keys() == {path for path in own if not path.startswith("sandbox faults ")}


@pytest.mark.parametrize("words", [["--help"], ["sandbox", "-h"], ["--version"], ["plna"]])
def test_help_imports_nothing_heavy(program: Program, words: list[str]) -> None:
    assert imported(program, *words).isdisjoint(HEAVY)


def test_garbage_is_collected_while_a_command_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though not while it is imported."""
    monkeypatch.setattr(gc, "freeze", lambda: None)
    gc.disable()
    try:
        assert run_command(["explain"]) == 0
        assert gc.isenabled()
    finally:
        gc.enable()


def test_a_pipe_gets_lines_without_escape_codes(world: World) -> None:
    asked = {
        "up": world.run("up", "--skip-test"),
        "test": world.run("test", FORCE_COLOR="1", NO_COLOR="1"),
        "status": world.run("status", "--ascii", COLUMNS="80"),
        "down": world.run("down", "--ascii", "--no-color", FORCE_COLOR="1"),
    }
    for command, done in asked.items():
        assert done.code == 0, done.text
        assert "\r" not in done.text, command
        assert "\x1b" not in done.text, command
    assert "✓" in asked["test"].out
    for command in ("status", "down"):
        assert asked[command].text.isascii(), command


def test_forced_colour_in_a_pipe_is_not_an_animation(world: World) -> None:
    """FORCE_COLOR asks for colour, not for a cursor that moves about in a log."""
    done = good(world.run("up", "--until", "create-endpoint-service", FORCE_COLOR="1"))
    lines = re.sub("\x1b\\[[0-9;]*m", "", done.text)
    assert "\x1b" not in lines
    assert "\r" not in lines
    assert re.search(r"step=1 +VPC Service_Network +created +vpc-[0-9a-f]{17}", lines)


def test_errors_in_ascii_too(program: Program) -> None:
    done = program.run("up", "--ascii")
    assert done.code == 2
    assert done.text.isascii()
    assert "x No AWS region is set." in done.err
    assert finished(program.start("up", VPCE_DEMO_ASCII="1")).text == done.text
    coded = finished(program.start("up", PYTHONUTF8="0", PYTHONIOENCODING="latin-1", LC_ALL="C"))
    assert coded.code == 2
    assert coded.text.isascii()


def test_quiet_says_only_what_was_asked_for(world: World) -> None:
    done = good(world.run("up", "--skip-test", "-q"))
    assert done.err == ""
    assert "service name" in done.out


def test_the_chapters_of_the_options_are_those_there_are() -> None:
    assert CHAPTERS == chapters.CHAPTERS
