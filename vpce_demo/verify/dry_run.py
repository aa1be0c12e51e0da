"""Which of the demo's EC2 calls AWS would allow: those that create and delete its resources, as the resources
themselves send them, but with ``DryRun``, which changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, NoReturn

from botocore import xform_name
from botocore.exceptions import ClientError

from ..aws.clients import CALLS_AT_ONCE, Clients
from ..aws.error_codes import ErrorKind, error_code, error_kind
from ..changes import is_reading
from ..config.settings import Settings
from ..engine.resource import Aws, closure
from ..model import Live, Side
from ..tutorial import Demo, tutorial

ALLOWED = "DryRunOperation"
"""The error by which AWS says that the call would have succeeded (section 1.1, notes)."""
A_PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx0mWGkzVDiUNMVLd1mEWqXz0cR9S0vS8r3tQWqTq1B doctor"
NOT_THERE = "not-there"
"""In the place of an id, or of a fact such as the image, that is not known yet."""
FACTS = ("ssh_source", "provider_zone_id", "consumer_zone_id", "provider_image", "consumer_image")
Params = dict[str, Any]


class Sent(Exception):
    """A call that a resource was about to send."""

    def __init__(self, service: str, operation: str, params: Params) -> None:
        super().__init__(operation)
        self.service, self.operation, self.params = service, operation, params


class Catching:
    """In the place of a client: raises the first call, and sends nothing; ``reads``: but for calls that only read."""

    def __init__(self, client: Any, *, reads: bool = False) -> None:
        self._client, self._meta, self._reads = client, client.meta, reads

    def __getattr__(self, method: str) -> Any:
        operation = self._meta.method_to_api_mapping.get(method, method)
        if self._reads and (is_reading(operation) or operation == method):
            return getattr(self._client, method)

        def catch(**params: Any) -> NoReturn:
            raise Sent(self._meta.service_model.service_name, operation, params)

        return catch


def allowed_calls(
    party: str | None,
    settings: Settings,
    sides: Mapping[str, Aws],
    demo_of: Callable[[Settings], Demo] = tutorial,
) -> dict[str, bool | None]:
    """Whether each call is allowed, by operation; None if AWS answers otherwise, or what it needs does not exist.

    ``party`` None: both sides, in one account.  What exists is known to ``sides``.
    """
    wanted: dict[str, Params | None] = {}
    for name, params in calls(party, settings, sides, demo_of):
        wanted[name] = wanted.get(name) or params
    clients = sides[party or Side.PROVIDER].clients
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        answers = {name: pool.submit(_allowed, clients, name, params) for name, params in wanted.items()}
        return {name: answer.result() for name, answer in answers.items()}


def _allowed(clients: Clients, name: str, params: Params | None) -> bool | None:
    if params is None:
        return None
    try:
        getattr(clients.ec2, xform_name(name))(**params, DryRun=True)
    except ClientError as error:
        if error_code(error) == ALLOWED:
            return True
        if error_kind(error) is ErrorKind.DENIED:
            return False
    return None


def calls(
    party: str | None,
    settings: Settings,
    sides: Mapping[str, Aws],
    demo_of: Callable[[Settings], Demo] = tutorial,
) -> Iterator[tuple[str, Params | None]]:
    """The EC2 calls that create and delete this party's resources; without parameters if one of them is not known.

    Not those that have no DryRun, such as ModifyVpcAttribute.
    """
    facts: dict[str, str] = {name: getattr(settings, name) or NOT_THERE for name in FACTS}
    is_key = settings.public_key.startswith("ssh-")
    key = {"public_key": settings.public_key if is_key else A_PUBLIC_KEY}
    demo = demo_of(settings.model_copy(update={**facts, **key}))
    absent = Live(f"{NOT_THERE}:0", outputs=defaultdict(lambda: NOT_THERE))  # a target's has a port
    known = {r.key: sides[Side.PROVIDER].known.get(r.key, absent) for r in closure(demo.resources)}
    for r in demo.resources:
        if party and not (r.side == Side.of(party) and sides[r.party] is sides[party]):
            continue
        clients = sides[r.party].clients
        caught: Any = {f"changing_{name}": Catching(getattr(clients, name)) for name in ("ec2", "elb")}
        aws = replace(sides[r.party], clients=replace(clients, **caught), known=known).to_change("doctor")
        for send in (r.request, lambda aws, r=r: r.delete(aws, known[r.key])):
            try:
                send(aws)
            except Sent as sent:
                if sent.service == "ec2" and _has_dry_run(clients, sent.operation):
                    yield sent.operation, None if NOT_THERE in str(sent.params) else sent.params


def _has_dry_run(clients: Clients, operation: str) -> bool:
    shape = clients.ec2.meta.service_model.operation_model(operation).input_shape
    return shape is not None and "DryRun" in getattr(shape, "members", ())
