"""The API: one WSGI application that answers AWS's calls, ours where moto differs from AWS, moto's own elsewhere.

Each request goes through the same stages: the host check, the record of calls, the latency, the faults, the IAM
policies if they are enforced, and the handler.
"""

from __future__ import annotations

import io
import json
import logging
import math
import re
import threading
import time
import traceback
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moto
from moto.core.exceptions import JsonRESTError, ServiceException
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from .. import limits
from ..client import CALLS
from ..store.cloud import Cloud
from ..store.moto import regions
from . import items, parameters
from .ask_moto import RESPONSES, Moto
from .calls import Call, Handlers
from .faults import Dropped, Faults, Spoilt, Struck, kill
from .filters import page
from .hiding import READING
from .iam.gate import Gate, wrong_region
from .protocol import (
    CBOR,
    SIGNING_NAMES,
    ApiError,
    Incoming,
    answer,
    in_aws_words,
    no_such_kind,
    operation_model,
    refusal,
    refused_by_moto,
)
from .spoil import spoilt
from .zone_names import ZoneNames

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

log = logging.getLogger(__name__)
calls_log = logging.getLogger(CALLS)

MOTO, OURS = str(Path(moto.__file__).parent), str(Path(__file__).parents[2])
"""The directories of moto and of this package."""
HAS_COME = "vpce_demo.has_come"
"""In a request's environment: what to call when all of it has come, if the server wants to know."""
REQUEST_ID = re.compile(rb"<(requestId|RequestId|RequestID)>([^<]*)<")
UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FROM_THE_NETWORK = ("DescribeTargetHealth", "GetConsoleOutput")
"""What these say is found out by machines and health checks.  Where nothing waits, they say how that ends."""
UNKNOWN = "unknown"
"""The name of every service that is not there, and of every operation that a service does not have."""


@dataclass
class RecordedCall:
    """One API call as ``calls`` lists it; times are seconds since the epoch.

    ``operation`` is AWS's name, or ``unknown``; ``params`` are cut to ``limits.REMEMBERED_CHARACTERS``; ``error`` is
    AWS's code, why there was no answer of AWS (``dropped after``), both, or none.
    """

    number: int
    service: str
    operation: str
    params: dict[str, Any]
    started: float
    ended: float | None = None
    error: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class _Request(Request):
    """Tells the server when its body has been read."""

    def get_data(self, *args: Any, **options: Any) -> Any:
        data = super().get_data(*args, **options)
        self.environ.get(HAS_COME, bool)()
        return data


class Api:
    """The WSGI application.  ``hosts`` are the only ``Host`` headers it answers to; ``latency`` is in seconds."""

    def __init__(
        self,
        cloud: Cloud,
        control: Callable[[Request], Response],
        faults: Faults,
        handlers: Handlers,
        latency: float = 0.0,
    ) -> None:
        self.cloud = cloud
        self.faults = faults
        self._handlers = handlers
        self.latency = latency
        self.hosts: frozenset[str] = frozenset()
        self.calls: deque[RecordedCall] = deque(maxlen=limits.REMEMBERED_CALLS)
        self.counts: Counter[str] = Counter()
        self.gate = Gate(faults.hiding.hides_tags)
        self.zone_names = ZoneNames()
        self._control = control
        self._moto = Moto()
        self._number = 0
        self._large_bodies = threading.Semaphore(limits.LARGE_BODIES)

    def clear(self) -> None:
        """Forget the calls so far."""
        self.calls.clear()
        self.counts.clear()
        self.gate.asked.clear()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = _Request(environ)
        request.max_content_length = limits.LARGEST_BODY
        try:
            response: Response | HTTPException = self._respond(request)
        except HTTPException as refusal_of_the_body:
            response = refusal_of_the_body
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        if request.headers.get("Host", "") not in self.hosts:
            # A web page can make its own host name point here, but cannot make the browser send ours.
            return Response("This is a sandbox on the loopback interface; it answers only to its own address.\n", 403)
        if "Origin" in request.headers or request.method == "OPTIONS":
            # No SDK sends either; a web page in the user's browser would.
            return Response("This is no place for web pages.\n", 403)
        if request.path.startswith("/_sandbox/"):
            return self._control(request)
        if request.path.startswith(("/moto-api", "/latest/")):
            return Response("Moto's own controls and its metadata service are not offered here.\n", 404)
        chunked = "Transfer-Encoding" in request.headers
        small = not chunked and (request.content_length or 0) <= limits.SMALL_BODY
        with nullcontext() if small else self._large_bodies:
            return self._read_and_answer(request)

    def _read_and_answer(self, request: Request) -> Response:
        try:
            body = request.get_data()
        except (ClientDisconnected, TimeoutError):
            return Response(status=400)  # the caller has gone: nobody reads this
        if body.count(b"&") + request.query_string.count(b"&") >= limits.MOST_PARAMETERS:
            raise RequestEntityTooLarge(f"A request has at most {limits.MOST_PARAMETERS} parameters.")
        incoming = Incoming(request)
        record, struck = self._record(incoming)
        status: int | None = None
        if self.latency:
            time.sleep(self.latency)
        try:
            response = _with_headers(incoming, self._answer(incoming, record, struck, body))
            response.set_data(self.zone_names.outward(incoming, response.get_data()))
            struck.after()
            status = response.status_code
        except Dropped as dropped:
            record.error = ", ".join(filter(None, (record.error, dropped.note)))
            if dropped.kill:
                kill(incoming)
            raise
        except Spoilt as struck_so:
            record.error = ", ".join(filter(None, (record.error, struck_so.note)))
            response = spoilt(struck_so.kind, incoming.protocol, incoming.operation)
            status = response.status_code
        finally:
            record.ended = time.time()
            if calls_log.isEnabledFor(logging.INFO):
                _log_call(incoming, record, status)
        return response

    def _record(self, incoming: Incoming) -> tuple[RecordedCall, Struck]:
        """Whatever is not an operation of a service is counted under one name: anybody can make up others."""
        service = incoming.service or SIGNING_NAMES.get(incoming.signing, UNKNOWN)
        operation = incoming.operation if incoming.is_known else UNKNOWN
        with self.cloud.lock:
            self._number += 1
            record = RecordedCall(self._number, service, operation, {}, time.time())
            self.calls.append(record)
            self.counts[f"{service}:{operation}"] += 1
            return record, self.faults.meet(operation)

    def _answer(self, incoming: Incoming, record: RecordedCall, struck: Struck, body: bytes) -> Response:
        try:
            struck.before()
            self.faults.check_credentials(incoming.service)
            return self._dispatch(incoming, record, body)
        except ApiError as error:
            record.error = error.code
            return refusal(incoming, error)
        except (Dropped, Spoilt):
            raise
        except Exception as failure:
            said = _error_of(incoming, record, failure)
            record.error = said.code
            return refusal(incoming, said)

    def _dispatch(self, incoming: Incoming, record: RecordedCall, body: bytes) -> Response:
        if incoming.region not in regions():
            raise wrong_region(incoming.service, incoming.region)
        if not incoming.service:
            if incoming.name not in SIGNING_NAMES:
                # Not forwarded to moto: some of its services make requests to URLs from the call.
                raise _no_such_service(incoming)
            parameters.check_text(incoming, incoming.http.values.to_dict(flat=False))
            with self.cloud.lock:
                self.gate.check(incoming, {})
                return self._forward(incoming, body)
        params, body = (self.zone_names.inward(incoming, one) for one in (incoming.params(), body))
        record.params = _remembered(params)
        parameters.check(incoming, params)
        with self.cloud.lock:
            self.gate.check(incoming, params)
        if incoming.service == "ec2" and params.get("DryRun"):
            raise ApiError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
        handler, pages = self._handlers.get((incoming.service, incoming.operation), (None, ""))
        if incoming.operation in FROM_THE_NETWORK and math.isinf(self.cloud.clock.speed):
            self.cloud.wires.settle()
        with self.cloud.lock:
            self.cloud.settle()
            try:
                by_moto = handler is None and not items.concerns(incoming.service, incoming.operation)
                is_hidden = incoming.service in RESPONSES and self.faults.hiding.concerns(incoming.operation)
                if by_moto and not is_hidden:
                    return self._forward(incoming, body)
                result = self.faults.hiding.carry_out(
                    incoming.operation,
                    params,
                    lambda seen: (handler or Call.moto)(Call(incoming, seen, self.cloud, self._moto)),
                )
            finally:
                if not incoming.operation.startswith(READING):
                    self.cloud.touched()
            result = page(result, pages, params) if pages else dict(result)
            items.complete(incoming, result, self.cloud)
            return answer(incoming.service, incoming.operation, result)

    def _forward(self, incoming: Incoming, body: bytes) -> Response:
        environ = {**incoming.http.environ, "wsgi.input": io.BytesIO(body)}
        response = self._moto.forward(environ, incoming.account)
        if incoming.service and response.status_code >= 300:
            raise refused_by_moto(incoming.service, incoming.operation, response)
        return response


def _log_call(incoming: Incoming, record: RecordedCall, status: int | None) -> None:
    """One line without parameters, in which nothing stands that anybody can make up.  Without a status there was no
    answer."""
    told = {
        "service": record.service,
        "operation": record.operation,
        "status": status,
        "error": record.error,
        "account": incoming.account,
        "region": incoming.region if incoming.region in regions() else UNKNOWN,
        "ms": round(1000 * ((record.ended or record.started) - record.started)),
    }
    text = "{account} {region} {service} {operation} {status} {error} {ms} ms".format_map(told)
    calls_log.info(text.replace(" None", ""), extra={"call": told})


def _with_headers(incoming: Incoming, response: Response) -> Response:
    """With AWS's headers, and a request's id of its form in the answer: moto has others."""
    request_id = str(uuid.uuid4())
    if incoming.protocol in ("ec2", "query", "rest-xml"):
        text = response.get_data()
        if found := REQUEST_ID.search(text):
            if UUID.fullmatch(found[2]):
                request_id = found[2].decode()
            else:
                response.set_data(text[: found.start(2)] + request_id.encode() + text[found.end(2) :])
        response.headers["Content-Type"] = "text/xml;charset=UTF-8"
    response.headers["x-amzn-RequestId"] = request_id
    if incoming.service == "ec2":
        response.headers["Server"] = "AmazonEC2"
    return response


def _remembered(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters; if they are long, with each text in them cut, and if that is not enough their text, cut."""
    for each in (params, _cut(params)):
        text = json.dumps(each, default=str)
        if len(text) <= limits.REMEMBERED_CHARACTERS:
            return dict(each)
    return {"cut": text[: limits.REMEMBERED_CHARACTERS]}


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _cut(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_cut(each) for each in value]
    return value[: limits.REMEMBERED_TEXT] if isinstance(value, str) else value


def _no_such_service(incoming: Incoming) -> ApiError:
    if not incoming.signing:
        return ApiError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    code = "UnknownOperationException" if incoming.protocol in ("json", "rest-json", CBOR) else "InvalidAction"
    return ApiError(code, f"The sandbox has no {incoming.signing[: limits.REMEMBERED_NAME]}.")


def _error_of(incoming: Incoming, record: RecordedCall, failure: Exception) -> ApiError:
    """What a failure is to the caller: moto's refusals as they are, everything else an error of AWS's.

    A failure inside moto is the parameters' if there are any: moto does not check them all.  The log gets one line for
    it, and the whole traceback for a failure of ours.
    """
    if isinstance(failure, ServiceException):
        return in_aws_words(str(failure.code), str(failure.message))
    if isinstance(failure, JsonRESTError):
        return ApiError(failure.relative_error_type, str(failure.message), failure.code)
    places = [one for one in traceback.extract_tb(failure.__traceback__) if one.filename.startswith((MOTO, OURS))]
    if not places or not places[-1].filename.startswith(MOTO):
        log.error("%s %s failed", incoming.name, incoming.operation, exc_info=failure)
    elif isinstance(failure, NotImplementedError | ImportError):
        return _not_in_moto(incoming)
    else:
        place = f"{Path(places[-1].filename).relative_to(MOTO)}:{places[-1].lineno}"
        log.error("moto failed: %s %s: %s at %s", incoming.name, incoming.operation, type(failure).__name__, place)
        if record.params or not incoming.service:
            text = f"{incoming.operation[: limits.REMEMBERED_NAME]} cannot be carried out with these parameters."
            return parameters.invalid(incoming, text)
    return ApiError("InternalError", "An internal error has occurred", 500)


def _not_in_moto(incoming: Incoming) -> ApiError:
    """What moto has not implemented: an operation of some kind, or a filter.  AWS's model has a filter that AWS has."""
    if not incoming.service:
        return no_such_kind(incoming.operation[: limits.REMEMBERED_NAME])
    shape = operation_model(incoming.service, incoming.operation).input_shape
    known = (shape.members["Filters"].documentation or "") if shape and "Filters" in shape.members else ""
    for name in [one.get("Name", "") for one in incoming.params().get("Filters", [])] if known else []:
        if f"<code>{name}</code>" not in known and not name.startswith("tag"):
            return ApiError("InvalidParameterValue", f"The filter '{name}' is invalid")
    return no_such_kind(incoming.operation)
