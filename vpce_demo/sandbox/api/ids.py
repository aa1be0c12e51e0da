"""Ids, addresses and names of the shapes AWS gives them."""

from __future__ import annotations

import base64
import hashlib
import secrets
import string

LOAD_BALANCER_ZONES = {
    "us-east-1": "Z26RNL4JYFTOTI",
    "us-east-2": "ZLMOA37VPKANP",
    "us-west-1": "Z24FKFUX50B4VW",
    "us-west-2": "Z18D5FSROUN65G",
    "ap-northeast-1": "Z31USIVHYNEOWT",
    "ap-southeast-1": "ZKVM4W9LS7TM",
    "ap-southeast-2": "ZCT6FZBF4DROD",
    "eu-central-1": "Z3F0SRJ5LGBH90",
    "eu-west-1": "Z2IFOLAFXWLO4F",
    "eu-west-2": "ZD4D7Y8KGAS4G",
}
"""Route 53 zones of Network Load Balancers' names, by region (AWS General Reference, "Elastic Load Balancing")."""

ENDPOINT_ZONES = {
    "us-east-1": "Z7HUB22UULQXV",
    "us-east-2": "ZC8PG0KIFKBRI",
    "us-west-1": "Z12I86A8N7VCZO",
    "us-west-2": "Z1YSA3EXCYUU9Z",
    "ap-northeast-1": "Z2E726K9Y6RL4W",
    "eu-central-1": "Z273ZU8SZ5RJPC",
    "eu-west-1": "Z38GZ743OKFT7T",
}
"""Route 53 zones of interface endpoints' names, by region."""


def hex_id(prefix: str) -> str:
    """A fresh id: the prefix and 17 hexadecimal digits starting with 0."""
    return f"{prefix}-0{secrets.token_hex(8)}"


def dns_mark() -> str:
    """What makes an endpoint's DNS names unguessable: 8 digits and small letters."""
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(8))


def hosted_zone(table: dict[str, str], region: str) -> str:
    """The zone of a region; for regions not in the table one of the same shape, always the same."""
    return table.get(region) or "Z" + hashlib.sha256(region.encode()).hexdigest()[:13].upper()


def user_id(account: str, name: str) -> str:
    """The id of an IAM user that nobody has made: always the same for the name."""
    return "AIDA" + base64.b32encode(hashlib.sha256(f"{account}/{name}".encode()).digest()).decode()[:17]
