"""The two ends of a connection, as its user names them: an instance by its id, ``internet``, an address, a name."""

from __future__ import annotations

from vpce_demo.sandbox.network import names
from vpce_demo.sandbox.network.decide import TraceStep
from vpce_demo.sandbox.network.rules import within
from vpce_demo.sandbox.store.view import Interface, View

INTERNET = "internet"


class NotThere(Exception):
    """No packet can leave there, or arrive; ``hop`` says why."""

    def __init__(self, at: str, why: str) -> None:
        super().__init__(why)
        self.hop = TraceStep(at, why, passed=False)


def source(view: View, name: str) -> str:
    """Whom ``decide`` takes as the source: the interface of an instance, or an address on the internet.

    Raises ``ValueError`` if it is neither, and NotThere for an instance that does not run.
    """
    if interface := _interface(view, name):
        return interface.id
    if name == INTERNET:
        return names.OPERATOR
    if not names.is_address(name):
        raise ValueError(f"{name!r} is not an instance, {INTERNET!r}, or an address on the internet")
    if inside := [vpc.id for vpc in view.vpcs.values() if any(within(name, cidr) for cidr in vpc.cidrs)]:
        raise ValueError(f"{name} is an address in {inside[0]}, and others may have it too: name the instance")
    return name


def destination(view: View, name: str, source: str) -> str:
    """The address that is meant: of an instance the private one, or for a source on the internet the public one.

    Raises ``ValueError`` for a name that the source's DNS does not know, and NotThere for an instance that does not run
    or has no such address.
    """
    start = view.interfaces.get(source)
    if interface := _interface(view, name):
        address = interface.address if start else interface.public_address
        if address is None:
            raise NotThere(name, "has no public address")
        return address
    found = names.resolve(view, name, start.vpc_id if start else "")
    if found is None:
        where = f"in {start.vpc_id}" if start else "on the internet"
        raise ValueError(f"{name!r} is not an instance or an address, and not a DNS name {where}")
    return found


def _interface(view: View, name: str) -> Interface | None:
    """The network interface of a running instance; None for what is no instance."""
    instance = view.instances.get(name)
    if instance and instance.state != "running":
        raise NotThere(name, f"instance is {instance.state}")
    return view.interfaces[instance.interface_id] if instance else None
