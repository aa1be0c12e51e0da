"""The program's commands as processes of their own.

A fresh interpreter for each command would take longer than the command.  So the worker, which has one thread, loads the
program once and forks: each command is a real process with its own pid, which runs the real command line and can be
killed.  What it prints is kept.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import pkgutil
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import boto3
import botocore.endpoint
import botocore.hooks
from botocore.awsrequest import AWSRequest, AWSRequestPreparer
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.loaders import JSONFileLoader, Loader

import vpce_demo
from vpce_demo.aws.answers import check_answers
from vpce_demo.cli import main

SECONDS = 90.0
"""How long one command may take before it counts as hanging."""
BOTOCORE_PAUSES = 1 / 20
"""botocore's own pauses before it asks again know nothing of the sandbox's clock; they are shortened by this."""
SERVICES = ("sts", "ec2", "elbv2", "ssm")
"""Of AWS, what every command has clients of."""
COMMANDS = ("up", "test", "down")
"""What is recorded undisturbed, in this order, and disturbed then."""
SHOWN = 14
"""Of what a command said, so many lines are told when something is wrong."""


class Wrong(AssertionError):
    """What a case found wrong."""


@dataclass(frozen=True)
class Ended:
    """What came of a command: its exit code, negative if a signal ended it, and what it printed."""

    words: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def command(self) -> str:
        """The command's name among the words."""
        return next(word for word in self.words if word in COMMANDS)

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    def __str__(self) -> str:
        """In short: the last it said."""
        said = "\n".join((self.err or self.out).splitlines()[-SHOWN:])
        return f"vpce-demo {' '.join(self.words)}  ended with {self.code}\n{said}"


@dataclass(frozen=True)
class Command:
    """A command at work, and the files to which it prints."""

    words: tuple[str, ...]
    pid: int
    out: Path
    err: Path
    began: float = field(default_factory=time.monotonic)

    def ended(self) -> Ended:
        """Wait for its end.  Whatever came of it, it never shows a traceback.  Raises Wrong."""
        while not (status := os.waitpid(self.pid, os.WNOHANG))[0]:
            if time.monotonic() - self.began > SECONDS:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise Wrong(f"it hangs: {self._said(-signal.SIGKILL)}")
            time.sleep(0.002)
        done = self._said(os.waitstatus_to_exitcode(status[1]))
        if "Traceback" in done.out + done.err:
            raise Wrong(f"a traceback: {done}")
        return done

    def _said(self, code: int) -> Ended:
        out, err = (file.read_text(encoding="utf-8", errors="replace") for file in (self.out, self.err))
        return Ended(self.words, code, out, err)


def nothing_of_the_user(directory: Path) -> None:
    """No credentials, no profile, no option from outside."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "VPCE_DEMO_"))]:
        del os.environ[name]
    os.environ |= {
        "HOME": str(directory),
        "AWS_EC2_METADATA_DISABLED": "true",
        "VPCE_DEMO_SANDBOX": "1",
        "PYTHONUTF8": "1",
    }
    os.chdir(directory)


def load_everything() -> None:
    """Import what any command needs, and make clients, so that a forked one finds it all there."""
    for module in pkgutil.walk_packages(vpce_demo.__path__, f"{vpce_demo.__name__}."):
        if not module.name.endswith("__main__") and ".sandbox." not in module.name:
            importlib.import_module(module.name)
    remember_what_botocore_reads()
    session: Any = boto3.Session("nobody", "nothing", region_name="us-east-1")
    check_answers(session)
    for service in SERVICES:
        session.client(service)


def hurry() -> None:
    """Have botocore wait less before it asks again."""
    vars(botocore.endpoint)["time"] = _Hasty()


class _Hasty:
    """The module ``time`` for botocore, which sleeps less."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds * BOTOCORE_PAUSES)


def remember_what_botocore_reads() -> None:
    """AWS's models, and what botocore makes of them, are the same for every client of this process and its forks; so is
    a request's body each time that it is looked at."""
    read = functools.cache(JSONFileLoader().load_file)
    listed = functools.cache(Loader().list_available_services)
    accepts = functools.cache(botocore.hooks.accepts_kwargs)
    make_class: Any = vars(ClientCreator)["_create_client_class"]
    classes: dict[tuple[Any, ...], Any] = {}
    begin: Any = vars(EventAliaser)["__init__"]
    names: dict[str, str] = {}

    def begin_with_names(aliaser: Any, *words: Any) -> None:
        begin(aliaser, *words)
        aliaser._alias_name_cache = names

    def class_of(creator: ClientCreator, service_name: str, service_model: Any) -> Any:
        bases: list[type] = []  # what a session adds to its clients
        event = f"creating-client-class.{service_model.service_id.hyphenize()}"
        vars(creator)["_event_emitter"].emit(event, class_attributes={}, base_classes=bases)
        kind = (service_name, *bases)
        if kind not in classes:
            classes[kind] = make_class(creator, service_name, service_model)
        return classes[kind]

    encode: Any = vars(AWSRequestPreparer)["_prepare_body"]

    def encode_once(preparer: AWSRequestPreparer, request: AWSRequest) -> Any:
        if isinstance(request.data, dict):  # which a signer has encoded for each look at the body
            request.data = encode(preparer, request)
        return encode(preparer, request)

    patches: list[tuple[Any, str, Any]] = [
        (AWSRequestPreparer, "_prepare_body", encode_once),
        (JSONFileLoader, "load_file", lambda loader, path: read(path)),
        (Loader, "list_available_services", lambda loader, type_name: listed(type_name)),
        (ClientCreator, "_create_client_class", class_of),
        (EventAliaser, "__init__", begin_with_names),
        (botocore.hooks, "accepts_kwargs", lambda called: accepts(getattr(called, "__func__", called))),
    ]
    for owner, name, instead in patches:
        setattr(owner, name, instead)


def start(words: tuple[str, ...], out: Path, err: Path) -> Command:
    """Begin a command that prints to these files; whoever does so waits for its end."""
    for file in (out, err):
        file.write_bytes(b"")
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _be_the_program(words, out, err)
    return Command(words, pid, out, err)


def _be_the_program(words: tuple[str, ...], out: Path, err: Path) -> NoReturn:
    """In the forked process: run the command line, and end without a trace of the worker."""
    code = 1
    try:
        for number, file in ((1, out), (2, err)):
            os.dup2(os.open(file, os.O_WRONLY), number)
        sys.argv = ["vpce-demo", *words]
        main()
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
