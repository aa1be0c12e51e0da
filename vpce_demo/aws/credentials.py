"""Signs in: has the credentials before the first call, makes their secrets known to the mask, and refuses those that no
header can carry.  Sessions of roles are kept where the AWS CLI keeps them, so that neither asks again for a code that
the other was given.

What goes wrong is a SignInError, or one of botocore's errors; never with what a ``credential_process`` printed.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import shlex
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    RefreshWithMFAUnsupportedError,
)
from botocore.utils import JSONFileCache

from ..errors import ConfigError, SignInError
from ..extras import extra, home
from ..masking import MASK, each_text
from ..untrusted import printable
from .answers import check_answers

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
WEB_IDENTITY = "AWS_WEB_IDENTITY_TOKEN_FILE"
_CACHED = ("assume-role", "assume-role-with-web-identity")
"""The ways of signing in whose sessions the AWS CLI keeps."""


def variable_in_use(profile: str | None) -> str:
    """The environment variable that gives the credentials; empty if a profile or the machine does.

    It goes before those of a profile, unless an option or a file names the profile.
    """
    if profile:
        return ""
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return "AWS_ACCESS_KEY_ID"
    return WEB_IDENTITY if os.environ.get(WEB_IDENTITY) and not _is_role(settings_of(None)) else ""


def settings_of(profile: str | None) -> Mapping[str, Any]:
    """What the AWS files say of this profile, or of the one that ``aws`` chooses; nothing if they cannot be read."""
    try:
        found: Mapping[str, Any] = botocore.session.Session(profile=profile).get_scoped_config()
    except BotoCoreError:
        return {}
    return found


def _is_role(settings: Mapping[str, Any]) -> bool:
    """True if the profile is a role of another profile's: botocore assumes it before it looks for a web identity."""
    return "role_arn" in settings and "web_identity_token_file" not in settings


def profile_in_use(profile: str | None) -> str:
    """The profile whose credentials are used: this one, or as ``aws`` chooses; empty if the environment has some."""
    if variable_in_use(profile):
        return ""
    return profile or botocore.session.Session().get_config_variable("profile") or "default"


def region_in_use(profile: str | None, region: str | None) -> str:
    """This region, or the profile's.  Raises ConfigError if there is none, and botocore's errors."""
    found = region or botocore.session.Session(profile=profile).get_config_variable("region")
    if found and isinstance(found, str):  # indented lines below ``region =`` are a mapping
        return found
    raise ConfigError(
        "No AWS region is set.",
        code="VPCE017",
        hint="Give one:  <command> --region us-east-1    or set it for good:\n"
        f"    aws configure set region us-east-1{profile_option(profile)}",
    )


def profile_option(profile: str | None) -> str:
    """What names this profile to ``aws``, with a blank before it."""
    return "" if profile in (None, "", "default") else f" --profile {shlex.quote(printable(str(profile)))}"


def signed_in(profile: str | None, region: str, mfa: MfaDevices | None = None) -> boto3.Session:
    """A session with credentials.  Without a profile they are those that ``aws`` would use.

    They are had here, in the thread that may ask for the code of an MFA device, and not again.  Roles are assumed in
    this region.  Raises SignInError for malformed credentials, and botocore's errors.
    """
    session = boto3.Session(profile_name=profile, region_name=region)
    check_answers(session)
    profiles = _learn(vars(session)["_session"].full_config)
    mfa = mfa or MfaDevices(profile)
    credentials: Any = _had(lambda: _chosen(session, mfa))
    if credentials is None:
        raise NoCredentialsError
    if refresh := vars(credentials).get("_refresh_using"):
        vars(credentials)["_refresh_using"] = _Refresh(refresh)
        # What cannot be refreshed is good until it expires; botocore would do without its last ten minutes.
        vars(credentials)["_mandatory_refresh_timeout"] = 0
    for name, value in _given(session.profile_name, profiles, credentials.method):
        _check(name, value)
    frozen = _had(credentials.get_frozen_credentials)
    mfa.done = True
    MASK.add(frozen.secret_key, frozen.token)
    if not (frozen.access_key and frozen.secret_key):
        raise _not_had("what gives the credentials left a key empty")
    for name, title in _PARTS.items():
        _check(f"The {title} of the credentials ({credentials.method})", getattr(frozen, name))
    return session


def learn_secrets() -> None:
    """Mask the secrets in the AWS files, without signing in; none where they cannot be read."""
    with contextlib.suppress(BotoCoreError):
        _learn(botocore.session.Session().full_config)


def _learn(files: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Mask the secrets in the AWS files.  Returns their profiles."""
    each_text(files, _learn_url)
    profiles: Mapping[str, Mapping[str, Any]] = files.get("profiles", {})
    for settings in profiles.values():
        MASK.add(settings.get("aws_secret_access_key"), settings.get("aws_session_token"))
        MASK.add_url(settings.get("endpoint_url"))
    return profiles


def _learn_url(text: str) -> str:
    """Mask what is secret in this text of the AWS files if it is a URL, whatever it is for."""
    if "://" in text:
        MASK.add_url(text)
    return text


def _chosen(session: boto3.Session, mfa: MfaDevices) -> Any:
    """The credentials that botocore chooses, with the AWS CLI's sessions of roles."""
    resolver: Any = vars(session)["_session"].get_component("credential_provider")
    for name in _CACHED:
        resolver.get_provider(name).cache = _cache()
    vars(resolver.get_provider("assume-role"))["_prompter"] = mfa
    return session.get_credentials()


class MfaDevices:
    """Asks for the codes of MFA devices, in the thread that signs in and until it has done so: no other may ask."""

    def __init__(self, profile: str | None) -> None:
        self.done = False
        self._profile = profile_in_use(profile)
        self._told: list[str] = []
        self._again: list[str] = []

    def repeat(self) -> MfaDevices:
        """Give the same codes again: where AWS did not know the caller, it has not looked at them."""
        self._again, self._told = self._told, []
        return self

    def __call__(self, prompt: str) -> str:
        """The code.  Raises SignInError if it cannot be had or is none, RefreshWithMFAUnsupportedError if the session
        that was begun with it has expired."""
        if self.done:
            raise RefreshWithMFAUnsupportedError
        code = self._again.pop(0) if self._again else self._asked(prompt)
        self._told.append(code)
        return code

    def _asked(self, prompt: str) -> str:
        try:
            code = getpass.getpass(f"\n{prompt}").strip()  # the line before is not complete
        except EOFError:
            raise SignInError(
                "The code of the MFA device cannot be asked for: there is no terminal, and the input has ended.",
                code="VPCE036",
                hint="Sign in with the AWS CLI on a terminal, then repeat the command: it uses the same session.\n"
                f"    aws sts get-caller-identity{profile_option(self._profile)}",
            ) from None
        if not re.fullmatch(r"[0-9]{6}", code):
            raise SignInError(
                "That is not the code of an MFA device: it has six digits.",
                code="VPCE037",
                hint="Repeat the command, and type it.",
            )
        return code


def _cache() -> _RoleSessions | dict[str, Any]:
    """The sessions of roles that the AWS CLI keeps; none, and none kept, without a home directory."""
    at_home = home()
    return _RoleSessions(at_home) if at_home else {}


class _RoleSessions(JSONFileCache):
    """The AWS CLI's own files of sessions, by the key that botocore makes for a role.  One that cannot be used is not
    there."""

    def __init__(self, home: Path) -> None:
        self._directories = [home / ".aws", home / ".aws/cli", home / ".aws/cli/cache"]
        super().__init__(str(self._directories[-1]))

    def __contains__(self, cache_key: str) -> bool:
        try:
            found = self[cache_key]["Credentials"]
            MASK.add(found["SecretAccessKey"], found["SessionToken"])
            texts = all(isinstance(found[name], str) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
            return texts and _moment(found["Expiration"]).tzinfo is not None
        except (KeyError, TypeError, ValueError, RecursionError):
            return False

    def __setitem__(self, cache_key: str, value: Any) -> None:
        MASK.add(value["Credentials"]["SecretAccessKey"], value["Credentials"]["SessionToken"])
        with extra(
            f"The session of the role cannot be kept in {self._directories[-1]}", "The next command asks again."
        ):
            for directory in self._directories:
                directory.mkdir(mode=0o700, exist_ok=True)
            super().__setitem__(cache_key, value)


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
        raise SignInError(f"{name} is not a text.", code="VPCE028", hint="Correct it, then repeat the command.")
    text = value or ""
    for place, each in (("begins with", text[:1]), ("ends in", text[-1:]), *(("contains", each) for each in text)):
        if each and (not "!" <= each <= "~" or (each in "\"'" and place != "contains")):
            MASK.add(text)  # a key id is no secret, but this may be more than one
            raise SignInError(
                f"{name} {place} {_character(each)}.",
                code="VPCE028",
                hint=_HINTS.get(each, "Remove it, then repeat the command."),
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
    except (BotoCoreError, ClientError, SignInError):
        raise
    except json.JSONDecodeError:
        raise _not_had("what gives the credentials printed no JSON") from None
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
            expired = bool(until) and _moment(until) <= datetime.now(UTC)
        except (ValueError, TypeError):
            raise ValueError("the new credentials do not say when they expire") from None
        if expired:
            raise ValueError(f"the new credentials expired at {until}")
        return found


def _moment(written: object) -> datetime:
    """The moment that AWS, or a file of the AWS CLI (``2026-11-27T15:00:00UTC``), has written.  Raises ValueError."""
    return datetime.fromisoformat(str(written).replace("UTC", "Z"))
