"""The table of prices, and AWS's Price List read into it: decimals from the file to the sum."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.stub import Stubber

import vpce_demo
from vpce_demo.aws.answers import SpoiltAnswer
from vpce_demo.config.load import load
from vpce_demo.cost import bill
from vpce_demo.cost.prices import price_list, table
from vpce_demo.cost.prices.table import Price
from vpce_demo.engine.resource import Resource
from vpce_demo.extras import WARNINGS
from vpce_demo.model import Side
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial

FILE = Path(vpce_demo.__file__).parent / "cost" / "prices" / "prices.yaml"
DATA = yaml.safe_load(FILE.read_text())
DEMO = tutorial(not_looked_up(load(None, {})))
EVERYTHING = DEMO.resources
WHOLLY_KNOWN = {
    "us-east-1": "0.0700534247",
    "us-east-2": "0.0700534247",
    "us-west-2": "0.0700534247",
    "eu-west-1": "0.0759287671",
    "eu-west-2": "0.0780939726",
    "eu-central-1": "0.0800865753",
    "ap-northeast-1": "0.0826041096",
    "ap-southeast-1": "0.0817041096",
    "ap-southeast-2": "0.0817041096",
    "ap-south-1": "0.0762989041",
}


def both(region: str) -> bill.Regions:
    """Both sides in one region."""
    return dict.fromkeys(Side, region)


def of(kind: str) -> list[Resource]:
    return [r for r in EVERYTHING if r.kind == kind]


# --- the file -----------------------------------------------------------------------------


def test_every_price_is_a_string_with_a_date_and_sources() -> None:
    seen = set()
    for block in DATA["prices"]:
        assert set(block) == {"item", "date", "from", "usd"}
        assert block["date"].isoformat()
        assert block["from"]
        assert set(block["from"]) <= set(DATA["sources"])
        for region, usd in block["usd"].items():
            assert isinstance(usd, str), f"{block['item']} {region} is no string"
            assert Decimal("0") < Decimal(usd) < Decimal("1")
            assert (block["item"], region) not in seen, "said twice"
            seen.add((block["item"], region))
    assert {source for block in DATA["prices"] for source in block["from"]} == set(DATA["sources"])
    assert len(seen) == len(table.table())


@pytest.mark.parametrize(
    ("region", "item", "usd"),
    [
        ("us-east-1", "endpoint-hour", "0.01"),
        ("us-east-1", "endpoint-gb", "0.01"),
        ("us-east-1", "load-balancer-hour", "0.0225"),
        ("us-east-1", "capacity-unit-hour", "0.006"),
        ("us-east-1", "instance-hour t3.micro", "0.0104"),
        ("us-east-1", "ipv4-hour", "0.005"),
        ("us-east-1", "nat-hour", "0.045"),
        ("ap-northeast-1", "endpoint-hour", "0.014"),
        ("ap-northeast-1", "load-balancer-hour", "0.0243"),
        ("ap-northeast-1", "instance-hour t3.micro", "0.0136"),
        ("ap-northeast-1", "nat-hour", "0.062"),
        ("ap-northeast-1", "nat-gb", "0.062"),
    ],
)
def test_the_prices_of_the_reference(region: str, item: str, usd: str) -> None:
    """aws-behaviours.md section 8; Tokyo's endpoint and NAT gateway are the tutorial's own comparison."""
    known = bill.price(item, region)
    assert known is not None
    assert known.usd == Decimal(usd)


@pytest.mark.parametrize(("region", "hourly"), WHOLLY_KNOWN.items())
def test_what_the_whole_demo_costs_an_hour(region: str, hourly: str) -> None:
    known = bill.hourly(EVERYTHING, both(region))
    assert known is not None
    assert f"{known:.10f}" == hourly


@pytest.mark.parametrize("region", ["ca-central-1", "sa-east-1", "ap-northeast-3", "mars-north-1"])
def test_where_a_price_is_not_known_no_sum_is(region: str) -> None:
    assert bill.hourly(EVERYTHING, both(region)) is None
    assert "not known" in bill.said(bill.hourly(EVERYTHING, both(region)))


def test_some_of_it_is_known_in_canada() -> None:
    known = {line.part.name: line.hourly for line in bill.bill(EVERYTHING, both("ca-central-1"))}
    assert known["Network Load Balancer"] == Decimal("0.02475")
    assert known["root volume, gp3"] is None


# --- never float ----------------------------------------------------------------------------


def test_no_float_gets_in() -> None:
    with pytest.raises(TypeError):
        Price(0.1, "2026-01-01", ("x",))  # type: ignore[arg-type]
    for wrong in (0.1, 1, None, "", "NaN", "Infinity", "-1", "0,1", "ten"):
        with pytest.raises(ValueError, match="is not a valid price"):
            table.exact(wrong)
    assert all(isinstance(price.usd, Decimal) for price in table.table().values())


@pytest.mark.parametrize("region", WHOLLY_KNOWN)
def test_all_amounts_are_decimals(region: str) -> None:
    ages = {r.key: 5000 for r in EVERYTHING}
    for line in bill.bill(EVERYTHING, both(region), ages):
        assert isinstance(line.part.quantity, Decimal)
        assert isinstance(line.hourly, Decimal)
        assert isinstance(line.so_far, Decimal)
    assert isinstance(bill.hourly([], both(region)), Decimal)
    assert isinstance(bill.so_far(EVERYTHING, both(region), ages), Decimal)


# --- the bill ---------------------------------------------------------------------------------


def test_equal_parts_are_one_line() -> None:
    lines = {line.part.name: line.part for line in bill.bill(EVERYTHING, both("us-east-1"))}
    assert {name: str(part.quantity) for name, part in lines.items()} == {
        "t3.micro instance": "2",
        "root volume, gp3": "16",
        "public IPv4 address": "3",
        "Network Load Balancer": "1",
        "interface endpoint": "1",
    }


def test_the_most_of_it_costs_nothing() -> None:
    billed = {r.kind for r in EVERYTHING if bill.billed_parts(r)}
    assert billed == {"Instance", "LoadBalancer", "VpcEndpoint"}
    assert bill.hourly(of("Vpc"), both("us-east-1")) == 0


@pytest.mark.parametrize(
    ("kind", "seconds", "usd"),
    [
        ("VpcEndpoint", 0, "0.0100000000"),  # a begun hour is a full one
        ("VpcEndpoint", 3600, "0.0100000000"),
        ("VpcEndpoint", 3601, "0.0200000000"),
        ("VpcEndpoint", 86_400, "0.2400000000"),
        ("LoadBalancer", 1, "0.0225833333"),  # its address goes by the second, for a minute at least
        ("LoadBalancer", 7201, "0.0775013889"),
        ("Instance", 1, "0.0002712785"),
        ("Instance", 60, "0.0002712785"),
        ("Instance", 90, "0.0004069178"),
        ("Instance", 3600, "0.0162767123"),
    ],
)
def test_how_time_counts(kind: str, seconds: int, usd: str) -> None:
    (resource, *_) = of(kind)
    gone = bill.so_far([resource], both("us-east-1"), {resource.key: seconds})
    assert f"{gone:.10f}" == usd


def test_without_an_age_nobody_knows_what_it_has_cost() -> None:
    assert bill.so_far(of("VpcEndpoint"), both("us-east-1"), {}) is None
    assert bill.so_far(of("Vpc"), both("us-east-1"), {}) == 0


def test_said() -> None:
    assert bill.said(Decimal("0.0700534")) == "about $0.07 an hour ($1.68 a day)"
    assert bill.as_of(of("VpcEndpoint"), both("us-east-1")) == "2026-09-29"
    assert bill.as_of(EVERYTHING, both("us-east-1")) == "2025-11-04 to 2026-09-29"
    assert bill.as_of(EVERYTHING, both("mars-north-1")) == ""


# --- refreshed ----------------------------------------------------------------------------------

KEY = ("endpoint-hour", "us-east-1")


def read_today(usd: str, date: str = "2026-12-01") -> Price:
    return Price(Decimal(usd), date, (table.PRICE_LIST,))


def test_what_was_read_since_goes_before_what_came_with_the_program() -> None:
    path = table.keep({KEY: read_today("0.0123456789")})
    assert path == Path.home() / ".config" / "vpce-demo" / "prices.json"
    assert '"0.0123456789"' in path.read_text()
    assert table.table()[KEY] == read_today("0.0123456789")
    assert table.table()[KEY].confidence == "AWS's price list"
    table.keep({("endpoint-hour", "eu-west-1"): read_today("0.02")})
    assert table.table()[KEY].usd == Decimal("0.0123456789"), "the rest stays"


def test_what_came_with_a_newer_program_goes_before_what_was_read_long_ago() -> None:
    table.keep({KEY: read_today("0.5", "2020-01-01")})
    assert table.table()[KEY].usd == Decimal("0.01")


def test_the_file_lies_where_the_user_wants_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    assert table.keep({KEY: read_today("0.02")}) == tmp_path / "settings" / "vpce-demo" / "prices.json"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"version": 2, "prices": []}',
        '{"version": 1}',
        '{"version": 1, "prices": [{"item": "x", "date": "2026-12-01", "from": ["x"], "usd": {"r": 0.01}}]}',
        '{"version": 1, "prices": [{"item": "x", "date": "2026-12-01", "from": ["x"], "usd": {"r": "1E+999999"}}]}',
        '{"version": 1, "prices": [{"item": 5, "date": "2026-12-01", "from": ["x"], "usd": {"r": "1"}}]}',
        '{"version": 1, "prices": [{"item": "x", "date": "2026-12-01", "from": 5, "usd": {"r": "1"}}]}',
        "[" * 100_000,
        "\0\x1b]0;",
    ],
)
def test_a_broken_file_is_named_done_without_and_can_be_read_anew(text: str) -> None:
    path = table.refreshed_file()
    assert path
    known = bill.hourly(EVERYTHING, both("us-east-1"))
    path.parent.mkdir(parents=True)
    path.write_text(text)
    WARNINGS.begin()
    assert [bill.hourly(EVERYTHING, both("us-east-1")) for _ in range(2)] == [known, known]
    (warning,) = WARNINGS.sentences
    assert warning.startswith(f"The refreshed prices in {path} cannot be used: ")
    table.keep({KEY: read_today("0.02")})
    assert table.table()[KEY].usd == Decimal("0.02")


# --- the Price List -------------------------------------------------------------------------------


def product(usage_type: str, *usd: str, location: str = "AWS Region", tiers: tuple[str, ...] = ("0",)) -> str:
    """What is read of a product in the answer of GetProducts: JSON in a string, every number a string in it."""
    dimensions = {
        f"SKU.JRTCKXETXF.{number}": {"unit": "Hrs", "beginRange": begin, "pricePerUnit": {"USD": price}}
        for number, (price, begin) in enumerate(zip(usd, tiers, strict=True))
    }
    free = {"priceDimensions": {"x": {"beginRange": "0", "pricePerUnit": {"USD": "0.0000000000"}}}}
    attributes = {"usagetype": usage_type, "locationType": location, "regionCode": "ap-northeast-1"}
    terms = {"OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": dimensions}}, "Reserved": {"SKU.R": free}}
    return json.dumps({"product": {"attributes": attributes, "sku": "SKU"}, "serviceCode": "AmazonVPC", "terms": terms})


VPC = [
    product("APN1-VpcEndpoint-GWLBE-Hours", "0.0140000000"),
    product("APN1-VpcEndpoint-GWLBE-Bytes", "0.0035000000"),
    product("APN1-VpcEndpoint-Hours", "0.0140000000"),
    product(
        "APN1-VpcEndpoint-Bytes", "0.0040000000", "0.0100000000", "0.0060000000", tiers=("5242880", "0", "1048576")
    ),
    product("APN1-PublicIPv4:IdleAddress", "0.0050000000"),
    product("APN1-PublicIPv4:InUseAddress", "0.0050000000"),
]
ELB = [
    product("APN1-LoadBalancerUsage", "0.0243000000"),
    product("APN1-TS-LoadBalancerUsage", "0.0059000000"),
    product("APN1-LoadBalancerUsage", "0.5000000000", location="AWS Outposts"),
    product("APN1-LCUUsage", "0.0060000000"),
    product("APN1-ReservedLCUUsage", "0.0070000000"),
]
MICRO = [product("APN1-BoxUsage:t3.micro", "0.0136000000")]
VOLUME = [
    product("APN1-EBS:VolumeUsage.gp3", "0.0960000000"),
    product("APN1-EBS:VolumeUsage.gp3", "0.1200000000", location="AWS Local Zone"),
    product("APN1-EBS:VolumeP-IOPS.gp3", "0.0060000000"),
]
NAT = [
    product("APN1-NatGateway-Hours", "0.0620000000"),
    product("APN1-RegionalNatGateway-Hours", "0.0880000000"),
    product("APN1-NatGateway-Bytes", "0.0620000000"),
]


@pytest.fixture
def client() -> Any:
    return boto3.client("pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def filters(**fields: str) -> list[dict[str, str]]:
    return [
        {"Type": "TERM_MATCH", "Field": name, "Value": value}
        for name, value in {"regionCode": "ap-northeast-1", **fields}.items()
    ]


def read(client: Any, *pages: list[str]) -> price_list.PriceListAnswer:
    """What is read when AWS answers its five questions with these products, in their order."""
    box = {"instanceType": "t3.micro", "operatingSystem": "Linux", "tenancy": "Shared"}
    asked = [
        ("AmazonVPC", {}),
        ("AWSELB", {"operation": "LoadBalancing:Network"}),
        ("AmazonEC2", {**box, "preInstalledSw": "NA", "capacitystatus": "Used"}),
        ("AmazonEC2", {"volumeApiName": "gp3"}),
        ("AmazonEC2", {"productFamily": "NAT Gateway"}),
    ]
    with Stubber(client) as stub:
        for (service, fields), products in zip(asked, pages, strict=True):
            expected = {"ServiceCode": service, "Filters": filters(**fields)}
            stub.add_response("get_products", {"FormatVersion": "aws_v1", "PriceList": products}, expected)
        answer = price_list.ask(client, "ap-northeast-1", "t3.micro", "2026-11-24")
        stub.assert_no_pending_responses()
    return answer


def test_every_price_of_a_region_is_read(client: Any) -> None:
    answer = read(client, VPC, ELB, MICRO, VOLUME, NAT)
    assert answer.missing == {}
    assert {item: str(price.usd) for item, price in answer.prices.items()} == {
        "endpoint-hour": "0.014",
        "endpoint-gb": "0.01",
        "gwlb-endpoint-hour": "0.014",
        "gwlb-endpoint-gb": "0.0035",
        "ipv4-hour": "0.005",
        "load-balancer-hour": "0.0243",
        "capacity-unit-hour": "0.006",
        "instance-hour t3.micro": "0.0136",
        "gp3-gb-month": "0.096",
        "nat-hour": "0.062",
        "nat-gb": "0.062",
    }
    assert {price.date for price in answer.prices.values()} == {"2026-11-24"}


@pytest.mark.parametrize("prefix", ["", "USE1-", "EU-", "EUC1-", "CAN1-", "SAE1-", "EUSCDE1-"])
def test_a_usage_type_has_its_region_in_front_or_not(client: Any, prefix: str) -> None:
    only = [product(f"{prefix}VpcEndpoint-Hours", "0.0110000000")]
    answer = read(client, only, [], [], [], [])
    assert str(answer.prices["endpoint-hour"].usd) == "0.011"


def test_a_long_list_is_read_to_its_end(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("get_products", {"PriceList": VPC[:1], "NextToken": "more"})
        stub.add_response(
            "get_products",
            {"PriceList": VPC[1:]},
            {"ServiceCode": "AmazonVPC", "Filters": filters(), "NextToken": "more"},
        )
        for products in (ELB, MICRO, VOLUME, NAT):
            stub.add_response("get_products", {"PriceList": products})
        assert len(price_list.ask(client, "ap-northeast-1", "t3.micro").prices) == 11


def test_what_is_not_listed_or_listed_twice_is_told(client: Any) -> None:
    twice = [*ELB, product("APN1-LoadBalancerUsage", "0.0300000000")]
    equal = [*NAT, product("APN1-NatGateway-Hours", "0.0620")]
    answer = read(client, VPC, twice, [], VOLUME, equal)
    assert answer.missing == {
        "load-balancer-hour": "AWS lists several prices: 0.0243, 0.03",
        "instance-hour t3.micro": "AWS lists none",
    }
    assert str(answer.prices["nat-hour"].usd) == "0.062", "twice the same is once"


def test_a_price_in_another_currency_is_told(client: Any) -> None:
    """China's Price List has yuan, and the European sovereign cloud's euros."""
    yuan = product("CNN1-VpcEndpoint-Hours", "0.0720000000").replace('"USD"', '"CNY"')
    answer = read(client, [yuan], [], [], [], [])
    assert answer.missing["endpoint-hour"] == "AWS lists it in another currency than US dollars: 0.072 CNY"


@pytest.mark.parametrize(
    "spoilt",
    [
        *("<html>", "[]", "5", "{}", '{"product": 5}'),
        product("APN1-VpcEndpoint-Hours", "free"),
        product("APN1-VpcEndpoint-Hours", "0.01").replace("priceDimensions", "dimensions"),
        product("APN1-VpcEndpoint-Hours", "0.01").replace('"0.01"', "null"),
    ],
)
def test_products_that_are_not_in_the_form_of_the_price_list(client: Any, spoilt: str) -> None:
    with Stubber(client) as stub:
        for products in ([spoilt], [], [], [], []):
            stub.add_response("get_products", {"PriceList": products})
        with pytest.raises(SpoiltAnswer, match="a product that cannot be read"):
            price_list.ask(client, "ap-northeast-1", "t3.micro")


def test_a_number_that_is_no_string_is_read_as_it_is_written(client: Any) -> None:
    bare = product("APN1-VpcEndpoint-Hours", "0.0140000000").replace('"0.0140000000"', "0.0140000000")
    answer = read(client, [bare], [], [], [], [])
    assert answer.prices["endpoint-hour"].usd == Decimal("0.014")
