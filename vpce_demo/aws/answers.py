"""Decides whether what comes back from a call is an answer of AWS.  The only place that does.

Hotel portals, proxies and gateways stand between the program and AWS, and may answer in its place, or damage an answer.
Whatever is not what botocore's model of the operation says becomes one error, ``SpoiltAnswer``.
"""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Any, cast

from botocore.endpoint import convert_to_response_dict
from botocore.exceptions import HTTPClientError, ReadTimeoutError
from botocore.model import ListShape, MapShape, StructureShape
from botocore.parsers import ResponseParser, ResponseParserFactory
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as NothingCame

from ..changes import is_reading
from ..untrusted import parts_within, printable

if TYPE_CHECKING:
    import boto3
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.model import OperationModel, Shape

LARGEST_ANSWER = 32 * 2**20
"""The bytes of an answer that are read at most.  AWS's answers to the program's calls have a few thousand."""
LONGEST_SECONDS = 60.0
"""How long the body of an answer may take, however little of it comes at a time."""
_MOST_DESCRIBED = 2**16
"""The bytes of which the first words are told: no secret in them is cut."""
_ROOT = re.compile(rb"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*)*<([\w.-]+)[\s/>]", re.DOTALL)
"""The beginning of an XML document, with the name of its root element.  A document type, which may define entities that
stand for gigabytes, does not match."""


_TYPES: dict[str, Any] = {
    "structure": dict,
    "list": list,
    "map": dict,
    "string": str,
    "integer": int,
    "long": int,
    "float": (float, int),
    "double": (float, int),
    "boolean": bool,
}
"""The Python types of a model's types.  botocore makes them of XML, but takes whatever stands in JSON."""


class SpoiltAnswer(HTTPClientError):
    """What came back from the call ``operation_name`` is not an answer of AWS; ``came`` says what, printable.

    The request may have been carried out or not, as when an answer is lost: botocore repeats a call that only reads,
    and the engine decides about the others.
    """

    fmt = "{came}"

    def __init__(self, came: str, operation_name: str) -> None:
        super().__init__(came=came)
        self.operation_name = operation_name


class Answer(dict[str, Any]):
    """A structure in an answer.  To read a member of it that is not there raises SpoiltAnswer."""

    def __init__(self, members: dict[str, Any], operation_name: str) -> None:
        super().__init__({name: _with_members(value, operation_name) for name, value in members.items()})
        self.operation_name = operation_name

    def __missing__(self, member: str) -> Any:
        raise SpoiltAnswer(f"an answer without {member}", self.operation_name)


def _with_members(value: Any, operation_name: str) -> Any:
    if isinstance(value, dict):
        return Answer(value, operation_name)
    return [_with_members(each, operation_name) for each in value] if isinstance(value, list) else value


class _Checked:
    """One of botocore's parsers, which knows to what the last answer was parsed when it was checked."""

    def __init__(self, parser: ResponseParser, answer: Any, shape: Any, parsed: dict[str, Any]) -> None:
        self._parser, self._answer, self._shape, self._parsed = parser, answer, shape, parsed

    def parse(self, response: Any, shape: Any) -> Any:
        if shape is self._shape and response == self._answer:
            return self._parsed
        return self._parser.parse(response, shape)


class _Parsers(ResponseParserFactory):
    """The parsers of a client.  What is parsed to check an answer is given to botocore, which parses it no second time:
    that would take about a fifth of a call's CPU time."""

    def __init__(self) -> None:
        super().__init__()
        self._of_this_thread = threading.local()

    def parsed(self, operation: OperationModel, response: AWSResponse) -> dict[str, Any]:
        """An answer, parsed.  Raises whatever botocore's parser may raise, which trusts what it parses."""
        answer, shape = convert_to_response_dict(response, operation), cast("Shape", operation.output_shape)
        parsed: dict[str, Any] = super().create_parser(operation.service_model.resolved_protocol).parse(answer, shape)
        self._of_this_thread.checked = answer, shape, parsed
        return parsed

    def create_parser(self, protocol_name: str) -> Any:
        parser = super().create_parser(protocol_name)
        checked = vars(self._of_this_thread).pop("checked", None)
        return _Checked(parser, *checked) if checked else parser


class _Client:
    """What each client does besides: botocore makes it the first base of the client's class."""

    meta: Any
    _endpoint: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._parsers = self._endpoint._response_parser_factory = _Parsers()
        self.meta.events.register("before-send", self._send)

    def _send(self, request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
        """Send a request in botocore's place, whose retries see what is raised here: it reads without bound and parses
        what it read when it has stopped to retry.  Raises SpoiltAnswer and botocore's errors."""
        operation = self.meta.service_model.operation_model(event_name.rpartition(".")[2])
        if operation.has_streaming_output or operation.has_event_stream_output:
            return None
        request.stream_output = True
        response: AWSResponse = self._endpoint.http_session.send(request)
        body, is_whole = bytearray(), False
        try:
            for part in parts_within(response.raw, LARGEST_ANSWER, LONGEST_SECONDS):
                body += part
            is_whole = True
        except NothingCame as error:
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (HTTPError, ValueError):  # it breaks off, is not HTTP, or does not end
            response.raw.close()
        vars(response)["_content"] = bytes(body)
        if not is_whole or not _is_answer(operation, response, self._parsers):
            raise SpoiltAnswer(_described(response), operation.name)
        return response

    def _make_api_call(self, operation_name: str, api_params: dict[str, Any]) -> Answer:
        below: Any = super()
        return Answer(below._make_api_call(operation_name, api_params), operation_name)


def check_answers(session: boto3.Session) -> None:
    """From now on check what comes back to each client of the session, also to those by which botocore signs in."""

    def add(base_classes: list[type], **_: Any) -> None:
        base_classes.insert(0, _Client)

    session.events.register("creating-client-class", add)


def _is_answer(operation: OperationModel, response: AWSResponse, parsers: _Parsers) -> bool:
    """True if it is an answer or an error of AWS in the format of the operation's service."""
    protocol, body = operation.service_model.resolved_protocol, response.content
    output = operation.output_shape
    is_error = response.status_code >= 300
    try:
        if protocol in ("ec2", "query"):
            root = _ROOT.match(body)
            if root is None or not (is_error or root[1].decode() == f"{operation.name}Response"):
                return False
        elif "json" in protocol and not isinstance(json.loads(body or b"{}"), dict):
            return False
        parsed = parsers.parsed(operation, response)
    except Exception:  # whatever botocore's parser raises of what is not an answer
        return False
    if is_error:
        return parsed.get("Error", {}).get("Code", "") not in ("", None, str(response.status_code))
    if "json" in protocol and not _is_of_shape(parsed, output):
        return False
    if output is None or not output.members or not is_reading(operation.name):
        return True
    return any(name in parsed for name in output.members)  # without any, it would say that there is nothing


def _is_of_shape(value: Any, shape: Shape | None) -> bool:
    """True if every value in a parsed answer has the type that the model says."""
    if shape is None or not isinstance(value, _TYPES.get(shape.type_name, object)):
        return shape is None
    if isinstance(shape, StructureShape):
        return all(_is_of_shape(each, shape.members.get(name)) for name, each in value.items())
    if isinstance(shape, ListShape):
        return all(_is_of_shape(each, shape.member) for each in value)
    if isinstance(shape, MapShape):
        return all(_is_of_shape(each, shape.value) for each in value.values())
    return True


def _described(response: AWSResponse) -> str:
    """What came: ``403 text/html: <html><head>...``."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "of no type"
    beginning = " ".join(response.content[:_MOST_DESCRIBED].decode("utf-8", "replace").split())
    return f"{response.status_code} {printable(kind)}: {printable(beginning) or 'nothing in it'}"
