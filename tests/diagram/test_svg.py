"""The drawing as a document: valid XML that needs nothing else, says everything, and hides nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from vpce_demo.config.load import load
from vpce_demo.diagram import measure
from vpce_demo.diagram.picture import Picture, picture
from vpce_demo.diagram.svg import svg
from vpce_demo.diagram.theme import DARK, LIGHT, Theme
from vpce_demo.lessons import LANGUAGES
from vpce_demo.model import Side

from .demos import FRAME, demo_of, pictures, standing

PICTURES = pictures()
SVG = "{http://www.w3.org/2000/svg}"


def words(document: str) -> list[str]:
    """Every line of text that is shown, without what only shows when it is pointed at."""
    root = ElementTree.fromstring(document)
    return ["".join([t.text or "", *(child.tail or "" for child in t)]).strip() for t in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", PICTURES)
def test_everything_is_said(name: str) -> None:
    picture = PICTURES[name]
    document = svg(picture)
    shown = words(document)
    together = "".join(shown)
    pointed_at = " ".join(title.text or "" for title in ElementTree.fromstring(document).iter(f"{SVG}title"))
    beside = {part.kind for one in (picture.customer, picture.provider) for part in (one.route, one.group)}
    for part in picture.parts:
        assert part.id in together or part.kind in {*beside, picture.targets.kind}
        assert part.id in pointed_at
        assert part.word.replace(" ", "") in together.replace(" ", ""), part
        assert part.address in together
    for network in (picture.customer, picture.provider):
        assert {network.cidr, network.subnet_cidr} <= set(shown)
        assert network.public_address in together
    for hop in picture.hops:
        assert str(hop.number) in shown
        assert hop.source in together
        assert hop.destination in together
        assert (hop.why or hop.explanation).replace(" ", "") in together.replace(" ", "")
    assert picture.service_name in together


@pytest.mark.parametrize("name", PICTURES)
def test_it_stands_alone(name: str) -> None:
    document = svg(PICTURES[name])
    assert not re.search(r"https?://|url\(|@import|href|<script|<image|<use|<foreignObject", document.partition(">")[2])
    root = ElementTree.fromstring(document)
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert float(root.get("height", "")) < float(root.get("width", "")), "wider than tall, as a slide is"


def test_it_can_be_heard() -> None:
    picture = PICTURES["plain broken"]
    root = ElementTree.fromstring(svg(picture))
    assert root.get("role") == "img"
    told = {element.get("id"): element.text for element in root if element.get("id")}
    assert root.get("aria-labelledby") == " ".join(str(id) for id in told)
    assert list(told.values()) == ["AWS PrivateLink: demo vpce-demo", picture.description]
    assert "broken" in picture.description


def test_a_shortened_name_is_whole_for_who_points_at_it() -> None:
    picture = PICTURES["long ready"]
    document = svg(picture)
    root = ElementTree.fromstring(document)
    assert picture.provider.instance.name not in words(document)
    short = [text for text in root.iter(f"{SVG}text") if "…" in "".join(text.itertext())]
    assert short
    assert all(text.findtext(f"{SVG}title") for text in short)
    assert picture.provider.instance.name in [text.findtext(f"{SVG}title") for text in short]
    assert "…" not in "".join(words(svg(PICTURES["plain ready"])))


def test_only_names_are_shortened() -> None:
    """What the picture says itself is whole in both languages, in whatever region."""
    demo = demo_of()
    for region in ("us-east-1", "ap-northeast-1"):
        frame = replace(FRAME, accounts={side: {"account": "111122223333", "region": region} for side in Side})
        for lang in LANGUAGES:
            shown = words(svg(picture(demo, standing(demo), frame, lang)))
            assert [line for line in shown if "…" in line] == []
            assert ("CONSUMER'S VPC" if lang == "en" else "コンシューマーの VPC") in shown
            assert any(line.endswith(f"111122223333 · {region}") for line in shown)


def test_a_japanese_drawing_says_so() -> None:
    """Without that a browser may take Chinese letters."""
    assert 'xml:lang="ja"' in svg(PICTURES["plain ready ja"]).partition(">")[0]
    assert "xml:lang" not in svg(PICTURES["plain ready"])


@pytest.mark.parametrize(("theme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_one_theme_or_the_readers_own(theme: Theme, colours: dict[str, str]) -> None:
    fixed = svg(PICTURES["plain ready"], theme)
    assert set(re.findall(r"#[0-9a-f]{6}", fixed)) <= set(colours.values())
    assert "prefers-color-scheme" not in fixed
    auto = svg(PICTURES["plain ready"])
    assert "prefers-color-scheme: dark" in auto
    assert colours["accent"] in auto


def test_names_are_text_and_never_markup() -> None:
    demo = demo_of(load(None, {"consumer": {"vpc_name": "<script>\"&'", "instance_name": "]]>&amp; 日本語"}}))
    document = svg(picture(demo, standing(demo), FRAME))
    assert "<script>\"&'" in words(document)
    assert "]]>&amp; 日本語" in words(document)


def test_the_whole_in_a_sentence() -> None:
    sentences = {name: words(svg(one)) for name, one in PICTURES.items()}
    assert any("reaches the consumer" in line for line in sentences["plain ready"])
    assert any("The plan" in line for line in sentences["plain plan"])
    assert any("does not get through" in line for line in sentences["plain broken"])
    demo = demo_of()
    begun = svg(picture(demo, {"provider-vpc": standing(demo)["provider-vpc"]}, FRAME))
    assert any("Not all of it is there" in line for line in words(begun))


def drawn(part: str, name: str) -> set[str]:
    """The classes of the rectangles of a part, which say how it is drawn."""
    root = ElementTree.fromstring(svg(PICTURES[name]))
    groups = [g for g in root.iter(f"{SVG}g") if part in g.findtext(f"{SVG}title", "")]
    return {r.get("class", "") for g in groups for r in g.findall(f"{SVG}rect")[:1]}


def test_each_part_has_the_line_of_its_state() -> None:
    assert drawn("VPC endpoint", "plain ready") == {"card ready"}
    assert drawn("VPC endpoint", "plain pending") == {"card pending"}
    assert drawn("VPC endpoint", "plain broken") == {"card broken"}
    assert drawn("VPC endpoint", "plain plan") == {"card missing"}
    assert drawn("Network Load Balancer", "plain pending") == {"card pending"}
    assert drawn("consumer instance", "plain broken") == {"card ready"}


def test_measures() -> None:
    assert measure.id_lines("net/MyNetwork-LB/50dc6c495c0c9188", measure.letters(200, 12)) == [
        "net/MyNetwork-LB/",
        "50dc6c495c0c9188",
    ]
    assert "".join(measure.id_lines("vpce-svc-0a1b2c3d4e5f67890", 6)) == "vpce-svc-0a1b2c3d4e5f67890"
    assert measure.lines("one two three four", 1000, 12) == ["one two three four"]
    assert measure.lines("one two three four", 80, 12) == ["one two", "three four"]
    assert measure.lines("日本語の文は、文節で折り返します。", 100, 10) == [
        "日本語の文は、文節で",
        "折り返します。",
    ]
    assert measure.wrapped("tcp/80 を許可していない", lambda line: len(line) <= 9) == ["tcp/80 を", "許可していない"]
    assert measure.wrapped("one two", lambda line: len(line) <= 2) == ["one", "two"]
    assert measure.width("日本", 10) == measure.width("日本", 10, bold=True) == 20
    assert measure.width("iii", 10) < measure.width("WWW", 10) < measure.width("WWW", 10, bold=True)


def test_a_picture_is_a_value() -> None:
    assert PICTURES["plain ready"] == pictures()["plain ready"]
    assert isinstance(PICTURES["plain ready"], Picture)
