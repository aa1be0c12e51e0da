"""The values of names in braces in a text: settings, ids and outputs of resources, prices.

``{provider.vpc_cidr}`` is a setting, named as in the config file.  ``{provider-vpc}`` is the id of a resource, by its
key in ``tutorial.py``; ``{load-balancer.dns_name}`` an output or a field of one.  ``{price.endpoint-hour}`` is a price.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..cost.bill import price
from ..untrusted import one_line

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ..model import Live
    from ..tutorial import Demo

Lookup = Callable[[str], str | None]
"""Returns the value of a name, or None if it is not known here."""
PLACEHOLDER = re.compile(r"\{([a-z][\w-]*(?:\.[\w-]+)*)\}")
"""It does not match tags in a command, ``{Key=Name,Value=...}``."""
STATEMENT = re.compile(rf"^{PLACEHOLDER.pattern}=((?:.*\\\n)*.*(?:\n|$))", re.MULTILINE)
"""A command that sets the variable of a name, ``{key_file}=...``, with the lines on which it goes on."""


def fill(text: str, *lookups: Lookup) -> str:
    """Replace each name in braces by its first known value, else by a shell variable.

    A command that sets the variable of a name is left out where its value is known.
    """

    def value(name: str) -> str:
        return next((found for lookup in lookups if (found := lookup(name))), shell_variable(name))

    def setting(match: re.Match[str]) -> str:
        variable = shell_variable(match[1])
        return f"{variable[1:]}={match[2]}" if value(match[1]) == variable else ""

    return PLACEHOLDER.sub(lambda match: value(match[1]), STATEMENT.sub(setting, text))


def shell_variable(name: str) -> str:
    """``$PROVIDER_VPC`` for ``provider-vpc``: an earlier command of the page has set it."""
    first, _, last = name.partition(".")
    words = last if last.startswith(f"{first}_") else f"{first}_{last}" if last else first
    return "$" + re.sub(r"\W", "_", words).upper()


def from_mapping(*parts: Mapping[str, object]) -> Lookup:
    """Look up a name in these mappings, in order; a dot goes one level deeper."""

    def lookup(name: str) -> str | None:
        for part in parts:
            value: object = part
            for word in name.split("."):
                value = value.get(word) if isinstance(value, Mapping) else None
            if value not in (None, ""):
                return str(value)
        return None

    return lookup


def from_settings(*parts: BaseModel) -> Lookup:
    """Look up settings, except an address that is found only when the demo is created."""
    from ..config.model import MY_IP

    return from_mapping(*({k: v for k, v in part.model_dump().items() if v != MY_IP} for part in parts))


def from_demo(demo: Demo, live: Mapping[str, Live]) -> Lookup:
    """Look up ids, outputs and fields of a demo's resources; ``live`` is by resource key."""
    resources = {r.key: r for r in demo.resources}

    def lookup(name: str) -> str | None:
        key, _, part = name.partition(".")
        if key not in resources:
            return None
        there = live.get(key)
        if not part:
            return one_line(there.id) if there else None
        value = one_line(there.outputs.get(part, "") if there else "") or getattr(resources[key], part, "")
        return f"{value:g}" if isinstance(value, float) else str(value).strip()

    return lookup


def from_prices(region: str, instance_type: str = "t3.micro") -> Lookup:
    """Look up ``price.ITEM``, in US dollars, and ``date.ITEM``, its date; ``ITEM.REGION`` is for another region."""

    def lookup(name: str) -> str | None:
        what, _, rest = name.partition(".")
        if what not in ("price", "date"):
            return None
        item, _, elsewhere = rest.partition(".")
        found = price(f"{item} {instance_type}" if item == "instance-hour" else item, elsewhere or region)
        if found is None:
            return "?"
        return found.date if what == "date" else str(found.usd)

    return lookup
