"""The small words of the screen, and that ``--ascii`` knows every symbol that any screen shows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

import vpce_demo
from vpce_demo.ui.style import about, duration, elapsed, in_a_sentence, padded, roughly

from .conftest import Opens

ROOT = Path(vpce_demo.__file__).parent


def strings(file: Path) -> Iterator[str]:
    """Every text in a source file that is no docstring."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


@pytest.mark.parametrize("folder", ["ui", "cli", "."])
def test_every_symbol_has_a_plain_one_instead(open_screen: Opens, folder: str) -> None:
    screen, _ = open_screen(100, ascii=True)
    # In page.py are patterns that find Japanese text: nothing that is shown.
    files = [file for file in sorted((ROOT / folder).glob("*.py")) if file.name != "page.py"]
    assert files
    assert [text for file in files for text in strings(file) if not screen.plain(text).isascii()] == []


def test_a_stream_that_is_not_utf_8_is_taken_for_ascii(open_screen: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ui.conftest.Stream.encoding", "iso-8859-1")
    screen, stream = open_screen(100)
    screen.line("a → b …", mark="✓")
    assert stream.getvalue() == "v a > b ...\n"


def test_an_entry_goes_on_under_its_beginning(open_screen: Opens) -> None:
    screen, stream = open_screen(24)
    screen.entry("  zones  ", "us-east-1a, us-east-1b, us-east-1c", mark="✓")
    screen.entry("  id  ", "vpce-024702dd5f071d01b-is-never-cut", mark="-")
    assert stream.getvalue().splitlines() == [
        "✓   zones  us-east-1a,",
        "           us-east-1b,",
        "           us-east-1c",
        "-   id  vpce-024702dd5f071d01b-is-never-cut",
    ]
    pipe, stream = open_screen()
    pipe.entry("  zones  ", "us-east-1a, us-east-1b " * 9, mark="✓")
    assert stream.getvalue() == "✓   zones  " + "us-east-1a, us-east-1b " * 9 + "\n"


def test_japanese_is_translated_padded_by_its_width_and_broken_between_phrases(open_screen: Opens) -> None:
    screen, stream = open_screen(48, lang="ja")
    screen.line("gone")
    screen.text("gone")  # a page, which is somebody's own
    screen.entry("Most likely: ", "the load balancer has no listener that forwards to the web server.")
    screen.command("Fix:   ", "vpce-demo up", "(adds what is missing)")
    shown = stream.getvalue().splitlines()
    assert shown == [
        "なくなっています",
        "gone",
        "最も可能性の高い原因: ロードバランサーに、",
        "                      Web サーバーへ転送する",
        "                      リスナーがありません。",
        "修復:   vpce-demo up",
        "        （足りないものを追加します）",
    ]
    assert max(map(cell_len, shown)) <= 48
    assert padded(screen.said("zones"), 30) + "|" == "アベイラビリティーゾーン      |"


def test_a_stream_that_cannot_show_japanese_is_in_english(open_screen: Opens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.ui.conftest.Stream.encoding", "iso-8859-1")
    screen, stream = open_screen(80, lang="ja")
    screen.line("gone")
    assert stream.getvalue() == "gone\n"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.04, ("0.0s", "", "0s", "1 second")),
        (0.4, ("0.4s", "0.4s", "0s", "1 second")),
        (0.96, ("1.0s", "1s", "1s", "1 second")),
        (9.94, ("9.9s", "10s", "10s", "10 seconds")),
        (9.96, ("10s", "10s", "10s", "10 seconds")),
        (43.0, ("43s", "43s", "45s", "43 seconds")),
        (59.6, ("1m00s", "1m00s", "60s", "1 minute")),
        (84.0, ("1m24s", "1m24s", "85s", "1 minute")),
        (120.0, ("2m00s", "2m00s", "2m", "2 minutes")),
        (3725.0, ("1h02m", "1h02m", "62m", "62 minutes")),
    ],
)
def test_how_long(seconds: float, said: tuple[str, str, str, str]) -> None:
    assert (duration(seconds), elapsed(seconds), roughly(seconds), about(seconds)) == said


def test_names_in_sentences() -> None:
    assert [in_a_sentence(title) for title in ("Load balancer", "VPC endpoint")] == ["load balancer", "VPC endpoint"]


def test_a_line_is_begun_at_once_and_completed_when_there_is_more_to_say(open_screen: Opens) -> None:
    screen, stream = open_screen(100)
    known: list[str] = []
    screen.begin_line("vpce-demo up   demo vpce-demo")
    screen.add_to_line("account 111122223333")
    screen.end_line_later(lambda: [*known, "us-east-1"])
    assert stream.getvalue() == "vpce-demo up   demo vpce-demo   account 111122223333"
    known.append("(acme-sandbox)")
    screen.message("More.")
    assert stream.getvalue() == (
        "vpce-demo up   demo vpce-demo   account 111122223333 (acme-sandbox)   us-east-1\n\nMore.\n"
    )


def test_what_does_not_fit_on_a_line_that_was_begun_begins_another(open_screen: Opens) -> None:
    screen, stream = open_screen(60)
    screen.begin_line("vpce-demo down   demo vpce-demo")
    screen.end_line("in the sandbox", "account 123456789012", "us-east-1")
    assert stream.getvalue().splitlines() == [
        "vpce-demo down   demo vpce-demo   in the sandbox",
        "account 123456789012   us-east-1",
    ]
