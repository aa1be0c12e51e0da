"""``python -m vpce_demo.sandbox.connect PROXYPORT HOST PORT``: a ``ProxyCommand`` for ssh into the sandbox.

It asks the sandbox's proxy for a way to the host and port, then carries standard input and output.  Standard library
only, so that it starts at once.
"""

from __future__ import annotations

import os
import socket
import sys
import threading

CHUNK = 65536
USAGE = "usage: python -m vpce_demo.sandbox.connect PROXYPORT HOST PORT"


def main(arguments: list[str]) -> int:
    """Connect and carry until either side ends.  Returns 0; 1 with a message on standard error; 2 for wrong arguments.

    That ssh has left is no error, and nobody is there to read of it.
    """
    if len(arguments) != 3 or not (arguments[0].isdecimal() and arguments[2].isdecimal()):
        print(USAGE, file=sys.stderr)
        return 2
    proxy_port, host, port = int(arguments[0]), arguments[1], int(arguments[2])
    try:
        with socket.create_connection(("127.0.0.1", proxy_port)) as proxy:
            proxy.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            # What ssh says before the way is open waits in the proxy, which so notices when ssh leaves.
            ssh_left = threading.Event()
            threading.Thread(target=_carry_input, args=(proxy, ssh_left), daemon=True).start()
            status, data = _answer(proxy)
            if status != "200":
                while more := proxy.recv(CHUNK):
                    data += more
                said = data.decode("utf-8", "replace").strip()
                if not said and ssh_left.is_set():
                    return 0
                print(said or "the sandbox has stopped", file=sys.stderr)
                return 1
            while data or (data := proxy.recv(CHUNK)):
                data = data[os.write(sys.stdout.fileno(), data) :]
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"no connection over the sandbox's proxy on port {proxy_port}: {error}", file=sys.stderr)
        return 1
    return 0


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


def _carry_input(proxy: socket.socket, ended: threading.Event) -> None:
    try:
        while data := os.read(sys.stdin.fileno(), CHUNK):
            proxy.sendall(data)
        ended.set()
        proxy.shutdown(socket.SHUT_WR)
    except OSError:
        return  # the other side has ended, and with it this program


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
