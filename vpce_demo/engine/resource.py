"""What a resource is, and what it is given: ``Resource`` can find, create and delete itself through ``Aws``.

A kind is a frozen dataclass with three methods in plain API calls.  It never waits, retries, catches, logs, prints or
writes state: the engine does that, the same way for all.
"""

from __future__ import annotations

import shlex
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar, cast

from ..aws.clients import Clients
from ..aws.error_codes import ErrorKind, error_kind
from ..aws.tags import DEMO_TAG, ID_TAG, NO_OWNER, OWNER_TAG, RESOURCE_TAG, tags_of
from ..errors import NotCreated
from ..model import Held, Holder, Live, Phase, Record, Remedy, Side

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.literals import ResourceTypeType
    from mypy_boto3_ec2.type_defs import TagSpecificationTypeDef
    from mypy_boto3_ec2.type_defs import TagTypeDef as Ec2TagTypeDef
    from mypy_boto3_elbv2 import ElasticLoadBalancingv2Client
    from mypy_boto3_elbv2.type_defs import TagTypeDef

STARTED_IS_ENOUGH = {"started_is_enough": True}
"""Field metadata: the dependency must exist, but need not be ready."""
TAG = "tag "
"""The beginning of the name of a field that is a tag."""
UNCHANGEABLE = "AWS has no call that changes it"
OTHERS_MAY_NEED_IT = "others may need it, and the demo works with it"
DELETE_REQUESTED_IS_ENOUGH = {"delete_requested_is_enough": True}
"""Field metadata: the dependency can be deleted as soon as this one's delete has been requested."""


@dataclass(frozen=True, eq=False)
class Resource(ABC):
    """One thing in AWS: one create call, and a delete that undoes exactly that.

    Fields that hold resources, or tuples of them, are its dependencies; ``after`` is for an order that no other field
    shows.  ``key`` identifies it in the state file and in its tags and never changes; ``name`` is what AWS shows.
    ``party`` says with whose clients it is made: its side, or of a further consumer profile ``consumer-2``, ...
    """

    key: str
    party: str
    name: str
    after: tuple[Resource, ...] = field(default=(), kw_only=True)

    aws_noun: ClassVar[str]
    """AWS's noun for the kind, as in the middle of a sentence: what every screen calls it."""
    unique: ClassVar[str] = ""
    """What of it can be taken by another one, where that is not its name."""
    create_can_duplicate: ClassVar[bool] = False
    """True if repeating the create call makes a duplicate, because AWS offers neither a client token nor a unique
    name."""
    usual_seconds: ClassVar[float] = 0.5
    """Typical seconds from the create call until it is ready."""
    pending_words: ClassVar[frozenset[str]] = frozenset({"pending"})
    """AWS's state words, in lower case, from which it may still become ready.  Any other ends the wait."""
    ready_word: ClassVar[str] = "available"
    """AWS's state word when it is ready."""
    usual_delete_seconds: ClassVar[float] = 0.0
    """Typical seconds to delete.  0 if the delete call is synchronous."""
    remedies: ClassVar[Mapping[str, Remedy | str]] = {}
    """What ``up`` does about a field that differs, by the field's name; a text is the reason why it is left."""
    others_may_add: ClassVar[Collection[str]] = ()
    """The fields of several values to which others may have added: ``up`` asks if the demo's own are all there."""

    @abstractmethod
    def find(self, aws: Aws) -> Iterator[Live]:
        """Yield what AWS has of this resource: none, one or several, deleted ones included."""

    @abstractmethod
    def create(self, aws: Aws) -> Live:
        """Send the create call and return what AWS answers.  Does not wait."""

    def request(self, aws: Aws) -> Live:
        """Send the create call without looking at anything before it, as a dry run does."""
        return self.create(aws)

    @abstractmethod
    def delete(self, aws: Aws, live: Live) -> None:
        """Send the delete call.  Does not wait."""

    def is_recorded(self, aws: Aws, item: Mapping[str, Any], record: Record) -> bool:
        """True if what AWS keeps of this untagged item, and nobody can edit, shows that it is the recorded resource.

        Raises NotCreated if that depends on a resource that is not known."""
        return False

    def attributes(self, aws: Aws, live: Live) -> Iterator[Held]:
        """Yield the fields for which AWS has describe calls of their own.  They are asked for once, to be compared."""
        yield from ()

    def remedy(self, field: str, *, more_only: bool = False) -> tuple[Remedy, str]:
        """What ``up`` does about this field if it differs, and why if it leaves it.

        ``more_only``: AWS has all of the tutorial's values, and more."""
        told = self.remedies.get(field, Remedy.MEND if field.startswith(TAG) else UNCHANGEABLE)
        if more_only and field in self.others_may_add:
            told = Remedy.ASK
        return (told, "") if isinstance(told, Remedy) else (Remedy.LEAVE, told)

    def mend(self, aws: Aws, live: Live) -> None:
        """Bring the fields in ``live.drift`` back in place.  Repeating it does no harm.  Does not wait."""
        aws.tag_again(self, live)

    def held_by(self, aws: Aws, live: Live) -> Iterator[Holder]:
        """Yield what uses it, as far as AWS can be asked.  Called when AWS refuses to delete it."""
        yield from ()

    def release(self, aws: Aws, live: Live, holders: Sequence[Holder]) -> bool:
        """Detach these foreign holders if the kind allows it.  Returns True if it was requested."""
        return False

    def goes_with(self) -> Resource | None:
        """The resource whose deletion deletes this one too, so that no call of its own is needed."""
        return None

    def completes(self) -> Resource | None:
        """The resource whose own state changes once this one is ready."""
        return None

    @property
    def side(self) -> Side:
        return Side.of(self.party)

    @property
    def kind(self) -> str:
        """The kind for programs, as state files, logs and JSON have it."""
        return type(self).__name__

    @property
    def noun(self) -> str:
        """The kind for people."""
        return self.aws_noun

    def __str__(self) -> str:
        return f"{self.noun} {self.name}"

    @property
    def at_start(self) -> str:
        """The same at the start of a sentence."""
        return str(self)[:1].upper() + str(self)[1:]

    def needs(self) -> Iterator[Need]:
        """Yield its dependencies: the resources in its fields."""
        for f in fields(self):
            value = getattr(self, f.name)
            for item in value if isinstance(value, tuple) else (value,):
                if isinstance(item, Resource):
                    yield Need(
                        item, "started_is_enough" not in f.metadata, "delete_requested_is_enough" not in f.metadata
                    )


class Need(NamedTuple):
    """A dependency: whether it must be ready, and whether it must outlive this resource or only its delete request."""

    resource: Resource
    ready: bool
    until_gone: bool


def closure(resources: Iterable[Resource]) -> list[Resource]:
    """These resources and all their dependencies, dependencies first."""
    seen: dict[str, Resource] = {}

    def visit(resource: Resource) -> None:
        if resource.key not in seen:
            for need in resource.needs():
                visit(need.resource)
            seen[resource.key] = resource

    for resource in resources:
        visit(resource)
    return list(seen.values())


Item = TypeVar("Item", bound=Mapping[str, object])
"""One thing as a describe call lists it."""


def state_word(item: Mapping[str, Any]) -> str:
    """AWS's state word of an item, wherever its kind has it; empty if it has none."""
    state = item.get("ServiceState") or item.get("State") or item.get("Status") or ""
    return str(state.get("Name") or state.get("Code") or "") if isinstance(state, Mapping) else str(state)


class Answers:
    """Answers of describe calls, shared by callers that ask the same question at the same moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[object, _Slot] = {}

    def get(self, question: object, ask: Callable[[], Any], after: float) -> Any:
        """The answer to this question, no older than this monotonic time."""
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
    """A describe call that lists one kind of resource: all of the demo's, or the one with an id.

    ``pages`` makes the call with the parameters given; ``ids_parameter`` is the name of its parameter for ids, and the
    plural of the key for the id in an item.
    """

    pages: Callable[[Aws, Mapping[str, Any]], Iterable[Item]]
    ids_parameter: str

    def id(self, item: Item) -> str:
        return str(item[self.ids_parameter.removesuffix("s")])


@dataclass(frozen=True)
class Aws:
    """What every method of a resource is given: the clients of its party, and what is known of the demo.

    ``demo``, ``demo_id`` and ``owner`` are the demo's name, id and maker in the tags of what is made here;
    ``other_owners`` are those of its other side, and its makers before it was adopted.  ``more_tags`` are the settings'
    own tags.
    ``known`` holds what exists, by resource key, for both sides; ``records`` returns what the state file has, by
    resource key; ``unproven`` collects recorded ids of which nothing in AWS shows that they are the demo's, and
    ``taken_over`` who has made recorded resources his own by their tags.  Answers older than ``fresh`` (monotonic time)
    are not used.
    ``changing``: calls are sent once only; ``token`` is the client token of the create call.
    """

    clients: Clients
    demo: str
    demo_id: str
    known: MutableMapping[str, Live] = field(default_factory=dict)
    records: Callable[[], Mapping[str, Record]] = dict
    owner: str = ""
    other_owners: Collection[str] = ()
    more_tags: Mapping[str, str] = field(default_factory=dict)
    unproven: MutableMapping[str, str] = field(default_factory=dict)
    taken_over: MutableMapping[str, str] = field(default_factory=dict)
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
        """A copy that accepts cached answers newer than ``moment``."""
        return replace(self, fresh=moment)

    def to_change(self, token: str = "") -> Aws:
        """A copy for one call that changes something, with the client token of a create."""
        return replace(self, fresh=time.monotonic(), changing=True, token=token)

    # --- what is there ----------------------------------------------------

    def live(self, resource: Resource) -> Live:
        """What is known of a resource.  Raises NotCreated if it does not exist."""
        if resource.key not in self.known:
            raise NotCreated(f"{resource.at_start} does not exist yet.")
        return self.known[resource.key]

    def id(self, resource: Resource) -> str:
        return self.live(resource).id

    def ids(self, resources: Sequence[Resource]) -> list[str]:
        return [self.id(resource) for resource in resources]

    def output(self, resource: Resource, name: str) -> str:
        return self.live(resource).outputs[name]

    def shared(self, question: object, ask: Callable[[], Any]) -> Any:
        """The answer of ``ask``, shared with callers that ask the same question at the same moment."""
        return self.answers.get(question, ask, self.fresh)

    def listed(self, listing: Listing[Item]) -> list[Item]:
        """Everything of this demo that the call lists: one filtered, paginated call, shared by all kinds."""
        of_the_demo = {"Filters": [{"Name": f"tag:{DEMO_TAG}", "Values": [self.demo]}]}
        return cast("list[Item]", self.shared(listing, lambda: list(listing.pages(self, of_the_demo))))

    def mine(self, resource: Resource, listing: Listing[Item]) -> Iterator[Item]:
        """What the call lists of this resource: found by its tags, or by the id in the state file."""
        found = [item for item in self.listed(listing) if self.is_mine(resource, tags_of(item))]
        record = self.records().get(resource.key)
        by_tags = any(Phase.of(state_word(item)) is not Phase.GONE for item in found)
        if record and record.id and record.id not in map(listing.id, found):
            question = (listing, record.id)
            there = self.shared(question, lambda: self._by_id(listing, record.id))
            try:
                found += [item for item in there if self.is_proven(resource, tags_of(item), item, record)]
            except NotCreated:
                if not by_tags:
                    raise
        if by_tags:
            self.unproven.pop(resource.key, None)  # the record is of another one, and this one is known by its tags
        yield from found

    def _by_id(self, listing: Listing[Item], id: str) -> list[Item]:
        from botocore.exceptions import ClientError  # botocore is slow to import, and ``explain`` needs none of it

        try:
            return list(listing.pages(self, {listing.ids_parameter: [id]}))
        except ClientError as error:
            if error_kind(error) is ErrorKind.MISSING:
                return []
            raise

    # --- tags -------------------------------------------------------------

    def tags(self, resource: Resource) -> dict[str, str]:
        """The tags that mark a resource as the demo's, the Name that the console shows, and those of the settings."""
        return {
            **self.more_tags,
            "Name": resource.name,
            DEMO_TAG: self.demo,
            RESOURCE_TAG: resource.key,
            ID_TAG: self.demo_id,
            **({OWNER_TAG: self.owner} if self.owner else {}),
        }

    def held(self, resource: Resource, tags: Mapping[str, str], *fields: Held) -> tuple[Held, ...]:
        """These fields and the demo's tags, to be compared with the tutorial (``drift.py``)."""
        compared = {key: value for key, value in self.tags(resource).items() if key != OWNER_TAG}
        return (*fields, *((f"{TAG}{key}", value, tags.get(key) or ()) for key, value in compared.items()))

    def tagged(
        self, resource: Resource, *types: ResourceTypeType, more: Mapping[str, str] | None = None
    ) -> list[TagSpecificationTypeDef]:
        """TagSpecifications for an EC2 create call, with ``more`` tags if there are any."""
        tags: list[Ec2TagTypeDef] = [{"Key": k, "Value": v} for k, v in {**self.tags(resource), **(more or {})}.items()]
        return [{"ResourceType": type, "Tags": tags} for type in types]

    def command_to_tag(self, resource: Resource, id: str) -> str:
        """The AWS CLI command that gives this resource its tags."""
        tags = " ".join(shlex.quote(f"Key={key},Value={value}") for key, value in self.tags(resource).items())
        call = "elbv2 add-tags --resource-arns" if id.startswith("arn:") else "ec2 create-tags --resources"
        return f"{self.clients.cli} {call} {id} --tags {tags}"

    def elb_tags(self, resource: Resource) -> list[TagTypeDef]:
        """Tags for a create call of Elastic Load Balancing."""
        return [{"Key": k, "Value": v} for k, v in self.tags(resource).items()]

    def tag_again(self, resource: Resource, live: Live) -> None:
        """Give back the tags among the fields that differ."""
        tags: Any = [
            {"Key": one.field.removeprefix(TAG), "Value": one.tutorial}
            for one in live.drift
            if one.field.startswith(TAG)
        ]
        if tags and live.id.startswith("arn:"):
            self.elb.add_tags(ResourceArns=[live.id], Tags=tags)
        elif tags:
            self.ec2.create_tags(Resources=[live.id], Tags=tags)

    def is_ours(self, tags: Mapping[str, str]) -> bool:
        """True if these tags are those of a resource of this demo: name, id and maker."""
        named = (tags.get(DEMO_TAG), tags.get(ID_TAG, "")) == (self.demo, self.demo_id)
        return named and tags.get(OWNER_TAG, NO_OWNER) in (self.owner or NO_OWNER, *self.other_owners)

    def is_mine(self, resource: Resource, tags: Mapping[str, str]) -> bool:
        """True if these tags are this resource's.  Checked here too, so that an ignored filter does no harm."""
        return tags.get(RESOURCE_TAG) == resource.key and self.is_ours(tags)

    def is_of_another(self, tags: Mapping[str, str]) -> bool:
        """True if one of these tags names another demo, id or maker."""
        own = {DEMO_TAG: (self.demo,), ID_TAG: (self.demo_id,), OWNER_TAG: (self.owner, *self.other_owners)}
        return any(tags.get(key) not in (None, "", *values) for key, values in own.items())

    def whose(self, what: str, tags: Mapping[str, str]) -> str:
        """Something that has a name of ours: another demo's, if these tags say so."""
        if DEMO_TAG not in tags:
            return f"{what} without this demo's tags"
        made_by = f", made by {tags[OWNER_TAG]}" if tags.get(OWNER_TAG) else ""
        return f"{what} of the demo {tags[DEMO_TAG]} {tags.get(ID_TAG, '')}{made_by}"

    def is_proven(self, resource: Resource, tags: Mapping[str, str], item: Mapping[str, Any], record: Record) -> bool:
        """True if the item with the recorded id is this resource.

        A record alone proves nothing.  An item with another demo's tags never is; one without tags has to be the
        recorded one by what AWS keeps of it, else it is ``unproven``.
        """
        if self.is_of_another(tags) or tags.get(RESOURCE_TAG, resource.key) != resource.key:
            if replace(self, owner=tags.get(OWNER_TAG, "")).is_mine(resource, tags):
                self.taken_over[resource.key] = tags[OWNER_TAG]
            return False
        self.unproven[resource.key] = record.id
        if self.is_mine(resource, tags) or resource.is_recorded(self, item, record):
            del self.unproven[resource.key]
            return True
        return False
