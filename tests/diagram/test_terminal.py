"""The picture in a terminal: in its width, whole ids, and the same in ASCII."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from vpce_demo.diagram.picture import Drawn, Picture
from vpce_demo.diagram.terminal import in_terminal

from .demos import pictures

PICTURES = pictures()


def printed(picture: Picture, width: int, ascii: bool, colour: bool = False) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system="standard" if colour else None, force_terminal=True)
    console.print(in_terminal(picture, width, ascii))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("ascii", [False, True], ids=["symbols", "ascii"])
@pytest.mark.parametrize("width", [80, 100, 140])
@pytest.mark.parametrize("name", PICTURES)
def test_every_line_is_in_its_width_and_no_id_is_cut(name: str, width: int, ascii: bool) -> None:
    picture = PICTURES[name]
    lines = printed(picture, width, ascii)
    # All boxes are closed at the same column: none was pushed out, and nothing was wrapped.
    boxed = [line for line in lines if line[0] != " "]
    assert {len(line) for line in boxed} == {width}
    assert max(map(len, lines)) == width
    for part in picture.parts:
        if part.id:
            assert any(part.id in line for line in lines), part.id
        assert any(part.word in line for line in lines), part.word
    for hop in picture.hops:
        assert any(f"{hop.number}  {hop.source}" in line and hop.destination in line for line in lines), hop
    assert "\n".join(lines).isascii() is ascii


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


def test_long_names_are_shortened_with_an_ellipsis() -> None:
    assert "…" in "\n".join(printed(PICTURES["long ready"], 80, False))
    assert "..." in "\n".join(printed(PICTURES["long ready"], 80, True))
    assert "…" not in "\n".join(printed(PICTURES["plain ready"], 100, False))
