"""The control port: ``/_sandbox/<verb>``, JSON, on the API's own port, for callers with the sandbox's token."""

from __future__ import annotations

import hmac
import json
import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Protocol

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from vpce_demo import __version__

from .api.app import RecordedCall
from .api.faults import DOES, Faults, InjectedFault, is_seconds
from .client import TOKEN_HEADER
from .quotas import QUOTAS, is_quota


class Controlled(Protocol):
    """What ``Control`` needs of a sandbox."""

    faults: Faults

    @property
    def token(self) -> str: ...
    def status(self) -> dict[str, Any]: ...
    def calls(self) -> list[RecordedCall]: ...
    def trace(self) -> list[dict[str, Any]]: ...
    def reset(self) -> None: ...
    def set(
        self,
        speed: float | None,
        latency_ms: float | None,
        iam: bool | None,
        quotas: dict[str, int] | None,
        zones_differ: bool | None,
    ) -> None: ...
    def skip(self, seconds: float) -> None: ...
    def connect(self, source: str, destination: str, port: int) -> dict[str, Any]: ...
    def ask_to_stop(self) -> None: ...


LARGEST_BODY = 1_000_000
"""Bytes."""
LONGEST_ANSWER = 1000
"""Characters.  An error message repeats what was wrong, which may be long."""


class Mistake(Exception):
    """The request is not valid; the message says why."""


class Control:
    """Answers ``GET status``, ``GET calls``, ``GET trace``, ``GET faults``, ``POST faults``, ``POST settings``,
    ``POST skip``, ``POST connect``, ``POST reset`` and ``POST stop``; and ``GET health``, which needs no token.

    404 for another verb, 405 for another method, 403 without the token, 400 with a message for a body that is not
    JSON, not an object or has keys or values that are not known.
    """

    def __init__(self, sandbox: Controlled) -> None:
        self._sandbox = sandbox
        self._verbs: dict[str, dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
            "status": {"GET": self._status},
            "calls": {"GET": self._calls},
            "trace": {"GET": self._trace},
            "faults": {"GET": self._faults, "POST": self._change_faults},
            "settings": {"POST": self._settings},
            "skip": {"POST": self._skip},
            "connect": {"POST": self._connect},
            "reset": {"POST": self._reset},
            "stop": {"POST": self._stop},
        }

    def __call__(self, request: Request) -> Response:
        if request.path == "/_sandbox/health" and request.method in ("GET", "HEAD"):
            return _json({"status": "ok", "version": __version__})
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), self._sandbox.token.encode()):
            return _json({"error": f"the header {TOKEN_HEADER} does not hold this sandbox's token"}, 403)
        verb = request.path.removeprefix("/_sandbox/")
        if verb not in self._verbs:
            return _json({"error": f"no verb {verb!r}; there are {', '.join(self._verbs)}"}, 404)
        answer = self._verbs[verb].get(request.method)
        if answer is None:
            return _json({"error": f"{verb} is a {' or a '.join(self._verbs[verb])}"}, 405)
        try:
            response = _json(answer(_body(request)))
        except Mistake as mistake:
            return _json({"error": str(mistake)[:LONGEST_ANSWER]}, 400)
        if verb == "stop":
            response.call_on_close(self._sandbox.ask_to_stop)  # when the answer has been sent
        return response

    def _status(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body)
        return self._sandbox.status()

    def _calls(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body)
        return {"calls": [call.as_dict() for call in self._sandbox.calls()]}

    def _trace(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body)
        return {"connections": self._sandbox.trace()}

    def _faults(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body)
        return self._sandbox.faults.as_dict()

    def _change_faults(self, body: dict[str, Any]) -> dict[str, Any]:
        """Apply everything in the body, or nothing."""
        _only(body, "clear", "add", "hidden_seconds", "hidden_tags_seconds", "credentials")
        if body.get("clear", True) is not True:
            raise Mistake(f"clear is true or left out, not {body['clear']!r}")
        wanted = body.get("add", [])
        if not isinstance(wanted, list):
            raise Mistake(f"add is a list of faults, not {wanted!r}")
        hiding = {name: body[name] for name in ("hidden_seconds", "hidden_tags_seconds") if name in body}
        for name, seconds in hiding.items():
            if seconds is not None and not is_seconds(seconds):
                raise Mistake(f"{name} is a number from 0 to 1e9, or null, not {seconds!r}")
        credentials = body.get("credentials", "fine")
        if credentials not in ("expired", "fine"):
            raise Mistake(f"credentials is expired or fine, not {credentials!r}")
        made, faults = [_fault(one) for one in wanted], self._sandbox.faults
        if "clear" in body:
            faults.clear()
        faults.add(*made)
        if "hidden_seconds" in hiding:
            faults.hide(hiding["hidden_seconds"])
        if "hidden_tags_seconds" in hiding:
            faults.hide_tags(hiding["hidden_tags_seconds"])
        if "credentials" in body:
            faults.expire(credentials == "expired")
        return faults.as_dict()

    def _settings(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body, "speed", "latency_ms", "iam", "quotas", "zones_differ")
        speed = pace(body["speed"]) if "speed" in body else None
        latency = body.get("latency_ms")
        if latency is not None and (not _number(latency) or not 0 <= latency <= 60_000):
            raise Mistake(f"latency_ms is a number of milliseconds from 0 to 60000, not {latency!r}")
        for name in ("iam", "zones_differ"):
            if not isinstance(body.get(name), bool | None):
                raise Mistake(f"{name} is true or false, not {body[name]!r}")
        quotas = body.get("quotas", {})
        if not isinstance(quotas, dict) or not all(is_quota(name, value) for name, value in quotas.items()):
            raise Mistake(f"quotas are whole numbers from 1 to 1000, of {', '.join(QUOTAS)}, not {quotas!r}")
        self._sandbox.set(
            speed=speed,
            latency_ms=latency,
            iam=body.get("iam"),
            quotas=quotas,
            zones_differ=body.get("zones_differ"),
        )
        return self._sandbox.status()

    def _skip(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body, "seconds")
        seconds = body.get("seconds")
        if not is_seconds(seconds):
            raise Mistake(f"seconds is a number from 0 to 1e9, not {seconds!r}")
        self._sandbox.skip(seconds)
        return self._sandbox.status()

    def _connect(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body, "from", "to", "port")
        source, destination, port = (body.get(name) for name in ("from", "to", "port"))
        if not isinstance(source, str) or not isinstance(destination, str):
            raise Mistake(f"from and to are texts, not {source!r} and {destination!r}")
        if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
            raise Mistake(f"port is a whole number from 1 to 65535, not {port!r}")
        try:
            return self._sandbox.connect(source, destination, port)
        except (ValueError, RuntimeError) as error:
            raise Mistake(str(error)) from None

    def _reset(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body)
        self._sandbox.reset()
        return self._sandbox.status()

    def _stop(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body)
        return {"stopping": True}


def pace(value: object) -> float:
    """A clock's speed out of a number above 0 or the word ``max``.  Raises ``Mistake``."""
    if value == "max":
        return math.inf
    if _number(value) and float(value) > 0:  # type: ignore[arg-type]
        return float(value)  # type: ignore[arg-type]
    raise Mistake(f"speed is a number above 0, or max, not {value!r}")


def _fault(told: object) -> InjectedFault:
    if not isinstance(told, dict):
        raise Mistake(f"a fault is an object, not {told!r}")
    if "do" not in told:
        raise Mistake(f"a fault needs do, one of {', '.join(DOES)}")
    _only(told, *(one.name for one in fields(InjectedFault) if one.init))
    try:
        return InjectedFault(**told)
    except ValueError as error:
        raise Mistake(str(error)) from None


def _number(value: object) -> bool:
    """True for a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e12 <= value <= 1e12


def _body(request: Request) -> dict[str, Any]:
    request.max_content_length = LARGEST_BODY
    try:
        text = request.get_data()
    except RequestEntityTooLarge:
        raise Mistake(f"the body is larger than {LARGEST_BODY} bytes") from None
    if not text:
        return {}
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Mistake(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise Mistake("the body goes too deep") from None
    if not isinstance(body, dict):
        raise Mistake("the body is not a JSON object")
    return body


def _only(body: dict[str, Any], *known: str) -> None:
    unknown = sorted(set(body) - set(known))
    if unknown:
        allowed = f"known are {', '.join(known)}" if known else "none are known here"
        raise Mistake(f"unknown key {unknown[0]!r}; {allowed}")


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, default=str), status, content_type="application/json")
