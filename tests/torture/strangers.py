"""Strangers: somebody else's thing in the way of each kind of resource, in each way known: holding it, named like it,
tagged like it, or recorded instead of it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.cli.aws_words import aws, is_for_the_cli
from tools.account import Account
from tools.process import Ended, Wrong
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.tags import DEMO_TAG, ID_TAG, OWNER_TAG, RESOURCE_TAG

from .cases import Case, Operations, Sweep
from .world import STATE, World, expect_same

UNTOUCHED, NAMED = "left alone, the demo gone", "named, and gone after the offered commands"
REFUSED = 5
SPEED, LONGEST_SECONDS = 60, 60.0
"""How many times faster than AWS's the clock runs, and the longest wait for what is not going, in AWS's seconds."""
Make = Callable[[Clients, Mapping[str, str]], object]
"""Makes the stranger's thing, given the ids of the demo's resources by their keys."""


# --- what holds something ---------------------------------------------------------------------


def _image(clients: Clients) -> str:
    return clients.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]


def _instance(clients: Clients, subnet: str, **more: Any) -> str:
    run = clients.ec2.run_instances(
        ImageId=_image(clients), InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet, **more
    )
    return run["Instances"][0]["InstanceId"]


def _subnet(clients: Clients, ids: Mapping[str, str]) -> str:
    zone = f"{clients.region}a"  # not every zone has every instance type
    made = clients.ec2.create_subnet(VpcId=ids["customer-vpc"], CidrBlock="10.0.77.0/24", AvailabilityZone=zone)
    return made["Subnet"]["SubnetId"]


def _group(clients: Clients, ids: Mapping[str, str]) -> str:
    made = clients.ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=ids["customer-vpc"])
    return made["GroupId"]


def a_subnet_with_an_instance(clients: Clients, ids: Mapping[str, str]) -> None:
    _instance(clients, _subnet(clients, ids))


def an_instance_in_our_subnet(clients: Clients, ids: Mapping[str, str]) -> None:
    _instance(clients, ids["customer-subnet"], SecurityGroupIds=[ids["customer-group"]])


def an_interface_in_our_subnet(clients: Clients, ids: Mapping[str, str]) -> None:
    clients.ec2.create_network_interface(SubnetId=ids["provider-subnet"], Description="theirs")


def a_nat_gateway(clients: Clients, ids: Mapping[str, str]) -> None:
    address = clients.ec2.allocate_address(Domain="vpc")["AllocationId"]
    clients.ec2.create_nat_gateway(SubnetId=ids["customer-subnet"], AllocationId=address)


def an_endpoint_of_aws_and_its_group(clients: Clients, ids: Mapping[str, str]) -> None:
    clients.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface",
        ServiceName=f"com.amazonaws.{clients.region}.guardduty-data",
        PrivateDnsEnabled=False,
        VpcId=ids["customer-vpc"],
        SubnetIds=[ids["customer-subnet"]],
        SecurityGroupIds=[_group(clients, ids)],
    )


def an_egress_only_gateway(clients: Clients, ids: Mapping[str, str]) -> None:
    clients.ec2.create_egress_only_internet_gateway(VpcId=ids["provider-vpc"])


def a_peering(clients: Clients, ids: Mapping[str, str]) -> None:
    ec2 = clients.ec2
    theirs = ec2.create_vpc(CidrBlock="172.16.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=theirs, PeerVpcId=ids["provider-vpc"])["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])


def an_acl(clients: Clients, ids: Mapping[str, str]) -> None:
    clients.ec2.create_network_acl(VpcId=ids["provider-vpc"])


def a_route_table_of_a_subnet(clients: Clients, ids: Mapping[str, str]) -> None:
    table = clients.ec2.create_route_table(VpcId=ids["customer-vpc"])["RouteTable"]["RouteTableId"]
    clients.ec2.associate_route_table(RouteTableId=table, SubnetId=_subnet(clients, ids))


def a_subnet_on_our_route_table(clients: Clients, ids: Mapping[str, str]) -> None:
    clients.ec2.associate_route_table(RouteTableId=ids["customer-routes"], SubnetId=_subnet(clients, ids))


def our_table_as_the_main_one(clients: Clients, ids: Mapping[str, str]) -> None:
    ec2 = clients.ec2
    main: Any = [{"Name": "vpc-id", "Values": [ids["provider-vpc"]]}, {"Name": "association.main", "Values": ["true"]}]
    (table,) = ec2.describe_route_tables(Filters=main)["RouteTables"]
    one = next(one for one in table["Associations"] if one["Main"])
    ec2.replace_route_table_association(
        AssociationId=one["RouteTableAssociationId"], RouteTableId=ids["provider-routes"]
    )


def a_rule_of_the_default_group(clients: Clients, ids: Mapping[str, str]) -> None:
    of_it: Any = [{"Name": "vpc-id", "Values": [ids["provider-vpc"]]}, {"Name": "group-name", "Values": ["default"]}]
    (group,) = clients.ec2.describe_security_groups(Filters=of_it)["SecurityGroups"]
    _name_in(clients.ec2.authorize_security_group_ingress, group["GroupId"], ids["provider-group"])


def a_rule_to_our_group(clients: Clients, ids: Mapping[str, str]) -> None:
    _name_in(clients.ec2.authorize_security_group_egress, _group(clients, ids), ids["customer-group"])


def _name_in(authorize: Callable[..., object], group: str, named: str) -> None:
    pair = [{"GroupId": named}]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": pair}
    authorize(GroupId=group, IpPermissions=[rule])


def a_service_on_our_load_balancer(clients: Clients, ids: Mapping[str, str]) -> None:
    ec2 = clients.ec2
    ec2.delete_vpc_endpoints(VpcEndpointIds=[ids["endpoint"]])
    _until(lambda: not ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[ids["service"]])["Unsuccessful"])
    _until(lambda: ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[ids["load-balancer"]]))


def _until(done: Callable[[], object]) -> None:
    for _ in range(200):
        try:
            if done():
                return
        except ClientError:
            pass
        time.sleep(0.02)
    raise Wrong("the stranger could not get so far")


def a_protected_instance(clients: Clients, ids: Mapping[str, str]) -> None:
    clients.ec2.modify_instance_attribute(InstanceId=ids["web"], DisableApiTermination={"Value": True})


def a_protected_load_balancer(clients: Clients, ids: Mapping[str, str]) -> None:
    protect: Any = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    clients.elb.modify_load_balancer_attributes(LoadBalancerArn=ids["load-balancer"], Attributes=protect)


HOLDING: Mapping[str, Make] = {
    make.__name__.replace("_", " "): make
    for make in (
        a_subnet_with_an_instance,
        an_instance_in_our_subnet,
        an_interface_in_our_subnet,
        a_nat_gateway,
        an_endpoint_of_aws_and_its_group,
        an_egress_only_gateway,
        a_peering,
        an_acl,
        a_route_table_of_a_subnet,
        a_subnet_on_our_route_table,
        our_table_as_the_main_one,
        a_rule_of_the_default_group,
        a_rule_to_our_group,
        a_service_on_our_load_balancer,
        a_protected_instance,
        a_protected_load_balancer,
    )
}


# --- what is like something ----------------------------------------------------------------------


def like(clients: Clients, kind: str) -> str:
    """Make a thing of this kind that has nothing to do with the demo, and return its id."""
    ec2, elb = clients.ec2, clients.elb
    default: Any = [{"Name": "default-for-az", "Values": ["true"]}]
    subnet = ec2.describe_subnets(Filters=default)["Subnets"][0]
    vpc = subnet["VpcId"]
    match kind:
        case "provider-vpc":
            return ec2.create_vpc(CidrBlock="20.0.0.0/16")["Vpc"]["VpcId"]
        case "provider-gateway":
            return ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        case "provider-subnet":
            theirs = ec2.create_vpc(CidrBlock="20.0.0.0/16")["Vpc"]["VpcId"]
            return ec2.create_subnet(VpcId=theirs, CidrBlock="20.0.1.0/24")["Subnet"]["SubnetId"]
        case "provider-routes":
            return ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        case "provider-key":
            return ec2.create_key_pair(KeyName="theirs")["KeyPairId"]
        case "provider-group":
            return ec2.create_security_group(GroupName="Webserver_sg", Description="x", VpcId=vpc)["GroupId"]
        case "web":
            return _instance(clients, subnet["SubnetId"])
        case "target-group":
            made = elb.create_target_group(Name="theirs", Protocol="TCP", Port=80, VpcId=vpc)
            return made["TargetGroups"][0]["TargetGroupArn"]
        case "load-balancer":
            balancer = elb.create_load_balancer(
                Name="theirs", Type="network", Scheme="internal", Subnets=[subnet["SubnetId"]]
            )
            return balancer["LoadBalancers"][0]["LoadBalancerArn"]
        case "service":
            on = like(clients, "load-balancer")
            service = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[on])
            return service["ServiceConfiguration"]["ServiceId"]
    service_name = f"com.amazonaws.{clients.region}.ssm"
    endpoint = ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", ServiceName=service_name, VpcId=vpc, SubnetIds=[subnet["SubnetId"]]
    )
    return endpoint["VpcEndpoint"]["VpcEndpointId"]


KINDS = (
    *("provider-vpc", "provider-gateway", "provider-subnet", "provider-routes", "provider-key", "provider-group"),
    *("web", "target-group", "load-balancer", "service", "endpoint"),
)


def tag(clients: Clients, id: str, tags: Mapping[str, str]) -> None:
    """Give it these tags."""
    if id.startswith("arn:"):
        clients.elb.add_tags(ResourceArns=[id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    else:
        clients.ec2.create_tags(Resources=[id], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])


def untag(clients: Clients, id: str) -> None:
    """Take the demo's tags off it."""
    keys = [DEMO_TAG, RESOURCE_TAG, ID_TAG, OWNER_TAG]
    if id.startswith("arn:"):
        clients.elb.remove_tags(ResourceArns=[id], TagKeys=keys)
    else:
        clients.ec2.delete_tags(Resources=[id], Tags=[{"Key": key} for key in keys])


# --- cases -------------------------------------------------------------------------------------------


def recorded(world: World) -> tuple[Path, dict[str, Any]]:
    """The state file and what is in it."""
    path = world.demo() / "state.json"
    return path, json.loads(path.read_text())


def ids_of(world: World) -> dict[str, str]:
    return {key: entry["id"] for key, entry in recorded(world)[1]["resources"].items()}


def theirs(world: World, ours: Mapping[str, str]) -> Account:
    """What the account holds that is not the demo's."""
    own = set(ours.values())
    return {id: thing for id, thing in world.held().items() if id not in own and not _made_for(thing, own)}


def _made_for(thing: Any, own: set[str]) -> bool:
    """True for what AWS makes along with the demo's resources, and deletes with them."""
    text = json.dumps(thing, default=str)
    return any(id.rpartition("/")[2] in text for id in own)


@dataclass(frozen=True)
class Held(Case):
    """Something of a stranger holds a resource."""

    by: str

    @property
    def row(self) -> str:
        return f"held by {self.by}"

    def run(self, world: World) -> Iterator[str]:
        world.succeed("up", "--skip-test")
        ours = ids_of(world)
        HOLDING[self.by](world.clients, ours)
        world.speed(SPEED)
        before = theirs(world, ours)
        done = world.run("-o", "json", "down")
        if done.code != 7:
            raise Wrong(f"it should have named what holds the rest: {done}")
        expect_same(before, theirs(world, ours))
        expect_no_wait(world)
        carry_out(world, done)
        left = [id for id in world.held() if id in ours.values()]
        if left or (world.demo() / "state.json").exists():
            raise Wrong(f"left after the offered commands: {left}")
        yield NAMED


def expect_no_wait(world: World) -> None:
    """Nothing that was refused was asked for again for long.  Raises Wrong."""
    (log,) = [max((world.directory / ".vpce-demo" / "logs").rglob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)]
    first: dict[str, float] = {}
    for line in map(json.loads, log.read_text().splitlines()):
        if line["type"] != "event":
            continue
        if line["action"] == "retrying":
            first.setdefault(line["key"], line["seconds"])
        elif line["action"] == "failed" and line["key"] in first:
            waited = (line["seconds"] - first[line["key"]]) * SPEED
            if waited > LONGEST_SECONDS:
                raise Wrong(f"{line['key']} was waited for {waited:.0f} s of AWS's clock: {line['error']}")


def carry_out(world: World, done: Ended) -> None:
    """Carry out the commands that it offers, as they stand."""
    document = done.document
    fixes = document.get("diagnosis", {}).get("fixes", [])
    lines = [line.strip() for line in document["error"]["hint"].split("\n") if line.startswith("    ")]
    commands = fixes[0]["command"].split(" && ") if fixes and not lines else lines
    if not commands:
        raise Wrong(f"it offers no command: {done}")
    world.speed("max")
    for command in commands:
        repeated = re.fullmatch(r"for try in \$\(seq 60\); do if (.*); then break; fi; sleep 5; done", command)
        line = repeated[1] if repeated else command
        if is_for_the_cli(line):
            call = partial(aws, line, world.sandbox.endpoint_url)
            _until(call) if repeated else call()
        else:
            world.succeed(*(word for word in shlex.split(line)[1:] if word != "--sandbox"))


@dataclass(frozen=True)
class Like(Case):
    """A stranger's thing is tagged like a resource, or stands in the state file instead of it."""

    kind: str
    way: str

    @property
    def row(self) -> str:
        return f"{self.way}: {self.kind}"

    def run(self, world: World) -> Iterator[str]:
        world.succeed("up", "--skip-test")
        ours = ids_of(world)
        stranger = like(world.clients, self.kind)
        if self.way.startswith("tagged"):
            tags = {DEMO_TAG: "vpce-demo", RESOURCE_TAG: self.kind}
            more = {ID_TAG: "ffffff"} if "another id" in self.way else {ID_TAG: recorded(world)[1]["demo_id"]}
            owner = {} if "another id" in self.way else {OWNER_TAG: "arn:aws:iam::123456789012:user/somebody"}
            tag(world.clients, stranger, tags | more | owner)
        else:
            path, state = recorded(world)
            state["resources"][self.kind]["id"] = stranger
            path.write_text(json.dumps(state))
        before = theirs(world, ours)
        world.succeed("up", "--skip-test")
        if ids_of(world) != ours:
            raise Wrong("up has replaced something of the demo")
        expect_same(before, theirs(world, ours))
        world.succeed("down")
        expect_same(before, {id: thing for id, thing in theirs(world, ours).items() if id in before})
        if left := [id for id in world.held() if id in ours.values()]:
            raise Wrong(f"left, and said to be gone: {left}")
        yield UNTOUCHED


@dataclass(frozen=True)
class People(Case):
    """Two people, each with a directory of their own, in one account and with the same name of a demo."""

    first: str
    second: str
    at_once: bool = False

    @property
    def row(self) -> str:
        return "two people, at once" if self.at_once else "two people, one after the other"

    def run(self, world: World) -> Iterator[str]:
        state = world.directory / "other" / STATE
        state.mkdir(parents=True, exist_ok=True)
        if not (state / "emulator").is_symlink():
            (state / "emulator").symlink_to(world.emulator)
        alice, bob = ("--profile", "alice"), ("--profile", "bob", "--state-dir", str(state))
        try:
            if self.at_once:
                if self.first == "down":
                    world.succeed("up", "--skip-test", *alice)
                started = [world.start(*COMMANDS[self.first], *alice), world.start(*COMMANDS[self.second], *bob)]
                self.expect([one.ended() for one in started])
            else:
                world.succeed("up", "--skip-test", *alice)
                before = world.held()
                self.expect([world.run(*COMMANDS[self.second], *bob)])
                expect_same(before, world.held())
            ours = {id: thing for id, thing in world.held().items() if _is_of("bob", thing)}
            gone = world.run("down", *alice)
            if gone.code not in (0, REFUSED):  # refused, if only the other one has made a demo
                raise Wrong(f"it should have deleted what is its own: {gone}")
            expect_same(ours, {id: thing for id, thing in world.held().items() if _is_of("bob", thing)})
            world.run("down", *bob)
            world.expect_nothing()
        finally:
            shutil.rmtree(world.directory / "other")
        yield UNTOUCHED

    def expect(self, ends: list[Ended]) -> None:
        """Raises Wrong for an exit code other than 0 or that of a refusal, and where it is not said whose a demo is."""
        allowed = (0, REFUSED) if self.at_once or self.second in ("status", "diagram") else (REFUSED,)
        for done in ends:
            if done.code not in allowed:
                raise Wrong(f"its exit code should be one of {allowed}: {done}")
        if self.second == "status" and not self.at_once and "user/alice" not in ends[0].out + ends[0].err:
            raise Wrong(f"it does not say whose the demo is: {ends[0]}")


def _is_of(name: str, thing: Any) -> bool:
    return f"user/{name}" in json.dumps(thing, default=str)


COMMANDS = {
    "plan": ("plan",),
    "status": ("status",),
    "diagram": ("diagram",),
    "test": ("test",),
    "up": ("up", "--skip-test"),
    "create-provider": ("create-provider",),
    "accept": ("accept",),
    "down": ("down", "--yes"),
    "adopt": ("adopt",),
}
WAYS = ("tagged with another id", "tagged with another owner", "recorded instead")


def cases(operations: Operations) -> list[Case]:
    """Each kind in each way, and each pair of commands."""
    return [
        *(Held(by) for by in HOLDING),
        *(Like(kind, way) for way in WAYS for kind in KINDS),
        *(People("up", second) for second in COMMANDS),
        *(People(first, second, at_once=True) for first in ("up", "down") for second in COMMANDS if second != "adopt"),
    ]


SWEEP = Sweep(
    "strangers",
    "Among other people",
    f"""\
A stranger's thing is put in the way of each kind of resource: it holds it, carries its tags with another id or another
owner, or stands in the state file instead of it. Afterwards everything of the stranger's is as it was, field by field.
The demo is gone, or `down` ends with exit code 7, names what holds the rest, and offers commands which are then
carried out, as they stand, and after which nothing of the demo is left. Nothing that was refused is waited for longer
than {LONGEST_SECONDS:.0f} seconds of AWS's clock. A name that is taken is among the neighbours. Two people, with demos
of one name in one account, run each pair of commands, one after the other and at once: neither touches what the other
made.""",
    (UNTOUCHED, NAMED),
    cases,
)
