"""Each call to AWS in a line, for ``--debug``: when it was sent, which it was, how it was answered, how long it took.

No parameter, header or body is in it, so that no secret can be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError
from botocore.hooks import BaseEventHooks
from botocore.model import OperationModel

_BEGAN = "vpce-demo began"
"""The key in botocore's context of a call of the time at which it was begun."""


class CallLog:
    """Where the lines go.  ``CALL_LOG`` is that of the command that runs; without ``write`` nothing is written."""

    write: Callable[[str], None] | None = None

    def listen(self, events: BaseEventHooks) -> None:
        """Hear of every call of the clients that have these events."""
        events.register("before-call", self._asked)
        events.register("after-call", self._answered)
        events.register("after-call-error", self._failed)

    def _asked(self, context: dict[str, Any], **_: Any) -> None:
        context[_BEGAN] = time.time()

    def _answered(
        self, http_response: Any, parsed: Mapping[str, Any], model: OperationModel, context: Mapping[str, Any], **_: Any
    ) -> None:
        code = parsed.get("Error", {}).get("Code", "") if http_response.status_code >= 300 else ""
        self._tell(model.service_model.endpoint_prefix, model.name, f"{http_response.status_code} {code}", context)

    def _failed(self, exception: Exception, event_name: str, context: Mapping[str, Any], **_: Any) -> None:
        if not isinstance(exception, ClientError):
            service, operation = event_name.split(".")[1:3]
            self._tell(service, operation, type(exception).__name__, context)

    def _tell(self, service: str, operation: str, answer: str, context: Mapping[str, Any]) -> None:
        began = context.get(_BEGAN)
        if self.write is None or began is None:
            return
        at = time.strftime("%H:%M:%S", time.gmtime(began)) + f".{int(began % 1 * 1000):03d}Z"
        self.write(f"{at} {service} {operation}: {answer.strip()}, {time.time() - began:.3f}s")


CALL_LOG = CallLog()
