"""Pages as they are seen: within the terminal, in both languages, with commands and addresses left whole."""

from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from vpce_demo.lessons import LANGUAGES, Page, steps, topics, welcome
from vpce_demo.lessons.placeholders import fill
from vpce_demo.ui import page as pages
from vpce_demo.ui.style import Screen

from .script import blocks
from .values import VALUES

EVERY: dict[str, list[Page]] = {lang: [*topics(lang), *steps(lang), welcome(lang, "sandbox")] for lang in LANGUAGES}


def shown(page: Page, width: int, ascii: bool = False, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system="truecolor" if colour else None, force_terminal=colour)
    pages.show(Screen(console, console, ascii), page.title, fill(page.text, *VALUES))
    return out.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.sampled(3)
def test_no_line_goes_beyond_the_terminal(lang: str, width: int) -> None:
    """But for what is to be copied: commands, and addresses of the web."""
    for page in EVERY[lang]:
        kept = {line for block in blocks(fill(page.text, *VALUES)) for line in block.splitlines()}
        text = shown(page, width)
        for line in text.splitlines():
            if line not in kept and "https://" not in line:
                assert cell_len(line) <= width, (page.name, line)
                assert line == line.rstrip(), page.name
        assert "…" not in text, f"{page.name}: something was cut off"
        assert not re.search("[\x00-\x09\x0b-\x1f\ue000]", text), f"{page.name}: a mark of ours is left"
        assert "\n\n\n" not in text, page.name


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_lost(lang: str) -> None:
    """Every command is there line by line, every address whole, every word of the prose in its order."""
    for page in EVERY[lang]:
        source = fill(page.text, *VALUES)
        text = shown(page, 80)
        for block in blocks(source):
            assert block in text, page.name
        urls = re.findall(r"\]\((https://[^)]+)\)", source)
        copied = {line for block in blocks(source) for line in block.splitlines()}
        shown_urls = [line.strip() for line in text.splitlines() if "https://" in line and line not in copied]
        assert shown_urls == urls, page.name
        prose = re.sub(r"^(```.*?^```|\|.*?|- \[.*?)$", "", source, flags=re.MULTILINE | re.DOTALL)
        for paragraph in re.split(r"\n\s*\n|\n(?=[-\d])", prose):
            words = re.sub(r"^(#+|-|\d+\.) |\*\*|`|\s", "", paragraph.strip(), flags=re.MULTILINE)
            assert words in re.sub(r"\s", "", text), (page.name, paragraph)


def test_english_in_ascii() -> None:
    for page in EVERY["en"]:
        assert shown(page, 80, ascii=True).isascii(), page.name


def test_headings_can_be_told_without_colour() -> None:
    (page,) = (one for one in topics("en") if one.name == "zones")
    plain, coloured = shown(page, 80), shown(page, 80, colour=True)
    assert "Names and ids\n-------------\n" in plain
    assert "\x1b" not in plain
    assert "-------------" not in coloured
    assert "\x1b[1mNames and ids\x1b[0m" in coloured


def test_japanese_is_broken_where_readers_would() -> None:
    """No line begins with punctuation or a particle of the word before; a number stays with what it counts."""
    for page in EVERY["ja"]:
        for line in shown(page, 80).splitlines():
            if not re.search(r"\S {2,}\S", line):  # a row of a table has its own, narrower breaks
                assert not re.match(r"\s*[、。）」ーっゃゅょ]", line), line
                assert not re.search(r"ステップ$", line), line


@pytest.mark.parametrize(
    "phrase",
    [
        "割り当て",
        "呼び出し",
        "引き上げ",
        "申し込めます",
        "受け取ります",
        "1 か月",
        "2 つ目",
        "`vpce-demo down` は",
        "3 種類の",
    ],
)
def test_a_phrase_is_not_broken(phrase: str) -> None:
    """At any width that has room for it, wherever in a sentence it stands."""
    text = f"この料金は、それぞれの{phrase}、あとで確かめてください。"
    wanted = phrase.replace("`", "")
    for width in range(20, 60):
        assert wanted in shown(Page(False, "", "one", "題", text), width), width


def test_a_long_noun_in_a_table_is_broken_between_its_words() -> None:
    (page,) = (one for one in topics("ja") if one.name == "endpoints")
    assert re.search(r"ネットワーク {3,}インターフェイス {3,}", shown(page, 80))


def test_a_phrase_that_has_no_room_leaves_no_space_at_the_end_of_its_line() -> None:
    text = "| 項目 | 使う名前 |\n|---|---|\n| 名前 | プライベート DNS によるサービスの公開名 |\n"
    for width in range(20, 60):
        for line in shown(Page(False, "", "one", "題", text), width).splitlines():
            assert line == line.rstrip(), width


def test_a_line_of_japanese_goes_on_without_a_space() -> None:
    for page in [*steps("ja"), *topics("ja")]:
        outside = re.sub(r"^```.*?^```$", "", page.text, flags=re.MULTILINE | re.DOTALL)
        assert not re.search(r"[。、]\n[ぁ-んァ-ヶ一-龠`A-Z]", outside), page.name
