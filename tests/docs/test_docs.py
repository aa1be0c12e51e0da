"""The documentation says what is so: commands, options, settings, links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
import yaml

from tools.pictures import MOST_BYTES
from vpce_demo.cli import App, cli, shared_options
from vpce_demo.config import Config, load
from vpce_demo.diagram.picture import picture
from vpce_demo.diagram.svg import svg
from vpce_demo.facts import not_looked_up
from vpce_demo.tutorial import tutorial

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands(group: click.Group = cli, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        yield f"{prefix}{name}"
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"\bvpce-demo( --sandbox)? {command}\b", README), command


@pytest.mark.parametrize("option", [name for o in shared_options(True) for name in (*o.opts, o.envvar) if name])
def test_every_shared_option_and_its_variable_is_in_the_readme(option: str) -> None:
    assert f"`{option}" in README, option


def documented() -> Iterator[str]:
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            for line in block.splitlines():
                if "vpce-demo " in (words := line.partition("#")[0]) and not words.startswith(("pip", "git")):
                    yield words.strip()


@pytest.mark.parametrize("line", sorted(set(documented())))
def test_every_documented_command_line_is_understood(line: str) -> None:
    words = shlex.split(line)
    words = words[words.index(next(word for word in words if word.endswith("vpce-demo"))) + 1 :]
    group: click.Group = cli
    context = group.make_context("vpce-demo", words, obj=App())
    while True:
        rest = [*context._protected_args, *context.args]
        if not rest and group.invoke_without_command:
            break
        _, command, rest = group.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(command.name, rest, parent=context)
        if not isinstance(command, click.Group):
            break
        group = command


def test_the_example_holds_every_setting_with_its_default() -> None:
    path = ROOT / "config.example.yaml"
    assert load(path, {}) == Config()
    # What has no default is there as a comment.
    text = re.sub(r"^(\s*)# (\w+: [\w.-]+)( .*)?$", r"\1\2", path.read_text(), flags=re.MULTILINE)
    told = yaml.safe_load(text)
    wanted = Config().model_dump()
    assert told.keys() == wanted.keys()
    for side in ("provider", "consumer"):
        assert told[side].keys() == wanted[side].keys(), side


def test_the_readme_has_the_tutorials_names() -> None:
    demo = tutorial(not_looked_up(Config()))
    assert {step.number for step in demo.steps} == set(range(1, 18))
    for side in (Config().provider, Config().consumer):
        assert side.vpc_name in README
        assert side.vpc_cidr in README
        assert side.subnet_cidr in README


def test_pictures_are_there_and_small() -> None:
    named = set(re.findall(r"docs/images/[\w.-]+", README))
    assert named == {f"docs/images/{name}.png" for name in ("diagram-light", "diagram-dark", "report", "report-timing")}
    for image in sorted((ROOT / "docs" / "images").iterdir()):
        assert image.stat().st_size <= MOST_BYTES, image.name


def test_the_drawing_is_one_of_today() -> None:
    """``make pictures`` makes it anew when what draws it has changed."""
    kept = ElementTree.parse(ROOT / "docs" / "images" / "diagram.svg").getroot()
    today = ElementTree.fromstring(svg(picture(tutorial(not_looked_up(Config())), {})))
    style = "{http://www.w3.org/2000/svg}style"
    assert kept.findtext(style) == today.findtext(style)
    assert kept.get("viewBox", "").split()[:3] == today.get("viewBox", "").split()[:3]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
