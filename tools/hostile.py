"""A directory of hostile things, and every command run through it: ``python -m tools.hostile [DIRECTORY]``.

Each folder in it is what somebody may have unpacked or cloned: in the place of the program's files are links, pipes,
sockets, directories; state and logs are full of escape codes; modes are open to all; and modules named like those of
Python's library and of the dependencies lie about.  Credentials are planted in the environment and in AWS's files.  No
command may touch a file outside, print what a terminal obeys, hang, show a traceback, run such a module, tell a secret,
or leave a file below the state directory open to others.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.process import Ended, Wrong, hurry, load_everything, nothing_of_the_user, start
from vpce_demo.errors import DemoError
from vpce_demo.sandbox import client

ESCAPES = "\nPASSED  8 of 8\r\x1b]52;c;b3duZWQ=\x07\x1b[2J\x9b31m\x85\u202e\u2028\u200b\ufeff\u0600\U000e0041\x7f"
"""What a terminal obeys, and a line that looks like the program's own."""
MODULES = sorted(
    name
    for name in {*sys.stdlib_module_names, *importlib.metadata.packages_distributions(), "vpce_demo", "sitecustomize"}
    if name.isidentifier()
)
"""The names of the modules of Python's library, and of all that is installed."""
COMMANDS = (
    "sandbox start --speed max",
    "sandbox status",
    "sandbox logs",
    "sandbox faults",
    "sandbox trace",
    "sandbox break",
    "sandbox hint",
    "sandbox score",
    "sandbox aws --version",
    "sandbox curl --version",
    "sandbox env",
    "sandbox proxy",
    "sandbox run --speed max",
    "plan",
    "status",
    "list",
    "check",
    "-v logs --last",
    "-o json logs --last",
    "cost",
    "iam-policy",
    "explain 7",
    "diagram",
    "report",
    "support",
    "export terraform",
    "export cloudformation",
    "export aws-cli",
    "init",
    "completion bash",
    "doctor",
    "test --timeout 1",
    "accept --list",
    "reject vpce-0123456789abcdef0",
    "walkthrough --yes --timeout 1",
    "adopt --yes",
    "up --yes --skip-test --until create-endpoint-service",
    "create-provider --yes",
    "create-endpoint-service --yes",
    "create-consumer --yes",
    "accept",
    "status",
    "up --yes --timeout 20",
    "ssh web -- hostname",
    "sandbox ssh Webserver1 -- hostname",
    "report",
    "down --yes",
    "destroy --yes",
    "sandbox reset",
    "sandbox stop",
)
"""Every command, in the order of a life."""
ON_AWS = ("status", "doctor", "up --yes", "down --yes")
"""Commands that are run without the sandbox too, where AWS refuses the connection."""
FILES = ("state.json", "state.json.new", "key.pem", "key.pem.pub", "known_hosts", "lock", "exercises.json")
LOG = "20261124T145500Z-up-99999999.jsonl"
SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEJrEXAMPLETOKENEXAMPLETOKEN",
}
IN_FILES = "hunter2EXAMPLEhunter2EXAMPLE"
"""The secret in AWS's files, and in the private key that is planted."""


class Outside:
    """Files outside of the state directory, and whether anything was done to them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "file"
        self.nowhere = directory / "nowhere"
        directory.mkdir(mode=0o755)
        self.file.write_text("a file of the user\n")
        for name in (
            "state.json",
            "key.pem",
            "key.pem.pub",
            "known_hosts",
            "lock",
            "exercises.json",
            "server.json",
            "sandbox.log",
        ):
            (directory / name).write_text(f"the user's {name}\n")
        for number in range(25):
            (directory / f"20250101T0000{number:02}Z-up-{number + 1}.jsonl").write_text('{"type": "run"}\n')
        for file in directory.iterdir():
            file.chmod(0o644)
        self._before = self.seen()

    def remove(self, name: str) -> None:
        """Have one of them no more."""
        (self.directory / name).unlink()
        self._before = self.seen()

    def seen(self) -> dict[str, tuple[object, ...]]:
        """Each file by its path: its mode, when it was written, and its content."""
        found: dict[str, tuple[object, ...]] = {".": (self.directory.stat().st_mode,)}
        for path in sorted(self.directory.rglob("*")):
            stat = path.lstat()
            found[str(path.relative_to(self.directory))] = (stat.st_mode, stat.st_mtime_ns, path.read_bytes())
        return found

    def assert_untouched(self, when: str = "at the end") -> None:
        """Raises Wrong."""
        seen = self.seen()
        if changed := sorted({name for name, _ in self._before.items() ^ seen.items()}):
            raise Wrong(f"{', '.join(changed)} outside changed {when}")


Plant = Callable[[Path, Outside], None]


def _socket(path: Path, outside: Outside) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # the name of a socket has a hundred characters at most
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


def _directory(path: Path, outside: Outside) -> None:
    path.mkdir()
    (path / "inside").write_text("x")


KINDS: dict[str, tuple[Plant, str]] = {
    "link": (lambda path, outside: path.symlink_to(outside.file), "is a symbolic link"),
    "dangling link": (lambda path, outside: path.symlink_to(outside.nowhere), "is a symbolic link"),
    "link to a device": (lambda path, outside: path.symlink_to("/dev/zero"), "is a symbolic link"),
    "hard link": (lambda path, outside: path.hardlink_to(outside.file), "is another name of a file"),
    "pipe": (lambda path, outside: os.mkfifo(path), "is a pipe"),
    "socket": (_socket, "is a socket"),
    "directory": (_directory, "is a directory"),
}
"""What stands in the place of a file, and what is said of it."""


def plant(kind: str, path: Path, outside: Outside) -> None:
    """Put it in the place of what is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    KINDS[kind][0](path, outside)


def is_planted(kind: str, path: Path) -> bool:
    """True if it is there still."""
    return path.is_symlink() or (path.exists() and not path.is_file()) or (kind == "hard link" and path.exists())


# --- the directory ----------------------------------------------------------------------


def modules(directory: Path, outside: Outside, names: Iterable[str]) -> None:
    """Modules that leave a file outside if they are imported."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        trace = str(outside.directory / name)
        (directory / f"{name}.py").write_text(f"import posix\nposix.open({trace!r}, posix.O_WRONLY | posix.O_CREAT)\n")


def state(words: str = "") -> str:
    """A state file, with these words after every text that may be any."""
    side = {"account": "123456789012", "region": "us-east-1"}
    web = {"kind": "Instance", "id": "i-0123456789", "outputs": {"PublicIp": f"192.0.2.1{words}"}}
    return json.dumps(
        {
            "version": 1,
            "demo": "vpce-demo",
            "demo_id": "7f3a9c",
            "sides": {"provider": side, "consumer": side},
            "place": "",
            "settings": {},
            "resources": {"web": web, f"odd{words}": web},
        }
    )


def log(words: str = "") -> str:
    """The log of a run, with these words after every text."""
    head = {"type": "run", "version": 1, "at": 1.0e9, "demo": "vpce-demo", "demo_id": "7f3a9c", "program": "0.1.0"}
    lines = (
        {**head, "command": f"up{words}", "place": f"sandbox{words}", "accounts": {}},
        {"type": "page", "at": 1.0e9, "text": f"<html>{words}"},
        {"type": "end", "at": 1.0e9, "seconds": 9.0, "exit_code": 1, "message": f"It failed.{words}"},
    )
    return "".join(f"{json.dumps(line)}\n" for line in lines)


def put(path: Path, text: str, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def build(directory: Path) -> tuple[Outside, dict[str, Path]]:
    """Make the directory.  Returns what is outside, and the folders by what is hostile in them."""
    outside = Outside(directory / "outside")
    keys = f"aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = {IN_FILES}"
    put(directory / "home/.aws/credentials", f"[default]\n{keys}\n")
    put(directory / "home/.aws/config", f"[default]\nregion = us-east-1\naws_session_token = {IN_FILES}\n")
    folders = {}

    def folder(name: str, names: Iterable[str] = ("socket", "random", "boto3", "vpce_demo")) -> Path:
        made = folders[name] = directory / name.replace(" ", "-")
        for below in (".", ".vpce-demo/sandbox/vpce-demo", ".vpce-demo/emulator"):
            modules(made / below, outside, names)
        return made / ".vpce-demo"

    for kind in KINDS:
        there = folder(f"{kind} everywhere")
        for name in ("server.json", "sandbox.log", "start.lock", "instances"):
            plant(kind, there / "emulator" / name, outside)
        for place in ("aws", "sandbox"):
            plant(kind, there / "logs" / place / "vpce-demo" / LOG, outside)
            for name in FILES:
                plant(kind, there / place / "vpce-demo" / name, outside)
        for name in ("vpce-demo.yaml", "vpce-demo-report.html"):
            plant(kind, there.parent / name, outside)
        there = folder(f"{kind} beside the state")
        put(there / "sandbox/vpce-demo/state.json", state())
        plant(kind, there / "logs/sandbox/vpce-demo" / LOG, outside)
        for name in FILES[1:]:
            plant(kind, there / "sandbox/vpce-demo" / name, outside)
    for name in ("sandbox", "aws", "logs", "emulator"):
        path = folder(f"{name} is a link") / name
        shutil.rmtree(path, ignore_errors=True)
        path.symlink_to(outside.directory)
    there = folder("escapes")
    put(there / "sandbox/vpce-demo/state.json", state(ESCAPES))
    put(there / "logs/sandbox/vpce-demo" / LOG, log(ESCAPES))
    put(there / "emulator/sandbox.log", f"GET /{ESCAPES}")
    put(there / "sandbox/vpce-demo/key.pem", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{IN_FILES}\n")
    put(there / "sandbox/vpce-demo/key.pem.pub", f"ssh-ed25519 AAAA{ESCAPES}")
    there = folder("open to all")
    put(there / "sandbox/vpce-demo/state.json", state(), 0o666)
    for path in there.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    folder("modules alone", MODULES)
    return outside, folders


# --- the commands -----------------------------------------------------------------------


def run(line: str, files: Path) -> Ended:
    """Run a command line.  Raises Wrong if it hangs, shows a traceback or a secret, or prints what a terminal obeys."""
    done = start(tuple(line.split()), files / "out", files / "err").ended()
    said = done.out + done.err
    if raw := {each for each in said if not (each.isprintable() or each == "\n")}:
        raise Wrong(f"it prints {sorted(raw)}: {done}")
    if any(secret in said for secret in (*SECRETS.values(), IN_FILES)):
        raise Wrong(f"it tells a secret: {done}")
    return done


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """In this folder, with planted credentials and umask 0.  A sandbox that runs there is stopped at the end."""
    before, cwd, mask = dict(os.environ), Path.cwd(), os.umask(0)
    nothing_of_the_user(folder.parent / "home")
    os.environ |= {**SECRETS, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_REGION": "us-east-1"}
    os.environ |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}
    os.chdir(folder)
    try:
        yield
    finally:
        with suppress(DemoError):
            client.stop(folder / ".vpce-demo/emulator")
        os.chdir(cwd)
        os.umask(mask)
        os.environ.clear()
        os.environ.update(before)


def open_files(folder: Path) -> set[Path]:
    """What is below the state directory and others may use."""
    there = (path for path in (folder / ".vpce-demo").rglob("*") if not path.is_symlink())
    return {path for path in there if path.stat().st_mode & 0o077}


def attack(folder: Path, outside: Outside, lines: tuple[str, ...], on_aws: tuple[str, ...] = ON_AWS) -> list[Ended]:
    """Run these commands in a folder.  Raises Wrong."""
    known, ended = open_files(folder), []
    with inside(folder), tempfile.TemporaryDirectory() as files:
        for line in lines:
            ended.append(run(line, Path(files)))
            outside.assert_untouched(f"after {line}")
        os.environ["VPCE_DEMO_SANDBOX"] = "0"
        for line in on_aws:
            ended.append(run(line, Path(files)))
            outside.assert_untouched(f"after {line} on AWS")
    if opened := open_files(folder) - known:
        raise Wrong(f"open to others: {sorted(map(str, opened))}")
    return ended


def main() -> int:
    """Build the directory, in a new one or the one that is named, which stays; returns 1 if anything is wrong."""
    named = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else None
    directory = named or Path(tempfile.mkdtemp(prefix="vpce-demo-hostile-"))
    directory.mkdir(parents=True, exist_ok=True)
    load_everything()
    hurry()
    wrong = 0
    try:
        outside, folders = build(directory)
        for name, folder in folders.items():
            try:
                ended = attack(folder, outside, COMMANDS)
                said = f"{len(ended)} commands, {sum(not one.code for one in ended)} did what they are for"
            except Wrong as error:
                wrong += 1
                said = f"WRONG: {error}"
            print(f"{name:<36} {said}", flush=True)
    finally:
        if not named:
            shutil.rmtree(directory)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
