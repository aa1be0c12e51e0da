"""A way into a sandbox of this process that needs no socket, which would take more than half of a call's time.

The requests of botocore are given to the sandbox's WSGI application as its HTTP server gives them.  They go over a
socket as ever where the connection itself matters: through a proxy, to a sandbox that answers late or has faults, and
to one in a process of its own, which is what ``tests/sandbox``, the torture and the commands that are processes use.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from http.client import RemoteDisconnected
from io import BytesIO
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote

from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.exceptions import ProtocolError

from vpce_demo.sandbox.server import HOST, Sandbox

log = logging.getLogger(__name__)


@contextlib.contextmanager
def reached_in_process(sandbox: Sandbox) -> Iterator[None]:
    """Inside, give the sandbox the requests that are sent to its port."""
    over_a_socket: Callable[..., Any] = HTTPConnectionPool.urlopen
    port = sandbox.port

    def urlopen(pool: HTTPConnectionPool, method: str, url: str, **request: Any) -> Any:
        if (pool.host, pool.port) != (HOST, port) or _connection_matters(sandbox):
            return over_a_socket(pool, method, url, **request)
        return _answered(sandbox, method, url, request["body"], request["headers"])

    with patch.object(HTTPConnectionPool, "urlopen", urlopen):
        yield


def _connection_matters(sandbox: Sandbox) -> bool:
    return bool(sandbox._api.latency or sandbox.faults._faults)


def _answered(sandbox: Sandbox, method: str, url: str, body: Any, headers: Mapping[str, Any]) -> HTTPResponse:
    path, _, query = url.partition("?")
    content = body.encode() if isinstance(body, str) else body or b""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path),
        "QUERY_STRING": query,
        "SERVER_NAME": HOST,
        "SERVER_PORT": str(sandbox.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": HOST,
        "HTTP_HOST": f"{HOST}:{sandbox.port}",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(content),
    }
    for name, value in headers.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = text
    environ["CONTENT_TYPE"] = environ.get("HTTP_CONTENT_TYPE", "")
    environ["CONTENT_LENGTH"] = str(len(content))
    began: list[Any] = []

    def start_response(status: str, answered: list[tuple[str, str]], exc_info: Any = None) -> Any:
        began[:] = status, answered

    try:
        answer = b"".join(sandbox._api(environ, start_response))
    except ConnectionError as error:  # the server closes the connection
        raise ProtocolError("Connection aborted.", RemoteDisconnected(repr(error))) from error
    except Exception:  # the server logs it, too
        log.exception("the sandbox failed")
        return HTTPResponse(BytesIO(), status=500, preload_content=False)
    status, answered = began
    received = {**dict(answered), "Date": formatdate(usegmt=True)}
    return HTTPResponse(BytesIO(answer), received, int(status.split()[0]), preload_content=False)
