"""Clients for one account and region, what we know of our resources there, and the tags that make them ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from botocore.exceptions import ClientError

from ..errors import NotCreated
from ..model import Held, Live, Resource
from .error_codes import Fault, fault
from .tags import DEMO_TAG, ID_TAG, RESOURCE_TAG, tags_of

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.literals import ResourceTypeType
    from mypy_boto3_ec2.type_defs import TagSpecificationTypeDef
    from mypy_boto3_ec2.type_defs import TagTypeDef as Ec2TagTypeDef
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import TagTypeDef
    from mypy_boto3_ssm import SSMClient


Item = TypeVar("Item", bound=Mapping[str, object])
"""One thing as a describe call lists it."""


@dataclass(frozen=True)
class Clients:
    """boto3 clients of one account and region.  Clients may be shared by threads; sessions may not."""

    ec2: EC2Client
    elb: ElasticLoadBalancingv2Client
    ssm: SSMClient
    changing_ec2: EC2Client
    """For calls that change something: sent once.  botocore would send a create again whose answer was lost, and AWS
    would make two."""
    changing_elb: ElasticLoadBalancingv2Client
    other: Callable[[str], Any]
    """Makes a client of a service that is asked once, if at all, by botocore's name for it."""
    account: str
    region: str
    cli: str
    """How the AWS CLI is called for the same account and region."""
    alias: Future[str] | None = None
    """The account's alias, as soon as AWS has told it; only where it is asked for."""


class Answers:
    """Answers of describe calls, shared by everybody who asks the same in the same moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[object, _Slot] = {}

    def get(self, question: object, ask: Callable[[], Any], after: float) -> Any:
        """The answer to this question, asked of AWS not before that moment of the monotonic clock."""
        with self._lock:
            slot = self._slots.setdefault(question, _Slot())
        with slot.lock:
            if slot.asked <= after:
                asked = time.monotonic()
                slot.answer = ask()
                slot.asked = asked
            return slot.answer


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    asked: float = float("-inf")
    answer: Any = None


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """A describe call that lists one kind of thing: everything of the demo, or what has one id.

    ``pages`` makes the call with the parameters given; ``ids_parameter`` is how the call takes ids.
    """

    pages: Callable[[Aws, Mapping[str, Any]], Iterable[Item]]
    ids_parameter: str


@dataclass(frozen=True)
class Aws:
    """What every method of a resource is given.

    ``known`` holds what is there, by resource key, for both sides; ``recorded`` gives the id in the state file, if any;
    ``fresh`` the moment before which an answer is too old; ``changing`` says that calls are sent once, and ``token`` is
    the client token of the create at hand.
    """

    clients: Clients
    demo: str
    demo_id: str
    known: MutableMapping[str, Live] = field(default_factory=dict)
    recorded: Callable[[str], str] = lambda key: ""
    answers: Answers = field(default_factory=Answers)
    fresh: float = 0.0
    changing: bool = False
    token: str = ""

    @property
    def ec2(self) -> EC2Client:
        return self.clients.changing_ec2 if self.changing else self.clients.ec2

    @property
    def elb(self) -> ElasticLoadBalancingv2Client:
        return self.clients.changing_elb if self.changing else self.clients.elb

    def fresh_after(self, moment: float) -> Aws:
        """The same, content with answers asked for after that moment."""
        return replace(self, fresh=moment)

    def to_change(self, token: str = "") -> Aws:
        """The same for one call that changes something, with the client token of a create."""
        return replace(self, fresh=time.monotonic(), changing=True, token=token)

    # --- what is there ----------------------------------------------------

    def live(self, resource: Resource) -> Live:
        """What we know of a resource.  Raises NotCreated where there is none."""
        if resource.key not in self.known:
            raise NotCreated(f"{resource} does not exist yet.")
        return self.known[resource.key]

    def id(self, resource: Resource) -> str:
        return self.live(resource).id

    def ids(self, resources: Sequence[Resource]) -> list[str]:
        return [self.id(resource) for resource in resources]

    def output(self, resource: Resource, name: str) -> str:
        return self.live(resource).outputs[name]

    def shared(self, question: object, ask: Callable[[], Any]) -> Any:
        """An answer that others may have asked for in the same moment."""
        return self.answers.get(question, ask, self.fresh)

    def listed(self, listing: Listing[Item]) -> list[Item]:
        """Everything of this demo that the call lists, in one filtered and paginated call shared by all kinds."""
        of_the_demo = {"Filters": [{"Name": f"tag:{DEMO_TAG}", "Values": [self.demo]}]}
        return cast("list[Item]", self.shared(listing, lambda: list(listing.pages(self, of_the_demo))))

    def mine(self, resource: Resource, listing: Listing[Item]) -> Iterator[Item]:
        """What the call lists of this resource: by its tags, checked here too, else by the id in the state file."""
        found = [item for item in self.listed(listing) if self.is_mine(resource, tags_of(item))]
        if not found and (recorded := self.recorded(resource.key)):
            question = (listing, recorded)
            found = self.shared(question, lambda: self._by_id(listing, recorded))
        yield from found

    def _by_id(self, listing: Listing[Item], id: str) -> list[Item]:
        try:
            return list(listing.pages(self, {listing.ids_parameter: [id]}))
        except ClientError as error:
            if fault(error) is Fault.MISSING:
                return []
            raise

    # --- tags -------------------------------------------------------------

    def tags(self, resource: Resource) -> dict[str, str]:
        """The tags that make a resource ours, and the Name that the console shows."""
        return {
            "Name": resource.name,
            DEMO_TAG: self.demo,
            RESOURCE_TAG: resource.key,
            ID_TAG: self.demo_id,
        }

    def held(self, resource: Resource, tags: Mapping[str, str], *fields: Held) -> tuple[Held, ...]:
        """These fields of what was found, and our tags on it, to be compared with the tutorial (``drift.py``)."""
        ours = ((f"tag {key}", value, tags.get(key) or ()) for key, value in self.tags(resource).items())
        return (*fields, *ours)

    def tagged(
        self, resource: Resource, *types: ResourceTypeType, more: Mapping[str, str] | None = None
    ) -> list[TagSpecificationTypeDef]:
        """TagSpecifications for an EC2 create call, with ``more`` tags if there are any."""
        tags: list[Ec2TagTypeDef] = [{"Key": k, "Value": v} for k, v in {**self.tags(resource), **(more or {})}.items()]
        return [{"ResourceType": type, "Tags": tags} for type in types]

    def elb_tags(self, resource: Resource) -> list[TagTypeDef]:
        """Tags for a create call of Elastic Load Balancing."""
        return [{"Key": k, "Value": v} for k, v in self.tags(resource).items()]

    def is_mine(self, resource: Resource, tags: Mapping[str, str]) -> bool:
        """Whether these tags are of this resource; checked here too, since a filter that is ignored must do no harm."""
        return tags.get(DEMO_TAG) == self.demo and tags.get(RESOURCE_TAG) == resource.key
