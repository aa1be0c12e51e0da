"""The sandbox's process: ``python -P -m vpce_demo.sandbox --directory D [--speed 20|max] [--port N] ...``.

It writes ``server.json`` when it is ready.  It ends on SIGTERM, on ``POST /_sandbox/stop``, when that file or its
directory is removed, and with its ``--parent``, so that no process is left behind; in the foreground also when its
terminal is closed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gc
import json
import logging
import math
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from vpce_demo.errors import SandboxError
from vpce_demo.private import NotAFile, NotYours, make_private, open_file

from .client import CALLS, ENDING, SERVER_FILE
from .quotas import is_quota

if TYPE_CHECKING:
    from .server import Sandbox

LOOK_EVERY = 1.0
"""Seconds between two checks that the directory still exists."""


def _speed(text: str) -> float:
    speed = math.inf if text == "max" else float(text)
    if not speed > 0:
        raise ValueError(text)
    return speed


def _quota(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    if not is_quota(name, int(value)):
        raise ValueError(text)
    return name, int(value)


def _options() -> argparse.Namespace:
    program = "python -P -m vpce_demo.sandbox"
    parser = argparse.ArgumentParser(prog=program, description="AWS PrivateLink on this machine.")
    parser.add_argument("--directory", type=Path, required=True, help="where server.json and the machines' files go")
    parser.add_argument("--speed", type=_speed, default=20.0, help="times faster than AWS, or max")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="milliseconds added to every call")
    parser.add_argument("--port", type=int, default=0, help="of the API; 0 takes a free one")
    parser.add_argument("--proxy-port", type=int, default=0, help="of the way in from outside; 0 takes a free one")
    parser.add_argument("--quota", type=_quota, action="append", default=[], metavar="NAME=N", help="not AWS's default")
    parser.add_argument("--parent", type=int, metavar="PID", help="end with this process, which started it")
    parser.add_argument("--iam", action="store_true", help="check the permissions of IAM users and roles")
    parser.add_argument("--zones-differ", action="store_true", help="zones have other names in other accounts")
    parser.add_argument("--log-format", choices=("text", "json"), help="log every API call, too, in lines of this form")
    parser.add_argument(
        "--foreground", type=int, metavar="LOCK", help="log to standard output; LOCK is closed when it is ready"
    )
    return parser.parse_args()


def ensure_home(directory: Path) -> None:
    """Let this directory be HOME if there is none: a user id that the system does not know, as in a container, has no
    home, and without one the ssh servers of the instances do not start."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(directory)


def main() -> int:
    """Run one sandbox until it is told to end.  Returns 1 if it cannot start."""
    gc.disable()  # what is loaded now stays; scanning it again would take a third of the start
    options = _options()
    in_foreground = options.foreground is not None
    _log(sys.stdout if in_foreground else sys.stderr, options.log_format)
    directory: Path = options.directory
    make_private(directory)
    ensure_home(directory)
    from .server import Sandbox

    sandbox = Sandbox(
        options.speed, options.latency, directory, options.port, options.proxy_port, options.iam, dict(options.quota)
    )
    sandbox.set(zones_differ=options.zones_differ)
    for number in ENDING:
        if not in_foreground or signal.getsignal(number) is not signal.SIG_IGN:  # as nohup lets it
            signal.signal(number, lambda *_: sandbox.ask_to_stop())
    if not in_foreground:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    try:
        sandbox.start()
    except SandboxError as error:
        told = {"error": error.message, "code": error.code, "hint": error.hint}
        said = f"{error.message}  {error.code}\n{error.hint}" if in_foreground else json.dumps(told)
        print(said, file=sys.stderr)
        return 1
    serving = contextlib.ExitStack()
    try:
        serving.enter_context(_announced(sandbox, directory))
        if in_foreground:
            os.close(options.foreground)
        gc.freeze()
        gc.enable()
        threading.Thread(target=sandbox.warm_up, name="sandbox-warm-up", daemon=True).start()
        logging.getLogger(__name__).info("ready on %s, proxy %s", sandbox.endpoint_url, sandbox.proxy_url)
        while not sandbox.stop_asked.wait(LOOK_EVERY):
            if not _ours(sandbox, directory) or options.parent not in (None, os.getppid()):
                break
    finally:
        serving.close()
        sandbox.stop()
        if _ours(sandbox, directory):
            with contextlib.suppress(OSError):
                (directory / SERVER_FILE).unlink()
    logging.getLogger(__name__).info("stopped")
    return 0


def _log(stream: IO[str], log_format: str | None) -> None:
    """Log to this stream, and every API call too if there is a format."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Json() if log_format == "json" else _Text("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger(CALLS).setLevel(logging.INFO if log_format else logging.WARNING)
    logging.raiseExceptions = False  # a terminal that was closed, or a reader that has left


class _Text(logging.Formatter):
    """Lines for a reader, with nothing in them that a terminal obeys."""

    def format(self, record: logging.LogRecord) -> str:
        lines = super().format(record).split("\n")
        return "\n".join(line if line.isprintable() else ascii(line)[1:-1] for line in lines)


class _Json(logging.Formatter):
    """One JSON object for each record, with the fields of an API call if it is one."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **vars(record).get("call", {}),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told)


def _announced(sandbox: Sandbox, directory: Path) -> IO[str]:
    """Write ``server.json`` atomically, readable by its owner only.  It is locked until it is closed."""
    told = {
        "pid": os.getpid(),
        "boot_id": sandbox.boot_id,
        "endpoint_url": sandbox.endpoint_url,
        "proxy_url": sandbox.proxy_url,
        "token": sandbox.token,
    }
    draft = directory / f"{SERVER_FILE}.{sandbox.boot_id}"
    file = os.fdopen(open_file(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "w")
    fcntl.flock(file, fcntl.LOCK_EX)
    json.dump(told, file)
    file.flush()
    draft.replace(directory / SERVER_FILE)
    return file


def _ours(sandbox: Sandbox, directory: Path) -> bool:
    try:
        with os.fdopen(open_file(directory / SERVER_FILE), encoding="utf-8") as file:
            return bool(json.load(file)["boot_id"] == sandbox.boot_id)
    except (NotAFile, NotYours, OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


if __name__ == "__main__":
    sys.exit(main())
