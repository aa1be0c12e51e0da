"""AWS's Price List Query API: the prices of one region as AWS publishes them.

``GetProducts`` answers with products as JSON, each with its attributes and, under OnDemand, its prices.  Filters narrow
it down to a few products of a region; which of them is meant its usage type says, ``APN1-VpcEndpoint-Hours``, whose
prefix names the region (in us-east-1 some have none).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...untrusted import printable
from .table import PRICE_LIST, Price, exact

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient

_PREFIX = r"(?:(?:[A-Z]{2,8}\d|EU)-)?"


@dataclass(frozen=True)
class Query:
    """One question of the API, and the usage types in its answer by item."""

    service: str
    usage_types: Mapping[str, str]
    filters: Mapping[str, str] = field(default_factory=dict)


def queries(instance_type: str) -> list[Query]:
    """What has to be asked to know every price of a demo with these instances, and of what it is compared with."""
    return [
        Query(
            "AmazonVPC",
            {
                "endpoint-hour": "VpcEndpoint-Hours",
                "endpoint-gb": "VpcEndpoint-Bytes",
                "gwlb-endpoint-hour": "VpcEndpoint-GWLBE-Hours",
                "gwlb-endpoint-gb": "VpcEndpoint-GWLBE-Bytes",
                "ipv4-hour": "PublicIPv4:InUseAddress",
            },
        ),
        Query(
            "AWSELB",
            {"load-balancer-hour": "LoadBalancerUsage", "capacity-unit-hour": "LCUUsage"},
            {"operation": "LoadBalancing:Network"},
        ),
        Query(
            "AmazonEC2",
            {f"instance-hour {instance_type}": f"BoxUsage:{instance_type}"},
            {
                "instanceType": instance_type,
                "operatingSystem": "Linux",
                "tenancy": "Shared",
                "preInstalledSw": "NA",
                "capacitystatus": "Used",
            },
        ),
        Query("AmazonEC2", {"gp3-gb-month": "EBS:VolumeUsage.gp3"}, {"volumeApiName": "gp3"}),
        Query(
            "AmazonEC2",
            {"nat-hour": "NatGateway-Hours", "nat-gb": "NatGateway-Bytes"},
            {"productFamily": "NAT Gateway"},
        ),
    ]


@dataclass
class PriceListAnswer:
    """What came of it: the prices by item, and why there is none of some others."""

    prices: dict[str, Price] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


def ask(client: PricingClient, region: str, instance_type: str, today: str = "") -> PriceListAnswer:
    """Read the prices of a region; ``missing`` says what AWS does not list, or twice.  Raises botocore's exceptions,
    and SpoiltAnswer for products that are not in the form of the Price List."""
    answer = PriceListAnswer()
    date = today or datetime.now(UTC).date().isoformat()
    try:
        _read(client, region, instance_type, date, answer)
    except (ValueError, LookupError, TypeError, AttributeError) as error:  # of the JSON within the answer
        from ...aws.answers import SpoiltAnswer  # slow to import

        raise SpoiltAnswer(f"a product that cannot be read: {printable(str(error))}", "GetProducts") from error
    return answer


def _read(client: PricingClient, region: str, instance_type: str, date: str, answer: PriceListAnswer) -> None:
    for query in queries(instance_type):
        products = list(_products(client, query, region))
        for item, usage_type in query.usage_types.items():
            listed = {price for product in products for price in _prices(product, usage_type)}
            found = {amount for currency, amount in listed if currency == "USD"}
            if len(found) == 1:
                answer.prices[item] = Price(exact(found.pop()), date, (PRICE_LIST,))
            elif found:
                answer.missing[item] = f"AWS lists several prices: {', '.join(sorted(found))}"
            elif listed:
                others = ", ".join(sorted(f"{amount} {currency}" for currency, amount in listed))
                answer.missing[item] = f"AWS lists it in another currency than US dollars: {others}"
            else:
                answer.missing[item] = "AWS lists none"


def _products(client: PricingClient, query: Query, region: str) -> Iterator[dict[str, Any]]:
    filters: Any = [
        {"Type": "TERM_MATCH", "Field": name, "Value": value}
        for name, value in {"regionCode": region, **query.filters}.items()
    ]
    for page in client.get_paginator("get_products").paginate(ServiceCode=query.service, Filters=filters):
        for product in page["PriceList"]:
            yield json.loads(product, parse_float=str)


def _prices(product: Mapping[str, Any], usage_type: str) -> Iterator[tuple[str, str]]:
    """The on-demand prices of a product in this region itself, each a currency and an amount (``USD``, ``0.0104``), if
    it has this usage type; of tiers the first."""
    attributes = product["product"].get("attributes", {})
    if attributes.get("locationType", "AWS Region") != "AWS Region":
        return  # a Local Zone, an Outpost
    if not re.fullmatch(_PREFIX + re.escape(usage_type), attributes.get("usagetype", "")):
        return
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        dimensions: Iterable[Mapping[str, Any]] = term["priceDimensions"].values()
        for dimension in dimensions:
            if dimension.get("beginRange", "0") == "0":
                yield from ((currency, _plain(amount)) for currency, amount in dimension["pricePerUnit"].items())


def _plain(amount: str) -> str:
    """``0.0104000000`` as ``0.0104``: the same decimal, as people write it."""
    return amount.rstrip("0").rstrip(".") or "0" if "." in amount else amount
