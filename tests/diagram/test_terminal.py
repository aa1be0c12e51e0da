"""The picture in a terminal: in its width, whole ids, and the same in ASCII."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.console import Console

from vpce_demo.diagram.picture import Drawn, Picture, picture
from vpce_demo.diagram.terminal import LEAST, SYMBOLS, in_terminal
from vpce_demo.model import Side

from .demos import FRAME, demo_of, pictures, standing

PICTURES = pictures()
STATES = ("ready", "pending", "closed", "plan")
EDGES, PATH = "│╎|: ", "│╎✗|:x "
"""What stands at the ends of a line, and before what is beside the packet's path."""


def printed(picture: Picture, width: int, ascii: bool, colour: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system="standard" if colour else None, force_terminal=True)
    console.print(in_terminal(picture, width, ascii))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("ascii", [False, True], ids=["symbols", "ascii"])
@pytest.mark.parametrize("width", [LEAST, 60, 80, 100, 200])
@pytest.mark.parametrize("name", PICTURES)
def test_every_line_is_in_its_width_and_no_id_is_cut(name: str, width: int, ascii: bool) -> None:
    picture = PICTURES[name]
    lines = printed(picture, width, ascii)
    # All boxes are closed at the same column: none was pushed out, and nothing was wrapped.
    boxed = [line for line in lines if line[0] != " "]
    assert {cell_len(line) for line in boxed} == {width}
    assert max(map(cell_len, lines)) == width
    if width >= 80:
        for part in picture.parts:
            assert any(part.id in line for line in lines), part.id
    # What goes on below goes on at once: the lines one after the other, without the boxes and the path, say it all.
    together = "".join("".join(line.strip(EDGES).lstrip(PATH) for line in lines).split())
    for part in picture.parts:
        for word in (part.id, part.word, part.address):
            assert "".join(word.split()) in together, word
    for hop in picture.hops:
        for words in (f"{hop.number} {hop.source} {SYMBOLS[ascii].arrow} {hop.destination}", hop.why):
            assert "".join(words.split()) in together, hop
    if picture.lang == "en":
        assert "\n".join(lines).isascii() is ascii


@pytest.mark.parametrize("name", [f"plain {state}{ja}" for state in STATES for ja in ("", " ja")])
@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_tutorial_s_names_are_whole(name: str, width: int) -> None:
    text = "\n".join(printed(PICTURES[name], width, False))
    assert all(part.name in text for part in PICTURES[name].parts if part is not PICTURES[name].connection)
    assert "…" not in text


def test_a_sentence_where_there_is_no_room() -> None:
    assert printed(PICTURES["plain ready"], LEAST - 1, False) == ["The picture needs 40 columns."]
    assert printed(PICTURES["plain ready ja"], LEAST - 1, False) == ["図の表示には 40 桁の幅が必要です。"]


def test_what_the_security_groups_let_in_stands_where_the_packet_meets_them() -> None:
    lines = printed(PICTURES["plain ready"], 100, False)
    leg = next(n for n, line in enumerate(lines) if "→ 10.0.1.87:80" in line)
    assert "✓  Customer_EC2_SG" in lines[leg + 1]
    assert "lets in tcp/22 from 203.0.113.7/32; tcp/80 from 0.0.0.0/0" in lines[leg + 2]
    assert "✓  MyEndpoint" in lines[leg + 3]
    assert any("lets in tcp/22 from 203.0.113.7/32; tcp/80, tcp/443 from 0.0.0.0/0" in line for line in lines)


def test_a_broken_hop_says_why() -> None:
    lines = printed(PICTURES["plain closed"], 80, False)
    leg = next(n for n, line in enumerate(lines) if "→ 10.0.1.87:80" in line)
    assert "✗     the endpoint's security group does not let tcp/80 in " in lines[leg + 1]
    assert "✗  Customer_EC2_SG" in lines[leg + 2]


@pytest.mark.parametrize("width", range(LEAST, 101, 5))
def test_japanese_is_broken_between_phrases(width: int) -> None:
    """No line begins with punctuation, and no phrase is broken that has room."""
    lines = printed(PICTURES["plain closed ja"], width, False)
    beside = [line.strip(EDGES).lstrip(PATH) for line in lines]
    assert [line for line in beside if line and line[0] in "、。）」ー"] == []
    assert any("許可していない" in line for line in beside)


def test_the_packet_goes_from_top_to_bottom() -> None:
    lines = printed(PICTURES["plain ready"], 100, False)
    picture = PICTURES["plain ready"]
    path = [picture.customer.instance, picture.endpoint, picture.service, picture.balancer, picture.provider.instance]
    rows = [next(n for n, line in enumerate(lines) if part.name in line and part.id in line) for part in path]
    assert rows == sorted(rows)
    # Nothing interrupts the line that the packet takes.
    assert {line[3] for line in lines[rows[0] : rows[-1] + 1]} == {"│", "✓"}


@pytest.mark.parametrize(
    ("name", "stroke", "mark"),
    [("plain ready", "│", "✓"), ("plain pending", "╎", "-"), ("plain broken", "✗", "✗"), ("plain plan", "╎", "·")],
)
def test_lines_say_the_state_without_colour(name: str, stroke: str, mark: str) -> None:
    picture = PICTURES[name]
    lines = printed(picture, 100, False)
    leg = next(line for line in lines if f"  1  {picture.hops[0].source}" in line)
    assert leg[3] == stroke
    endpoint = next(line for line in lines if "MyEndpoint " in line)
    assert endpoint[3] == mark


def test_colour_repeats_what_the_marks_say() -> None:
    text = "\n".join(printed(PICTURES["plain broken"], 100, False, colour=True))
    assert "\x1b[31m✗" in text
    assert "\x1b[32m✓" in text
    assert PICTURES["plain broken"].state is Drawn.BROKEN


@pytest.mark.parametrize("name", ["plain ready", "plain closed", "plain plan"])
def test_colour_does_not_run_into_the_words(name: str) -> None:
    """Lines and marks are coloured, and what is broken; names, ids and addresses never."""
    picture, console = PICTURES[name], Console(color_system="standard")
    drawn = in_terminal(picture, 100)
    for part in picture.parts:
        for word in filter(None, (part.name, part.id, part.address)):
            style = drawn.get_style_at_offset(console, drawn.plain.index(word))
            assert (style.color, style.dim) == (None, None), word


def test_long_names_are_shortened_with_an_ellipsis() -> None:
    assert "…" in "\n".join(printed(PICTURES["long ready"], 60, False))
    assert "..." in "\n".join(printed(PICTURES["long ready"], 60, True))
    assert "…" not in "\n".join(printed(PICTURES["plain ready"], 100, False))


@pytest.mark.parametrize("ascii", [False, True], ids=["symbols", "ascii"])
def test_no_mark_is_a_corner_too(ascii: bool) -> None:
    symbols = SYMBOLS[ascii]
    assert set(symbols.mark.values()) & {corner for pair in symbols.corners.values() for corner in pair} == set()
    assert len(set(symbols.mark.values())) == len(symbols.mark)


def test_two_accounts_are_told_where_there_is_room() -> None:
    demo = demo_of()
    accounts = {side: {"account": f"{number}" * 12, "region": "us-east-1"} for number, side in enumerate(Side, 1)}
    apart = picture(demo, standing(demo), replace(FRAME, accounts=accounts))
    lines = printed(apart, 80, ascii=False)
    assert "the consumer   us-east-1a   account 222222222222" in lines[0]
    assert any("the provider   us-east-1a   account 111111111111" in line for line in lines)
    assert max(cell_len(line) for line in printed(apart, LEAST, ascii=False)) == LEAST
    assert "account" not in printed(PICTURES["plain ready"], 80, ascii=False)[0], "one account is on the first line"
