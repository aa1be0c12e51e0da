"""IAM users in a sandbox that checks permissions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.loaders import create_loader

from vpce_demo.sandbox.server import Sandbox

POLICY = "the-policy"
LOADER = create_loader()
"""Reads AWS's models once for all sessions."""


def session(
    key: str = "sandbox", secret: str = "sandbox", token: str | None = None, region: str = "us-east-1"
) -> boto3.Session:
    """A session with these credentials; the root user's if none are given."""
    below = botocore.session.Session()
    below.register_component("data_loader", LOADER)
    return boto3.Session(key, secret, token, region_name=region, botocore_session=below)


@cache
def _client(url: str, service: str, of: boto3.Session) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    return of.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]


ROOT = session()
HOME = "123456789012"
_users: dict[str, boto3.Session] = {}


def client(sandbox: Sandbox, service: str, of: boto3.Session = ROOT) -> Any:
    """A client that never retries."""
    return _client(sandbox.endpoint_url, service, of)


@cache
def root_of(account: str) -> boto3.Session:
    """The session of an account's root user."""
    return ROOT if account == HOME else session(f"SANDBOX{account}A", "-")


def user(
    sandbox: Sandbox,
    document: Mapping[str, Any] | None,
    name: str = "alice",
    account: str = HOME,
    region: str = "us-east-1",
) -> boto3.Session:
    """The session of a new user who may do what the document says, and nothing else."""
    iam = client(sandbox, "iam", root_of(account))
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    if document is not None:
        put(sandbox, document, name, account)
    held = _users.setdefault(
        f"{account}/{region}/{name}", session(region=region)
    )  # with all its clients, which take long to make
    credentials = held.get_credentials()
    assert credentials is not None
    credentials.access_key, credentials.secret_key = key["AccessKeyId"], key["SecretAccessKey"]
    return held


def put(sandbox: Sandbox, document: Mapping[str, Any], name: str = "alice", account: str = HOME) -> None:
    """From now on the user may do what this says.  As a managed policy: that is how people attach one so long."""
    iam = client(sandbox, "iam", root_of(account))
    arn = f"arn:aws:iam::{account}:policy/{name}-{POLICY}"
    attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
    if attached:
        iam.detach_user_policy(UserName=name, PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)
    iam.create_policy(PolicyName=f"{name}-{POLICY}", PolicyDocument=json.dumps(document))
    iam.attach_user_policy(UserName=name, PolicyArn=arn)


def allowing(*actions: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    """A document with one statement; ``condition`` by operator."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}
