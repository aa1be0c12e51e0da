"""A process that has loaded the program, and forks for each command that a test runs.

Each command is a process of its own, in its own directory and environment, that runs the real command line; only the
interpreter's start and the imports, which take longer than most commands, are done once.  A test that needs those too,
or a signal, begins a fresh interpreter (``Program.start``).
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tools.process import Wrong, load_everything, start

ROOT = Path(__file__).resolve().parents[2]


class Launcher:
    """The way to that process.  It ends with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            env={**os.environ, "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self.close)

    def run(self, words: tuple[str, ...], directory: Path, environment: dict[str, str]) -> tuple[int, str, str]:
        """Run a command to its end: its exit code, and what it printed on both ways."""
        with self._lock:
            assert self._process.stdin
            assert self._process.stdout
            print(json.dumps([words, str(directory), environment]), file=self._process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "wrong" not in answer, answer["wrong"]
        return answer["code"], answer["out"], answer["err"]

    def close(self) -> None:
        with self._process:
            self._process.communicate()


@functools.cache
def launcher() -> Launcher:
    """The one of this process."""
    return Launcher()


def serve() -> None:
    """Carry out what is asked for on standard input, line by line; the answers go to standard output."""
    with os.fdopen(os.dup(0)) as requests, tempfile.TemporaryDirectory() as files:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # for the commands
        load_everything()
        gc.collect()
        gc.freeze()  # what is forked has nothing to look through in it
        for line in requests:
            words, directory, environment = json.loads(line)
            os.chdir(directory)
            os.environ.clear()
            os.environ.update(environment)
            try:
                done = start(tuple(words), Path(files, "out"), Path(files, "err")).ended()
                answer = {"code": done.code, "out": done.out, "err": done.err}
            except Wrong as error:
                answer = {"wrong": str(error)}
            print(json.dumps(answer), flush=True)
        os.chdir(files)


if __name__ == "__main__":
    serve()
