"""What is exported, whatever the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeVar

from ..config.settings import TUTORIAL, Settings
from ..engine.resource import Resource
from ..model import Live
from ..resources.subnet import Subnet
from ..tutorial import Demo, Step

R = TypeVar("R", bound=Resource)


class Party(NamedTuple):
    """Where a party is, by whose sign-in, and who made it, as in the tag."""

    account: str
    region: str
    profile: str
    owner: str


@dataclass
class Subject:
    """The demo, what stands of it by resource key, and the parties by name.

    ``command`` is the beginning of a command line for the demo, with its options.
    """

    demo: Demo
    settings: Settings
    live: Mapping[str, Live]
    parties: Mapping[str, Party]
    command: str
    is_sandbox: bool = False

    part_of: ClassVar[Mapping[type[Resource], str]] = {}
    """The kinds that this format writes within another resource, and the field that holds that one."""

    def whole(self, resource: Resource) -> Resource:
        """The resource itself, or the one that it is written within."""
        name = self.part_of.get(type(resource))
        held: Resource = getattr(resource, name) if name else resource
        return held

    def parts(self, kind: type[R], resource: Resource) -> list[R]:
        """The resources of this kind that are written within that resource."""
        every = [one for one in self.demo.resources if isinstance(one, kind)]
        return [one for one in every if self.whole(one) is resource]

    def zone(self, subnet: Subnet) -> str:
        """What the zone of a subnet is called: ``zone_id``, ``second_zone_id``, ``consumer_zone_id``."""
        s = self.settings
        names = {s.consumer_zone_id: "consumer_zone_id", s.provider_second_zone_id: "second_zone_id"}
        return (names | {s.provider_zone_id: "zone_id"}).get(subnet.zone_id, "zone_id")


def heading(step: Step) -> str:
    """``Step 7: Load balancer``, as a comment has it."""
    where = "" if step.chapter == TUTORIAL else f", chapter {step.chapter}"
    return f"Step {step.number}{where}: {step.title}"
