"""Key pairs by their ids, which moto knows but does not take."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from ..api.protocol import ApiError


def _names(call: Call, ids: list[str]) -> list[str]:
    """The names of the key pairs with these ids.  Raises ``InvalidKeyPair.NotFound``."""
    by_id = {pair.id: name for name, pair in call.ec2.key_pairs.items()}
    if missing := [id for id in ids if id not in by_id]:
        raise ApiError("InvalidKeyPair.NotFound", f"The key pair '{missing[0]}' does not exist")
    return [by_id[id] for id in ids]


@handles("ec2", "DescribeKeyPairs")
def describe_key_pairs(call: Call) -> dict[str, Any]:
    """By name or by id.  One that EC2 made is an RSA key unless another type was asked for."""
    changed: dict[str, Any] = {}
    if ids := call.params.get("KeyPairIds"):
        changed = {"KeyPairIds": None, "KeyNames": [*call.params.get("KeyNames", []), *_names(call, ids)]}
    answer = call.moto(**changed)
    for pair in answer.get("KeyPairs", []):
        pair.setdefault("KeyType", "rsa")
    return answer


@handles("ec2", "DeleteKeyPair")
def delete_key_pair(call: Call) -> dict[str, Any]:
    """By name or by id; of a missing one it succeeds (``aws-behaviours.md`` section 1.2)."""
    name = call.params.get("KeyName", "")
    if id := call.params.get("KeyPairId"):
        name = next((known for known, pair in call.ec2.key_pairs.items() if pair.id == id), name)
    return call.moto(KeyPairId=None, KeyName=name)
