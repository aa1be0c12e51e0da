"""Keys for volumes: the account's default, and what becomes of a launch with a key that nobody may use."""

from __future__ import annotations

from typing import Any

import pytest

from .world import World

KEY = "0ea3fef3-80a7-4778-9d8c-1c0c6EXAMPLE"
REASON = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"


def test_the_default_key_is_the_accounts_and_the_regions(world: World) -> None:
    def default(of: World) -> str:
        return str(of.ec2.get_ebs_default_kms_key_id()["KmsKeyId"])

    other = World(world.sandbox, "210987654321")
    assert default(world) == "alias/aws/ebs"
    for given, shown in (
        (KEY, f"arn:aws:kms:us-east-1:123456789012:key/{KEY}"),
        ("alias/ours", "arn:aws:kms:us-east-1:123456789012:alias/ours"),
        (f"arn:aws:kms:us-east-1:123456789012:key/{KEY}", f"arn:aws:kms:us-east-1:123456789012:key/{KEY}"),
    ):
        assert world.ec2.modify_ebs_default_kms_key_id(KmsKeyId=given)["KmsKeyId"] == shown
        assert (default(world), default(other)) == (shown, "alias/aws/ebs")
    assert world.ec2.reset_ebs_default_kms_key_id()["KmsKeyId"] == default(world) == "alias/aws/ebs"


def test_encrypted_volumes_of_an_account_share_awss_key_and_no_key_is_generated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moto.kms.models.generate_private_key", lambda spec: pytest.fail("moto makes an RSA key"))
    made = [world.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, Encrypted=True) for _ in range(2)]
    (key,) = {one["KmsKeyId"] for one in made}
    assert key.startswith("arn:aws:kms:us-east-1:123456789012:key/")


@pytest.mark.parametrize(
    ("default", "by_default", "volume", "lives"),
    [
        ("", False, {"Encrypted": True}, True),
        (KEY, False, {"Encrypted": True}, False),
        ("alias/team-alias/aws/ebs", False, {"Encrypted": True}, False),
        (KEY, False, {"Encrypted": True, "KmsKeyId": "alias/aws/ebs"}, True),
        (KEY, False, {}, True),
        (KEY, True, {}, False),
        (KEY, True, {"Encrypted": True, "KmsKeyId": "alias/aws/ebs"}, True),
        ("", False, {"Encrypted": True, "KmsKeyId": KEY}, False),
    ],
)
def test_a_launch_dies_after_the_answer_where_its_key_may_not_be_used(
    world: World, default: str, by_default: bool, volume: dict[str, Any], lives: bool
) -> None:
    if default:
        world.ec2.modify_ebs_default_kms_key_id(KmsKeyId=default)
    if by_default:
        world.ec2.enable_ebs_encryption_by_default()
    mapping: Any = [{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": True, **volume}}]
    made = world.run(world.network(), BlockDeviceMappings=mapping)
    assert made["State"]["Name"] == "pending"
    (held,) = world.ec2.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"]
    (one,) = held["Instances"]
    if lives:
        assert one["State"]["Name"] == "running"
        return
    assert one["State"]["Name"] == "terminated"
    assert one["StateReason"] == {"Code": "Client.InvalidKMSKey.InvalidState", "Message": REASON}
    assert one["StateTransitionReason"] == "Client.InvalidKMSKey.InvalidState"
