"""``python -P -m vpce_demo.sandbox.connect PROXYPORT HOST PORT``: a ``ProxyCommand`` for ssh into the sandbox.

It asks the sandbox's proxy to connect to the host and port, then forwards standard input and output.  Standard library
only, so that it starts at once.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C is for ssh, which says what there is to say

import contextlib
import os
import socket
import sys
import threading

CHUNK = 65536
USAGE = "usage: python -P -m vpce_demo.sandbox.connect PROXYPORT HOST PORT"


def main(arguments: list[str]) -> int:
    """Connect and forward until either side ends.  Returns 0; 1 with a message on standard error; 2 for wrong
    arguments.

    It is not an error if ssh ends first.
    """
    if len(arguments) != 3 or not (arguments[0].isdecimal() and arguments[2].isdecimal()):
        print(USAGE, file=sys.stderr)
        return 2
    proxy_port, host, port = int(arguments[0]), arguments[1], int(arguments[2])
    try:
        proxy = socket.create_connection(("127.0.0.1", proxy_port))
    except OSError as error:
        print(f"no connection over the sandbox's proxy on port {proxy_port}: {error}", file=sys.stderr)
        return 1
    ssh_left = threading.Event()
    refusal = ""
    with proxy, contextlib.suppress(OSError):
        proxy.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        # What ssh says before the way is open waits in the proxy, which so notices when ssh leaves.
        threading.Thread(target=_carry_input, args=(proxy, ssh_left), daemon=True).start()
        status, data = _answer(proxy)
        if status == "200":
            return _carry_output(proxy, data)
        refusal = _rest(proxy, data).decode("utf-8", "replace").strip()
    if not refusal and ssh_left.is_set():
        return 0
    print(refusal or "the sandbox has stopped", file=sys.stderr)
    return 1


def _answer(proxy: socket.socket) -> tuple[str, bytes]:
    """The proxy's status code, empty if it hung up, and what has already come after its headers."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = proxy.recv(CHUNK)
        if not data:
            return "", b""
        received += data
    head, _, rest = received.partition(b"\r\n\r\n")
    return head.decode("latin-1").split(" ", 2)[1], rest


def _rest(proxy: socket.socket, data: bytes) -> bytes:
    with contextlib.suppress(OSError):  # what has come until then counts
        while more := proxy.recv(CHUNK):
            data += more
    return data


def _carry_output(proxy: socket.socket, data: bytes) -> int:
    """Carry to ssh until either side ends.  Returns 0.  Raises OSError if the sandbox breaks off."""
    while data or (data := proxy.recv(CHUNK)):
        try:
            data = data[os.write(sys.stdout.fileno(), data) :]
        except OSError:
            break  # ssh has left
    return 0


def _carry_input(proxy: socket.socket, ssh_left: threading.Event) -> None:
    with contextlib.suppress(OSError):  # the other side has ended, and with it this program
        while data := _input():
            proxy.sendall(data)
        ssh_left.set()
        proxy.shutdown(socket.SHUT_WR)


def _input() -> bytes:
    """The next bytes from ssh; empty if it has left, in whatever way."""
    try:
        return os.read(sys.stdin.fileno(), CHUNK)
    except OSError:
        return b""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
