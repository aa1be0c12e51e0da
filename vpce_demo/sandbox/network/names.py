"""Names and addresses of the sandbox's internet: who is out there, and what a name means.

The addresses are those for documentation and for benchmarks (RFC 5737, RFC 2544): nobody on the real internet has them.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from functools import cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from vpce_demo.sandbox.store.aws_services import SERVICES, fronts, private_names
from vpce_demo.sandbox.store.moto import regions
from vpce_demo.sandbox.store.prefix_lists import cidrs_of
from vpce_demo.sandbox.store.view import Endpoint, View

OPERATOR = "203.0.113.10"
"""The user of the sandbox, as the internet sees them."""
CHECKIP = "198.51.100.80"
"""``checkip.amazonaws.com``: answers on ports 80 and 443 with the address that asked."""

METADATA = "169.254.169.254"
"""The instance metadata service, which every instance reaches by itself: no route and no group is asked."""

AWS = "amazonaws.com"
"""The host that answers for AWS's own services, whatever the region."""
AWS_ADDRESSES = "198.18.0.0/15"
"""The public addresses of AWS's own services: those of the prefix lists, and ``OTHERS``."""
OTHERS = IPv4Network("198.19.128.0/17")
"""The addresses of the services that have no prefix list."""
NOT_REGIONAL = "us-east-1"
"""The region that a name without one means."""

HOSTS = {"checkip.amazonaws.com": CHECKIP}
PACKAGES = "al2023-repos-{region}-de612dc2"
"""S3's bucket of a region with the packages of Amazon Linux 2023, which everybody may read."""
MIRROR_LIST = (
    f"https://{PACKAGES}.s3.dualstack.{{region}}.{{domain}}/core/mirrors/{{release}}/{{architecture}}/mirror.list"
)
"""Where ``dnf`` finds out where the packages are."""


def is_address(text: str) -> bool:
    """Whether this is an IPv4 address."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


@dataclass(frozen=True)
class AwsName:
    """A DNS name of one of AWS's own services.

    ``service`` is as in the name of its endpoint service, ``s3`` or ``ecr.api``; ``front`` is what stands before the
    service's own name ``zone``: a bucket, or the mark of an endpoint.
    """

    service: str
    region: str
    zone: str
    front: str = ""

    @property
    def is_of_endpoint(self) -> bool:
        """True if it is a name of an endpoint, and not one of the service's public names."""
        return ".vpce." in self.zone


_NAME = re.compile(
    r"(?P<own>.+?)(?:\.dualstack)?(?:\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?(?P<by>\.vpce)?\.amazonaws\.com(?:\.cn)?"
)


def aws_name(name: str) -> AwsName | None:
    """What a name, in lower case, says of a service of AWS's own; ``None`` if it is no such name."""
    match = _NAME.fullmatch(name)
    if match is None or match["region"] not in {None, *regions()}:
        return None
    labels = match["own"].split(".")
    for at in range(max(0, len(labels) - 2), len(labels)):
        host, front = ".".join(labels[at:]), ".".join(labels[:at])
        known = (host, f"*.{host}") if match["by"] else (f"*.{host}" if front else host,)
        service = next(filter(None, map(_services().get, known)), None)
        if service:
            zone = name.removeprefix(f"{front}.") if front else name
            return AwsName(service, match["region"] or NOT_REGIONAL, zone, front)
    return None


@cache
def _services() -> dict[str, str]:
    """AWS's own services by the beginnings of their public names: ``s3``, ``*.s3``, ``api.ecr``."""
    return {front: service for service in (*SERVICES, "iam") for front in fronts(service)}


def resolve(view: View, name: str, vpc_id: str = "") -> str | None:
    """The first of the ``addresses``."""
    return next(iter(addresses(view, name, vpc_id)), None)


def addresses(view: View, name: str, vpc_id: str = "") -> tuple[str, ...]:
    """The IPv4 addresses behind a name (or an address itself), as AWS's DNS answers in a VPC, or everybody; none if it
    is unknown.

    A load balancer's name leads to its public addresses if it faces the internet, else to its private ones.  An
    endpoint's regional name leads to all of its interfaces, each zonal name to the interface of that zone; with private
    DNS, so do the public names of its service in its VPC, if both DNS attributes of the VPC are on.
    """
    if is_address(name):
        return (name,)
    vpc = view.vpcs.get(vpc_id)
    if vpc and not vpc.dns_support:
        return ()
    name = name.rstrip(".").lower()
    if name in HOSTS:
        return (HOSTS[name],)
    for balancer in view.load_balancers.values():
        if balancer.dns_name.lower() == name:
            return _addresses(view, balancer.interface_ids, public=balancer.internet_facing)
    for endpoint in view.endpoints.values():
        for at, known in enumerate(endpoint.dns_names):
            if _covers(known.lower(), name):
                return _addresses(view, endpoint.interface_ids[at - 1 : at] if at else endpoint.interface_ids)
    of_aws = aws_name(name)
    if of_aws is None or of_aws.is_of_endpoint:
        return ()
    if vpc and vpc.dns_hostnames:
        for endpoint in view.endpoints.values():
            if endpoint.vpc_id == vpc_id and _answers_for(endpoint, name):
                return _addresses(view, endpoint.interface_ids)
    return (_public_address(of_aws, name),)


def _answers_for(endpoint: Endpoint, name: str) -> bool:
    """True if a public name leads to the endpoint in its VPC."""
    answers = endpoint.private_dns and endpoint.state == "available"
    return answers and any(_covers(each, name) for each in private_names(endpoint.service_name))


def _covers(known: str, name: str) -> bool:
    """Whether the name is this one, or one of those before it, if it begins with ``*.``."""
    return known == name or (known.startswith("*.") and name.endswith(known[1:]))


def _public_address(of_aws: AwsName, name: str) -> str:
    """Always the same for a name: in the prefix list of its service, if that has one, else outside of all."""
    ranges = cidrs_of(f"com.amazonaws.{of_aws.region}.{of_aws.service}", of_aws.region)
    network = IPv4Network(ranges[0]) if ranges else OTHERS
    return str(network[1 + zlib.crc32(name.encode()) % (network.num_addresses - 2)])


def _addresses(view: View, interface_ids: tuple[str, ...], public: bool = False) -> tuple[str, ...]:
    interfaces = (view.interfaces[each] for each in interface_ids if each in view.interfaces)
    return tuple(filter(None, (each.public_address if public else each.address for each in interfaces)))
