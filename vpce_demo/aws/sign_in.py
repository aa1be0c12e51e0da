"""Completes a sign-in error: which profile was used, and the command that signs it in."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError

from ..changes import NOTHING_CHANGED
from ..errors import DemoError, SignInError
from .messages import LOCALLY

_KEYS = "AWS_ACCESS_KEY_ID"


def complete(error: SignInError, profile: str | None, recorded: Callable[[], int], repeat: str) -> None:
    """Add to the error which credentials were used, how to renew them, and what exists from earlier runs.

    ``repeat`` is the command to run again.
    """
    name = profile or os.environ.get("AWS_PROFILE", "default")
    settings = _settings(name)
    from_environment = profile is None and _KEYS in os.environ
    told = f"the environment ({_KEYS})" if from_environment else f"{name}{_how(settings)}"
    error.facts = {"credentials" if from_environment else "profile": told, **error.facts}
    again = "set fresh keys in the environment" if from_environment else _command(name, settings)
    if "aws sso login" in error.hint:
        rest = error.hint.partition(LOCALLY)[2]
        error.hint = f"Sign in again, then repeat the command:\n    {again}\n    {repeat}\n{LOCALLY}{rest}"
    try:
        count = recorded()
    except DemoError:
        return
    if count:
        noun = "resource exists" if count == 1 else "resources exist"
        earlier = f"{count} {noun.replace(' ', ' from earlier runs still ', 1)}."
        error.changed = f"{error.changed} {earlier if error.changed == NOTHING_CHANGED else f'{count} {noun} now.'}"


def _settings(profile: str) -> Mapping[str, Any]:
    try:
        config: Mapping[str, Any] = botocore.session.Session(profile=profile).get_scoped_config()
    except BotoCoreError:
        return {}
    return config


def _how(settings: Mapping[str, Any]) -> str:
    """How the profile signs in, in parentheses."""
    if session := settings.get("sso_session"):
        return f" (IAM Identity Center, session {session})"
    if "sso_start_url" in settings:
        return " (IAM Identity Center)"
    if "login_session" in settings:
        return " (aws login)"
    if "credential_process" in settings:
        return " (credential_process)"
    if role := settings.get("role_arn"):
        return f" (role {role})"
    return ""


def _command(profile: str, settings: Mapping[str, Any]) -> str:
    """The command that signs this profile in."""
    option = "" if profile == "default" else f" --profile {profile}"
    if "sso_session" in settings or "sso_start_url" in settings:
        return f"aws sso login{option}"
    if "login_session" in settings:
        return f"aws login{option}"
    if source := settings.get("source_profile"):
        return _command(str(source), _settings(str(source)))
    return f"aws configure{option}"
