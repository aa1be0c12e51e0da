"""Moto, asked in process: one operation with its parameters, or a whole request unread.

Handlers ask for operations.  No request is made of it and no answer is written for it: moto's own method gets the
parameters as its parser would have read them, and what it returns is read as botocore would have read the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from botocore.serialize import create_serializer
from botocore.utils import parse_to_aware_datetime
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.core.model import ListShape, Shape
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import ActionContext, BaseResponse
from moto.core.serialize import JSONSerializer
from moto.core.utils import camelcase_to_underscores, get_service_model
from moto.ec2.responses import EC2Response
from moto.elbv2.responses import ELBV2Response
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse
from moto.ssm.responses import SimpleSystemManagerResponse
from moto.utilities.utils import get_partition
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from .protocol import ApiError, Incoming, in_aws_words, operation_model, protocol_of

RESPONSES: dict[str, Callable[[], BaseResponse]] = {
    "ec2": EC2Response,
    "elbv2": ELBV2Response,
    "resourcegroupstaggingapi": ResourceGroupsTaggingAPIResponse,
    "ssm": SimpleSystemManagerResponse,
}
"""By service, the class of moto's whose methods are the operations."""


class Moto:
    """Moto's server application and its operations."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)

    def forward(self, environ: dict[str, Any], account: str) -> Response:
        """Hand a whole request on, unread.  Raises whatever moto's handler raises."""
        environ = {**environ, "HTTP_X_MOTO_ACCOUNT_ID": account}
        body, status, headers = run_wsgi_app(self._app.get_application(environ), environ, buffered=True)
        return Response(body, status, headers)

    def ask(self, sender: Incoming, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Moto's answer to one operation in the sender's account and region, in botocore's shape.

        Raises ``ApiError`` with moto's code when moto refuses, ``NotImplementedError`` for what it does not have.
        """
        model = operation_model(sender.service, operation)
        asked = RESPONSES[sender.service]()
        asked.region, asked.partition = sender.region, get_partition(sender.region)
        asked.current_account = sender.account
        asked.automated_parameter_parsing = True
        asked.data, asked.params = _read(sender.service, model, params)
        asked.uri_match = {}
        method = getattr(asked, camelcase_to_underscores(operation), None)
        if method is None:
            raise NotImplementedError(operation)
        try:
            result = method()
            service = get_service_model(sender.service)
            answer: Any = result.execute_result(ActionContext(service, model, _Answer, asked))[2]
        except ServiceException as refused:
            raise in_aws_words(str(refused.code), str(refused.message)) from refused
        except JsonRESTError as refused:
            raise ApiError(refused.relative_error_type, str(refused.message), refused.code) from refused
        return cast(dict[str, Any], answer)


def _read(service: str, model: Any, params: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """The parameters as they would be sent, and as moto's parser reads that."""
    protocol = protocol_of(service)
    body: Any = create_serializer(protocol, include_validation=False).serialize_to_request(params, model)["body"]
    sent = {name: str(value) for name, value in body.items()} if isinstance(body, dict) else {}
    asked: Any = {"values": sent, "body": body, "headers": {}}
    return sent, PROTOCOL_PARSERS[protocol](model).parse(asked)


class _Answer(JSONSerializer):
    """Makes of a result of moto's what botocore reads out of moto's answer."""

    def _serialize_body(self, body: Any) -> Any:
        return body

    def get_serialized_name(self, shape: Shape, default_name: str) -> str:
        return default_name

    def _serialize_type_boolean(self, serialized: Any, value: Any, shape: Shape, key: str) -> None:
        serialized[key] = str(value).lower() == "true"

    def _serialize_type_string(self, serialized: Any, value: Any, shape: Shape, key: str) -> None:
        serialized[key] = str(value)

    def _serialize_type_blob(self, serialized: Any, value: Any, shape: Shape, key: str) -> None:
        serialized[key] = value.encode() if isinstance(value, str) else value

    def _serialize_type_timestamp(self, serialized: Any, value: Any, shape: Shape, key: str) -> None:
        """In whole seconds, if it is EC2's."""
        at = parse_to_aware_datetime(value)
        serialized[key] = at.replace(microsecond=0) if self.service_model.service_name == "ec2" else at

    def _serialize_type_list(self, serialized: Any, value: Any, shape: ListShape, key: str) -> None:
        """Without what has no content."""
        member, read = cast(Shape, shape.member), list[Any]()
        name = member.name
        for each in value:
            one: dict[str, Any] = {}
            self._serialize(one, each, member, name)
            if one.get(name, {}) != {}:
                read.append(one[name])
        serialized[key] = read
