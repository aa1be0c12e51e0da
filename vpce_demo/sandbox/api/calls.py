"""A call as a handler sees it, and the register of handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from ..limits import REMEMBERED_TOKENS
from ..store.cloud import Cloud
from .ask_moto import Moto
from .parameters import Parameters
from .protocol import ApiError, Incoming

Handler = Callable[["Call"], dict[str, Any]]
Handlers = Mapping[tuple[str, str], tuple[Handler, str]]
"""By service and operation: the handler, and the list of its answer that is cut into pages, if any."""
HANDLERS: dict[tuple[str, str], tuple[Handler, str]] = {}
"""Every handler whose module has been imported."""


def handles(service: str, *operations: str, pages: str = "") -> Callable[[Handler], Handler]:
    """Register a function as the answer to operations of a service (botocore's name for it).

    It gets a ``Call`` and returns the answer in botocore's shape, or raises ``ApiError``.  ``pages`` names the list
    of the answer that ``MaxResults`` and ``NextToken`` cut into pages.
    """

    def register(handler: Handler) -> Handler:
        for operation in operations:
            HANDLERS[service, operation] = handler, pages
        return handler

    return register


class Call:
    """One call as a handler sees it: the parameters, who sent it where, our records and moto's."""

    def __init__(self, incoming: Incoming, params: dict[str, Any], cloud: Cloud, moto: Moto) -> None:
        self.params: dict[str, Any] = Parameters(params, incoming)
        self.account, self.region, self.operation = incoming.account, incoming.region, incoming.operation
        self.cloud = cloud
        self._incoming, self._moto = incoming, moto

    @property
    def key(self) -> str:
        """The access key id it is signed with."""
        return self._incoming.key

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
        """``make()``, or for a ``ClientToken`` seen before ``again(first answer)``; if that is None, ``make()`` anew.

        Raises ``IdempotentParameterMismatch`` when the same token comes with other parameters.
        """
        token = self.params.get("ClientToken")
        if not token:
            return make()
        key = (self.account, self.region, self.operation, token)
        asked = repr(sorted(self.params.items(), key=lambda item: item[0]))
        if key in self.cloud.tokens:
            before, answer = self.cloud.tokens[key]
            if before != asked:
                text = (
                    "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
                )
                raise ApiError("IdempotentParameterMismatch", text)
            if (repeated := again(answer)) is not None:
                return repeated
        answer = make()
        self.cloud.tokens[key] = asked, answer
        while len(self.cloud.tokens) > REMEMBERED_TOKENS:
            del self.cloud.tokens[next(iter(self.cloud.tokens))]
        return answer
