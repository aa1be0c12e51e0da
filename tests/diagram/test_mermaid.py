"""The flowchart: every part, lines by state, and no name that could be taken for something else."""

from __future__ import annotations

import re

import pytest

from vpce_demo.config.load import load
from vpce_demo.diagram.mermaid import mermaid
from vpce_demo.diagram.picture import picture

from .demos import FRAME, demo_of, pictures, standing

PICTURES = pictures()


def unescaped(label: str) -> str:
    return re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label)


@pytest.mark.parametrize("name", PICTURES)
def test_everything_is_said(name: str) -> None:
    picture = PICTURES[name]
    text = unescaped(mermaid(picture))
    for part in picture.parts:
        assert part.id in text
        assert part.word in text
        assert part.address in text
    for hop in picture.hops:
        assert f"{hop.number}: {hop.title}<br/>{hop.source} → {hop.destination}{hop.why and f'<br/>{hop.why}'}" in text


@pytest.mark.parametrize("name", PICTURES)
def test_boxes_are_closed_and_arrows_lead_to_nodes(name: str) -> None:
    lines = mermaid(PICTURES[name]).splitlines()
    assert lines[lines.index("flowchart LR") - 1] == "---"
    assert sum(line.strip().startswith("subgraph ") for line in lines) == sum(line.strip() == "end" for line in lines)
    nodes = set(re.findall(r'^ *(?:subgraph )?(\w+)\["', "\n".join(lines), re.MULTILINE))
    assert len(nodes) == 13
    arrows = [re.fullmatch(r' *(\w+) (?:-->|-\.->|--x)(?:\|"[^"]*"\|)? (\w+)', line) for line in lines]
    ends = {end for arrow in arrows if arrow for end in arrow.groups()}
    assert len([arrow for arrow in arrows if arrow]) == 6
    assert ends <= nodes
    classed = [key for line in lines if line.strip().startswith("class ") for key in line.split()[1].split(",")]
    assert sorted(classed) == sorted(nodes)
    assert classed[:2] == ["customer_space", "provider_space"], "the one box without a line"


@pytest.mark.parametrize(
    ("name", "arrow"),
    [("plain ready", "-->"), ("plain pending", "-.->"), ("plain plan", "-.->"), ("plain broken", "--x")],
)
def test_lines_by_state(name: str, arrow: str) -> None:
    assert f"    endpoint {arrow}|" in mermaid(PICTURES[name])


def test_names_cannot_end_a_label_or_begin_markup() -> None:
    name = '"] --> x["`*b*`" <script>#1;{a}|b| \\'
    demo = demo_of(load(None, {"consumer": {"instance_name": name}}))
    text = mermaid(picture(demo, standing(demo), FRAME))
    node = next(line for line in text.splitlines() if line.strip().startswith("customer_instance["))
    label = node.strip().removeprefix('customer_instance["').removesuffix('"]').partition("<br/>")[0]
    assert not re.search(r'["<>`*{}|\\\[\]]|#(?!\d+;)', label)
    # Read as Mermaid reads it, the label is the name again.
    assert unescaped(label) == name
