"""What of moto's stores is loaded, and what is not done twice."""

from __future__ import annotations

from moto.ec2.models import ec2_backends

from vpce_demo.sandbox.store import moto


def test_images_that_nothing_here_uses_are_not_loaded() -> None:
    moto.reset()
    images = ec2_backends["123456789012"]["us-east-1"].amis.values()
    assert 0 < len(images) < 100
    assert not [image for image in images if "ecs" in image.name]
