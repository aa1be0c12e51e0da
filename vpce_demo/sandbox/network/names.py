"""Names and addresses of the sandbox's internet: who is out there, and what a name means.

The addresses are documentation addresses (RFC 5737), which nobody on the real internet has.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address

from vpce_demo.sandbox.store.view import View

OPERATOR = "203.0.113.10"
"""The user of the sandbox, as the internet sees them."""
CHECKIP = "198.51.100.80"
"""``checkip.amazonaws.com``: answers on port 80 with the address that asked."""
REPOSITORY = "198.51.100.43"
"""The package repository of the instances, on port 443."""

METADATA = "169.254.169.254"
"""The instance metadata service, which every instance reaches by itself: no route and no group is asked."""

HOSTS = {"checkip.amazonaws.com": CHECKIP}


def is_address(text: str) -> bool:
    """Whether this is an IPv4 address."""
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True


def resolve(view: View, name: str) -> str | None:
    """The IPv4 address behind a name (or an address itself), as AWS's DNS answers everybody; ``None`` if unknown.

    A load balancer's name leads to its public address if it faces the internet, else to its private one.  An endpoint's
    regional name leads to the first of its interfaces, each zonal name to the interface of that zone.
    """
    if is_address(name):
        return name
    name = name.rstrip(".").lower()
    if name in HOSTS:
        return HOSTS[name]
    for balancer in view.load_balancers.values():
        if balancer.dns_name.lower() == name:
            return _first(view, balancer.interface_ids, public=balancer.internet_facing)
    for endpoint in view.endpoints.values():
        for at, known in enumerate(endpoint.dns_names):
            if known.lower() == name:
                return _first(view, endpoint.interface_ids[max(at - 1, 0) :], public=False)
    return None


def _first(view: View, interface_ids: tuple[str, ...], public: bool) -> str | None:
    interfaces = (view.interfaces[each] for each in interface_ids if each in view.interfaces)
    addresses = (each.public_address if public else each.address for each in interfaces)
    return next((each for each in addresses if each), None)
