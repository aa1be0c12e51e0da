"""AWS's wire formats, both ways: requests into plain dicts, plain dicts into answers.

Every dict here has botocore's shape: the member names of the service's model, Python values.
"""

from __future__ import annotations

import json
import re
import uuid
from functools import cache
from typing import Any, cast
from xml.sax.saxutils import escape

from botocore.awsrequest import HeadersDict
from botocore.model import Shape
from botocore.parsers import create_parser
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from werkzeug.wrappers import Request, Response

from ..client import ACCOUNT_KEY
from ..limits import REMEMBERED_NAME

SIGNING_NAMES = {
    "ec2": "ec2",
    "elasticloadbalancing": "elbv2",
    "ssm": "ssm",
    "sts": "sts",
    "iam": "iam",
    "tagging": "resourcegroupstaggingapi",
    "servicequotas": "service-quotas",
}
"""Services whose operations are understood, by the name in a signature; there are no others."""

UNSIGNED_OPERATIONS = {"AssumeRoleWithSAML": "sts", "AssumeRoleWithWebIdentity": "sts"}
"""Operations that carry their own proof of identity instead of a signature, and their service."""
ANSWERED_AS_REST_XML = ("s3", "s3express", "s3-object-lambda", "s3-outposts")
"""Services whose errors have no element around them, by the name in a signature."""
ANSWERED_AS_QUERY = ("route53", "cloudfront")
"""Services in XML whose errors have the same element around them as those of the query protocol."""
CBOR_HEADER, CBOR = "Smithy-Protocol", "rpc-v2-cbor"
"""By what a request in CBOR is known, and its answer."""

CLASSIC_LOAD_BALANCING = "2012-06-01"

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that no XML document can have in it."""


class ApiError(Exception):
    """An error as AWS answers it: ``code`` and ``message`` are AWS's own, ``status`` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class Incoming:
    """One request: who sent it where.  ``service`` is empty for one that is passed on unread, ``operation`` too for
    one that is not there."""

    def __init__(self, request: Request) -> None:
        self.http = request
        self.key, self.region, self.signing = _scope(request.headers.get("Authorization", ""))
        self.account = account_of(self.key)
        self.service = SIGNING_NAMES.get(self.signing, "")
        if self.signing == "elasticloadbalancing" and request.values.get("Version") == CLASSIC_LOAD_BALANCING:
            self.service = ""
        if not self.signing:
            self.service = UNSIGNED_OPERATIONS.get(request.values.get("Action", ""), "")
        self.name = self.service or self.signing or "unsigned"
        self.operation = self._operation() if self.name in SIGNING_NAMES or self.service else ""

    def _operation(self) -> str:
        return self.http.values.get("Action", "") or self.http.headers.get("X-Amz-Target", "").rpartition(".")[2]

    @property
    def is_known(self) -> bool:
        """True for an operation that the service has."""
        return bool(self.service) and self.operation in get_service_model(self.service).operation_names

    @property
    def protocol(self) -> str:
        """The wire format of the answer: the service's, or for a service that is not there the one of the request."""
        if self.service:
            return protocol_of(self.service)
        if self.http.headers.get(CBOR_HEADER) == CBOR:
            return CBOR
        if "X-Amz-Target" in self.http.headers:
            return "json"
        if "Action" in self.http.values:
            return "ec2" if self.signing == "ec2" else "query"
        if self.signing in ANSWERED_AS_REST_XML:
            return "rest-xml"
        if self.signing in ANSWERED_AS_QUERY:
            return "query"
        return "rest-json" if self.signing else "ec2"

    def params(self) -> dict[str, Any]:
        """The operation's parameters.

        Raises ``ApiError`` for an operation the service does not have, and for a request that is not in its format.
        """
        model = operation_model(self.service, self.operation)
        parser = PROTOCOL_PARSERS[self.protocol](model)
        try:
            params = dict(
                parser.parse(
                    {
                        "method": self.http.method,
                        "values": self.http.values,
                        "headers": self.http.headers,
                        "body": self.http.get_data(),
                        "url_path": self.http.path,
                        "url_params": {},
                    }
                )
            )
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
            raise malformed(self.protocol) from None
        return params


def no_such_kind(operation: str) -> ApiError:
    """What moto has not implemented."""
    return ApiError("InvalidAction", f"The sandbox has no {operation} of this kind.")


def malformed(protocol: str) -> ApiError:
    """What is not in the format of the service, as AWS says it in that format."""
    if protocol == "json":
        return ApiError("SerializationException", "The request is not in the format of this service.")
    return ApiError("MalformedQueryString", "The query string contains a syntax error.")


def _scope(authorization: str) -> tuple[str, str, str]:
    """Access key, region and signing name out of a version 4 signature."""
    rest = authorization.partition("Credential=")[2]
    words = rest.partition(",")[0].split()
    parts = words[0].split("/") if words else []
    return (parts[0], parts[2], parts[3].lower()) if len(parts) == 5 else ("", "us-east-1", "")


def account_of(access_key: str) -> str:
    """The account an access key belongs to: ``SANDBOX`` and twelve digits name one, an IAM user's or role's is of its
    own account, any other key is the default's."""
    digits = access_key.removeprefix(ACCOUNT_KEY)[:12]
    named = access_key.startswith(ACCOUNT_KEY) and len(digits) == 12 and digits.isdecimal()
    return digits if named else get_account_id_from(access_key)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """The model of one operation.  Raises ``ApiError`` (InvalidAction) if the service has none of that name."""
    model = get_service_model(service)
    if operation not in model.operation_names:
        raise ApiError("InvalidAction", f"The action {operation[:REMEMBERED_NAME]} is not valid for this web service.")
    return cast(OperationModel, model.operation_model(operation))


@cache
def protocol_of(service: str) -> str:
    """The wire format a service speaks: ``ec2``, ``query`` or ``json``."""
    protocol = str(get_service_model(service).metadata["protocol"])
    return "json" if protocol.startswith("smithy") else protocol


@cache
def xml_namespace(service: str) -> str:
    """The namespace of a service's answers in XML."""
    return str(get_service_model(service).metadata.get("xmlNamespace", ""))


def answer(service: str, operation: str, result: dict[str, Any]) -> Response:
    """A successful answer."""
    serializer = get_serializer_class(service, protocol_of(service))
    context = SerializationContext(request_id=str(uuid.uuid4()))
    done = serializer(operation_model(service, operation), context=context).serialize(result)
    return Response(done["body"], done["status_code"], dict(done["headers"]))


def refusal(incoming: Incoming, error: ApiError) -> Response:
    """An error, in the shape of the service's protocol."""
    request_id, protocol = uuid.uuid4(), incoming.protocol
    if protocol in ("json", "rest-json"):
        body = json.dumps({"__type": error.code, "message": error.message})
        kind = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        return Response(body, error.status, {"x-amzn-ErrorType": error.code}, content_type=kind)
    if protocol == CBOR:
        said = {"__type": error.code, "message": error.message}
        pairs = b"".join(_cbor(text) for pair in said.items() for text in pair)
        content = bytes([0xA0 | len(said)]) + pairs
        return Response(content, error.status, {CBOR_HEADER: CBOR}, content_type="application/cbor")
    message = NOT_IN_XML.sub("?", error.message)  # it may quote what the caller sent
    inner = f"<Code>{escape(error.code)}</Code><Message>{escape(message)}</Message>"
    if protocol == "rest-xml":
        body = f"<Error>{inner}<RequestId>{request_id}</RequestId></Error>"
    elif protocol == "ec2":
        body = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    else:
        side = "Sender" if error.status < 500 else "Receiver"
        error_xml = f"<Error><Type>{side}</Type>{inner}</Error>"
        names = f' xmlns="{xml_namespace(incoming.service)}"' if incoming.service else ""
        body = f"<ErrorResponse{names}>{error_xml}<RequestId>{request_id}</RequestId></ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{body}', error.status, content_type="text/xml")


def _cbor(text: str) -> bytes:
    """A text in CBOR, its length in two bytes."""
    content = text.encode(errors="replace")[:0xFFFF]
    return b"\x79" + len(content).to_bytes(2, "big") + content


def read_answer(service: str, operation: str, got: Response) -> dict[str, Any]:
    """An answer of moto's as botocore reads it, with its ``ResponseMetadata``."""
    raw = {"status_code": got.status_code, "headers": HeadersDict(got.headers), "body": got.get_data()}
    shape = cast(Shape, operation_model(service, operation).output_shape)
    return cast(dict[str, Any], create_parser(protocol_of(service)).parse(raw, shape))


def refused_by_moto(service: str, operation: str, got: Response) -> ApiError:
    """The error in an answer of moto's."""
    if got.status_code >= 500:
        return no_such_kind(operation)
    error = read_answer(service, operation, got).get("Error", {})
    return in_aws_words(error.get("Code") or "InternalError", error.get("Message") or "", got.status_code)


AWS_WORDS = {
    "InvalidVpcID.NotFound": "The vpc ID '{}' does not exist",
    "InvalidGroup.NotFound": "The security group '{}' does not exist",
    "InvalidKeyPair.NotFound": "The key pair '{}' does not exist",
    "InvalidInternetGatewayID.NotFound": "The internetGateway ID '{}' does not exist",
    "InvalidVpcPeeringConnectionId.NotFound": "The vpcPeeringConnection ID '{}' does not exist",
    "InvalidDhcpOptionID.NotFound": "The dhcpOption ID '{}' does not exist",
}
"""AWS's words where moto has others, by the code."""


def in_aws_words(code: str, message: str, status: int = 400) -> ApiError:
    """An error of moto's.  Where several are missing, moto names them as a set of Python's, and AWS the first."""
    message = re.sub(r"\{(['\"])(.*?)\1.*?\}", r"\2", message)
    words = AWS_WORDS.get(code)
    found = re.search(r"'+(.+?)'+ (?:does|do) not exist|ID (\S+) does not exist", message) if words else None
    return ApiError(code, words.format(found[1] or found[2]) if words and found else message, status)
