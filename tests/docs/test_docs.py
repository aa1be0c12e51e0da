"""The documentation says what is so: commands, options, settings, links."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tools import reference
from tools.pictures import MOST_BYTES
from vpce_demo.cli.app import shared_options
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.diagram.picture import picture
from vpce_demo.diagram.svg import svg
from vpce_demo.diagram.theme import Theme
from vpce_demo.lessons import Language
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial

from .lines import PAGES, ROOT

README = (ROOT / "README.md").read_text()
JAPANESE = (ROOT / "README.ja.md").read_text()


@pytest.mark.parametrize("command", [path for path, _ in reference.commands()])
def test_every_command_is_in_the_readme(command: str) -> None:
    """Or, if it is a fault of the sandbox, on the sandbox's page."""
    page = (ROOT / "docs" / "sandbox.md").read_text() if command.startswith("sandbox faults ") else README
    assert re.search(rf"\bvpce-demo( --sandbox)? {command}\b", page), command


def test_the_readme_begins_with_five_lines_and_the_command() -> None:
    first, command, _ = README.split("```", 2)
    title, languages, *lines = first.strip().split("\n\n")
    assert title == "# vpce-demo"
    assert "README.ja.md" in languages
    assert len("\n".join(lines).splitlines()) <= 5
    assert "make demo" in command
    assert len(README.splitlines()) <= 200


def test_the_japanese_readme_has_the_same_sections_and_no_command_of_its_own() -> None:
    english, japanese = (re.split(r"^## .*\n", page, flags=re.MULTILINE) for page in (README, JAPANESE))
    assert len(english) == len(japanese)
    for ours, theirs in zip(english, japanese, strict=True):
        told = commands(theirs)
        assert told <= commands(ours), told - commands(ours)
    assert "README.md" in JAPANESE.split("```")[0]
    assert commands(japanese[0]) == commands(english[0])


def commands(page: str) -> set[str]:
    """The command lines in a piece of a page, without comments."""
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)).splitlines()
    named = re.findall(r"`((?:vpce-demo|make|pip) [^`\n]+)`", page)
    return {" ".join(line.partition(" #")[0].split()) for line in (*shell, *named)}


@pytest.mark.parametrize("option", [name for o in shared_options(True) for name in (*o.opts, o.envvar) if name])
def test_every_shared_option_and_its_variable_is_in_the_readme(option: str) -> None:
    assert f"`{option}" in README, option


def test_the_page_of_commands_is_what_they_say_of_themselves() -> None:
    """Every command, every option: ``make reference`` writes it."""
    assert reference.PAGE.read_text() == reference.page()


def test_the_page_of_errors_is_the_table() -> None:
    """``make reference`` writes it."""
    assert reference.ERRORS_PAGE.read_text() == reference.errors()


def test_the_schema_is_made_from_the_types_of_the_documents() -> None:
    """``make reference`` writes it."""
    assert reference.SCHEMA.read_text() == reference.schema()


def test_the_example_holds_every_setting_with_its_default() -> None:
    path = ROOT / "config.example.yaml"
    assert load(path, {}) == Config()
    # What has no default is there as a comment.
    text = re.sub(r"^(\s*)# (\w+: [\w.\x22-]+)( .*)?$", r"\1\2", path.read_text(), flags=re.MULTILINE)
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
    assert set(re.findall(r"docs/images/[\w.-]+", JAPANESE)) == {
        f"docs/images/diagram-ja-{theme}.svg" for theme in ("light", "dark")
    }
    for image in sorted((ROOT / "docs" / "images").iterdir()):
        assert image.stat().st_size <= MOST_BYTES, image.name


@pytest.mark.parametrize(
    ("name", "theme", "lang"),
    [("diagram", "auto", "en"), ("diagram-ja-light", "light", "ja"), ("diagram-ja-dark", "dark", "ja")],
)
def test_the_drawing_is_one_of_today(name: str, theme: Theme, lang: Language) -> None:
    """``make pictures`` makes it anew when what draws it has changed."""
    kept = ElementTree.parse(ROOT / "docs" / "images" / f"{name}.svg").getroot()
    today = ElementTree.fromstring(svg(picture(tutorial(not_looked_up(Config())), {}, lang=lang), theme))
    style = "{http://www.w3.org/2000/svg}style"
    assert kept.findtext(style) == today.findtext(style)
    assert kept.get("viewBox", "").split()[:3] == today.get("viewBox", "").split()[:3]


def test_every_make_target_that_is_named_is_there() -> None:
    """On the pages, in what runs on each submission, and in the workflows, which nothing here has run."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    files = [*PAGES, ROOT / ".ci" / "run", *(ROOT / ".github" / "workflows").iterdir()]
    named = {name for file in files for name in re.findall(r"(?m)(?:`|^|run: )make ([a-z-]+)", file.read_text())}
    assert {"demo", "test", "package", "lowest-sample"} <= named <= targets, named - targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
