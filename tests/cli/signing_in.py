"""What gives credentials, in AWS's place: STS, IAM Identity Center, ``aws login``, a container and an instance.

All else goes to a sandbox.  The account is in the key: ``ASIA111122223333``.
"""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

REGION_OFF = "ap-east-1"
"""No account has enabled it."""
CODE = "123456"


def in_hours(hours: float) -> str:
    """A moment as AWS writes it."""
    return (datetime.now(UTC) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def session(account: str) -> dict[str, str]:
    """Credentials of a role of this account, as a container and an instance get them."""
    return {
        "AccessKeyId": f"ASIA{account}",
        "SecretAccessKey": f"secret-of-{account}",
        "Token": f"token-of-{account}",
        "Expiration": in_hours(1),
    }


class StandIn(ThreadingHTTPServer):
    """In AWS's place.  ``asked`` counts the calls by which somebody signs in; ``refused`` says by call how it fails."""

    daemon_threads = True

    def __init__(self, sandbox: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.sandbox = sandbox
        self.asked: Counter[str] = Counter()
        self.refused: dict[str, tuple[int, str, str]] = {}
        self.codes: list[str] = []
        self.minutes = 60.0
        """How long the session of a role lasts."""
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class _Answer(BaseHTTPRequestHandler):
    server: StandIn

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        key, _, region, service, *_ = re.findall(
            r"[^/]+", self.headers.get("Authorization", "").partition("Credential=")[2].partition(",")[0]
        ) or ("", "", "", "")
        call = asked.get("Action", "") if service in ("", "sts") else ""
        for path, name in {
            "/federation/credentials": "GetRoleCredentials",
            "/v1/token": "CreateOAuth2Token",
            "/container": "container",
            "/latest/": "instance",
        }.items():
            call = name if self.path.startswith(path) else call
        if not call:
            self._by_the_sandbox(body)
            return
        if self.path != "/latest/api/token":
            self.server.asked[call] += 1
        if region == REGION_OFF:
            self._refuse(call, 403, "InvalidClientTokenId", "The security token included in the request is invalid.")
        elif refusal := self.server.refused.get(call):
            self._refuse(call, *refusal)
        else:
            self._grant(call, asked, key[-12:])

    do_GET = do_POST = do_PUT = _any

    def _grant(self, call: str, asked: dict[str, str], account: str) -> None:
        role = asked.get("RoleArn", "")
        if call == "GetCallerIdentity":
            arn = f"arn:aws:iam::{account}:user/me"
            self._xml(call, f"<Account>{account}</Account><Arn>{arn}</Arn><UserId>A</UserId>")
        elif call.startswith("AssumeRole"):
            if asked.get("SerialNumber"):
                if asked["TokenCode"] != CODE or asked["TokenCode"] in self.server.codes:
                    words = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
                    self._refuse(call, 403, "AccessDenied", words)
                    return
                self.server.codes.append(asked["TokenCode"])
            given = session(role.split(":")[4])
            given["SessionToken"] = given.pop("Token")
            given["Expiration"] = in_hours(self.server.minutes / 60)
            fields = "".join(f"<{name}>{value}</{name}>" for name, value in given.items())
            self._xml(call, f"<Credentials>{fields}</Credentials>")
        elif call == "GetRoleCredentials":
            account = parse_qs(self.path.partition("?")[2])["account_id"][0]
            until = (datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1000
            self._json(200, {"roleCredentials": {**_camel(session(account)), "expiration": int(until)}})
        elif call == "CreateOAuth2Token":
            token = {"accessToken": _camel(session("888888888888")), "refreshToken": "r", "expiresIn": 900}
            self._json(200, {**token, "tokenType": "aws_sigv4"})
        elif call == "container":
            self._json(200, session("666666666666"))
        elif self.path == "/latest/api/token":
            self._send(200, b"token")
        elif self.path.endswith("/security-credentials/"):
            self.server.asked[call] -= 1  # the name of the role, asked before
            self._send(200, b"role")
        else:
            self._json(200, {**session("777777777777"), "Code": "Success"})

    def _refuse(self, call: str, status: int, code: str, message: str) -> None:
        if call in ("GetCallerIdentity", "AssumeRole", "AssumeRoleWithWebIdentity"):
            error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            self._send(status, f"<ErrorResponse>{error}</ErrorResponse>".encode())
        else:
            self._json(status, {"error": message, "message": message}, code)

    def _xml(self, call: str, result: str) -> None:
        self._send(200, f"<{call}Response><{call}Result>{result}</{call}Result></{call}Response>".encode())

    def _json(self, status: int, data: Any, error: str = "") -> None:
        self._send(status, json.dumps(data).encode(), **({"X-Amzn-ErrorType": error} if error else {}))

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if self.path == "/latest/api/token":
            self.send_header("X-aws-ec2-metadata-token-ttl-seconds", "60")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _by_the_sandbox(self, body: bytes) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        request = urllib.request.Request(self.server.sandbox + self.path, body, headers, method=self.command)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                self._send(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                self._send(error.code, error.read())

    def log_message(self, *_: object) -> None: ...


def _camel(given: dict[str, str]) -> dict[str, str]:
    renamed = {"Token": "sessionToken"}
    return {renamed.get(name, name[0].lower() + name[1:]): value for name, value in given.items()}
