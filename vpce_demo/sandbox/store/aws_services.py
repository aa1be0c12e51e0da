"""The names of AWS's own services: those of their endpoint services, and those under which everybody reaches them."""

from __future__ import annotations

from moto.ec2.models.vpcs import AWS_ENDPOINT_SERVICES

FRONTS: dict[str, tuple[str, ...]] = {
    "ecr.dkr": ("*.dkr.ecr",),
    "ecs-agent": ("ecs-a",),
    "ecs-telemetry": ("ecs-t",),
    "execute-api": ("*.execute-api",),
    "kinesis-firehose": ("firehose",),
    "kinesis-streams": ("kinesis",),
    "s3": ("*.s3", "s3"),
    "transfer.server": ("*.server.transfer",),
}
"""The fronts of the public names of a service, where they are not the service's own name."""
NOT_PRIVATE = ("dynamodb",)
"""The services of which private DNS gives an endpoint no names."""
SERVICES = sorted(set(AWS_ENDPOINT_SERVICES))


def short_name(name: str) -> str:
    """``ecr.api`` of ``com.amazonaws.us-east-1.ecr.api``."""
    return name.split(".", 3)[3]


def region_of(name: str) -> str:
    """The region of an endpoint service of AWS's own."""
    return name.split(".")[2]


def host_of(short: str) -> str:
    """The service's name as a host has it: with its parts the other way round."""
    return ".".join(reversed(short.split(".")))


def fronts(short: str) -> tuple[str, ...]:
    """What stands before the region in the public names of a service; ``*.`` is for any name before it."""
    return FRONTS.get(short, (host_of(short),))


def private_names(name: str) -> list[str]:
    """The public names of a service that with private DNS lead to an endpoint to it."""
    short = short_name(name)
    return [f"{front}.{region_of(name)}.amazonaws.com" for front in fronts(short) if short not in NOT_PRIVATE]
