"""AWS's own services as somebody without credentials meets them over HTTP: S3, DynamoDB, STS; others are merely there.

What a VPC endpoint's policy does not allow, S3 refuses; the others answer such requests before they ask any policy.
Sources: S3's API reference, "Error responses"; what the services answer to ``curl``.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from vpce_demo.sandbox.network.http import BadMessage, Head, read_head
from vpce_demo.sandbox.network.names import PACKAGES, AwsName, aws_name
from vpce_demo.sandbox.network.wire import Wire
from vpce_demo.sandbox.policy import Verdict, verdict
from vpce_demo.sandbox.store.view import Endpoint

MIRRORS = re.compile(r"core/mirrors/[\w.]+/(?P<architecture>x86_64|aarch64)/mirror\.list")


@dataclass(frozen=True)
class _Answer:
    status: HTTPStatus
    body: str = ""
    type: str = "application/xml"
    fields: Mapping[str, str] = field(default_factory=dict)


class Services:
    """Answers for all of them, by the name in the request; ``serve`` takes one request a connection."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, client: str) -> None:
        try:
            head = await read_head(reader)
        except BadMessage:
            return
        if head is None:
            return
        endpoint = self._wire.view().endpoints.get(self._wire.endpoint(writer.get_extra_info("peername")[1]))
        answer = self._answer(head, endpoint, client)
        body = answer.body.encode()
        fields = {"x-amzn-RequestId": secrets.token_hex(16), **answer.fields, "Content-Length": str(len(body))}
        fields |= {"Content-Type": answer.type, "Connection": "close"}
        lines = [f"HTTP/1.1 {answer.status.value} {answer.status.phrase}", *map(": ".join, fields.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (b"" if head.first.startswith("HEAD ") else body))
        await writer.drain()

    def _answer(self, head: Head, endpoint: Endpoint | None, client: str) -> _Answer:
        method, target, *_ = f"{head.first}  ".split(" ")
        url, name = urlsplit(target), aws_name(head.fields.get("host", "").partition(":")[0].lower())
        if name is None:
            return _Answer(HTTPStatus.NOT_FOUND)
        if name.service == "s3":
            return self._s3(name, method, unquote(url.path).lstrip("/"), endpoint, client)
        if name.service == "dynamodb" and method in ("GET", "HEAD"):
            return _Answer(HTTPStatus.OK, f"healthy: dynamodb.{name.region}.amazonaws.com", "text/plain")
        if name.service in ("sts", "iam") and not url.query and method != "POST":
            return _Answer(HTTPStatus.FOUND, fields={"Location": "https://aws.amazon.com/iam"})
        if name.service in ("sts", "iam"):
            return _Answer(HTTPStatus.FORBIDDEN, _NO_TOKEN.format(secrets.token_hex(16)), "text/xml")
        return _Answer(HTTPStatus.FORBIDDEN, '{"message":"Missing Authentication Token"}', "application/json")

    def _s3(self, name: AwsName, method: str, path: str, endpoint: Endpoint | None, client: str) -> _Answer:
        front = "" if name.is_of_endpoint else name.front
        bucket, _, key = (f"{front}/{path}" if front else path).partition("/")
        if not bucket:
            return _Answer(HTTPStatus.TEMPORARY_REDIRECT, fields={"Location": "https://aws.amazon.com/s3/"})
        does = "s3:ListBucket" if not key else "s3:GetObject" if method in ("GET", "HEAD") else "s3:PutObject"
        arn = f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
        mirrors = MIRRORS.fullmatch(key)
        if not _allows(endpoint, does, arn, client):
            return _refused(HTTPStatus.FORBIDDEN, "AccessDenied", "Access Denied")
        if bucket != PACKAGES.format(region=name.region):
            more = f"<BucketName>{escape(bucket)}</BucketName>"
            return _refused(HTTPStatus.NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist", more)
        if not mirrors or does != "s3:GetObject":
            return _refused(HTTPStatus.FORBIDDEN, "AccessDenied", "Access Denied")
        guid = hashlib.sha256(bucket.encode()).hexdigest()
        host = f"{bucket}.s3.dualstack.{name.region}.amazonaws.com"
        text = f"https://{host}/core/guids/{guid}/{mirrors['architecture']}/\n"
        return _Answer(HTTPStatus.OK, text, "binary/octet-stream", {"Server": "AmazonS3"})


def _refused(status: HTTPStatus, code: str, words: str, more: str = "") -> _Answer:
    """An error in S3's form."""
    request, host = secrets.token_hex(8).upper(), secrets.token_urlsafe(56)
    ids = f"<RequestId>{request}</RequestId><HostId>{host}</HostId>"
    body = f"<Error><Code>{code}</Code><Message>{words}</Message>{more}{ids}</Error>"
    fields = {"x-amz-request-id": request, "x-amz-id-2": host, "Server": "AmazonS3"}
    return _Answer(status, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', fields=fields)


_NO_TOKEN = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>MissingAuthenticationToken</Code>
    <Message>Request is missing Authentication Token</Message>
  </Error>
  <RequestId>{}</RequestId>
</ErrorResponse>
"""


def _allows(endpoint: Endpoint | None, action: str, resource: str, client: str) -> bool:
    """Whether the policy of the endpoint on the way lets somebody without credentials do this."""
    if endpoint is None or not endpoint.policy:
        return True
    statements = json.loads(endpoint.policy)["Statement"]
    about_all = [one for one in (statements if isinstance(statements, list) else [statements]) if _is_about_all(one)]
    context = {"aws:SourceVpce": endpoint.id, "aws:SourceVpc": endpoint.vpc_id, "aws:VpcSourceIp": client}
    return verdict([{"Statement": about_all}], action, resource, context) is Verdict.ALLOWED


def _is_about_all(statement: Mapping[str, Any]) -> bool:
    """True if a statement is about everybody, also who has no credentials."""
    principal = statement.get("Principal")
    named = principal.get("AWS") if isinstance(principal, dict) else principal
    return "*" in (named if isinstance(named, list) else [named])
