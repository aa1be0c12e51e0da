"""Cross-zone load balancing of a Network Load Balancer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..engine.resource import Aws, Resource
from ..model import Live, Phase
from .load_balancer import CROSS_ZONE, LoadBalancer, balancer_attributes, set_attribute


@dataclass(frozen=True, eq=False)
class CrossZone(Resource):
    """Lets each node of a load balancer send to the targets in all its zones: it is in two, and the target in one.

    It is an attribute of the load balancer, whose ARN identifies it, and has no tags.
    """

    aws_noun = "cross-zone load balancing"

    load_balancer: LoadBalancer

    ready_word = "on"

    def find(self, aws: Aws) -> Iterator[Live]:
        arn = aws.id(self.load_balancer)
        if balancer_attributes(aws, arn).get(CROSS_ZONE) == "true":
            yield Live(arn, Phase.READY, self.ready_word)

    def create(self, aws: Aws) -> Live:
        arn = aws.id(self.load_balancer)
        set_attribute(aws, arn, CROSS_ZONE, "true")
        return Live(arn, Phase.READY, self.ready_word)

    def delete(self, aws: Aws, live: Live) -> None:
        set_attribute(aws, live.id, CROSS_ZONE, "false")

    def goes_with(self) -> Resource:
        return self.load_balancer
