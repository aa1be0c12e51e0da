"""What differs between AWS's partitions, in one table: names in ARNs, console, price list, zones, names of services."""

from __future__ import annotations

import json
import re

import pytest

from vpce_demo.aws.iam_policy import policy
from vpce_demo.aws.partitions import partition_of, partitions
from vpce_demo.config.load import load
from vpce_demo.report.redact import Redactor

PARTITIONS = [
    # region, partition, first region, console, price list, the beginning of a service's name, domain
    ("eu-west-1", "aws", "us-east-1", "console.aws.amazon.com", "us-east-1", "com.amazonaws", "amazonaws.com"),
    (
        "cn-north-1",
        "aws-cn",
        "cn-northwest-1",
        "console.amazonaws.cn",
        "cn-northwest-1",
        "cn.com.amazonaws",
        "amazonaws.com.cn",
    ),
    (
        "us-gov-east-1",
        "aws-us-gov",
        "us-gov-west-1",
        "console.amazonaws-us-gov.com",
        "us-east-1",
        "com.amazonaws",
        "amazonaws.com",
    ),
    (
        "eusc-de-east-1",
        "aws-eusc",
        "eusc-de-east-1",
        "console.amazonaws-eusc.eu",
        "eusc-de-east-1",
        "eu.amazonaws",
        "amazonaws.eu",
    ),
    ("us-iso-east-1", "aws-iso", "us-iso-east-1", "", "", "gov.ic.c2s", "c2s.ic.gov"),
]


@pytest.mark.parametrize(("region", "name", "first", "console", "prices", "prefix", "domain"), PARTITIONS)
def test_each_region_is_of_its_partition(
    region: str, name: str, first: str, console: str, prices: str, prefix: str, domain: str
) -> None:
    found = partition_of(region)
    assert (found.name, found.first_region, found.console, found.price_list) == (name, first, console, prices)
    assert found.service_prefix == prefix
    text = json.dumps(policy(load(None, {"region": region}), extras=True))
    assert set(re.findall(r"arn:([^:]+):", text)) == {name}
    assert load(None, {"region": region, "zone": f"{region}a"}).zone == f"{region}a"
    masked = Redactor().text(f"{prefix}.vpce.{region}.x at my-lb-1.elb.{region}.{domain} in {name}")
    assert masked == f"{prefix}.vpce.{region}.x at xxxxxxxx1.amazonaws.com in {name}"


@pytest.mark.parametrize(
    ("region", "name"), [("cn-east-9", "aws-cn"), ("eusc-de-west-2", "aws-eusc"), ("xx-new-1", "aws"), ("*", "aws")]
)
def test_a_region_that_is_newer_than_botocore(region: str, name: str) -> None:
    assert partition_of(region).name == name


def test_the_table_names_no_partition_that_botocore_does_not_know() -> None:
    known = {one.name for one in partitions() if one.console}
    assert known == {"aws", "aws-cn", "aws-us-gov", "aws-eusc"}
