"""Completes a sign-in error: which profile was used, and the command that signs it in."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from ..changes import NOTHING_CHANGED
from ..errors import DemoError, SignInError
from ..untrusted import printable
from .credentials import WEB_IDENTITY, profile_in_use, profile_option, settings_of, variable_in_use
from .error_codes import is_sign_in
from .messages import HOW_TO_SIGN_IN, LOCALLY

SIGN_IN_THEN = "Sign in, then repeat the command:"
SESSIONS_KEPT = (
    "AWS may have ended the session of the role, which is kept for the next command. Remove what is kept, then repeat\n"
    "the command: it begins a new session.",
    "rm ~/.aws/cli/cache/*.json",
)
_OF_A_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def complete(error: SignInError, profile: str | None, recorded: Callable[[], int], repeat: str) -> None:
    """Add to the error which credentials were used, how to renew them, and what exists from earlier runs.

    ``repeat`` is the command to run again.
    """
    name = profile_in_use(profile)
    settings = settings_of(name) if name else {}
    variable = variable_in_use(profile) or ("" if settings else next(filter(os.environ.get, _OF_A_CONTAINER), ""))
    told = f"the environment ({variable})" if variable else f"{name}{_how(settings)}"
    error.facts = {"credentials" if variable else "profile": told, **error.facts}
    if HOW_TO_SIGN_IN in error.hint:
        first, again = _of_the_environment(variable) if variable else _how_to_sign_in(name, settings)
        if ("role_arn" in settings or variable == WEB_IDENTITY) and _was_refused(error):
            first, again = SESSIONS_KEPT
        rest = error.hint.partition(LOCALLY)[2]
        error.hint = f"{first}\n    {again}\n    {repeat}\n{LOCALLY}{rest}"
    try:
        count = recorded()
    except DemoError:
        return
    if count:
        noun = "resource exists" if count == 1 else "resources exist"
        earlier = f"{count} {noun.replace(' ', ' from earlier runs still ', 1)}."
        error.changed = f"{error.changed} {earlier if error.changed == NOTHING_CHANGED else f'{count} {noun} now.'}"


def _was_refused(error: SignInError) -> bool:
    """True if AWS was asked with credentials that had been got, and refused them."""
    return "AWS said" in error.facts and not is_sign_in(error.facts["call"])


def _of_the_environment(variable: str) -> tuple[str, str]:
    """What to do about the credentials that this environment variable leads to, and the command that does it."""
    if variable in _OF_A_CONTAINER:
        return f"See whether the address in {variable} gives any, then repeat the command:", "aws configure list"
    if variable == WEB_IDENTITY:
        return _how_to_sign_in("default", {"web_identity_token_file": os.environ[variable]})
    key, has_token = os.environ[variable], bool(os.environ.get("AWS_SESSION_TOKEN"))
    if key.startswith("AKIA") and has_token:
        what = "Keys that begin with AKIA take no session token. Remove it, then repeat the command:"
        return what, "unset AWS_SESSION_TOKEN"
    if key.startswith("ASIA") and not has_token:
        what = "Keys that begin with ASIA need their session token too. Set it, then repeat the command:"
        return what, "export AWS_SESSION_TOKEN=..."
    return SIGN_IN_THEN, "set fresh keys in the environment"


def _how(settings: Mapping[str, Any]) -> str:
    """How the profile signs in, in parentheses."""
    if session := settings.get("sso_session"):
        return f" (IAM Identity Center, session {printable(str(session))})"
    if "sso_start_url" in settings:
        return " (IAM Identity Center)"
    if "login_session" in settings:
        return " (aws login)"
    if "credential_process" in settings:
        return " (credential_process)"
    if role := settings.get("role_arn"):
        return f" (role {printable(str(role))})"
    return ""


def _how_to_sign_in(profile: str, settings: Mapping[str, Any], seen: tuple[str, ...] = ()) -> tuple[str, str]:
    """What to do, and the command that does it.  ``seen`` are profiles that use this one as their source."""
    option = profile_option(profile)
    if "sso_session" in settings or "sso_start_url" in settings:
        if not {"sso_account_id", "sso_role_name"} <= {*settings}:
            return (
                "The profile names no account or no role. Choose them, then repeat the command:",
                f"aws configure sso{option}",
            )
        return SIGN_IN_THEN, f"aws sso login{option}"
    if "login_session" in settings:
        return SIGN_IN_THEN, f"aws login{option}"
    if process := settings.get("credential_process"):
        program = printable((str(process).split() or [""])[0])  # what follows may be a password
        first = (
            f"Run the profile's credential_process ({program}) by hand to see why it fails, then repeat the command."
        )
        return f"{first} This prints it:", f"aws configure get credential_process{option}"
    if file := settings.get("web_identity_token_file"):
        first = "Renew the web identity token, then repeat the command. It is in this file:"
        return first, f"ls -l {shlex.quote(printable(str(file)))}"
    source = str(settings.get("source_profile", ""))
    if source and source not in (profile, *seen):
        return _how_to_sign_in(source, settings_of(source), (*seen, profile))
    if source_of := settings.get("credential_source"):
        first = f"The profile takes its credentials from {printable(str(source_of))}. See whether it has any:"
        return first, f"aws configure list{option}"
    return SIGN_IN_THEN, f"aws configure{option}"
