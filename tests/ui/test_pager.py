"""Pages in screens that fit the terminal, and the keys that turn them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from rich.cells import cell_len
from rich.text import Text

from tests.lessons.values import VALUES
from vpce_demo.lessons import LANGUAGES, Page, steps, welcome, words
from vpce_demo.lessons.placeholders import fill
from vpce_demo.ui import page as pages
from vpce_demo.ui import pager
from vpce_demo.ui.pager import ENTER, Block, Reader, screens
from vpce_demo.ui.style import Screen

from .conftest import Opens

SIZES = [(60, 20), (80, 24), (100, 50)]
KEYS = {
    "key next": "Space: next",
    "key back": "b: back",
    "key picture": "p: picture",
    "key page": "p: page",
}
ENDS = {ENTER: "Enter: go", "q": "q: stop"}


def block(*lines: str) -> list[Text]:
    return [Text(line) for line in lines]


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([], [[]]),
        ([block("a", "b"), block("c")], [["a", "b", "c"]]),
        ([block("a", "b"), block("c", "d")], [["a", "b"], ["c", "d"]]),
        ([block("a"), block("b", "c", "d", "e")], [["a"], ["b", "c", "d"], ["e"]]),
        ([block("a", "b", ""), block("", "c")], [["a", "b"], ["c"]]),
        ([block("a"), block("12345678", "b")], [["a"], ["12345678", "b"]]),  # the long line takes two rows
        ([block("1234567890123456")], [["1234567890123456"]]),  # and this one more than there are
        ([block("日本語", "b", "c")], [["日本語", "b"], ["c"]]),
    ],
)
def test_blocks_stay_whole_where_they_fit(blocks: list[Block], expected: list[list[str]]) -> None:
    assert [[line.plain for line in lines] for lines in screens(blocks, 5, 3)] == expected


@pytest.fixture
def read(open_screen: Opens, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[str, list[str]]]:
    """Reads with these keys; returns the key that ended it, and what each key found on the terminal."""

    def it(
        typed: list[str], page: Callable[[Screen], list[list[Text]]], width: int = 40, height: int = 10, **more: Any
    ) -> tuple[str, list[str]]:
        monkeypatch.setenv("LINES", str(height))
        screen, stream = open_screen(width)
        keys, found = iter(typed), []

        def getchar() -> str:
            found.append(stream.getvalue())
            stream.seek(0)
            stream.truncate()
            return next(keys)

        monkeypatch.setattr(pager, "_keys_at_once", lambda: nullcontext(getchar))
        options: dict[str, Any] = {"words": KEYS, "picture": None, "ends": ENDS, **more}
        return Reader(screen, page=lambda: page(screen), **options).read(), found

    return it


Read = Callable[..., tuple[str, list[str]]]
SECTIONS = [block(*(f"{name}{n}" for n in range(5))) for name in "abc"]


def picture() -> Iterator[list[Text]]:
    yield block(*(f"drawn{n}" for n in range(9)))


@pytest.mark.parametrize(
    ("typed", "seen", "end"),
    [
        ("  q", "a b c", "q"),
        ("\r\r\r", "a b c", ENTER),  # Enter turns too
        ("\n\n\n", "a b c", ENTER),
        ("  b \r", "a b c b c", ENTER),
        ("q", "a", "q"),
        (" Q", "a b", "q"),
        (" pp q", "a b drawn b c", "q"),
        (" p  b\rq", "a b drawn drawn b a b", "q"),
        (" p\r\rq", "a b drawn drawn b", "q"),
        ("pbq", "a drawn", "q"),  # at the beginning there is no way back
        ("bxq", "a", "q"),
        ("   q", "a b c", "q"),  # nor beyond the end with Space
    ],
)
def test_keys(typed: str, seen: str, end: str, read: Read) -> None:
    ended, found = read([*typed], lambda screen: SECTIONS, picture=picture)
    shown = [text.split()[0].rstrip("0123456789") for text in found if text]
    assert (" ".join(shown), ended) == (seen, end)


def test_the_keys_on_each_screen(read: Read) -> None:
    _, found = read([" ", " ", "p", " ", "p", "q"], lambda screen: SECTIONS, width=60, picture=picture)
    assert [text.splitlines()[-1] for text in found] == [
        "1/3   Space: next   p: picture   q: stop",
        "2/3   Space: next   b: back   p: picture   q: stop",
        "3/3   Enter: go   b: back   p: picture   q: stop",
        "1/2   Space: next   p: page   q: stop",
        "2/2   b: back   p: page   q: stop",
        "3/3   Enter: go   b: back   p: picture   q: stop",
    ]
    _, found = read(["q"], lambda screen: SECTIONS[:1])
    assert found == ["a0\na1\na2\na3\na4\n\nEnter: go   q: stop\n"]


@pytest.mark.parametrize("typed", ["\x1b[A", "\x1bq", "\x1b[6~"])
def test_arrows_and_the_like_are_no_keys(typed: str, read: Read) -> None:
    _, found = read([typed, "q"], lambda screen: SECTIONS)
    assert found[1] == ""


@pytest.mark.parametrize("typed", ["", "\x04"], ids=["gone", "ctrl-d"])
def test_a_terminal_that_gives_no_more(typed: str, read: Read) -> None:
    with pytest.raises(EOFError):
        read([typed], lambda screen: SECTIONS)


def test_a_terminal_that_cannot_move_its_cursor_gets_it_all(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rich.console.Console.is_dumb_terminal", True)
    _, found = read(["q"], lambda screen: SECTIONS)
    assert all(f"{name}4" in found[0] for name in "abc")


@pytest.mark.extended
@pytest.mark.parametrize(
    ("width", "height", "lang"),
    # Each language once, and in ``make test-all`` each size.
    [
        pytest.param(*size, lang, marks=() if at == number else pytest.mark.slow)
        for number, lang in enumerate(LANGUAGES)
        for at, size in enumerate(SIZES)
    ],
)
def test_every_page_of_the_tutorial_is_read_without_losing_a_row(
    lang: str, width: int, height: int, read: Read
) -> None:
    """Between a key and the next no more is printed than the terminal shows; together it is the whole page."""
    said = words(lang)
    ends = {ENTER: said["key make"], "s": said["key until"].format(until=15), "q": said["key stop"]}
    for page in [*steps(lang), welcome(lang, "sandbox")]:
        whole: list[str] = []

        def blocks(screen: Screen, page: Page = page, whole: list[str] = whole) -> list[list[Text]]:
            drawn = pages.blocks(screen, page.title, fill(page.text, *VALUES))
            whole[:] = [line.plain for one in drawn for line in one if line]
            return drawn

        end, found = read([ENTER] * 40, blocks, width, height, words=said, ends=ends, picture=picture)
        assert end == ENTER
        read_lines = []
        for shown in found:
            assert sum(max(1, -(-cell_len(line) // width)) for line in shown.splitlines()) < height, (page.name, shown)
            text, _, keys = shown.rpartition("\n\n")
            read_lines += [line for line in text.splitlines() if line]
            assert said["key stop"] in keys, page.name
            assert all(cell_len(line) <= width for line in keys.splitlines()), keys
        assert read_lines == whole, page.name
