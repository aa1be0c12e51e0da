"""The texts as they lie in their files: complete in both languages, and true where the program knows better."""

from __future__ import annotations

import re
import string
from pathlib import Path

import botocore.session
import pytest

import vpce_demo
from vpce_demo.config.model import Config
from vpce_demo.cost.bill import billed_parts, price
from vpce_demo.lessons import LANGUAGES, TEXTS, Apart, Page, noun, steps, topics, welcome, words
from vpce_demo.lessons import commands as commands_of
from vpce_demo.lessons.placeholders import PLACEHOLDER, fill, from_demo, from_prices, from_settings
from vpce_demo.model import Side
from vpce_demo.resources.nouns import KINDS
from vpce_demo.resources.security_group import IngressRule
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial
from vpce_demo.verify.diagnosis import RULES

from .script import blocks, commands, missing, operation, parameters

HEADINGS = {
    "en": [
        "Where we are",
        "What happens next, and why",
        "The same with the AWS CLI",
        "States to watch",
        "The usual trap",
        "Read on",
    ],
    "ja": [
        "現在地",
        "次に行うことと理由",
        "AWS CLI で行う場合",
        "注目するステータス",
        "つまずきやすい点",
        "関連ドキュメント",
    ],
}
ROOT = Path(vpce_demo.__file__).parent
DEMO_SETTINGS = not_looked_up(Config())
DEMO = tutorial(DEMO_SETTINGS)
PAGES = {lang: [*steps(lang), *topics(lang), welcome(lang, "aws"), welcome(lang, "sandbox")] for lang in LANGUAGES}
BOTH = list(zip(PAGES["en"], PAGES["ja"], strict=True))
EVERY = [page for lang in LANGUAGES for page in PAGES[lang]]
SCRIPTS = sorted((TEXTS / "commands").glob("*.sh"))
LINK = re.compile(r"\]\((https?://[^)]+)\)")


def named(page: Page) -> str:
    return f"{page.number}-{page.name}"


def pair(pages: tuple[Page, Page]) -> str:
    return named(pages[0])


# --- complete -----------------------------------------------------------------------


def test_both_languages_have_the_same_files() -> None:
    english, japanese = (
        sorted(str(file.relative_to(TEXTS / lang)) for file in (TEXTS / lang).rglob("*") if file.is_file())
        for lang in LANGUAGES
    )
    assert [*english, "messages.json"] == [*japanese[1:], japanese[0]], "what is said in English is in the source"


def test_every_step_of_the_tutorial_has_its_page() -> None:
    told = [(page.step, page.title) for page in steps("en")]
    assert told == [(step.number, step.title) for step in DEMO.steps]


def test_the_topics_are_those_that_were_promised() -> None:
    wanted = {
        "privatelink",
        "endpoints",
        "acceptance",
        "source-address",
        "zones",
        "teardown",
        "billing",
        "nat",
        "regions",
        "kinds",
        "gateway",
        "interface",
        "gwlb",
    }
    assert wanted <= {page.name for page in topics("en")}


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["is", "three kinds", "costs", "speaks for it", "use one"]),
        ("ja", ["とは", "3 種類", "料金", "メリット", "利用シーン"]),
    ],
)
def test_the_first_topic_is_the_tutorials_first_chapter_in_its_order(lang: str, words: list[str]) -> None:
    page = topics(lang)[0]
    headings = re.findall(r"^## (.+)$", page.text, re.MULTILINE)
    assert page.name == "why"
    assert len(headings) == len(words) + 1, "and what to read on"
    assert all(word in heading for word, heading in zip(words, headings, strict=False)), headings
    for kind in ("endpoint", "gwlb-endpoint"):
        assert {f"price.{kind}-hour.us-east-1", f"price.{kind}-gb.us-east-1"} <= set(PLACEHOLDER.findall(page.text))


def test_every_price_on_a_page_is_known() -> None:
    look = from_prices("us-east-1")
    for page in PAGES["en"]:
        assert "?" not in {look(name) for name in PLACEHOLDER.findall(page.text)}, named(page)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_type_of_endpoint_is_in_one_table(lang: str) -> None:
    """All that the API has; an older botocore knows fewer."""
    (page,) = (page for page in topics(lang) if page.name == "kinds")
    told = re.findall(r"^\| `(\w+)` \|", page.text, re.MULTILINE)
    known = botocore.session.get_session().get_service_model("ec2").shape_for("VpcEndpointType").enum  # type: ignore[attr-defined]
    assert len(told) == 6
    assert set(known) <= set(told)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_of_a_step_has_all_headings(lang: str) -> None:
    for page in steps(lang):
        before, *parts = re.split(r"^## (.+)$", page.text, flags=re.MULTILINE)
        assert parts[::2] == HEADINGS[lang], named(page)
        assert before.strip() == "", named(page)
        assert all(len(part.strip()) > 10 for part in parts[1::2]), named(page)
        assert len(blocks(parts[5])) == 1, f"{named(page)}: one block of commands, under its heading"
        assert LINK.search(parts[11]), named(page)


@pytest.mark.parametrize("pages", BOTH, ids=pair)
def test_both_languages_say_the_same_outside_of_prose(pages: tuple[Page, Page]) -> None:
    english, japanese = pages
    assert (english.number, english.name) == (japanese.number, japanese.name)
    assert english.text.count("\n## ") == japanese.text.count("\n## ")
    assert blocks(english.text) == blocks(japanese.text)
    assert [url.replace("/ja_jp/", "/").replace(".com/jp/", ".com/") for url in LINK.findall(japanese.text)] == (
        LINK.findall(english.text)
    )
    assert set(PLACEHOLDER.findall(english.text)) == set(PLACEHOLDER.findall(japanese.text))
    assert sorted(re.findall(r"vpce-demo [a-z]+", english.text)) == sorted(
        re.findall(r"vpce-demo [a-z]+", japanese.text)
    )
    assert english.text.isascii()
    assert english.title.isascii()


def test_japanese_is_polite_throughout() -> None:
    """Every sentence of a paragraph; items of lists and cells of tables may be shorter."""
    polite = re.compile(r"(です|ます|ません|でした|ました|でしょう|ましょう|ください|をどうぞ)(（[^）]*）)?。$")
    for page in PAGES["ja"]:
        prose = re.sub(r"^(```.*?^```|\|.*?|- .*?|#.*?)$", "", page.text, flags=re.MULTILINE | re.DOTALL)
        sentences = re.findall(r"[^。\n]+。", prose)
        assert sentences, named(page)
        assert [sentence for sentence in sentences if not polite.search(sentence)] == [], named(page)


@pytest.mark.parametrize("of", ["words", "picture", "report"])
def test_the_small_words_are_the_same(of: str) -> None:
    english, japanese = words("en", of), words("ja", of)
    assert english.keys() == japanese.keys()
    for name in english:
        fields = [{f for _, f, _, _ in string.Formatter().parse(w[name]) if f} for w in (english, japanese)]
        assert fields[0] == fields[1], name
        assert re.findall("<[^>]*>", english[name]) == re.findall("<[^>]*>", japanese[name]), name
        same = re.sub(r"\{.*?\}", "", english[name]) if english[name] == japanese[name] else ""
        assert not re.search("[a-z]{2}", same), name


def test_the_report_says_what_is_in_its_texts() -> None:
    """The templates ask for no other words, and each of them is asked for there or in the code."""
    template = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "report" / "templates").glob("*.j2"))
    asked = {key for call in re.findall(r"say\((.*?)[,)]", template) for key in re.findall(r'"([^"]+)"', call)}
    known = words("en", "report").keys()
    assert asked - {"sandbox"} <= known
    code = template + "".join(file.read_text() for folder in ("report", "ui") for file in (ROOT / folder).glob("*.py"))
    by_kind = {f"{part} {kind}" for part in ("drawn", "bar") for kind in ("made", "deleted")}
    assert [key for key in known - by_kind if f'"{key}"' not in code] == []


def test_every_noun_has_its_japanese() -> None:
    parts = [part for r in DEMO.resources for part in billed_parts(r)]
    ours = {kind.aws_noun for kind in KINDS} | {side.value for side in Side} | {part.name for part in parts}
    assert {noun(one, "ja") for one in ours if noun(one, "ja").isascii()} == {"VPC", "Network Load Balancer"}
    assert {noun(one, "en") for one in ours} == ours
    assert noun("t3.micro instance", "ja") == "t3.micro インスタンス"
    assert noun("pendingAcceptance", "ja") == "pendingAcceptance", "which is AWS's own"


# --- true ---------------------------------------------------------------------------


def test_links_are_to_aws() -> None:
    good = re.compile(r"https://docs\.aws\.amazon\.com/[\w/.-]+\.html|https://aws\.amazon\.com/[\w/-]+/pricing/")
    assert [url for page in EVERY for url in LINK.findall(page.text) if not good.fullmatch(url)] == []


def test_what_the_program_knows_is_not_written_by_hand() -> None:
    """Names, addresses, ports and prices come from the program, or are checked against it here."""
    ours = {Config().provider.vpc_cidr}
    examples = {"0.0.0.0/0", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "172.16.0.0/16", "172.16.1.0/24"}
    ports = {r.port for r in DEMO.resources if isinstance(r, IngressRule)} | {1024}
    names = {value for part in (Config().provider, Config().consumer) for value in part.model_dump().values() if value}
    for page in EVERY:
        told = set(re.findall(r"\d+\.\d+\.\d+\.\d+/\d+", page.text))
        assert told <= ours | examples, named(page)
        assert {int(port) for port in re.findall(r"(?:TCP|port|ポート) (\d+)", page.text)} <= ports, named(page)
        amounts = re.findall(r"\b0\.\d+", re.sub(r"\d+\.\d+\.\d+\.\d+", "", page.text))
        assert set(amounts) <= {"0.62"}, f"{named(page)}: and that is the tutorial's slip"
        assert not {name for name in names - ours if name in page.text}, named(page)


def test_what_is_billed_is_counted() -> None:
    """The last column of the table of prices: how many the demo has."""
    kinds = [r.kind for r in DEMO.resources]
    balancers, endpoints, instances = (kinds.count(kind) for kind in ("LoadBalancer", "VpcEndpoint", "Instance"))
    for lang in LANGUAGES:
        (page,) = (page for page in topics(lang) if page.name == "billing")
        counts = [int(count) for count in re.findall(r"\| (\d+) \|$", page.text, re.MULTILINE)]
        assert counts == [balancers, endpoints, instances, instances + balancers]


def test_what_the_pages_teach_is_what_the_exercises_show() -> None:
    """The owner of a service may always connect; the one exercise that asks more of it is named as such."""
    assert next(number for number, rule in enumerate(RULES, 1) if rule.key == "service-not-found") == 1
    for lang in LANGUAGES:
        (page,) = (page for page in topics(lang) if page.name == "acceptance")
        assert "vpce-demo sandbox break 1`" in page.text


def test_no_zone_has_two_ids() -> None:
    """The id of us-east-1a in the text is that of the sandbox, which every command of a demo there shows."""
    for lang in LANGUAGES:
        (page,) = (page for page in topics(lang) if page.name == "zones")
        assert set(re.findall(r"use1-az\d", page.text)) == {"use1-az6"}


def test_the_load_balancer_costs_most_of_what_stands_alone() -> None:
    hourly = {item: price(item, "us-east-1") for item in ("load-balancer-hour", "endpoint-hour", "ipv4-hour")}
    amounts = {item: found.usd for item, found in hourly.items() if found}
    assert max(amounts, key=lambda item: amounts[item]) == "load-balancer-hour"


def test_the_program_has_an_answer_to_every_placeholder() -> None:
    """What only AWS knows is a variable of the shell that an earlier command has set."""
    from .values import VALUES

    for page in EVERY:
        for name in PLACEHOLDER.findall(page.text):
            assert any(look(name) for look in VALUES), f"{named(page)}: {name}"


# --- commands -----------------------------------------------------------------------


def test_each_page_has_its_commands() -> None:
    assert [script.stem for script in SCRIPTS] == [page.number for page in steps("en")]


def test_the_commands_are_those_of_the_aws_cli() -> None:
    told = [command for page in PAGES["en"] for block in blocks(page.text) for command in commands(block)]
    assert len(told) > 60
    wrong = []
    for command in told:
        try:
            parameters(command)
            if lacking := missing(command):
                wrong.append(f"{command}: without {lacking}")
        except KeyError as name:
            wrong.append(f"{command}: {name}")
    assert wrong == []


APART = Apart({"provider": "export AWS_PROFILE=ours", "consumer": "export AWS_PROFILE=theirs"}, True, True)


@pytest.mark.parametrize("apart", [None, APART])
def test_the_commands_end_and_are_read_whatever_output_is_set(apart: Apart | None) -> None:
    """No loop without an end, and what the shell reads of an answer is asked for as text."""
    for script in SCRIPTS:
        text = commands_of(script.stem, apart).replace("\\\n", " ")
        assert not re.search(r"\b(while|until)\b", text), script.name
        for line in text.splitlines():
            if "aws " in line and re.search(r"\$\(aws|\|", line):
                assert "--output text" in line, (script.name, line)


def test_wrong_commands_would_be_noticed() -> None:
    (wrong,) = commands("aws ec2 create-vpcs --cidr-block 10.0.0.0/16")
    with pytest.raises(KeyError):
        operation(wrong)
    (wrong,) = commands("aws ec2 create-vpc --cidr 10.0.0.0/16")
    with pytest.raises(KeyError):
        parameters(wrong)
    (wrong,) = commands("X=$(aws elbv2 create-listener --load-balancer-arn $X --protocol TCP)")
    assert missing(wrong) == {"DefaultActions"}


@pytest.mark.parametrize("apart", [None, APART])
def test_a_variable_is_set_before_it_is_used(apart: Apart | None) -> None:
    """Of a demo of which nothing is there yet, and nothing was looked up: as ``explain`` shows it."""
    known: set[str] = set()
    more = {"service_region": "us-east-1", "consumer_region": "eu-west-1", "partition": "aws"}
    for script in SCRIPTS:
        text = fill(
            commands_of(script.stem, apart), more.get, from_settings(DEMO_SETTINGS, Config()), from_demo(DEMO, {})
        )
        for line in text.replace(" && ", "\n").splitlines():
            assert set(re.findall(r"\$([A-Z_\d]+)", line)) <= known, (script.name, line)
            known |= set(re.findall(r"^([A-Z_\d]+)=", line))
    assert {"KEY_FILE", "SSH_SOURCE", "PROVIDER_ZONE_ID", "CONSUMER_ZONE_ID", "SSH"} <= known


def test_the_pages_of_the_other_kinds_go_on_from_the_steps() -> None:
    """Each variable is set by a step or before it on these pages, or explained in a sentence."""
    known = {name for script in SCRIPTS for name in re.findall(r"^([A-Z_]+)=", script.read_text(), re.MULTILINE)}
    known |= {"KEY_FILE"}
    for page in topics("en"):
        if page.name in ("gateway", "interface"):
            known |= set(re.findall(r"`\$([A-Z_]+)`", page.text))
            for line in "\n".join(blocks(page.text)).splitlines():
                assert set(re.findall(r"\$([A-Z_0-9]+)", line)) <= known, (page.name, line)
                known |= set(re.findall(r"^([A-Z_0-9]+)=", line))


def test_a_variable_whose_value_is_known_is_not_set() -> None:
    from .values import VALUES

    for script in SCRIPTS:
        text = fill(commands_of(script.stem), *VALUES)
        assert not re.findall(r"^(?:KEY_FILE|SSH_SOURCE|PROVIDER_ZONE_ID|CONSUMER_ZONE_ID|SSH)=", text, re.MULTILINE)
        assert "checkip" not in text
        assert "describe-instance-type-offerings" not in text


def test_each_command_of_two_accounts_is_of_its_side() -> None:
    """By the names in it; one that names nothing of a side is where its side is."""
    ours = {
        *(r.key for r in DEMO.resources if r.side is Side.PROVIDER and not r.key.startswith("acceptance")),
        "provider",
    }
    theirs = {*(r.key for r in DEMO.resources if r.side is Side.CONSUMER), "consumer"}
    found = set()
    for script in SCRIPTS:
        whose = ""
        for line in commands_of(script.stem, APART).replace("\\\n", " ").splitlines():
            if line in APART.whose.values():
                whose = line.rpartition("=")[2]
            elif "aws " in line and "accept" not in line:
                keys = {match[1].partition(".")[0] for match in PLACEHOLDER.finditer(line)}
                sides = {"ours"} if keys & ours else set()
                sides |= {"theirs"} if keys & theirs else set()
                if "create-vpc-endpoint " in line or "describe-vpc-endpoint-services" in line:
                    sides = {"theirs"}  # it names the provider's service
                assert sides <= {whose}, (script.name, line)
                found |= sides
    assert found == {"ours", "theirs"}


def test_the_commands_of_one_account_and_region_name_neither() -> None:
    text = "".join(commands_of(script.stem) for script in SCRIPTS)
    assert not re.search(
        "#|AWS_PROFILE|AWS_REGION|supported-regions|allowed-principals|_2", text.replace("cloud-config", "")
    )
