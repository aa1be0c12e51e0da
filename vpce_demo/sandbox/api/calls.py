"""A call as a handler sees it, and the register of handlers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from ..store.cloud import Cloud
from .protocol import Incoming, Moto

if TYPE_CHECKING:
    pass


Handler = Callable[["Call"], dict[str, Any]]
_handlers: dict[tuple[str, str], tuple[Handler, str]] = {}


def handles(service: str, *operations: str, pages: str = "") -> Callable[[Handler], Handler]:
    """Register a function as the answer to operations of a service (botocore's name for it).

    It gets a ``Call`` and returns the answer in botocore's shape, or raises ``ApiError``.  ``pages`` names the list
    of the answer that ``MaxResults`` and ``NextToken`` cut into pages.
    """

    def register(handler: Handler) -> Handler:
        for operation in operations:
            _handlers[service, operation] = handler, pages
        return handler

    return register


class Call:
    """One call as a handler sees it: the parameters, who sent it where, our records and moto's."""

    def __init__(self, incoming: Incoming, params: dict[str, Any], cloud: Cloud, moto: Moto) -> None:
        self.params = params
        self.account, self.region, self.operation = incoming.account, incoming.region, incoming.operation
        self.cloud = cloud
        self._incoming, self._moto = incoming, moto

    @property
    def ec2(self) -> Any:
        """Moto's EC2 store of this account and region."""
        return ec2_backends[self.account][self.region]

    @property
    def elb(self) -> Any:
        """Moto's load balancing store of this account and region."""
        return elbv2_backends[self.account][self.region]

    def moto(self, operation: str = "", /, **params: Any) -> dict[str, Any]:
        """Moto's answer to this call with ``params`` changed (``None`` leaves one out), or to another operation with
        exactly ``params``.  Raises ``ApiError`` when moto refuses."""
        wanted = params if operation else {**self.params, **params}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        return self._moto.ask(self._incoming, operation or self.operation, wanted)

    def once(
        self,
        make: Callable[[], dict[str, Any]],
        again: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda answer: answer,
    ) -> dict[str, Any]:
        """``Cloud.once`` for this call."""
        return self.cloud.once(self, make, again)
