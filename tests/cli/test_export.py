"""``export``: the demo as files of other tools.  ``tests/peers`` gives them to Terraform, and runs the scripts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from vpce_demo.chapters import CHAPTERS, demo_of
from vpce_demo.config.load import load
from vpce_demo.config.settings import TUTORIAL, Settings
from vpce_demo.export import cloudformation, script
from vpce_demo.export.hcl import Block, Raw, page, text
from vpce_demo.export.subject import Party
from vpce_demo.export.terraform import FILES, PARTS, ROWS, Export
from vpce_demo.model import Side
from vpce_demo.resources.nouns import KINDS
from vpce_demo.tutorial import web_server

from ..lessons.script import blocks, commands, missing
from .stage import Stage

AN_ID = re.compile(r"\b(vpce?|subnet|igw|rtb|sg|i|key|eni|vpce-svc|ami)-[0-9a-f]{8,}|arn:aws:|\b\d{12}\b")
OURS = Party("123456789012", "us-east-1", "", "arn:aws:iam::123456789012:user/me")
THEIRS = Party("222222222222", "eu-west-1", "work", "arn:aws:iam::222222222222:user/you")
SERVICE = "com.amazonaws.vpce.us-east-1.vpce-svc-0cae062f9b3581d60"
TARGET = "aws_lb_target_group_attachment.target"


def written(theirs: Party | None = None, **settings: Any) -> Export:
    """The export of a demo with these settings, of which nothing stands; ``theirs`` if the consumer is elsewhere."""
    found = {"zone": "us-east-1a", "provider_zone_id": "use1-az1", "consumer_zone_id": "use1-az1"}
    chapters = settings.pop("chapters", (TUTORIAL,))
    s = Settings.of(load(None, settings), demo_id="7f3a9c", ssh_source="192.0.2.1/32", **found, chapters=chapters)
    if theirs:
        regions = {"service_region": OURS.region, "consumer_region": theirs.region}
        s = s.model_copy(update={"consumer_account": theirs.account, "provider_second_zone_id": "use1-az2", **regions})
    return Export(demo_of(s), s, {}, {Side.PROVIDER: OURS, Side.CONSUMER: theirs or OURS}, "vpce-demo")


# --- HCL --------------------------------------------------------------------------------


TEXTS = {
    "plain": '"plain"',
    'a "quote" and a \\': r'"a \"quote\" and a \\"',
    "${var.x} and %{ if }": '"$${var.x} and %%{ if }"',
    "$${a}": '"$$${a}"',
    "$5 and 5%": '"$5 and 5%"',
    "one\n": r'"one\n"',
    "one\ntwo": r'"one\ntwo"',
    "one\ntwo ${x}\n": "<<EOT\none\ntwo $${x}\nEOT",
    '  \\n\n\n"two"\n': '<<EOT\n  \\n\n\n"two"\nEOT',
    "one\n EOT \ntwo\n": r'"one\n EOT \ntwo\n"',
    "one\r\ntwo\r\n": r'"one\r\ntwo\r\n"',
    "one\u2028two\n": r'"one\u2028two\n"',
    "\x1b[2J\t\U000e0041": r'"\u001b[2J\t\U000e0041"',
    "ようこそ\n私のページ\n": "<<EOT\nようこそ\n私のページ\nEOT",
    "": '""',
}
"""Texts, and how they stand in HCL.  Terraform reads the same ones in ``tests/peers/test_export.py``."""


@pytest.mark.parametrize("value", TEXTS)
def test_a_text_is_only_a_text(value: str) -> None:
    assert text(value) == TEXTS[value]


def test_the_layout_is_that_of_terraform_fmt() -> None:
    inner = Block("inner", [("on", True)])
    tags = {"Name": "x", "a:b": Raw("var.b")}
    block = Block(
        'resource "a" "b"', [("id", 1), ("longer", ["x", Raw("var.y")]), ("none", None), inner, ("tags", tags)]
    )
    assert page(["# One", block, Block("empty", [])]) == (
        '# One\n\nresource "a" "b" {\n  id     = 1\n  longer = ["x", var.y]\n\n  inner {\n    on = true\n  }\n\n'
        '  tags = {\n    Name  = "x"\n    "a:b" = var.b\n  }\n}\n\nempty {}\n'
    )


# --- the files --------------------------------------------------------------------------


def test_every_kind_has_a_row_or_is_a_part() -> None:
    assert Counter(KINDS) == Counter([*ROWS, *PARTS])
    assert Counter(KINDS) == Counter([*cloudformation.ROWS, *cloudformation.PARTS, *cloudformation.BY_HAND])


SHAPES: list[dict[str, Any]] = [
    {"customers": 3},
    {"chapters": (TUTORIAL, *CHAPTERS)},
    {"chapters": CHAPTERS[:1]},
    {"side": "provider", "consumer_account": "222222222222"},
    {"side": "consumer", "service": SERVICE},
    {"theirs": THEIRS},
]


@pytest.mark.parametrize("settings", SHAPES, ids=str)
def test_names_are_unique_and_every_reference_leads_to_something(settings: dict[str, Any]) -> None:
    told = written(**settings)
    main = told.files()["main.tf"]
    heads = re.findall(r'^resource "(\w+)" "(\w+)" \{', main, re.MULTILINE)
    assert len(set(heads)) == len(heads) == len(told.to_add)
    referred = set(re.findall(r"\b(aws_\w+)\.(\w+)", re.sub(r"data\.aws_\w+\.\w+", "", main)))
    assert referred <= set(heads)
    assert set(re.findall(r"\bvar\.(\w+)", main)) == told.variables.keys()


def test_what_is_elsewhere_has_a_provider_of_its_own() -> None:
    files = written(theirs=THEIRS).files()
    for line in (
        '  alias   = "consumer"\n  region  = var.consumer_region\n  profile = var.consumer_profile',
        'resource "aws_vpc" "customer" {\n  provider   = aws.consumer',
        'resource "aws_vpc" "provider" {\n  cidr_block = ',
        '  allowed_principals         = ["arn:aws:iam::${var.consumer_account}:root"]',
        "  supported_regions          = [var.region, var.consumer_region]",
        "  service_region      = var.region",
        "  ami                         = data.aws_ssm_parameter.consumer_image.insecure_value",
        "  enable_cross_zone_load_balancing = true",
    ):
        assert line in files["main.tf"], line
    assert not re.search(r"\b\d{12}\b", files["main.tf"]), "accounts are variables"
    assert files["variables.tf"].count('default     = "222222222222"') == 1


def test_what_the_user_chose_stands_in_the_files_as_it_is() -> None:
    hostile = 'ようこそ ${self.id} %{ for } "quoted" \\ EOT'
    told = written(page=hostile, tags={"Cost Center": "R+D=1:/@"}, provider={"vpc_name": hostile}, ssh_from="0.0.0.0/0")
    main = told.files()["main.tf"]
    assert f"user_data = {text(web_server(hostile, '7f3a9c'))}\n" in main
    assert '"Cost Center"    = "R+D=1:/@"\n' in main
    assert f"Name                 = {text(hostile)}\n" in main
    assert not re.search(r"(?<![$%])[$%]\{(?!var)", main), "no template but our own"


def test_what_was_built_by_hand_is_neither_replaced_nor_taken_for_what_up_made() -> None:
    """Its volumes need not be encrypted, and its tags say that it was built by hand and knows no key of ``up``."""
    told = written()
    settings = told.settings.model_copy(update={"by_hand": True})
    main = replace(told, settings=settings).files()["main.tf"]
    assert main.count('ignore_tags {\n    keys = ["vpce-demo:by-hand"]\n') == main.count('provider "aws"')
    left = re.findall(r"ignore_changes = \[(.*)\]", main)
    assert sum('tags["vpce-demo:key"]' in one for one in left) == main.count('"vpce-demo:key" ') - 2, "but of volumes"
    assert sum("root_block_device" in one.split(", ") for one in left) == 2


@pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
def test_the_layout_of_all_files(tmp_path: Path) -> None:
    """The cheapest of Terraform's own checks."""
    for file, told in written(page="${x}\nEOT", chapters=(TUTORIAL, *CHAPTERS)).files().items():
        (tmp_path / file).write_text(told)
    done = subprocess.run(["terraform", "fmt", "-check", "-diff"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


# --- the templates ------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Reads the functions' short forms as their long ones."""


def _function(_: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    return {tag if tag == "Ref" else f"Fn::{tag}": node.value}


_Loader.add_multi_constructor("!", _function)


def templates(**settings: Any) -> tuple[cloudformation.Export, dict[str, str], dict[str, Any]]:
    """The same demo for CloudFormation: its export, the texts of its files, and its templates as they are read."""
    told = written(**settings)
    made = cloudformation.Export(told.demo, told.settings, {}, told.parties, "vpce-demo")
    files = made.files()
    read = {name: yaml.load(text, _Loader) for name, text in files.items() if name.endswith(".yaml")}
    return made, files, read


def referred(value: Any) -> Iterator[str]:
    """What the functions in a value refer to, without their attributes."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name in ("Ref", "Fn::GetAtt", "Fn::Sub"):
                names = re.findall(r"\$\{([^}]*)\}", one) if name == "Fn::Sub" else [one.partition(".")[0]]
                yield from (each for each in names if not each.startswith("AWS::"))
            elif name == "DependsOn":
                yield from one
            else:
                yield from referred(one)
    elif isinstance(value, list):
        for one in value:
            yield from referred(one)


@pytest.mark.parametrize("settings", SHAPES, ids=str)
def test_every_reference_of_a_template_leads_to_something_in_it(settings: dict[str, Any]) -> None:
    made, files, read = templates(**settings)
    assert made.to_add == [id for one in read.values() for id in one["Resources"]]
    assert len(set(made.to_add)) == len(made.to_add)
    for one in read.values():
        names = {*one["Parameters"], *one["Resources"]}
        assert set(referred(one)) <= names
        assert set(one["Parameters"]) <= set(referred(one)), "each parameter is for something"
    has_endpoint = any(name.startswith("Endpoint") for name in made.to_add)
    assert (cloudformation.NO_ACCEPTER in files["README.md"]) == has_endpoint


def test_the_commands_beside_a_template_are_those_of_aws() -> None:
    """And the connection is accepted where the service is, which is not where the endpoint waits."""
    _, files, _ = templates(theirs=THEIRS)
    shell = "".join(blocks(files["README.md"]))
    every = list(commands(shell))
    assert [missing(one) for one in every] == [set()] * len(every)
    (accept,) = [one for one in every if one.name == "accept-vpc-endpoint-connections"]
    assert accept.options["region"] == [OURS.region]
    creates = [one.options["region"] for one in every if one.name == "create-stack"]
    assert creates == [[OURS.region], [THEIRS.region]]
    assert "accept-vpc-endpoint-connections --service-id" in files["provider.yaml"]
    assert cloudformation.NO_ACCEPTER in files["consumer.yaml"]
    _, files, _ = templates(side="consumer", service=SERVICE)
    assert "accept-vpc-endpoint-connections" not in files["README.md"], "whose service it is accepts"


def test_what_is_elsewhere_has_a_template_of_its_own() -> None:
    _, _, read = templates(theirs=THEIRS)
    provider, consumer = read["provider.yaml"], read["consumer.yaml"]
    service = provider["Resources"]["Service"]["Properties"]
    assert service["SupportedRegions"] == [{"Ref": "AWS::Region"}, {"Ref": "ConsumerRegion"}]
    permissions = provider["Resources"]["Principal"]["Properties"]
    assert permissions["AllowedPrincipals"] == [{"Fn::Sub": "arn:${AWS::Partition}:iam::${ConsumerAccount}:root"}]
    endpoint = consumer["Resources"]["Endpoint"]["Properties"]
    assert (endpoint["ServiceName"], endpoint["ServiceRegion"]) == ({"Ref": "ServiceName"}, {"Ref": "ServiceRegion"})
    assert "Default" not in consumer["Parameters"]["ServiceName"], "the provider's stack says it"
    assert "ServiceName" in provider["Outputs"]


@pytest.mark.parametrize("page", ["plain ${AWS::Region}", "ようこそ", "{{resolve:ssm:/x}}"])
def test_user_data_arrives_as_it_is(page: str) -> None:
    _, files, read = templates(page=page, provider={"vpc_name": page})
    data = read["template.yaml"]["Resources"]["Web"]["Properties"]["UserData"]
    is_encoded = isinstance(data, str)
    assert (b64decode(data).decode() if is_encoded else data["Fn::Base64"]) == web_server(page, "7f3a9c")
    assert is_encoded != page.startswith("plain")
    assert "{{" not in files["template.yaml"], "CloudFormation would look it up"


@pytest.mark.skipif(shutil.which("cfn-lint") is None, reason="cfn-lint is not installed")
@pytest.mark.slow
def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    shapes: list[dict[str, Any]] = [
        {"page": "ようこそ"},
        {"theirs": THEIRS},
        {"chapters": (TUTORIAL, *CHAPTERS), "customers": 2},
    ]
    for number, settings in enumerate(shapes):
        _, files, read = templates(**settings)
        for name in read:
            (tmp_path / f"{number}-{name}").write_text(files[name])
    line = ["cfn-lint", "--regions", "us-east-1", "--template", *map(str, tmp_path.iterdir())]
    done = subprocess.run(line, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


# --- the command ------------------------------------------------------------------------


def test_a_template_of_a_demo_that_stands_makes_another_one(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, err = stage.text("export", "cloudformation", "--to", "stack")
    assert code == 0, err
    assert f"{cloudformation.NO_ACCEPTER} README.md has the commands." in out
    assert cloudformation.TAKEN in out
    assert cloudformation.TAKEN in Path("stack", "README.md").read_text()
    template = Path("stack", "template.yaml").read_text()
    assert not AN_ID.search(template)
    assert {int(number) for number in re.findall(r"^  # Step (\d+):", template, re.MULTILINE)} == set(range(1, 18))
    code, document, _ = stage.run("export", "cloudformation", "--to", "stack")
    assert (document["files"], len(document["adds"])) == (["README.md", "template.yaml"], 25)
    assert "Default: ssh-ed25519 " in template
    monkeypatch.setenv("VPCE_DEMO_LANG", "ja")
    assert stage.text("export", "cloudformation", "--to", "stack")[1].count("スタック") == 2


def test_the_pages_commands_as_scripts(stage: Stage) -> None:
    """``tests/peers/test_the_pages.py`` runs them."""
    near = replace(stage, directory=Path(os.path.relpath(stage.directory)))
    code, document, _ = near.run("export", "aws-cli", "--to", "scripts")
    assert (code, document["files"]) == (0, ["create.sh", "delete.sh"])
    create, delete = (Path("scripts", name).read_text() for name in document["files"])
    assert [int(number) for number in re.findall(r"^# Step (\d+)", create, re.MULTILINE)] == [*range(1, 16), 15, 16]
    assert create.count("sandbox aws") == delete.count("sandbox aws") == 1
    assert create.count(f"sandbox --state-dir {stage.directory} ") == 2, "the scripts run in their own directory"
    (left,) = re.findall(r"declare -p (.*) 2>/dev/null", create)
    assert set(re.findall(r"\$\{?([A-Z]\w+)", delete)) <= set(left.split())
    code, document, _ = stage.run("export", "aws-cli", "--to", "other", "--chapter", "gateway")
    assert (code, document["error"]["code"]) == (5, "VPCE135")
    assert not Path("other").exists()


def test_a_script_that_stops_says_how_what_it_made_is_deleted_and_keeps_the_ids(tmp_path: Path) -> None:
    def run(create: str) -> tuple[int, str, str]:
        (tmp_path / "create.sh").write_text(script.scripts("x", create, "", {}, "vpce-demo --name x")["create.sh"])
        done = subprocess.run(["bash", tmp_path / "create.sh"], capture_output=True, text=True)
        return done.returncode, done.stderr, (tmp_path / "ids.sh").read_text()

    assert run("VPC=$(false)\n") == (1, "", ""), "nothing was made"
    code, said, ids = run("VPC=$(echo vpc-1)\nWEB=$(false)\n")
    assert (code, ids) == (1, 'declare -- VPC="vpc-1"\n')
    assert "vpce-demo --name x adopt --by-hand && vpce-demo --name x down" in said
    code, said, ids = run("VPC=$(echo vpc-2)\n")
    assert (code, "Delete that first" in said, ids) == (1, True, 'declare -- VPC="vpc-1"\n')


def test_of_a_demo_that_stands(stage: Stage) -> None:
    code, document, _ = stage.run("export", "terraform", "--to", "there")
    assert code == 0
    assert (document["imports"], document["adds"]) == (24, [TARGET])
    assert document["files"] == list(FILES) == sorted(one.name for one in Path("there").iterdir())
    main, imports, readme = (Path("there", name).read_text() for name in ("main.tf", "imports.tf", "README.md"))
    assert not AN_ID.search(main)
    steps = {int(number) for number in re.findall(r"^# Step (\d+):", main, re.MULTILINE)}
    assert steps == set(range(1, 18))
    for line in (
        "  subnet_id                   = aws_subnet.provider.id",
        "  availability_zone_id = var.zone_id",
        "  service_name        = aws_vpc_endpoint_service.service.service_name",
        "  vpc_endpoint_id         = aws_vpc_endpoint.endpoint.id",
        '    "vpce-demo:resource" = "customer-vpc"',
        '    description = "vpce-demo: provider-rule-ssh"',
    ):
        assert f"{line}\n" in main, line
    ids = stage.ids
    for address, id in {
        "aws_vpc.provider": ids["provider-vpc"],
        "aws_route.customer": f"{ids['customer-routes']}_0.0.0.0/0",
        "aws_route_table_association.provider": f"{ids['provider-subnet']}/{ids['provider-routes']}",
        "aws_key_pair.provider": "Service_key",
        "aws_lb.load_balancer": ids["load-balancer"],
        "aws_vpc_endpoint_connection_accepter.acceptance": f"{ids['service']}_{ids['endpoint']}",
    }.items():
        assert f'import {{\n  to = {address}\n  id = "{id}"\n}}' in imports
    assert f"It adds `{TARGET}` again" in readme
    assert "24 to import, 1 to add, 0 to change, 0 to destroy" in readme
    assert "vpce-demo --sandbox sandbox status" in readme


def test_a_lost_record_is_no_matter(stage: Stage, tmp_path: Path) -> None:
    record = stage.directory / "sandbox" / "vpce-demo" / "state.json"
    assert stage.run("export", "terraform", "--to", "before")[0] == 0
    record.rename(tmp_path / "aside")
    try:
        assert stage.run("export", "terraform", "--to", "after")[0] == 0
    finally:
        (tmp_path / "aside").replace(record)
    for name in FILES:
        assert Path("after", name).read_text() == Path("before", name).read_text(), name


def test_of_the_settings_alone_it_makes_the_key_by_which_the_demo_is_known(stage: Stage) -> None:
    line = ("export", "terraform", "--name", "new", "--to", "new")
    code, document, _ = stage.run(*line)
    assert code == 0
    assert (document["imports"], len(document["adds"])) == (0, 25)
    key = (stage.directory / "sandbox" / "new" / "key.pem.pub").read_text().strip()
    first = {name: Path("new", name).read_text() for name in FILES}
    assert f'"{key}"' in first["variables.tf"]
    assert f'"vpce-demo:id"   = "{key.split()[-1]}"' in first["main.tf"]
    assert "import {" not in first["imports.tf"]
    assert "default     = null" not in first["variables.tf"]
    assert stage.run(*line)[0] == 0
    assert {name: Path("new", name).read_text() for name in FILES} == first, "another one is of the same demo"
    stage.run("down", "--name", "new", "--yes")


@pytest.mark.parametrize("name", ["notes.txt", "other.tf", ".git"])
def test_a_directory_with_other_files_is_refused(stage: Stage, name: str) -> None:
    there = Path("there")
    there.mkdir()
    (there / name).touch()
    code, document, _ = stage.run("export", "terraform", "--to", "there")
    assert (code, document["error"]["code"]) == (5, "VPCE133")
    assert name in document["error"]["message"]
    assert [one.name for one in there.iterdir()] == [name]


def test_terraforms_own_files_are_left_and_ours_are_written_again(stage: Stage) -> None:
    there = Path("there")
    (there / ".terraform").mkdir(parents=True)
    for name in ("terraform.tfstate", "main.tf"):
        (there / name).write_text("before")
    assert stage.run("export", "terraform", "--to", "there")[0] == 0
    assert (there / "terraform.tfstate").read_text() == "before"
    assert "aws_vpc" in (there / "main.tf").read_text()


def test_no_link_is_followed_that_nobody_named(stage: Stage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    Path("vpce-demo-terraform").symlink_to(outside)
    assert "VPCE091" in stage.text("export", "terraform")[2]
    there = Path("there")
    there.mkdir()
    (there / "main.tf").symlink_to(outside / "main.tf")
    assert "VPCE091" in stage.text("export", "terraform", "--to", "there")[2]
    assert not list(outside.iterdir())
    assert not there.joinpath("README.md").exists()
