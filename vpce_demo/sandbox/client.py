"""Starts, finds and stops the sandbox: a background process, found by a file in its directory.

Imports only light parts of the standard library: asking whether a sandbox is running must be quick.

The directory (0700) holds ``server.json`` (0600) while one is ready, ``sandbox.log``, ``start.lock`` and what the
instances keep.  The process holds a lock on ``server.json`` for as long as it serves: so a file that a killed one left
is told from one whose process lives and does not answer, and no number of a process and no port is taken for a proof.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import importlib.util
import json
import math
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TextIO, TypedDict, Unpack

from vpce_demo.errors import SandboxError
from vpce_demo.packages import install, required
from vpce_demo.private import (
    NotAFile,
    NotYours,
    make_private,
    new_file,
    not_yours,
    open_file,
    refuse_links,
    refuse_writable,
    remove_file,
    without_modes,
)

from .quotas import QUOTAS as QUOTAS
from .quotas import is_quota as is_quota

if TYPE_CHECKING:
    import subprocess

ACCOUNT_KEY = "SANDBOX"
"""An access key of this and twelve digits is of that account."""
SERVER_FILE = "server.json"
LOG_FILE = "sandbox.log"
LOCK_FILE = "start.lock"
INSTANCES = "instances"
"""The directory of the instances' disks."""
NOT_UNDERSTOOD = "the sandbox cannot do this"
"""How an instance's console says what of its user data was left out."""
TOKEN_HEADER = "X-Vpce-Demo-Token"
PATIENCE = 60.0
"""The longest wait in seconds for a sandbox to start or stop; it needs one or two."""
ANSWERING = 10.0
"""The longest wait in seconds for an answer of the control port."""
AGAIN = (0.1, 0.4)
"""Pauses in seconds before a sandbox that lives and answers wrongly is asked again."""
EXITING = 5.0
"""The longest wait in seconds for a process that has cleaned up to exit."""
LOOPBACK_URL = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")
CALLS = "vpce_demo.sandbox.calls"
"""The name of the logger of API calls."""
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""The signals that end a sandbox in the foreground; the last one says that its terminal was closed."""
LEADS_ELSEWHERE = re.compile(
    "AWS_(PROFILE|DEFAULT_PROFILE|SESSION_TOKEN|SECURITY_TOKEN|CREDENTIAL_EXPIRATION|ENDPOINT_URL.*"
    "|IGNORE_CONFIGURED_ENDPOINT_URLS|USE_FIPS_ENDPOINT|USE_DUALSTACK_ENDPOINT)"
)
"""The variables that would give a tool other credentials or another endpoint, or forbid one of its own."""
TAKEN_OVER = ("PATH", "TMPDIR", "TZ", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""The variables of the user's environment that the sandbox's process gets, and ``PYTHONPATH``."""
NEEDED = ("moto", "flask", "flask_cors", "asyncssh")

_children: dict[int, subprocess.Popen[bytes]] = {}


class NotReached(SandboxError):
    """The process of a sandbox, of number ``pid``, lives and does not answer as it should."""

    code = "VPCE117"

    pid = 0


class Options(TypedDict, total=False):
    """With what a new sandbox starts, as the options of ``sandbox start``; what is left out has its default."""

    speed: float
    latency_ms: float
    port: int
    proxy_port: int
    iam: bool
    zones_differ: bool
    quotas: Mapping[str, int]
    log_format: Literal["text", "json"] | None
    parent: int
    """The id of this process, to end with it in whatever way it ends."""


@dataclass(frozen=True)
class Running:
    """A running sandbox.  ``speed`` is ``math.inf`` for a clock without waits; each start has its own ``boot_id``."""

    endpoint_url: str
    proxy_url: str
    boot_id: str
    pid: int
    token: str = field(repr=False)  # no log of a failed test has it
    speed: float

    @property
    def connect(self) -> tuple[str, ...]:
        """The command that connects its standard input and output to a host and port of the sandbox, its last words.

        By its file and isolated: no module of the working directory or of ``PYTHONPATH`` is run.
        """
        port = self.proxy_url.rpartition(":")[2].strip("/")
        return (sys.executable, "-I", str(Path(__file__).with_name("connect.py")), port)

    def control(self, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask the control port (``GET`` without a body).  Raises ``SandboxError`` if it refuses or is gone, and
        NotReached if it does not answer as it should and its process lives."""
        __tracebackhide__ = True  # a failed test shows its own line
        method = "POST" if body is not None or verb in ("reset", "stop") else "GET"
        try:
            status, answer = _ask(self.endpoint_url, self.token, method, verb, body)
        except (OSError, ValueError) as error:
            if not isinstance(error, ConnectionRefusedError) and _alive(self.pid):
                raise _not_reached(self.pid, error) from error
            text = "The sandbox has stopped; what was in it is gone."
            raise SandboxError(
                text, code="VPCE116", facts={"asked": verb, "got": str(error)}, hint="vpce-demo sandbox start"
            ) from error
        if status != 200:
            raise SandboxError(f"The sandbox refused {verb}: {answer.get('error', status)}.", code="VPCE118")
        return answer


def variables(
    running: Running,
    environ: Mapping[str, str],
    region: str,
    key: str = "sandbox",
    secret: str = "sandbox",
    token: str | None = None,
) -> dict[str, str | None]:
    """The variables with which any tool that starts in this environment uses the sandbox with these credentials, and
    never AWS, whatever the user's variables and profiles say; None for one that must not be set."""
    nothing, host = os.devnull, "127.0.0.1"
    direct = environ.get("no_proxy") or environ.get("NO_PROXY", "")  # the order of Python's library
    if direct != "*" and host not in direct.split(","):
        direct = f"{direct},{host}".strip(",")
    return {
        **{name: None for name in environ if LEADS_ELSEWHERE.fullmatch(name)},
        "AWS_ENDPOINT_URL": running.endpoint_url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        **({"AWS_SESSION_TOKEN": token} if token else {}),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": direct,
        "no_proxy": direct,
        "VPCE_DEMO_SANDBOX": "1",
    }


def _ask(url: str, token: str, method: str, verb: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
    """One request to the control port.  Raises ``OSError`` if nobody answers in HTTP, ``ValueError`` if not in JSON."""
    import http.client

    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=ANSWERING)
    try:
        text = json.dumps(body, default=repr) if body is not None else None
        connection.request(method, f"/_sandbox/{verb}", text, {TOKEN_HEADER: token, "Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
        return response.status, answer if isinstance(answer, dict) else {}
    except http.client.HTTPException as error:
        raise OSError(f"no HTTP answer: {error!r}") from error
    finally:
        connection.close()


def running(directory: Path) -> Running | None:
    """The running sandbox of this directory; None if there is none, for certain.

    Only a loopback address is asked, whatever the file says.  Raises Refused where others may write to the file,
    NotYours where another user's sandbox may be here, NotAFile where something else stands in the place of its file,
    and NotReached where its process is there and does not answer.  The directory may be a link, to use a sandbox that
    was started elsewhere.
    """
    try:
        with os.fdopen(open_file(directory / SERVER_FILE), encoding="utf-8") as file:
            refuse_writable(directory / SERVER_FILE, "the sandbox's file")
            return _asked(file)
    except (PermissionError, NotYours) as error:
        foreign = error if isinstance(error, NotYours) else not_yours(directory / SERVER_FILE)
        if foreign:
            text = f"Whether the sandbox runs cannot be seen: {foreign.message}"
            raise NotYours(text, hint=foreign.hint) from None
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _asked(file: TextIO) -> Running | None:
    """The sandbox that wrote this file, asked; None if it serves no more.

    Raises NotReached, and whatever the reading of the file may raise.
    """
    told = json.load(file)
    url, pid = told["endpoint_url"], int(told["pid"])
    if not all(LOOPBACK_URL.fullmatch(told[name]) for name in ("endpoint_url", "proxy_url")):
        return None
    for pause in (*AGAIN, None):
        wrong: Exception
        try:
            status, answer = _ask(url, told["token"], "GET", "status", None)
            if status == 200 and answer["boot_id"] == told["boot_id"]:
                speed = math.inf if answer["speed"] == "max" else float(answer["speed"])
                return Running(url, told["proxy_url"], told["boot_id"], pid, told["token"], speed)
            wrong = ValueError(f"another answers at {url}")
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            wrong = error
        if not _is_served(file):
            return None
        if pause is None or isinstance(wrong, TimeoutError):
            break
        time.sleep(pause)  # a busy machine may cut a connection off
    raise _not_reached(pid, wrong) from None


def _is_served(file: TextIO) -> bool:
    """True if the process that wrote this file holds it still."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _not_reached(pid: int, error: Exception) -> NotReached:
    """The error for a sandbox that lives, and that this process cannot reach on 127.0.0.1."""
    if isinstance(error, OSError) and error.errno in (
        errno.ENETUNREACH,
        errno.EADDRNOTAVAIL,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
    ):
        text = "The sandbox cannot be reached: this machine has no loopback interface (127.0.0.1), or it is down."
        hint = "Set it up:  sudo ip link set lo up    (a container without a network: give it one)"
    elif isinstance(error, TimeoutError):
        text = f"The sandbox (process {pid}) does not answer."
        hint = (
            "It is stopped or stuck, or a firewall drops connections to 127.0.0.1. "
            f"To let it go on:  kill -CONT {pid}    To end it:  vpce-demo sandbox stop"
        )
    elif isinstance(error, ConnectionRefusedError):
        text = f"The sandbox (process {pid}) lives, but not on this machine, or not in this container."
        hint = "Run this command where the sandbox was started, or use another directory:  --state-dir DIR"
    else:
        text = f"The sandbox (process {pid}) cannot be reached."
        hint = "Something on this machine refuses connections to 127.0.0.1: a firewall, or what this program runs in."
    caught = NotReached(text, facts={"it said": str(error)}, hint=hint)
    caught.pid = pid
    return caught


def not_installed() -> SandboxError | None:
    """The error that names the packages the sandbox lacks, and how to install them; None if it has them all."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    text = f"The sandbox needs parts that are not installed: {', '.join(missing)}."
    return SandboxError(text, code="VPCE115", hint=f"Install them:  {install(*required('sandbox') or NEEDED)}")


def ensure(directory: Path, **options: Unpack[Options]) -> Running:
    """The running sandbox of this directory, started if there is none.  Of two concurrent callers, one starts it.

    The options are for a new one; a running one keeps its own.  Raises ``SandboxError`` if it cannot start: a port is
    taken, parts are not installed, it ended, with the last lines of its log, or it cannot be reached; NotYours and
    NoModes where the directory cannot be this user's alone, and NotAFile where something else is in the place of it or
    of a file in it.
    """
    if found := running(directory):
        return found
    with _lock(directory):
        return running(directory) or _start(directory, _command(directory, options))


def run(directory: Path, **options: Unpack[Options]) -> NoReturn:
    """Become the sandbox of this directory, in the foreground: this process ends when it does, with code 0.

    Its log goes to standard output.  Raises ``SandboxError`` if one runs already, and as ``ensure`` does.
    """
    with _lock(directory) as handle:
        if found := running(directory):
            raise SandboxError(
                f"A sandbox is running already, in process {found.pid}.",
                code="VPCE140",
                hint="Stop it:  <demo> sandbox stop    Or give the new one another directory:  --state-dir DIR",
            )
        command = [*_command(directory, options), f"--foreground={handle}"]
        remove_file(directory / LOG_FILE)
        os.set_inheritable(handle, True)  # locked until it is ready
        os.umask(0o077)
        # One that comes before the sandbox can obey it waits until it can.
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        os.execve(command[0], command, _environment(directory))


@contextlib.contextmanager
def _lock(directory: Path) -> Iterator[int]:
    if not make_private(directory):
        raise without_modes(directory)  # the token of the sandbox is in it
    handle = open_file(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _command(directory: Path, options: Options) -> list[str]:
    """The command of a new sandbox in this directory, in which nothing of an earlier one stands in its way."""
    if error := not_installed():
        raise error
    remove_file(directory / SERVER_FILE)
    refuse_links(directory / INSTANCES, 2)
    command = [sys.executable, "-P", "-m", "vpce_demo.sandbox", f"--directory={directory.resolve()}"]
    for name, value in options.items():
        option = f"--{name.removesuffix('_ms').replace('_', '-')}"
        if isinstance(value, Mapping):
            command += [f"--quota={quota}={number}" for quota, number in value.items()]
        elif value is True:
            command.append(option)
        elif value:
            command.append(f"{option}={'max' if value == math.inf else value}")
    return command


def _start(directory: Path, command: list[str]) -> Running:
    import subprocess

    class Server(subprocess.Popen[bytes]):
        """Outlives this program, which Python is not to warn of."""

        def __del__(self) -> None:
            pass

    log = new_file(directory / LOG_FILE)
    try:
        process = Server(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            umask=0o077,
            env=_environment(directory),
        )
    finally:
        os.close(log)
    _children[process.pid] = process
    try:
        return _ready(process, directory)
    except BaseException:  # Ctrl-C too: what was not told to be there does not stay
        process.kill()
        process.wait()
        del _children[process.pid]
        raise


def _ready(process: subprocess.Popen[bytes], directory: Path) -> Running:
    """Wait until a sandbox that was started answers.  Raises ``SandboxError`` if it does not."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (directory / SERVER_FILE).exists() and (found := running(directory)):
            return found
        if process.poll() is not None:
            raise _failure(directory, process.returncode)
        time.sleep(0.02)
    text = f"The sandbox was not ready after {PATIENCE:.0f} s."
    raise SandboxError(text, code="VPCE113", facts={"log": _tail(directory)}, hint=f"See {directory / LOG_FILE}.")


def _environment(directory: Path) -> dict[str, str]:
    """The child's environment: made of what Python needs to start, and nothing else of the user's.

    So no variable of AWS's tools, of proxies or of the libraries inside changes what the sandbox is.  Its home is its
    own directory: the user may have none.
    """
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        **{name: os.environ[name] for name in TAKEN_OVER if name in os.environ},
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONUTF8": "1",
        "HOME": str(directory.resolve()),
        **dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _failure(directory: Path, code: int) -> SandboxError:
    tail = _tail(directory)
    with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
        told = json.loads(tail.splitlines()[-1])
        return SandboxError(told["error"], code=told["code"], hint=told["hint"])
    facts = {"exit code": str(code), "log": tail or "(empty)"}
    return SandboxError(
        "The sandbox ended while it was starting.", code="VPCE113", facts=facts, hint=f"See {directory / LOG_FILE}."
    )


def _tail(directory: Path, lines: int = 12) -> str:
    with contextlib.suppress(OSError, NotAFile, NotYours):
        return "\n".join(log(directory).splitlines()[-lines:])
    return ""


def log(directory: Path) -> str:
    """What the sandbox of this directory has logged; empty without a log.  Raises NotAFile, NotYours and OSError."""
    try:
        with os.fdopen(open_file(directory / LOG_FILE), encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def stop(directory: Path) -> bool:
    """Stop the sandbox of this directory, also one that does not answer.  Returns True if there was one.

    Raises ``SandboxError`` if it does not end, and NotReached if it is out of reach, as in another container.
    """
    try:
        found = running(directory)
        if found is None:
            return False
        _ask_to_stop(found, directory)
    except NotReached as stuck:
        if not _is_sandbox(stuck.pid):
            raise
        _end(stuck.pid, directory)
        return True
    # The process goes right after; one that stays as a zombie waits for a parent that is not us.
    _wait(lambda: not _alive(found.pid), EXITING)
    return True


def _ask_to_stop(found: Running, directory: Path) -> None:
    """Ask a sandbox to stop, and wait for its last act, which is to remove its file.  Raises NotReached."""
    try:
        found.control("stop", {})
    except NotReached:
        raise
    except SandboxError:
        pass  # another process may have stopped it just now
    if not _wait(lambda: not (directory / SERVER_FILE).exists(), PATIENCE):
        raise _not_reached(found.pid, TimeoutError("it does not end"))


def _is_sandbox(pid: int) -> bool:
    """True if the process of this number is a sandbox, and not another of that number in this container."""
    import subprocess

    try:
        words = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:  # macOS has no such files
        ps = ["ps", "-p", str(pid), "-o", "args="]
        words = "" if Path("/proc/self").exists() else subprocess.run(ps, capture_output=True, text=True).stdout
    return "vpce_demo.sandbox" in words


def _end(pid: int, directory: Path) -> None:
    """End a process in order if it can be, else at once, and remove its file."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)
        if not _wait(lambda: not _alive(pid), EXITING):
            os.kill(pid, signal.SIGKILL)
            _wait(lambda: not _alive(pid), EXITING)
    with (
        contextlib.suppress(OSError, NotAFile, NotYours),
        os.fdopen(open_file(directory / SERVER_FILE), encoding="utf-8") as file,
    ):
        if not _is_served(file):
            (directory / SERVER_FILE).unlink()


def _wait(holds: Callable[[], bool], seconds: float) -> bool:
    """Wait until it holds.  Returns False if it took too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _alive(pid: int) -> bool:
    child = _children.get(pid)
    if child is not None:
        if child.poll() is None:
            return True
        del _children[pid]
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another process has this number by now
    return True
