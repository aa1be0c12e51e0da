"""Answers that are not AWS's: what portals, proxies and gateways put in the place of one, or make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

HUGE_BYTES = 64 << 20
"""More than any answer of AWS has, and little enough to be sent at once."""
_CHUNK = 1 << 20

_HTML = "text/html; charset=utf-8"
_PORTAL = "<html>\n<head><title>Welcome</title></head>\n<body><p>Sign in to use this network.</body>\n</html>\n"
_XHTML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Welcome</title></head><body><p>Sign in.</p></body></html>
"""
_LEVELS = 12
_BOMB = "".join(
    (
        '<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY e0 "boom">',
        *(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, _LEVELS)),
        f"]><{{root}}>&e{_LEVELS - 1};</{{root}}>",
    )
)
_OTHER = "ListNothing"
"""An operation that no service has."""


def _page(status: int, title: str) -> Callable[[str, str], Response]:
    body = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1><hr>proxy</body></html>\n"
    return lambda protocol, operation: Response(body, status, content_type=_HTML)


def _redirect(protocol: str, operation: str) -> Response:
    headers = {"Location": "http://portal.example/login"}
    return Response("<html><body>Found</body></html>\n", 302, headers, content_type=_HTML)


def _truncated(protocol: str, operation: str) -> Response:
    whole = _valid(protocol, operation)
    return _typed(protocol, whole[: len(whole) // 2])


def _bomb(protocol: str, operation: str) -> Response:
    return Response(_BOMB.format(root=f"{escape(operation)}Response"), content_type="text/xml")


def _huge(protocol: str, operation: str) -> Response:
    def body() -> Iterator[bytes]:
        for _ in range(HUGE_BYTES // _CHUNK):
            yield b"0" * _CHUNK  # no tool gets far in it

    return Response(body(), content_type="application/octet-stream")


def _valid(protocol: str, operation: str) -> str:
    if "json" in protocol:
        return f'{{"{operation}": []}}'
    return f'<?xml version="1.0"?>\n<{operation}Response><requestId>00000000</requestId></{operation}Response>'


def _typed(protocol: str, body: str) -> Response:
    return Response(body, content_type="application/x-amz-json-1.1" if "json" in protocol else "text/xml")


_ANSWERS: dict[str, Callable[[str, str], Response]] = {
    "empty": lambda protocol, operation: Response(b""),
    "html": lambda protocol, operation: Response(_PORTAL, content_type=_HTML),
    "xhtml": lambda protocol, operation: Response(_XHTML, content_type="application/xhtml+xml"),
    "403": _page(403, "Forbidden"),
    "407": _page(407, "Proxy Authentication Required"),
    "429": lambda protocol, operation: Response(b"", 429),
    "redirect": _redirect,
    "truncated": _truncated,
    "garbage": lambda protocol, operation: Response(bytes(range(256)) * 4, content_type="application/octet-stream"),
    "huge": _huge,
    "bomb": _bomb,
    "other": lambda protocol, operation: _typed(protocol, _valid(protocol, _OTHER)),
}
"""By kind, what comes for an operation of a service with this wire format."""
SPOILS = tuple(_ANSWERS)
"""The kinds."""


def spoilt(kind: str, protocol: str, operation: str) -> Response:
    """What comes in the place of an answer to the operation."""
    return _ANSWERS[kind](protocol, operation)
