"""What others need to help: the files of the ``support`` archive, with all that tells whose they are masked.

Nothing is asked of AWS, and what cannot be read is told in its place.  Never in it: the private key, credentials, the
token of the sandbox's control port, and the value of an environment variable.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import socket
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .. import __version__
from ..aws.credentials import learn_secrets
from ..config.model import Config
from ..config.settings import Where
from ..errors import DemoError
from ..journal.run_log import runs
from ..journal.state_file import DEPTH, StateFile
from ..masking import MASK
from ..packages import PACKAGE
from ..private import open_file, refuse_links, user_name
from ..sandbox import client
from ..verify import doctor
from .redact import Redactor

RUNS = 5
"""How many of the newest runs of a place are in it."""
LARGEST = 1_000_000
"""Characters of a file that are taken: the last ones."""
_OWN = re.compile(r".*(name|profile|description)|page|image_parameter")
"""The settings whose texts are the user's own, if they are not the tutorial's."""
_VARIABLES = re.compile(r"(AWS|VPCE_DEMO)_.*|.*_PROXY|LANG|LC_.*|NO_COLOR|TERM|COLUMNS|PAGER|PYTHON.*", re.IGNORECASE)
"""The environment variables whose names are told if they are set."""
MASKED = (
    "account numbers, ids and ARNs of AWS, public addresses and DNS names",
    "your user name, home directory and host, AWS profiles, and the hosts of proxies",
    "names, tags, descriptions and the page that you have set yourself",
    "access key ids, and whatever has the shape of a key, a password or a token",
)
LEFT_OUT = "the ssh key, credentials, the sandbox's token, the values of environment variables"


class Part(NamedTuple):
    """A file of the archive: its name, what it is in a few words, and its text."""

    name: str
    what: str
    text: str


def parts(where: Where, settings: Callable[[], Config], screen: Mapping[str, object], at: float) -> list[Part]:
    """The files of the archive, of the demo of this name on AWS and in the sandbox, with the one that lists them first.

    ``settings`` may raise a DemoError, which is told in their place; ``screen`` says how the terminal is taken.
    """
    learn_secrets()
    _learn_the_token(where.state_directory / "emulator")
    places = [Where(where.config, where.state_directory, sandbox) for sandbox in (False, True)]
    states = [_read(StateFile(place.directory).path) for place in places]
    logs = [runs(place.logs)[:RUNS] for place in places]
    config = _or_why(lambda: settings().model_dump(mode="json"))
    known = [config, *(one.get("settings") for one in states if isinstance(one, dict))]
    known += [run.head.get("settings") for found in logs for run in found]
    own = (text for one in known if isinstance(one, Mapping) for text in _own(one, Config().model_dump()))
    redactor = Redactor((Config().provider.vpc_cidr, Config().consumer.vpc_cidr), [*own, *_of_the_machine()])

    def part(name: str, what: str, data: Any) -> Part:
        data = redactor.data(MASK.data(data))
        return Part(
            name, what, data if isinstance(data, str) else json.dumps(data, indent=1, ensure_ascii=False) + "\n"
        )

    made = [
        part("machine.json", "versions, operating system, terminal, packages", _machine(screen)),
        part("checks.json", "the checks of doctor that need no AWS", _checks(places)),
        part("settings.json", "the settings of this command", config),
    ]
    for place, state, found in zip(("aws", "sandbox"), states, logs, strict=True):
        if state is not None:
            made.append(part(f"{place}/state.json", f"the record of the demo: {place}", state))
        for run in found:
            lines = "".join(json.dumps(redactor.data(MASK.data(line)), ensure_ascii=False) + "\n" for line in run.lines)
            made.append(Part(f"{place}/runs/{redactor.text(run.id)}.jsonl", "the log of a run", lines))
    if log := _or_why(lambda: client.log(where.state_directory / "emulator")[-LARGEST:]):
        made.append(part("sandbox.log", "the log of the sandbox", log))
    return [Part("README.txt", "what is in it, and what is not", _read_me(made, at)), *made]


def _read_me(made: Iterable[Part], at: float) -> str:
    from ..ui.style import date_and_time

    return "\n".join(
        [
            f"Made by vpce-demo {__version__} support, {date_and_time(at)}.",
            "",
            *(f"{one.name:<46} {one.what}" for one in made),
            "",
            "Masked, the same thing everywhere by the same mask:",
            *(f"  {line}" for line in MASKED),
            f"Not in it: {LEFT_OUT}.",
            "Nothing knows every secret: look through the files before you give them to somebody.",
            "",
        ]
    )


def _machine(screen: Mapping[str, object]) -> dict[str, object]:
    needs = importlib.metadata.requires(PACKAGE) or [] if _is_installed(PACKAGE) else []
    names = {"botocore", "urllib3", *(named[0] for need in needs if (named := re.match(r"[\w.-]+", need)))}
    return {
        "vpce-demo": __version__,
        "Python": f"{platform.python_implementation()} {sys.version}",
        "installed in": sys.prefix,
        "system": platform.platform(),
        "screen": screen,
        "packages": {
            name: importlib.metadata.version(name) if _is_installed(name) else "not installed" for name in sorted(names)
        },
        "environment variables that are set": sorted(name for name in os.environ if _VARIABLES.fullmatch(name)),
    }


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _checks(places: Iterable[Where]) -> list[object]:
    lines = [*doctor.machine(), *(doctor.files(StateFile(place.directory).key_file) for place in places)]
    return [line.as_dict() for line in lines]


def _read(path: Path, depth: int = DEPTH) -> Any:
    """What is in a JSON file, or its text if it is damaged; None without a file.

    Of its directories, so many are the program's and no links.
    """

    def text() -> str:
        refuse_links(path.parent, depth)
        with os.fdopen(open_file(path), encoding="utf-8", errors="replace") as file:
            return file.read(LARGEST)

    if not os.path.lexists(path):
        return None
    found = _or_why(text)
    try:
        return json.loads(found)
    except (ValueError, RecursionError):
        return found


def _or_why(read: Callable[[], Any]) -> Any:
    """What this returns, or in words why it cannot."""
    try:
        return read()
    except DemoError as error:
        return f"{error.code} {error.message}\n"
    except (OSError, ValueError) as error:
        return f"It cannot be read: {error}\n"


def _learn_the_token(directory: Path) -> None:
    """Mask the token of the sandbox's control port, of which its log may tell."""
    found = _read(directory / client.SERVER_FILE, 0)  # the directory may be a link
    if isinstance(found, dict):
        MASK.add(found.get("token"))


def _own(settings: Mapping[str, Any], tutorial: Mapping[str, Any]) -> Iterator[str]:
    """The texts in settings that the user has chosen, and that may tell who it is."""
    for name, value in settings.items():
        usual = tutorial.get(name)
        if isinstance(value, Mapping):
            inner = usual if isinstance(usual, Mapping) else {}
            yield from value.values() if name == "tags" else _own(value, inner)
        elif value != usual and _OWN.fullmatch(name):
            texts = value if isinstance(value, list | tuple) else [value]
            yield from (one for one in texts if isinstance(one, str) and not one.startswith("/aws/"))


def _of_the_machine() -> Iterator[str]:
    """The names of this user and this machine, and what the environment says of them."""
    yield from (user_name(os.geteuid()), socket.gethostname(), socket.gethostname().partition(".")[0])
    for name, value in os.environ.items():
        if name in ("USER", "LOGNAME", "HOSTNAME", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_SESSION_NAME"):
            yield value
        elif name.upper().endswith("_PROXY") or name.startswith("AWS_ENDPOINT_URL"):
            yield urlsplit(value if "://" in value else f"//{value}").hostname or ""
