"""Neighbours: other demos and a stranger's look-alikes in the same account, and two commands of one demo at once."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.account import Account, account
from tools.process import Wrong
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.tags import DEMO_TAG, ID_TAG, KEY_TAG, RESOURCE_TAG
from vpce_demo.config.load import load
from vpce_demo.config.settings import Settings
from vpce_demo.engine.engine import Engine
from vpce_demo.engine.resource import Aws
from vpce_demo.model import Side
from vpce_demo.session.discover import find_out
from vpce_demo.session.open import sides_of
from vpce_demo.ssh import ensure_key
from vpce_demo.tutorial import tutorial

from .cases import Case, Operations, Sweep
from .world import READING, World, expect_same, passed

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import FilterTypeDef, SubnetTypeDef

LEFT_ALONE, LOCKED_OUT, REFUSED, NAMED = "left alone", "one works, the other exits 9", "refused", "named, and kept"
OUR_TAGS = (DEMO_TAG, RESOURCE_TAG, ID_TAG, KEY_TAG)
LOCKED, REFUSED_CODE, LEFTOVERS = 9, 5, 7
WHILE_SECONDS = 1.5
"""How long the first of two commands is held up in the middle of its work."""
MIDDLE, MOMENT = "one in the middle of the other", "in the same moment"


# --- strangers -----------------------------------------------------------------------------


def look_alikes(clients: Clients, settings: Settings) -> None:
    """Build the tutorial by hand: the same names and addresses, but the stranger's own tags."""
    # These names are one in a region, so here the stranger has to have others.
    provider = {"key_name": "My_key", "load_balancer_name": "My-LB", "target_group_name": "My-TG"}
    theirs = settings.model_copy(
        update={
            "provider": settings.provider.model_copy(update=provider),
            "consumer": settings.consumer.model_copy(update={"key_name": "My_other_key"}),
        }
    )
    before = set(account(clients))
    aws = Aws(clients, "by-hand", "")
    assert Engine(dict.fromkeys(Side, aws), lambda event: None, 1e9).up(tutorial(theirs).resources) == []
    made = [id for id in account(clients) if id not in before]
    arns = [id for id in made if id.startswith("arn:")]
    ids = [id for id in made if not id.startswith(("arn:", "vpce-con-"))]
    clients.ec2.delete_tags(Resources=ids, Tags=[{"Key": key} for key in OUR_TAGS])
    clients.ec2.create_tags(Resources=ids, Tags=[{"Key": "Owner", "Value": "a stranger"}])
    clients.elb.remove_tags(ResourceArns=[*arns, aws.known["listener"].id], TagKeys=list(OUR_TAGS))
    clients.elb.add_tags(ResourceArns=arns, Tags=[{"Key": "Owner", "Value": "a stranger"}])


def in_the_default_vpc(clients: Clients, settings: Settings) -> None:
    """The same names again, in a network that was there before: for when there is no room for more VPCs."""
    ec2, elb = clients.ec2, clients.elb
    subnet = default_subnet(clients, settings.zone)
    vpc = subnet["VpcId"]
    for side in (settings.provider, settings.consumer):
        group = ec2.create_security_group(GroupName=side.group_name, Description=side.group_description, VpcId=vpc)
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        run = ec2.run_instances(
            ImageId=settings.provider_image,
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet["SubnetId"],
            SecurityGroupIds=[group["GroupId"]],
        )
        names = {
            group["GroupId"]: side.group_name,
            table: side.route_table_name,
            run["Instances"][0]["InstanceId"]: side.instance_name,
        }
        for id, name in names.items():
            ec2.create_tags(Resources=[id], Tags=[{"Key": "Name", "Value": name}])
    elb.create_target_group(Name="His-TG", Protocol="TCP", Port=80, VpcId=vpc)
    balancer = internal_load_balancer(clients, "His-LB", subnet)
    service = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[balancer])
    endpoint = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        ServiceName=service["ServiceConfiguration"]["ServiceName"],
        SubnetIds=[subnet["SubnetId"]],
        VpcId=vpc,
    )
    names = {
        service["ServiceConfiguration"]["ServiceId"]: settings.provider.service_name,
        endpoint["VpcEndpoint"]["VpcEndpointId"]: settings.consumer.endpoint_name,
    }
    for id, name in names.items():
        ec2.create_tags(Resources=[id], Tags=[{"Key": "Name", "Value": name}])


def default_subnet(clients: Clients, zone: str) -> SubnetTypeDef:
    """The subnet that is in every zone from the beginning, in the default VPC."""
    of_the_zone: FilterTypeDef = {"Name": "availability-zone", "Values": [zone]}
    (subnet,) = clients.ec2.describe_subnets(Filters=[of_the_zone, {"Name": "default-for-az", "Values": ["true"]}])[
        "Subnets"
    ]
    return subnet


def internal_load_balancer(clients: Clients, name: str, subnet: SubnetTypeDef) -> str:
    """A load balancer where there is no internet gateway; returns its ARN."""
    answer = clients.elb.create_load_balancer(
        Name=name, Type="network", Scheme="internal", Subnets=[subnet["SubnetId"]]
    )
    return answer["LoadBalancers"][0]["LoadBalancerArn"]


def settings_of(world: World) -> Settings:
    """The tutorial's own, as a demo would find them out here."""
    config = load(None, {})
    found = find_out(config, world.environment, sides_of(config.name, world.environment))
    return found.model_copy(update={"public_key": ensure_key(world.directory / "stranger.pem", "a stranger")})


def missing_or_changed(before: Account, after: Account) -> list[str]:
    """What of the account is not as it was, whatever is new."""
    return [id for id, thing in before.items() if after.get(id) != thing]


# --- cases ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Neighbours(Case):
    """Somebody's resources are there; a demo lives its whole life beside them."""

    beside: str
    name: str

    @property
    def row(self) -> str:
        return f"a demo beside {self.beside}"

    def run(self, world: World) -> Iterator[str]:
        for one in self.beside.split(" and "):
            if one == "a stranger":
                look_alikes(world.clients, settings_of(world))
            elif one == "a stranger in the default VPC":
                in_the_default_vpc(world.clients, settings_of(world))
            else:
                world.succeed("up", "--skip-test", "--name", "neighbour")
        before = world.held()
        for what in self.life(world):
            if differ := missing_or_changed(before, world.held()):
                raise Wrong(f"{what} has changed what is a neighbour's: {', '.join(differ)}")
            yield LEFT_ALONE
        expect_same(before, world.held())

    def life(self, world: World) -> Iterator[str]:
        """Made, made again, killed while it was being deleted, mended, and deleted without its state file."""
        named = ("--name", self.name)
        for words in (("up",), ("up",)):
            passed(world.succeed("-o", "json", *words, *named))
            yield "up"
        with world.fault("kill-after", operation="Delete*", nth=2):
            killed = world.run("down", *named)
        if killed.code != -signal.SIGKILL:
            raise Wrong(f"it should have been killed: {killed}")
        yield "down, killed"
        passed(world.succeed("-o", "json", "up", *named))
        yield "up after that"
        (world.demo(self.name) / "state.json").unlink()
        world.succeed("down", *named)
        yield "down"


@dataclass(frozen=True)
class AtOnce(Case):
    """Two commands of one demo: the second in the middle of the first, or both in the same moment."""

    first: str
    second: str
    when: str

    @property
    def row(self) -> str:
        return f"{self.first} and {self.second} of one demo, {self.when}"

    def run(self, world: World) -> Iterator[str]:
        if self.first == "down":
            world.succeed("up", "--skip-test")
        operation = {"up": "CreateVpc", "down": "DeleteVpcEndpoints"}[self.first]
        with world.fault("delay", operation=operation, seconds=WHILE_SECONDS):
            first = world.start(self.first)
            if self.when == MIDDLE:
                while not any(call["operation"] == operation for call in world.calls()):
                    time.sleep(0.01)
            second = world.start(self.second)
            ends = [first.ended(), second.ended()]
        codes = [done.code for done in ends]
        if (sorted(codes) if self.when == MOMENT else codes) != [0, LOCKED]:
            raise Wrong(f"exit codes should be 0 and {LOCKED}, not {codes}:\n{ends[0]}\n{ends[1]}")
        holder, refused = (first, ends[1]) if codes[1] else (second, ends[0])
        if str(holder.pid) not in refused.err:
            raise Wrong(f"it does not say that process {holder.pid} is at work: {refused}")
        if self.first == "up":
            world.up_and_whole()
        world.down_and_nothing()
        yield LOCKED_OUT


@dataclass(frozen=True)
class Taken(Case):
    """Somebody has a name that is one in a region."""

    kind: str

    @property
    def row(self) -> str:
        return f"the name of the {self.kind} is somebody else's"

    def run(self, world: World) -> Iterator[str]:
        settings, elb, ec2 = settings_of(world), world.clients.elb, world.clients.ec2
        if self.kind == "load balancer":
            name = settings.provider.load_balancer_name
            subnet = default_subnet(world.clients, settings.zone)
            internal_load_balancer(world.clients, name, subnet)
        elif self.kind == "target group":
            name = settings.provider.target_group_name
            vpc = default_subnet(world.clients, settings.zone)["VpcId"]
            elb.create_target_group(Name=name, Protocol="TCP", Port=80, VpcId=vpc)
        else:
            name = settings.provider.key_name
            ec2.import_key_pair(KeyName=name, PublicKeyMaterial=settings.public_key)
        before, calls = world.held(), len(world.calls())
        done = world.run("up")
        changes = [c["operation"] for c in world.calls()[calls:] if not c["operation"].startswith(READING)]
        if done.code != REFUSED_CODE or name not in done.err or changes:
            raise Wrong(f"it should have been refused before anything is made, but {changes or 'nothing'} was: {done}")
        expect_same(before, world.held())
        yield REFUSED


@dataclass(frozen=True)
class Connected(Case):
    """Somebody's endpoint is connected to the demo's service."""

    @property
    def row(self) -> str:
        return "somebody else's endpoint on the demo's service"

    def run(self, world: World) -> Iterator[str]:
        world.succeed("up", "--skip-test")
        ec2 = world.clients.ec2
        (service,) = ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"]
        subnet = default_subnet(world.clients, service["AvailabilityZones"][0])
        endpoint = ec2.create_vpc_endpoint(
            VpcEndpointType="Interface",
            ServiceName=service["ServiceName"],
            VpcId=subnet["VpcId"],
            SubnetIds=[subnet["SubnetId"]],
        )["VpcEndpoint"]["VpcEndpointId"]
        before = self.theirs(world, endpoint)
        done = world.run("-o", "json", "down")
        if done.code != LEFTOVERS or endpoint not in done.err or "--reject-foreign-connections" not in done.err:
            raise Wrong(f"it should have named {endpoint} and what to do: {done}")
        expect_same(before, self.theirs(world, endpoint))
        world.succeed("down", "--reject-foreign-connections")
        if "rejected" not in json.dumps(self.theirs(world, endpoint), default=str):
            raise Wrong(f"{endpoint} was not rejected")
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
        world.expect_nothing()
        yield NAMED

    def theirs(self, world: World, endpoint: str) -> Account:
        """Their endpoint, as the account holds it."""
        return {id: thing for id, thing in world.held().items() if id == endpoint}


def cases(operations: Operations) -> list[Case]:
    """Two more VPCs at a time beside the demo's: AWS allows five, the default one among them."""
    return [
        Neighbours("a stranger", "vpce-demo"),
        Neighbours("a stranger", "second"),
        Neighbours("another demo", "vpce-demo"),
        Neighbours("another demo and a stranger in the default VPC", "vpce-demo"),
        *(AtOnce(first, second, MIDDLE) for first in ("up", "down") for second in ("up", "down", "test")),
        AtOnce("up", "up", MOMENT),
        *(Taken(kind) for kind in ("load balancer", "target group", "key pair")),
        Connected(),
    ]


SWEEP = Sweep(
    "neighbours",
    "Neighbours",
    """\
A demo goes through its whole life (created, created again, killed while it is deleted, created again, deleted
without its state file) beside another demo, and beside foreign resources with the tutorial's own names. After each
command, everything that existed before must be as it was, field by field. Of two commands of one demo at the same
time, one works and the other exits with 9 and names the running process. A name that is taken is refused before
anything is created. A foreign endpoint on the demo's service is named by `down`, and rejected only on request.""",
    (LEFT_ALONE, LOCKED_OUT, REFUSED, NAMED),
    cases,
)
