"""A relay between the program and the sandbox: answers in forms that AWS was seen to give and the sandbox has not."""

from __future__ import annotations

import http.client
import re
import threading
from collections import Counter
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from botocore.session import get_session

NEW = "<somethingNew><item><ofLateDate>1</ofLateDate></item></somethingNew>"
"""An element that no model of today has."""
SERVICES = {"ec2": "ec2", "elasticloadbalancing": "elbv2"}
MARKS = {"ec2": ("NextToken", "nextToken"), "elasticloadbalancing": ("Marker", "NextMarker")}
"""How a token is called in a request and in an answer."""
UNAVAILABLE = (
    "<Response><Errors><Error><Code>Unavailable</Code><Message>The service is unavailable</Message></Error></Errors>"
    "<RequestID>274df92a-ee63-47cc-9d63-9b7a3f9b27f7</RequestID></Response>"
)


@cache
def pages(service: str) -> dict[str, tuple[str, str]]:
    """The operations that give pages, and the element of the answer that holds the list."""
    session = get_session()
    model = session.get_service_model(service)
    found = {}
    for operation, config in (
        session.get_component("data_loader").load_service_model(service, "paginators-1")["pagination"].items()
    ):
        name = config["result_key"]
        name = name if isinstance(name, str) else name[0]
        shape = model.operation_model(operation).output_shape
        assert shape
        member = shape.members[name]
        found[operation] = name, str(member.serialization.get("name", name))
    return found


class Relay:
    """Passes everything on to ``url``.  ``met`` counts what was changed.

    The first answer of every list is an empty page with a token, unless single items were asked for by id.  Items hold
    an unknown element.  The state words of endpoints begin with a capital.  The first ``unavailable`` endpoints are
    refused with 503.  ``passes`` is called with each operation before it is passed on.
    """

    def __init__(self, url: str, unavailable: int, passes: Callable[[str], None]) -> None:
        self.to = urlsplit(url).netloc
        self.unavailable = unavailable
        self.passes = passes
        self.met: Counter[str] = Counter()
        self._lock = threading.Lock()
        relay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                relay._pass_on(self)

            do_POST = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Relay:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _pass_on(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        scope = re.search(r"Credential=[^/]*/[^/]*/[^/]*/(\w+)/", request.headers.get("Authorization", ""))
        service = scope[1] if scope else ""
        params = parse_qs(body.decode(), keep_blank_values=True) if service in SERVICES else {}
        operation = params.get("Action", [""])[0]
        status, headers, answer = self._answer(request, service, operation, params, body)
        request.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def _answer(
        self, request: BaseHTTPRequestHandler, service: str, operation: str, params: dict[str, list[str]], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            if operation == "CreateVpcEndpoint" and self.met["unavailable"] < self.unavailable:
                self.met["unavailable"] += 1
                return 503, {"Content-Type": "text/xml;charset=UTF-8"}, UNAVAILABLE.encode()
        if first := self._is_first_page(service, operation, params):
            self.met["empty pages"] += 1
            return 200, {"Content-Type": "text/xml;charset=UTF-8"}, first.encode()
        token = MARKS.get(service, ("", ""))[0]
        if params.get(token) == ["second page"]:
            body = urlencode({name: value for name, value in params.items() if name != token}, doseq=True).encode()
        self.passes(operation)
        connection = http.client.HTTPConnection(self.to, timeout=60)
        kept = (item for item in request.headers.items() if item[0].lower() not in ("content-length", "host"))
        connection.request(request.command, request.path, body, {**dict(kept), "Host": self.to})
        with connection.getresponse() as response:
            answer = response.read()
            told = dict(response.headers.items())
        connection.close()
        return response.status, told, self._in_other_form(operation, answer) if operation else answer

    def _is_first_page(self, service: str, operation: str, params: dict[str, list[str]]) -> str:
        """The empty page, with a token, if this asks for a list and has no token yet."""
        if service not in SERVICES or operation not in pages(SERVICES[service]):
            return ""
        token, said = MARKS[service]
        by_id = [name for name in params if re.search(r"(Id|Ids|Name|Names|Arn|Arns)\.(member\.)?\d+$", name)]
        if token in params or any(not name.startswith("Filter") for name in by_id):
            return ""
        name, element = pages(SERVICES[service])[operation]
        if service == "ec2":
            return f"<{operation}Response><{element}/><{said}>second page</{said}></{operation}Response>"
        result = f"<{name}/><{said}>second page</{said}>"
        return f"<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"

    def _in_other_form(self, operation: str, answer: bytes) -> bytes:
        text = answer.decode()
        text, count = re.subn(r"(</\w+>|/>)(\s*</(?:item|member)>)", rf"\1{NEW}\2", text)
        self.met["unknown elements"] += count
        if operation.startswith("DescribeVpcEndpoint"):
            text, count = re.subn(
                r"<(state|vpcEndpointState)>([a-z])",
                lambda found: f"<{found[1]}>{found[2].upper()}",
                text,
            )
            self.met["capitals"] += count
        return text.encode()
