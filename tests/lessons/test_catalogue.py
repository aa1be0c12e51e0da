"""What the program says, in Japanese: every text of its source has an entry, and a sentence finds its own."""

from __future__ import annotations

import pkgutil
import re
import string
from collections import Counter
from importlib import import_module
from itertools import count

import pytest

import vpce_demo
from vpce_demo.lessons.catalogue import entries, translated
from vpce_demo.resources.nouns import KINDS
from vpce_demo.verify.diagnosis import RULES
from vpce_demo.verify.diagnosis.table import About, Symptom

from .said import headings, said

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
ENGLISH = re.compile(r"(?<![-\w/:])[a-z]{3,} [a-z]{2,} [a-z]{2,}")
COMMANDS = re.compile(r"(vpce-demo|aws|sudo|apt|kill|pip) [^。）]*|\"[^\"]*\"|sandbox break")
POLITE = re.compile(r"(です|ます|ません|でした|ました|ください|[}）]|: .*)(（[^）]*）)?$")
"""How a sentence ends; or with a value, or in a list."""
NAMES = {"AWS CLI", "ID", "Classic Load Balancer", "Network Load Balancer", "Proxy Protocol", "Transit Gateway", "VPC"}
EXCEPTIONS = {
    # AWS's words, and a library's
    *("InternetGatewayBlockMode", "image_parameter", "Value error,", "does not support the availability zone"),
    *("(IAM Identity Center)", "(aws login)", "curl: (28) Operation timed out", "ELB {front}", "AWS CLI"),
    "Missing required key in response: '(AccessKeyId|SecretAccessKey)'|Unsupported version '[\\w.]*'.*",
    # what the demo calls its own in AWS
    *("Security group for Webserver", "Security group for Customer EC2"),
    *("HTTPS to the interface endpoint", "ssh to the {its} instance"),
    # commands
    *("up --chapter {name}", "up --chapter {chapter}", "(ssh -J {value})"),
    *("aws configure list", "unset AWS_SESSION_TOKEN", "export AWS_SESSION_TOKEN=...", "aws configure sso{option}"),
    *("aws sso login{option}", "aws login{option}", "aws configure get credential_process{option}", "ls -l {value}"),
    *("aws configure list{option}", "aws configure{option}", "vpce-demo sandbox start", "chmod 600 {value}"),
    *(
        "{cli} account enable-region --region-name {region}",
        "mv {value} {value}",
    ),
    *("curl http://{endpoint_address}/", "vpce-demo accept {endpoint}"),
    # names and numbers alone
    *("{PACKAGE} {__version__}, Python {found} on {value}", "{instance_type} in {value}"),
    *("proxy protocol", "transit gateway {gateway}"),
    # parts of sentences that have entries
    *("begins with", "ends in", "resources exist", "resource exists"),
    *("(role {value})", "; did you mean '{value}'?", "{first} This prints it:", "in the {place}", "{word} in {value}"),
    *("{message} AWS knows the demo by its tags.", "{place}: there is no setting '{key}'{value}"),
    "public access",
}


@pytest.fixture(scope="module", autouse=True)
def every_error_is_known() -> None:
    for module in pkgutil.walk_packages(vpce_demo.__path__, "vpce_demo."):
        if not re.search(r"__main__|sandbox\.(?!client)", module.name):
            import_module(module.name)


def in_japanese(template: str) -> str:
    """The template with values, as it is shown; empty if a part of it is shown in English."""
    numbers = count(7000)
    filled = re.sub(r"\{\w+\}", lambda _: str(next(numbers)), template)
    filled = filled.replace("<demo>", "vpce-demo --sandbox").replace("<command>", "vpce-demo --name other up")
    for line in (filled, f"demo.yaml:1:2: name: 'x' {filled}"):  # a mistake in the settings comes after its place
        shown = translated(line, "ja")
        if JAPANESE.search(shown) and not ENGLISH.search(COMMANDS.sub("", shown)):
            return shown
    return ""


def test_every_text_in_the_source_has_an_entry() -> None:
    texts = said()
    assert len(texts) > 750
    assert {text: place for text, place in texts.items() if text not in EXCEPTIONS and not in_japanese(text)} == {}
    assert {text for text in EXCEPTIONS if in_japanese(text) and text in texts} == set(), "these are no exceptions"


def test_every_name_has_an_entry() -> None:
    words = {
        *(about.value for about in About),
        *(symptom.value for symptom in Symptom),
        *(text for rule in RULES for text in (rule.likely, rule.confirmed_by, rule.mend)),
        *(kind.aws_noun for kind in KINDS),
        *headings(),
    }
    assert words - entries().keys() <= EXCEPTIONS


def placeholders(template: str) -> Counter[str]:
    return Counter(field for _, field, _, _ in string.Formatter().parse(template) if field) + Counter(
        re.findall(r"<[a-z-]+>", template)
    )


def test_an_entry_is_one_line_with_the_same_placeholders() -> None:
    for english, japanese in entries().items():
        assert placeholders(english) == placeholders(japanese)
        assert all(number == 1 or name.startswith("<") for name, number in placeholders(english).items()), english
        assert english == english.strip() == english.replace("\n", "")
        assert english.replace("…", "").isascii()


def test_japanese_is_polite_and_spaced_throughout() -> None:
    for japanese in entries().values():
        assert JAPANESE.search(japanese) or "{" in japanese or japanese in NAMES, japanese
        for sentence in filter(None, japanese.split("。")[:-1]):
            assert POLITE.search(sentence), japanese
        assert not re.search(r"[ぁ-んァ-ヶー一-龠][A-Za-z0-9]|[A-Za-z0-9][ぁ-んァ-ヶ一-龠]", japanese), japanese


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        (
            "1 of 2 healthy on tcp/80: unhealthy (Target.Timeout)",
            "2 個中 1 個が healthy（tcp/80）: unhealthy（Target.Timeout）",
        ),
        ("Security group MySG is gone.", "セキュリティグループ MySG がなくなっています。"),
        (
            "somebody changed security group A, subnet B.",
            "誰かが設定を変更しました: セキュリティグループ A、サブネット B。",
        ),
        ("target health, zones, routes.", "ターゲットのヘルスチェック、アベイラビリティーゾーン、ルート。"),
        (
            "permissions (DescribeX is not allowed to you).",
            "アクセス許可（DescribeX が許可されていません）。",
        ),
        (
            "28 of 29 EC2 calls allowed; not allowed: A, B; 1 can be asked only of things that are there.",
            "EC2 の呼び出し 29 個のうち 28 個が許可されています。"
            "許可されていないもの: A、B、1 個は、リソースがないと確認できません。",
        ),
        (
            "2 of 5 internet gateways (AWS's default); 4 of 5 vCPUs, 3 more needed",
            "インターネットゲートウェイ: 5 個中 2 個（AWS のデフォルト値）、vCPUs: 5 個中 4 個、あと 3 個必要",
        ),
        ("(adds what is missing)", "（足りないものを追加します）"),
        (
            "Interrupted. 1 of 3 resources was deleted so far, which is recorded.",
            "中断しました。これまでにリソース 3 個のうち 1 個を削除しました（記録済み）。",
        ),
        ("3 resources were created and are recorded.", "リソース 3 個を作成しました（記録済み）。"),
        (
            "eni-0ab (a security group Blue) keeps subnet Service_Subnet.",
            "eni-0ab（セキュリティグループ Blue）がサブネット Service_Subnet を使っています。",
        ),
        ("7 resources were created and 2 deleted.", "リソース 7 個を作成し、2 個を削除しました。"),
        (
            "Run first:  vpce-demo --name a up    vpce-demo --name a accept",
            "先に実行してください:  vpce-demo --name a up    vpce-demo --name a accept",
        ),
        ("vpce-demo test   demo consumer", "vpce-demo test   デモ consumer"),  # a name, not the noun
        (
            "Ask for this permission, then repeat the command: it continues from here.",
            "この権限を依頼し、コマンドをもう一度実行してください。続きから進みます。",
        ),
    ],
)
def test_a_sentence_is_found_by_its_template(english: str, japanese: str) -> None:
    assert translated(english, "ja") == japanese
    assert translated(english, "en") == english
    assert translated(japanese, "ja") == japanese


@pytest.mark.parametrize(
    "text",
    [
        "vpce-0123 (available)",
        "The instance is not in a state from which it can be stopped.",
        "InvalidParameter: the sum of 3 of 4 values is wrong",
        "    aws ec2 describe-vpcs --filters Name=tag:x,Values=y",
        "an answer from somebody, 5 of 6 words is not ours.",
        "ssh: connect to host 192.0.2.1 port 22: Connection timed out",
        "",
        "x" * 100_000 + " is . of of of",
        "a is " * 199,
        ". A" * 333,
        "(a) of " * 142,
        "; a, b and " * 90,
    ],
)
def test_other_peoples_words_stay(text: str) -> None:
    assert translated(text, "ja") == text


def test_lines_are_translated_each_for_itself_and_a_sentence_as_a_whole() -> None:
    hint = (
        "Signing in again does not help. See whether the profile names the right account and role, and how long the\n"
        "session may last; if it is right, ask whoever manages the role to let you use it. Then repeat the command.\n"
        "    aws sts get-caller-identity\nNothing was changed."
    )
    first, second, third = translated(hint, "ja").split("\n")
    assert first.startswith("サインインし直しても解決しません。")
    assert (second, third) == ("    aws sts get-caller-identity", "何も変更していません。")
