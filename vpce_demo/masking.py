"""Keeps secrets out of all that is shown or written: every secret that is known, and what has the shape of one.

Known are the secrets in the environment and, as soon as somebody signs in, those of the AWS files and of whatever else
gives credentials.  This module imports nothing of the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MASKED = "***"
SHORTEST = 8
"""Characters of a value that is masked.  Keys and tokens of AWS are longer, and shorter words occur anywhere."""
PIECE = 12
"""Characters of a piece that is masked, where a secret is cut or wrapped."""
_STEP = 6
"""A piece of a secret holds one of the secret's groups of so many characters."""

_SECRETS = re.compile(
    "AWS_(SECRET_ACCESS_KEY|SESSION_TOKEN|SECURITY_TOKEN|CONTAINER_AUTHORIZATION_TOKEN|BEARER_TOKEN_.*)"
)
_URLS = re.compile("AWS_ENDPOINT_URL.*|AWS_CONTAINER_CREDENTIALS_FULL_URI|(HTTP|HTTPS|ALL)_PROXY", re.IGNORECASE)
_CLUES = ("://", "uthorization", "-amz-", "-Amz-", "SecretAccessKey", "SessionToken", "_key", "_token", "header value")
_SHAPES = re.compile(
    r"""(?P<before>
        ://(?=[^/?\#\s"'<>\\]+@)
      | Invalid\ header\ value\ (?=b?\\*["'])
      | (?i:(?:proxy-)?authorization)\\*["']?\s*[:=]\s*(?:b?\\*["'])?(?=[^\s"'\\])
      | (?i:x-amz-(?:security-token|signature|credential|sso_bearer_token)|SecretAccessKey|SessionToken
          |aws_(?:secret_access_key|session_token|security_token))
        \\*["']?\s*[:=]\s*(?:b?\\*["'])?(?=[^\s"'&,;<>\\]{8})
    )(?:
        (?<=://)[^/?\#\s"'<>\\]+(?=@)
      | (?<=Invalid\ header\ value\ )b?(?P<quote>\\*["']).*?(?P=quote)
      | (?:AWS4-\S+|Basic|Bearer)\ [^"'\r\n\\]+
      | [^\s"'&,;<>\\]+
    )""",
    re.VERBOSE | re.DOTALL,
)


class Mask:
    """What must not be seen.  ``MASK`` is that of the process."""

    def __init__(self) -> None:
        self._forms: tuple[str, ...] = ()

    def begin(self, environment: Mapping[str, str]) -> None:
        """Forget what is known, and learn the secrets of these environment variables."""
        self._forms = ()
        for name, value in environment.items():
            if _SECRETS.fullmatch(name):
                self.add(value)
            elif _URLS.fullmatch(name):
                self.add_url(value)

    def add(self, *values: object) -> None:
        """Mask these texts from now on.  What is no text, or too short to be a secret, is left out."""
        for value in values:
            core = str(value or "").strip("\"' \t\r\n")
            if len(core) >= SHORTEST:
                self._forms = tuple(dict.fromkeys((*self._forms, *_forms_of(core))))

    def add_url(self, url: object) -> None:
        """Mask the user and the password in a URL, whatever is in them, and the values of its query.

        Its scheme may be missing.
        """
        rest = re.sub(r"^[^:/?#@]*://", "", str(url or ""))
        if "@" in rest or "?" in rest:
            from urllib.parse import parse_qsl, unquote

            user = rest.rpartition("@")[0]
            password = user.partition(":")[2]
            query = rest.rpartition("?")[2] if "?" in rest else ""
            self.add(user, password, unquote(password), *(value for _, value in parse_qsl(query)))
            self.add(*(pair.partition("=")[2] for pair in query.split("&")))

    def text(self, text: str) -> str:
        """The text with ``***`` in place of each secret."""
        ranges = sorted(one for form in self._forms for one in _pieces(text, form))
        if ranges:
            parts, end = [], 0
            for left, right in ranges:
                if left >= end:
                    parts += [text[end:left], MASKED]
                end = max(end, right)
            text = "".join([*parts, text[end:]])
        if any(clue in text for clue in _CLUES) or "AWS_" in text:
            text = _SHAPES.sub(rf"\g<before>{MASKED}", text)
        return text

    def data(self, data: Any) -> Any:
        """The same for every text in a JSON value."""
        return each_text(data, self.text)


def each_text(data: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every text in it changed, keys too."""
    match data:
        case str():
            return change(data)
        case Mapping():
            return {each_text(key, change): each_text(value, change) for key, value in data.items()}
        case list() | tuple():
            return [each_text(value, change) for value in data]
        case _:
            return data


def _forms_of(value: str) -> Iterator[str]:
    """A secret as it is, and as messages, addresses and documents write it."""
    import html
    import json
    from urllib.parse import quote, quote_plus

    for one in (value, repr(value)[1:-1], repr(value.encode("utf-8", "replace"))[2:-1]):
        yield from (one, json.dumps(one)[1:-1], html.escape(one))
    yield "".join(each if each.isprintable() else "?" for each in value)
    yield from (quote(value, errors="replace"), quote(value, "", errors="replace"), quote_plus(value, errors="replace"))


def _pieces(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Where in the text a secret stands in this form, or a piece of it."""
    for at in range(0, len(form) - _STEP + 1, _STEP):
        group = form[at : at + _STEP]
        found = text.find(group)
        while found >= 0:
            before, after, left, right = at, at + _STEP, found, found + _STEP
            while before and left and text[left - 1] == form[before - 1]:
                before, left = before - 1, left - 1
            while after < len(form) and right < len(text) and text[right] == form[after]:
                after, right = after + 1, right + 1
            if right - left >= min(PIECE, len(form)):
                yield left, right
            found = text.find(group, right)


MASK = Mask()
