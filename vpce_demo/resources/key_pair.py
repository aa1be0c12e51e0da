"""A key pair: the public half of the demo's ssh key, which EC2 puts on an instance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..aws.tags import KEY_TAG, tags_of
from ..engine.resource import Aws, Listing, Resource
from ..model import Held, Live, Phase, Record, Remedy

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import KeyPairInfoTypeDef


def _key_pairs(aws: Aws, which: Mapping[str, Any]) -> Iterator[KeyPairInfoTypeDef]:
    yield from aws.ec2.describe_key_pairs(**which)["KeyPairs"]


KEY_PAIRS = Listing(_key_pairs, "KeyPairIds")


def _identity(pair: Mapping[str, Any]) -> dict[str, str]:
    """The fingerprint of its public key."""
    return {"fingerprint": pair["KeyFingerprint"]} if pair.get("KeyFingerprint") else {}


def fingerprint(public_key: str) -> str:
    """The value of the tag that identifies a key, for its public line."""
    return hashlib.sha256(public_key.encode()).hexdigest()[:12]


@dataclass(frozen=True, eq=False)
class KeyPair(Resource):
    """A public key under a name that is unique in the region."""

    aws_noun = "key pair"
    remedies: ClassVar = {"ssh key": Remedy.REPLACE}

    public_key: str
    """One OpenSSH line, ``ssh-ed25519 AAAA...``; empty if the demo is only looked up."""

    @property
    def mark(self) -> dict[str, str]:
        """The tag that identifies the key."""
        return {KEY_TAG: fingerprint(self.public_key)}

    def another(self, tags: Mapping[str, str]) -> bool:
        """True if a resource with these tags carries another key.  Without the tag, nothing says so."""
        return bool(self.public_key and tags.get(KEY_TAG)) and {KEY_TAG: tags[KEY_TAG]} != self.mark

    def held(self, tags: Mapping[str, str]) -> Held:
        """The key that a resource with these tags carries, as a field to compare."""
        return "ssh key", self.mark[KEY_TAG] if self.public_key else None, tags.get(KEY_TAG)

    def find(self, aws: Aws) -> Iterator[Live]:
        mine, others = list(aws.mine(self, KEY_PAIRS)), []
        if all(pair["KeyName"] != self.name for pair in mine):  # names are unique in a region
            named = aws.shared((KEY_PAIRS, self.name), lambda: list(_key_pairs(aws, self._of_the_name)))
            # AWS may show a new one by its name before it shows it by its tags.
            mine += [pair for pair in named if aws.is_mine(self, tags_of(pair))]
            others = [pair for pair in named if not aws.is_mine(self, tags_of(pair))]
        for pair in mine:
            tags = tags_of(pair)
            wrong = self.another(tags)
            yield Live(
                pair["KeyPairId"],
                Phase.WRONG if wrong else Phase.READY,
                why="another key" if wrong else "",
                held=aws.held(self, tags, self.held(tags)),
                made=pair.get("CreateTime"),
                identity=_identity(pair),
            )
        for pair in others:
            yield Live(pair["KeyPairId"], Phase.FOREIGN, why=aws.whose("a key pair", tags_of(pair)))

    @property
    def _of_the_name(self) -> dict[str, Any]:
        return {"Filters": [{"Name": "key-name", "Values": [self.name]}]}

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        return bool(record.identity) and _identity(item) == record.identity

    def create(self, aws: Aws) -> Live:
        answer = aws.ec2.import_key_pair(
            KeyName=self.name,
            PublicKeyMaterial=self.public_key.encode(),
            TagSpecifications=aws.tagged(self, "key-pair", more=self.mark),
        )
        return Live(answer["KeyPairId"], identity=_identity(answer))

    def delete(self, aws: Aws, live: Live) -> None:
        aws.ec2.delete_key_pair(KeyPairId=live.id)
