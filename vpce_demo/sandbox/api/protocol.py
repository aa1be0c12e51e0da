"""AWS's wire formats, both ways: requests into plain dicts, plain dicts into answers, and the way to moto's own app.

Every dict here has botocore's shape: the member names of the service's model, Python values.
"""

from __future__ import annotations

import json
import logging
import uuid
from functools import cache
from typing import Any, cast
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from botocore.awsrequest import HeadersDict
from botocore.model import Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from moto.core.base_backend import AccountSpecificBackend
from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model
from moto.iam.models import get_account_id_from
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Request, Response

log = logging.getLogger(__name__)

SIGNING_NAMES = {
    "ec2": "ec2",
    "elasticloadbalancing": "elbv2",
    "ssm": "ssm",
    "sts": "sts",
    "iam": "iam",
    "tagging": "resourcegroupstaggingapi",
}
"""Services whose operations are understood, by the name in a signature; there are no others."""

CLASSIC_LOAD_BALANCING = "2012-06-01"
ACCOUNT_KEY = "SANDBOX"


class ApiError(Exception):
    """An error as AWS answers it: ``code`` and ``message`` are AWS's own, ``status`` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class Incoming:
    """One request: who sent it where.  ``operation`` is empty for services that are passed on unread."""

    def __init__(self, request: Request) -> None:
        self.http = request
        self.key, self.region, self.signing = _scope(request.headers.get("Authorization", ""))
        self.account = account_of(self.key)
        self.service = SIGNING_NAMES.get(self.signing, "")
        if self.signing == "elasticloadbalancing" and request.values.get("Version") == CLASSIC_LOAD_BALANCING:
            self.service = ""
        self.name = self.service or self.signing or "unsigned"
        self.operation = self._operation() if self.service else ""

    def _operation(self) -> str:
        return self.http.values.get("Action", "") or self.http.headers.get("X-Amz-Target", "").rpartition(".")[2]

    def params(self) -> dict[str, Any]:
        """The operation's parameters.  Raises ``ApiError`` for an operation the service does not have."""
        model = operation_model(self.service, self.operation)
        parser = PROTOCOL_PARSERS[protocol_of(self.service)](model)
        return dict(
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
def regions() -> frozenset[str]:
    """Every region of AWS, of all partitions."""
    session = AccountSpecificBackend.get_session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition_name=partition)
    )


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """The model of one operation.  Raises ``ApiError`` (InvalidAction) if the service has none of that name."""
    model = get_service_model(service)
    if operation not in model.operation_names:
        raise ApiError("InvalidAction", f"The action {operation} is not valid for this web service.")
    return cast(OperationModel, model.operation_model(operation))


@cache
def protocol_of(service: str) -> str:
    """The wire format a service speaks: ``ec2``, ``query`` or ``json``."""
    protocol = str(get_service_model(service).metadata["protocol"])
    return "json" if protocol.startswith("smithy") else protocol


def answer(service: str, operation: str, result: dict[str, Any]) -> Response:
    """A successful answer."""
    serializer = get_serializer_class(service, protocol_of(service))
    context = SerializationContext(request_id=str(uuid.uuid4()))
    done = serializer(operation_model(service, operation), context=context).serialize(result)
    return Response(done["body"], done["status_code"], dict(done["headers"]))


def refusal(service: str, error: ApiError) -> Response:
    """An error, in the protocol's own shape."""
    request_id = uuid.uuid4()
    if service and protocol_of(service) == "json":
        body = json.dumps({"__type": error.code, "message": error.message})
        return Response(body, error.status, content_type="application/x-amz-json-1.1")
    inner = f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if service in ("ec2", ""):
        body = f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>{request_id}</RequestID></Response>"
    else:
        side = "Sender" if error.status < 500 else "Receiver"
        error_xml = f"<Error><Type>{side}</Type>{inner}</Error>"
        body = f"<ErrorResponse>{error_xml}<RequestId>{request_id}</RequestId></ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{body}', error.status, content_type="text/xml")


class Moto:
    """Moto's server application, asked in process."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)

    def forward(self, environ: dict[str, Any], account: str) -> Response:
        """Hand a whole request on, unread."""
        environ = {**environ, "HTTP_X_MOTO_ACCOUNT_ID": account}
        try:
            body, status, headers = run_wsgi_app(self._app.get_application(environ), environ, buffered=True)
        except Exception:  # moto raises what it has not implemented, and imports parts that are not installed
            log.exception("moto failed")
            return Response("The sandbox cannot answer this.\n", 501)
        return Response(body, status, headers)

    def ask(self, sender: Incoming, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Moto's answer to one operation in the sender's account and region, without its ``ResponseMetadata``.

        Raises ``ApiError`` with moto's code when moto refuses.
        """
        service = sender.service
        model = operation_model(service, operation)
        request = create_serializer(protocol_of(service), include_validation=False).serialize_to_request(params, model)
        body = request["body"]
        signing = next(name for name, known in SIGNING_NAMES.items() if known == service)
        headers: dict[str, str] = {
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            **cast(dict[str, str], request["headers"]),
            "Authorization": f"AWS4-HMAC-SHA256 Credential=-/-/{sender.region}/{signing}/aws4_request, -",
        }
        environ = EnvironBuilder(
            method=request["method"],
            path=request["url_path"],
            data=urlencode(body, doseq=True) if isinstance(body, dict) else body,
            headers=headers.items(),
        ).get_environ()
        got = self.forward(environ, sender.account)
        if got.status_code >= 500:
            raise ApiError("InvalidAction", f"The sandbox has no {operation} of this kind.")
        raw = {"status_code": got.status_code, "headers": HeadersDict(got.headers), "body": got.get_data()}
        parsed = cast(dict[str, Any], create_parser(protocol_of(service)).parse(raw, cast(Shape, model.output_shape)))
        if got.status_code >= 300:
            error = parsed.get("Error", {})
            raise ApiError(error.get("Code", "InternalError"), error.get("Message", ""), got.status_code)
        parsed.pop("ResponseMetadata", None)
        return parsed
