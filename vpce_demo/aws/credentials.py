"""Signs in: has the credentials before the first call, makes their secrets known to the mask, and refuses those that no
header can carry.

What goes wrong is a SignInError, or one of botocore's errors; never with what a ``credential_process`` printed.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
)

from ..errors import ConfigError, SignInError
from ..masking import MASK, each_text

REFUSED_SECONDS = 2.0
"""How long credentials that could not be refreshed are not asked for again."""
warnings.filterwarnings("ignore", category=getpass.GetPassWarning)
"""The code of an MFA device may come through a pipe."""
_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_PARTS = {"access_key": "access key id", "secret_key": "secret access key", "token": "session token"}
_NAMES = {"\r": "a carriage return", "\n": "a line feed", "\t": "a tab", " ": "a blank"}
_HINTS = {
    "\r": "Remove it, then repeat the command. A file from Windows has one at the end of each line:  "
    "sed -i 's/\\r$//' .env",
    '"': "Leave the quotes out, then repeat the command: here they are part of the value.",
    "'": "Leave the quotes out, then repeat the command: here they are part of the value.",
}
_INCOMPLETE = re.compile(
    r"Missing required key in response: '(AccessKeyId|SecretAccessKey)'|Unsupported version '[\w.]*'.*"
)


def signed_in(profile: str | None, region: str | None) -> boto3.Session:
    """A session with credentials.

    They are had here, in the thread that may ask for the code of an MFA device.  Raises ConfigError if no region is
    set, SignInError for malformed credentials, and botocore's errors.
    """
    session = boto3.Session(profile_name=profile, region_name=region)
    files: Mapping[str, Any] = vars(session)["_session"].full_config
    each_text(files, _learn_url)
    profiles: Mapping[str, Mapping[str, Any]] = files.get("profiles", {})
    for settings in profiles.values():
        MASK.add(settings.get("aws_secret_access_key"), settings.get("aws_session_token"))
        MASK.add_url(settings.get("endpoint_url"))
    if not session.region_name:
        raise ConfigError(
            "No AWS region is set.",
            hint="Give one:  <demo> up --region us-east-1    or set it for good:  aws configure",
        )
    credentials: Any = _had(session.get_credentials)
    if credentials is None:
        raise NoCredentialsError
    if refresh := vars(credentials).get("_refresh_using"):
        vars(credentials)["_refresh_using"] = _Refresh(refresh)
    for name, value in _given(session.profile_name, profiles, credentials.method):
        _check(name, value)
    frozen = _had(credentials.get_frozen_credentials)
    MASK.add(frozen.secret_key, frozen.token)
    if not (frozen.access_key and frozen.secret_key):
        raise _not_had("what gives the credentials left a key empty")
    for name, title in _PARTS.items():
        _check(f"The {title} of the credentials ({credentials.method})", getattr(frozen, name))
    return session


def _learn_url(text: str) -> str:
    """Mask what is secret in this text of the AWS files if it is a URL, whatever it is for."""
    if "://" in text:
        MASK.add_url(text)
    return text


def _given(profile: str, profiles: Mapping[str, Mapping[str, Any]], method: str) -> Iterator[tuple[str, object]]:
    """The credentials that are set by hand, with their names: the environment's, or those of the profile and of the
    profiles that it uses."""
    seen: list[str] = []
    settings: Mapping[str, Any] = {}
    while method != "env" and profile in profiles and profile not in seen:
        seen.append(profile)
        settings = profiles[profile]
        for name in _VARIABLES:
            yield f"{name.lower()} of the profile '{profile}'", settings.get(name.lower())
        profile = str(settings.get("source_profile", ""))
    if method == "env" or settings.get("credential_source") == "Environment":
        yield from ((name, os.environ.get(name)) for name in _VARIABLES)


def _check(name: str, value: object) -> None:
    """Raise SignInError for a credential that begins with, ends in or contains what no credential has."""
    if not isinstance(value, str | None):
        raise SignInError(f"{name} is not a text.", hint="Correct it, then repeat the command.")
    text = value or ""
    for place, each in (("begins with", text[:1]), ("ends in", text[-1:]), *(("contains", each) for each in text)):
        if each and (not "!" <= each <= "~" or (each in "\"'" and place != "contains")):
            MASK.add(text)  # a key id is no secret, but this may be more than one
            raise SignInError(
                f"{name} {place} {_character(each)}.", hint=_HINTS.get(each, "Remove it, then repeat the command.")
            )


def _character(each: str) -> str:
    if each in "\"'":
        return "a quotation mark"
    what = "a control character" if each.isascii() else "a character that is not ASCII"
    return _NAMES.get(each, f"{what} (U+{ord(each):04X})")


def _had(get: Callable[[], Any]) -> Any:
    """What ``get`` returns.  Whatever is wrong with where credentials come from is one more credential error."""
    try:
        return get()
    except CredentialRetrievalError as error:
        if error.kwargs.get("provider") != "custom-process":
            raise
        said = str(error.kwargs.get("error_msg", ""))
        why = (
            said
            if _INCOMPLETE.fullmatch(said)
            else "the credential_process failed; what it printed is not shown, since it may be secret"
        )
        raise _not_had(why, "custom-process") from None
    except ParamValidationError as error:
        raise _not_had(" ".join(str(error).split())) from None
    except (BotoCoreError, ClientError):
        raise
    except json.JSONDecodeError:
        raise _not_had("what gives the credentials printed no JSON") from None
    except EOFError:
        raise _not_had("the code of the MFA device could not be read: the input has ended") from None
    except Exception as error:  # botocore takes apart what a program, a file or a server gives
        if isinstance(error, OSError) or type(error) is ValueError:
            raise _not_had(str(error)) from error
        # Others, dateutil's too, quote what they could not take apart.
        raise _not_had(f"what gives the credentials is not as it should be ({type(error).__name__})") from None


def _not_had(why: str, provider: str = "the profile") -> CredentialRetrievalError:
    return CredentialRetrievalError(provider=provider, error_msg=why)


class _Refresh:
    """Refreshes credentials.  One failure is told to all threads that wait for it, so that a slow
    ``credential_process`` does not run again for each of them."""

    def __init__(self, refresh: Callable[[], Any]) -> None:
        self._refresh = refresh
        self._failed: tuple[float, BotoCoreError] | None = None

    def __call__(self) -> Any:
        if self._failed and time.monotonic() - self._failed[0] < REFUSED_SECONDS:
            raise self._failed[1]
        try:
            return _had(self._valid)
        except BotoCoreError as error:
            self._failed = time.monotonic(), error
            raise

    def _valid(self) -> Any:
        """The new credentials.  Raises ValueError if they have expired already."""
        found = self._refresh()
        MASK.add(found.get("secret_key"), found.get("token"))
        until = found.get("expiry_time")
        try:
            expired = bool(until) and datetime.fromisoformat(str(until)) <= datetime.now(UTC)
        except (ValueError, TypeError):
            raise ValueError("the new credentials do not say when they expire") from None
        if expired:
            raise ValueError(f"the new credentials expired at {until}")
        return found
