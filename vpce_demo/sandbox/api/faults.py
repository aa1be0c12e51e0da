"""Faults on demand, in front of the API: errors, lost replies, spoilt ones (``spoil.py``), delays, a caller that dies,
expired credentials, and fresh resources that are not seen yet (``hiding.py``).

For testing anything that calls AWS: this program, scripts, the AWS CLI, Terraform.
"""

from __future__ import annotations

import difflib
import os
import re
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any, TypeGuard

from moto.core.utils import get_service_model

from ..clock import Clock
from .hiding import Hiding
from .protocol import SIGNING_NAMES, ApiError, Incoming
from .spoil import SPOILS

DOES = (
    "error",
    "drop-before",
    "drop-after",
    "spoil-before",
    "spoil-after",
    "delay",
    "kill-before",
    "kill-after",
    "throttle",
)
LONGEST_DELAY = 3600.0
BURST, RATE, MOST_TOKENS = 50, 5.0, 1_000
"""Tokens of a bucket, and new ones a second, if a ``throttle`` says none: assumed of EC2's calls that change something.
"""
THROTTLED = ApiError("RequestLimitExceeded", "Request limit exceeded.", 503)
ERROR_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,99}")
MESSAGE = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]{0,2000}")
"""What can stand in an answer in XML."""
LONGEST_PATTERN = 100
INSTALL = "InstallPackages"
"""Stands for an operation: what a machine's package manager does.  Only a fault with this very name strikes it."""
CALLER = re.compile(r"(?:^| )pid/(\d{1,9})(?= |$)", re.ASCII)
"""How a caller's User-Agent says which process it is (botocore: ``Config(user_agent_extra="pid/1234")``)."""


class Dropped(ConnectionError):
    """Close the connection without an answer; ``note`` says why, for the record."""

    def __init__(self, note: str, kill: bool = False) -> None:
        super().__init__(note)
        self.note, self.kill = note, kill


class Spoilt(Exception):
    """Answer with what is not AWS's: ``kind`` is one of ``SPOILS``; ``note`` says so, for the record."""

    def __init__(self, kind: str, note: str) -> None:
        super().__init__(note)
        self.kind, self.note = kind, note


@dataclass
class InjectedFault:
    """Something to go wrong with calls that match ``operation`` (a name, or a pattern such as ``Create*``; none: all).

    It strikes the ``nth`` matching call (the first is 1), the first ``times`` ones, or every one; a call of ``until``
    (a name or a pattern, too) ends it for good.  ``code``,
    ``status`` and ``message`` are the answer of an ``error``; ``how`` is what a ``spoil`` makes of the answer;
    ``seconds``, of the machine, are a ``delay``.  A ``throttle`` strikes what its token buckets have no token for, as
    EC2's do: each operation has one, which holds ``burst`` tokens and gets ``rate`` more in a second of AWS's.
    ``seen`` counts the matching calls, ``struck`` those it struck.  Raises ``ValueError`` for what makes no sense.
    """

    do: str
    operation: str | None = None
    nth: int | None = None
    times: int | None = None
    code: str | None = None
    status: int | None = None
    message: str | None = None
    how: str | None = None
    seconds: float | None = None
    until: str | None = None
    burst: int | None = None
    rate: float | None = None
    seen: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict, init=False)
    """By operation: its tokens, and when it had so many."""

    def __post_init__(self) -> None:
        if self.do not in DOES:
            raise ValueError(f"do is one of {', '.join(DOES)}, not {self.do!r}")
        for pattern in (self.operation, self.until):
            if pattern is not None:
                _check_operation(pattern)
        if self.operation == INSTALL and self.do != "error":
            raise ValueError(f"{INSTALL} takes error alone, not {self.do}")
        for name in ("nth", "times"):
            count = getattr(self, name)
            if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
                raise ValueError(f"{name} is a whole number from 1, not {count!r}")
        if self.nth is not None and self.times is not None:
            raise ValueError("nth and times exclude each other")
        self._check_answer()
        self._check_how()
        self._check_seconds()
        self._check_bucket()

    def _check_answer(self) -> None:
        if self.do != "error":
            for name in ("code", "status", "message"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} is for error, not for {self.do}")
            return
        if not isinstance(self.code, str) or not ERROR_CODE.fullmatch(self.code):
            raise ValueError(f"code is AWS's code for an error, such as RequestLimitExceeded, not {self.code!r}")
        if self.status is None:
            self.status = 400
        if not isinstance(self.status, int) or isinstance(self.status, bool) or not 400 <= self.status <= 599:
            raise ValueError(f"status is an HTTP status from 400 to 599, not {self.status!r}")
        if self.message is None:
            self.message = "The sandbox was told to answer so."
        if not isinstance(self.message, str) or not MESSAGE.fullmatch(self.message):
            raise ValueError(f"message is a text of at most 2000 characters, not {self.message!r}")

    def _check_how(self) -> None:
        if not self.do.startswith("spoil"):
            if self.how is not None:
                raise ValueError(f"how is for spoil-before and spoil-after, not for {self.do}")
        elif self.how not in SPOILS:
            raise ValueError(f"how is one of {', '.join(SPOILS)}, not {self.how!r}")

    def _check_seconds(self) -> None:
        if self.do != "delay":
            if self.seconds is not None:
                raise ValueError(f"seconds is for delay, not for {self.do}")
        elif not is_seconds(self.seconds) or self.seconds > LONGEST_DELAY:
            raise ValueError(f"seconds is a number from 0 to {LONGEST_DELAY:g}, not {self.seconds!r}")

    def _check_bucket(self) -> None:
        if self.do != "throttle":
            if (self.burst, self.rate) != (None, None):
                raise ValueError(f"burst and rate are for throttle, not for {self.do}")
            return
        if (self.nth, self.times) != (None, None):
            raise ValueError("throttle strikes by its tokens, not by nth or times")
        self.burst, self.rate = (BURST if self.burst is None else self.burst, RATE if self.rate is None else self.rate)
        if not isinstance(self.burst, int) or isinstance(self.burst, bool) or not 1 <= self.burst <= MOST_TOKENS:
            raise ValueError(f"burst is a whole number from 1 to {MOST_TOKENS}, not {self.burst!r}")
        if not is_seconds(self.rate) or not 0 < self.rate <= MOST_TOKENS:
            raise ValueError(f"rate is a number above 0 and up to {MOST_TOKENS}, not {self.rate!r}")

    def ended_by(self, operation: str) -> bool:
        """Whether this call ends it."""
        return self.until is not None and fnmatchcase(operation, self.until)

    def strikes(self, operation: str, now: float) -> bool:
        """Whether it strikes this call at this moment of AWS's clock; it is counted."""
        if self.operation is not None and not fnmatchcase(operation, self.operation):
            return False
        self.seen += 1
        if self.burst is not None and self.rate is not None:
            tokens, since = self._buckets.get(operation, (float(self.burst), now))
            tokens = min(float(self.burst), tokens + (now - since) * self.rate)
            self._buckets[operation] = max(tokens - 1.0, 0.0) if tokens >= 1.0 else tokens, now
            return tokens < 1.0
        if self.nth is not None:
            return self.seen == self.nth
        return self.times is None or self.seen <= self.times

    def as_dict(self) -> dict[str, Any]:
        """As it was given, with the counts."""
        return {name: value for name, value in asdict(self).items() if value is not None and name != "_buckets"}


def is_seconds(value: object) -> TypeGuard[float]:
    """Whether it is a number of seconds from 0, that ends some time."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e9


def _check_operation(pattern: object) -> None:
    """A name that no service knows would wait for ever."""
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"operation is a name or a pattern, such as CreateVpc or Create*, not {pattern!r}")
    if not any(fnmatchcase(name, pattern) for name in _operations()):
        near = difflib.get_close_matches(pattern, list(_operations()), 1)
        meant = f"; the nearest is {near[0]}" if near else ""
        raise ValueError(f"operation {pattern!r} matches no operation of the sandbox's services{meant}")


def _operations() -> Iterator[str]:
    return chain([INSTALL], *(get_service_model(name).operation_names for name in SIGNING_NAMES.values()))


class Struck:
    """What strikes one call: all the delays, and the first fault that ends it."""

    def __init__(self, faults: Iterable[InjectedFault]) -> None:
        self._delay = 0.0
        self._end: InjectedFault | None = None
        for fault in faults:
            if fault.do == "delay":
                self._delay += fault.seconds or 0.0
            elif self._end is None:
                self._end = fault
            else:
                continue  # a call ends once
            fault.struck += 1

    def before(self) -> None:
        """Strike before the call is carried out.  Raises ``Dropped``, ``Spoilt`` or ``ApiError``."""
        if self._delay:
            time.sleep(self._delay)
        if self._end is not None and self._end.do == "throttle":
            raise THROTTLED
        if self._end is not None and self._end.do == "error":
            raise ApiError(self._end.code or "", self._end.message or "", self._end.status or 400)
        self._lose("before")

    def after(self) -> None:
        """Strike after the call was carried out.  Raises ``Dropped`` or ``Spoilt``."""
        self._lose("after")

    def _lose(self, when: str) -> None:
        """Lose the answer, or spoil it."""
        what, _, moment = self._end.do.partition("-") if self._end is not None else ("", "", "")
        if moment != when:
            return
        if self._end is not None and self._end.how:
            raise Spoilt(self._end.how, f"spoilt {when}")
        raise Dropped(f"{'killed' if what == 'kill' else 'dropped'} {when}", what == "kill")


EXPIRED = "The security token included in the request is expired"
_EXPIRED = {
    "ec2": ApiError("RequestExpired", "Request has expired.", 400),
    "ssm": ApiError("ExpiredTokenException", EXPIRED, 400),
    "resourcegroupstaggingapi": ApiError("ExpiredTokenException", EXPIRED, 400),
}
"""How a service refuses temporary credentials that have expired (``aws-behaviours.md`` section 6)."""


class Faults:
    """What is to go wrong in a sandbox.  ``lock`` guards it: calls are counted in the order in which they arrive."""

    def __init__(self, lock: threading.RLock, clock: Clock) -> None:
        self._lock = lock
        self._now = clock.now
        self._faults: list[InjectedFault] = []
        self._expired = False
        self.hiding = Hiding(clock.now)

    def add(self, *faults: InjectedFault) -> None:
        """Let these strike from now on, each counting by itself."""
        with self._lock:
            self._faults += faults

    def hide(self, seconds: float | None) -> None:
        """Hide what is made from now on for so many AWS seconds; none shows everything, at once."""
        with self._lock:
            self.hiding.hide(seconds)

    def hide_tags(self, seconds: float | None) -> None:
        """Hide the tags of what is made from now on from IAM's policies for so many AWS seconds; none shows them."""
        with self._lock:
            self.hiding.hide_tags(seconds)

    def expire(self, expired: bool = True) -> None:
        """Refuse every call as AWS refuses expired credentials, or no longer."""
        with self._lock:
            self._expired = expired

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()
            self._expired = False
            self.hiding.hide(None)
            self.hiding.hide_tags(None)

    def as_dict(self) -> dict[str, Any]:
        """What is set, how often each fault has struck, and what is hidden at the moment."""
        with self._lock:
            return {
                "faults": [fault.as_dict() for fault in self._faults],
                "hidden_seconds": self.hiding.seconds,
                "hidden": self.hiding.hidden(),
                "hidden_tags_seconds": self.hiding.tags_seconds,
                "credentials": "expired" if self._expired else "fine",
            }

    def check_credentials(self, service: str) -> None:
        """Raises ``ApiError`` where credentials have expired."""
        if self._expired:
            raise _EXPIRED.get(service) or ApiError("ExpiredToken", EXPIRED, 403)

    def meet(self, operation: str) -> Struck:
        """A call has arrived: count it, and say what strikes it."""
        with self._lock:
            self._faults = [fault for fault in self._faults if not fault.ended_by(operation)]
            return Struck([fault for fault in self._faults if fault.strikes(operation, self._now())])

    def install_error(self) -> str:
        """A machine installs packages: count it, and say why that fails, if a fault strikes it."""
        with self._lock:
            struck = next((one for one in self._faults if one.operation == INSTALL and one.strikes(INSTALL, 0.0)), None)
            if struck is None:
                return ""
            struck.struck += 1
            return f"{struck.code}: {struck.message}"


def kill(incoming: Incoming) -> None:
    """End the process that makes the call, if it said which one it is; the sandbox does not end itself."""
    said = CALLER.search(incoming.http.headers.get("User-Agent", ""))
    if said and int(said[1]) not in (0, 1, os.getpid()):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(int(said[1]), signal.SIGKILL)
