"""The whole life of a demo in the environments that people have: one line here for each.

A row says which variables are set (None: taken away) and how the machine is prepared.  ``make test-extended`` tries the
rows of ``SAMPLE``, ``make test-all`` all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tools.hostile import MODULES
from vpce_demo.sandbox import client

from .program import ROOT, SECONDS

pytestmark = pytest.mark.extended

LIFE = (("up", "--yes"), ("test",), ("status",), ("down", "--yes"))
DEAD = "http://127.0.0.1:9"
"""Nothing listens there."""
NOBODY = 65534
"""The user that owns nothing."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass
class Place:
    """Where a life is led: the working directory, how its processes are started, and what is undone at the end."""

    directory: Path
    started: dict[str, Any] = field(default_factory=dict)
    until_the_end: ExitStack = field(default_factory=ExitStack)


Prepare = Callable[[Place], None]


def as_is(place: Place) -> None:
    """Nothing is prepared."""


def umask(mode: int) -> Prepare:
    return lambda place: place.started.update(umask=mode)


def below(name: str) -> Prepare:
    """A working directory of this name."""

    def prepare(place: Place) -> None:
        place.directory = place.directory / name
        place.directory.mkdir()

    return prepare


def file(name: str, text: str) -> Prepare:
    """A file in the working directory."""

    def prepare(place: Place) -> None:
        path = place.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return prepare


def shadows(place: Place) -> None:
    """Modules named like those of the standard library and of all that is installed, which fail if they are imported:
    where the program is started, and with it the sandbox, and where ssh is, and with it its proxy command."""
    for directory in (place.directory, place.directory / ".vpce-demo" / "sandbox" / "vpce-demo"):
        directory.mkdir(parents=True, exist_ok=True)
        for name in MODULES:
            (directory / f"{name}.py").write_text("raise SystemExit('imported from the working directory')\n")


def no_standard_input(place: Place) -> None:
    place.started.update(stdin=None, preexec_fn=lambda: os.close(0))


def unreadable_home(place: Place) -> None:
    """Of a user who has a name and may not look into it; root could."""
    if os.geteuid() == 0:
        # pytest's own is closed to others.
        place.directory = Path(place.until_the_end.enter_context(tempfile.TemporaryDirectory()))
        place.started.update(user=NOBODY, group=NOBODY, extra_groups=[])
        os.chown(place.directory, NOBODY, NOBODY)
    home = place.directory / "home"
    home.mkdir()
    home.chmod(0)
    try:
        subprocess.run([sys.executable, "-c", ""], **place.started, check=True)
    except PermissionError:
        pytest.skip("another user may not run this interpreter")


def home_is_a_file(place: Place) -> None:
    (place.directory / "home").write_text("")


ROWS: dict[str, tuple[dict[str, str | None], Prepare]] = {
    "nothing strange": ({}, as_is),
    "HOME=/dev/null": ({"HOME": "/dev/null"}, as_is),
    "no HOME": ({"HOME": None}, as_is),
    "HOME empty": ({"HOME": ""}, as_is),
    "HOME is a file": ({"HOME": "home"}, home_is_a_file),
    "HOME unreadable": ({"HOME": "home"}, unreadable_home),
    "NO_PROXY=*": ({"NO_PROXY": "*", "no_proxy": "*"}, as_is),
    "NO_PROXY=.amazonaws.com": ({"NO_PROXY": ".amazonaws.com"}, as_is),
    "a dead proxy": (dict.fromkeys(PROXIES, DEAD), as_is),
    "a proxy that is no URL": (dict.fromkeys(PROXIES, "nonsense"), as_is),
    "AWS_DEFAULTS_MODE=nonsense": ({"AWS_DEFAULTS_MODE": "nonsense"}, as_is),
    "AWS_STS_REGIONAL_ENDPOINTS=nonsense": ({"AWS_STS_REGIONAL_ENDPOINTS": "nonsense"}, as_is),
    "AWS_REQUEST_CHECKSUM_CALCULATION=nonsense": ({"AWS_REQUEST_CHECKSUM_CALCULATION": "nonsense"}, as_is),
    "AWS_RETRY_MODE=nonsense": ({"AWS_RETRY_MODE": "nonsense", "AWS_MAX_ATTEMPTS": "x"}, as_is),
    "AWS_PROFILE=nonsense": ({"AWS_PROFILE": "nonsense"}, as_is),
    "AWS_REGION=nonsense": ({"AWS_DEFAULT_REGION": "nonsense"}, as_is),
    "AWS_CONFIG_FILE broken": ({"AWS_CONFIG_FILE": "config"}, file("config", "[default\nregion")),
    "AWS_CA_BUNDLE missing": ({"AWS_CA_BUNDLE": "/nowhere/ca.pem", "SSL_CERT_FILE": "/nowhere/ca.pem"}, as_is),
    "AWS_DATA_PATH missing": ({"AWS_DATA_PATH": "/nowhere"}, as_is),
    "AWS_ENDPOINT_URL elsewhere": ({"AWS_ENDPOINT_URL": DEAD}, as_is),
    "SHELL=/bin/false": ({"SHELL": "/bin/false"}, as_is),
    "SHELL=/usr/sbin/nologin": ({"SHELL": "/usr/sbin/nologin"}, as_is),
    "SHELL missing": ({"SHELL": "/nowhere/sh"}, as_is),
    "SSH_AUTH_SOCK dead": ({"SSH_AUTH_SOCK": "/nowhere/agent"}, as_is),
    "SSH_ASKPASS": ({"SSH_ASKPASS": "/bin/false", "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":9"}, as_is),
    "LANG=C": ({"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": None}, as_is),
    "LC_ALL=tr_TR.UTF-8": ({"LC_ALL": "tr_TR.UTF-8"}, as_is),
    "LC_ALL=ja_JP.eucJP": ({"LC_ALL": "ja_JP.eucJP", "PYTHONUTF8": None}, as_is),
    "PYTHONIOENCODING=ascii": ({"PYTHONIOENCODING": "ascii"}, as_is),
    "PYTHONIOENCODING=cp1252": ({"PYTHONIOENCODING": "cp1252"}, as_is),
    "PYTHONWARNINGS=error": ({"PYTHONWARNINGS": "error"}, as_is),
    "PYTHONOPTIMIZE=2": ({"PYTHONOPTIMIZE": "2"}, as_is),
    "PYTHONDEVMODE=1": ({"PYTHONDEVMODE": "1"}, as_is),
    "PYTHONSAFEPATH=1": ({"PYTHONSAFEPATH": "1"}, as_is),
    "PYTHONUNBUFFERED=1": ({"PYTHONUNBUFFERED": "1"}, as_is),
    "TERM=dumb": ({"TERM": "dumb"}, as_is),
    "TERM unknown": ({"TERM": "nonsense"}, as_is),
    "COLUMNS=20": ({"COLUMNS": "20"}, as_is),
    "COLUMNS=0": ({"COLUMNS": "0", "LINES": "x"}, as_is),
    "FORCE_COLOR": ({"FORCE_COLOR": "1"}, as_is),
    "TMPDIR missing": ({"TMPDIR": "/nowhere"}, as_is),
    "TZ odd": ({"TZ": "Nowhere/Odd"}, as_is),
    "TZ far": ({"TZ": "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45"}, as_is),
    "XDG missing": (
        {"XDG_CONFIG_HOME": "/nowhere", "XDG_STATE_HOME": "/nowhere", "XDG_RUNTIME_DIR": "/nowhere"},
        as_is,
    ),
    "XDG_CONFIG_HOME=/dev/null": ({"XDG_CONFIG_HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"}, as_is),
    "refreshed prices broken": ({"XDG_CONFIG_HOME": "xdg"}, file("xdg/vpce-demo/prices.json", '{"date"')),
    "umask 0": ({}, umask(0)),
    "umask 077": ({}, umask(0o077)),
    "no standard input": ({}, no_standard_input),
    "a % in the directory": ({}, below("50%off %h")),
    "a blank in the directory": ({}, below("a  b")),
    "quotes in the directory": ({}, below("a'b\"c")),
    "${HOME} in the directory": ({}, below("${HOME}")),
    "~ in the directory": ({}, below("~root")),
    "a line feed in the directory": ({}, below("a\nb")),
    "letters in the directory": ({}, below("démo-デモ")),
    "a % in the state directory": ({"VPCE_DEMO_STATE_DIR": "50%off %h"}, as_is),
    "${HOME} in the state directory": ({"VPCE_DEMO_STATE_DIR": "${HOME}"}, as_is),
    "~ in the state directory": ({"VPCE_DEMO_STATE_DIR": "~x"}, as_is),
    "quotes in the state directory": ({"VPCE_DEMO_STATE_DIR": "a'b\"c d"}, as_is),
    "modules named like the library's": ({}, shadows),
}
SAMPLE = ("umask 0", "modules named like the library's")
"""The rows of ``make test-extended``."""


@contextmanager
def life(place: Place, variables: dict[str, str | None]) -> Iterator[Callable[..., str]]:
    """Runs commands in a place.  Its sandbox is stopped at the end."""
    environment: dict[str, str | None] = {
        "PATH": os.environ["PATH"],
        "HOME": str(place.directory),
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "VPCE_DEMO_SANDBOX": "1",
        **variables,
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "vpce_demo", *words],
            cwd=place.directory,
            env={name: value for name, value in environment.items() if value is not None},
            **{"stdin": subprocess.DEVNULL, **place.started},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
        )
        said = str(done.stdout, errors="replace")
        assert done.returncode == 0, f"{words[0]} ended with {done.returncode}:\n{said}"
        assert "Traceback" not in said, said
        return said

    try:
        yield run
    finally:
        client.stop(place.directory / (environment.get("VPCE_DEMO_STATE_DIR") or ".vpce-demo") / "emulator")


@pytest.mark.parametrize("row", [pytest.param(row, marks=() if row in SAMPLE else pytest.mark.slow) for row in ROWS])
@pytest.mark.sampled(2)
def test_the_whole_life(tmp_path: Path, row: str) -> None:
    variables, prepare = ROWS[row]
    place = Place(tmp_path)
    with place.until_the_end:
        prepare(place)
        run = place.until_the_end.enter_context(life(place, variables))
        run("sandbox", "start", "--speed", "max")
        said = {words[0]: run(*words) for words in LIFE}
        run("sandbox", "stop")
    assert "8 of 8" in said["up"]
    assert "8 of 8" in said["test"]
    assert "Looked again by tag" in said["down"]
