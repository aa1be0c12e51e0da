"""The public address of this machine, to which ssh is opened."""

from __future__ import annotations

import ipaddress
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlsplit

from ..errors import DemoError
from ..extras import WARNINGS
from ..untrusted import shown
from .environment import Environment

WHAT_IS_MY_ADDRESS = "https://checkip.amazonaws.com/"
"""Over TLS: its answer says to whom ssh is opened.  In the sandbox it is http, as there are no certificates there."""


def my_address(environment: Environment) -> str:
    """The public address of this machine as a CIDR block, ``203.0.113.10/32``.

    Where a web proxy is set, it is the address without the proxy, since ssh does not go through it; the proxy's if
    there is no other way out.  A warning says that, and shows both if they differ.

    Raises DemoError, also if the answer is anything but one public IPv4 address; the sandbox's is one of documentation.
    """
    inside = bool(environment.proxy)
    url = WHAT_IS_MY_ADDRESS.replace("https:", "http:") if inside else WHAT_IS_MY_ADDRESS
    ways = [True, False] if not inside and _behind_a_proxy(url) else [True]
    with ThreadPoolExecutor(len(ways)) as pool:
        answers = list(pool.map(partial(_ask, environment, url), ways))
    found = [answer for answer in answers if isinstance(answer, ipaddress.IPv4Address)]
    if not found:
        raise DemoError(
            "Your public IPv4 address could not be found, and ssh is open to it alone.",
            code="VPCE071",
            facts={"asked": url, **dict(zip(("answer", "through the web proxy"), map(str, answers), strict=False))},
            hint="Say it in the config file:  ssh_from: 198.51.100.7/32    (the tutorial's is 0.0.0.0/0: anywhere)",
        )
    if len(ways) > 1 and answers[0] not in found:
        WARNINGS.add(
            "The public address of this machine was found through the web proxy only",
            f": {found[0]}. ssh does not know that proxy: if it finds no way out, give it a ProxyJump or "
            "ProxyCommand in ~/.ssh/config",
        )
    if len(set(found)) > 1:
        WARNINGS.add(
            "This machine has two public addresses",
            f": {found[0]}, and {found[1]} through the web proxy. ssh is meant to come from the first; if your ssh "
            f"goes through the proxy, say so in the config file: ssh_from: {found[1]}/32",
        )
    return f"{found[0]}/32"


def _behind_a_proxy(url: str) -> bool:
    """True if a web proxy is set on this machine for this URL."""
    there = urlsplit(url)
    return there.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(there.hostname or "")


def _ask(environment: Environment, url: str, direct: bool) -> ipaddress.IPv4Address | str:
    """The address, or what came instead of one."""
    try:
        answer = environment.fetch(url, direct=direct)
        address = ipaddress.IPv4Address(answer.strip())
    except OSError as error:
        return str(error)
    except ValueError:
        return f"{shown(answer)}, which is not an IPv4 address"
    if not environment.proxy and (not address.is_global or address.is_multicast):
        return f"{address}, which is not a public address"
    return address
