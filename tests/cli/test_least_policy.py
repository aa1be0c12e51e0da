"""The proof of ``iam-policy``: in a sandbox that checks permissions a user who has exactly the printed policy runs
everything, and one who lacks any of its actions is told which."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import boto3
import pytest

from tools.account import account
from vpce_demo.aws import environment
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.iam_policy import EXTRAS, actions
from vpce_demo.aws.tags import RESOURCE_TAG, tags_of
from vpce_demo.chapters import CHAPTERS
from vpce_demo.cli import run_command
from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.engine.resource import Resource
from vpce_demo.exercises.attempts import ANSWER
from vpce_demo.exercises.ways import WAYS
from vpce_demo.model import Remedy, Side
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import tutorial
from vpce_demo.verify.diagnosis import RULES

from .. import iam
from ..changes import CALLED, CALLED_IN_CHAPTERS, DESCRIBED, Standing, remedy
from ..in_process import reached_in_process
from .program import Done, good
from .stage import write_server_file

HERE, ELSEWHERE = "", "ssh_from: 0.0.0.0/0\n"
UNSEEN = {
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpointServicePermissions",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
}
"""Without these, fields that differ are not seen, and not mended."""
QUESTIONS = {
    "ec2:DescribeNetworkAcls": "acl-return-ports",
    "ec2:DescribeVpcEndpointServicePermissions": "service-not-found",
    "ec2:GetConsoleOutput": "targets-unhealthy:httpd",
}
"""What only a diagnosis asks, or also, with a way to break a demo at which it does."""
DOCTOR = {"ec2:DescribeRegions": "region"}
"""What ``doctor`` asks, with the line that says what it could not."""
SPEED = 40.0
"""How many times faster than AWS the clock runs where tags are known late."""
DENIALS = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
SAMPLE = ["ec2:DeleteVpc", "ssm:GetParameter"]
"""One to change and one to look; all together take minutes."""


class Users:
    """The program in this process, each side with the keys of an IAM user, in a sandbox of this process."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        self.sandbox, self.directory = sandbox, directory
        self.sides: dict[Side, boto3.Session] = {}
        self.apart = False
        self.after = ExitStack()
        self.first: list[str] | None = None
        write_server_file(sandbox, directory / "state")
        self.empty = account(self.root)

    def run(self, *words: str) -> Done:
        """A command line, with what it printed."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run_command(["--state-dir", str(self.directory / "state"), *words])
        return Done(code, out.getvalue(), err.getvalue())

    def do(self, *words: str, config: str = HERE) -> Done:
        """The same on the demo in the sandbox."""
        path = self.directory / "demo.yaml"
        path.write_text(config)
        return self.run("--sandbox", "-c", str(path), *words)

    def printed(self, side: str = "both", *words: str) -> dict[str, Any]:
        """The policy, as the program prints it."""
        done = self.run("iam-policy", "--side", side, *words)
        assert done.code == 0
        document: dict[str, Any] = json.loads(done.out)
        return document

    def place(self, config: Config, running: Running) -> environment.Environment:
        """The way into the sandbox, with each side's keys."""
        made = {id(session): _clients(session, running.endpoint_url) for session in self.sides.values()}
        clients: dict[str, Clients] = {side: made[id(session)] for side, session in self.sides.items()}
        return dataclasses.replace(self._open(config, running), clients=clients)

    _open = staticmethod(environment.in_sandbox)

    @property
    def root(self) -> Clients:
        return _clients(iam.ROOT, self.sandbox.endpoint_url)

    @property
    def ids(self) -> dict[str, str]:
        """The ids on record, by key."""
        state = json.loads((self.directory / "state" / "sandbox" / "vpce-demo" / "state.json").read_text())
        return {key: entry["id"] for key, entry in state["resources"].items()}

    @property
    def ec2(self) -> Any:
        return self.root.ec2

    @property
    def elb(self) -> Any:
        return self.root.elb

    def sign_in(self, apart: bool, without: Collection[str] = (), *words: str) -> None:
        """As users who may do exactly what the policy printed with these words says, but for these actions: one, or
        one a side."""

        def allowed(side: str) -> dict[str, Any]:
            document = self.printed(side, *words)
            for statement in document["Statement"]:
                statement["Action"] = [one for one in statement["Action"] if one not in without]
            document["Statement"] = [statement for statement in document["Statement"] if statement["Action"]]
            return document

        self.apart = apart
        if apart:
            self.sides = {side: iam.user(self.sandbox, allowed(str(side)), str(side)) for side in Side}
        else:
            self.sides = dict.fromkeys(Side, iam.user(self.sandbox, allowed("both")))

    def breaks(self, fault: str) -> None:
        """``sandbox break``, by somebody who may do everything, and the answer, so that the cause is no secret."""
        sides, self.sides = self.sides, dict.fromkeys(Side, iam.ROOT)
        good(self.do("sandbox", "break", fault))
        for _ in range(ANSWER):
            good(self.do("sandbox", "hint"))
        self.sides = sides

    def hears(self, service: str, operation: str, say: Callable[..., None]) -> None:
        """From now on to the end of the test, what the users are told passes through this."""
        event = f"after-call.{'elastic-load-balancing-v2' if service == 'elb' else service}.{operation}"
        for session in {id(session): session for session in self.sides.values()}.values():
            clients = _clients(session, self.sandbox.endpoint_url)
            for client in (getattr(clients, service), getattr(clients, f"changing_{service}")):
                client.meta.events.register(event, say)
                self.after.callback(client.meta.events.unregister, event, say)

    def denied(self) -> set[str]:
        """The operations that were denied, without those that are useful and not needed, at least by one of the two."""
        useful = {extra.action for extra in EXTRAS}.difference(() if self.apart else actions())
        denied = {call.operation for call in self.sandbox.calls() if call.error in DENIALS}
        return denied - {action.partition(":")[2] for action in useful}

    def change_what_up_mends(self) -> None:
        """Behind the program's back: the default routes go elsewhere, and so do the listener and the subnets; and one
        field of each kind that ``up`` brings back in place."""
        ids, ec2, elb = self.ids, self.ec2, self.elb
        for table, instance in (("provider-routes", "web"), ("customer-routes", "customer")):
            found = ec2.describe_instances(InstanceIds=[ids[instance]])["Reservations"][0]["Instances"][0]
            ec2.replace_route(
                RouteTableId=ids[table],
                DestinationCidrBlock="0.0.0.0/0",
                NetworkInterfaceId=found["NetworkInterfaces"][0]["NetworkInterfaceId"],
            )
        checks: Any = {"HealthCheckIntervalSeconds": 10, "HealthCheckTimeoutSeconds": 5}
        other = elb.create_target_group(Name="other", Protocol="TCP", Port=80, VpcId=ids["provider-vpc"], **checks)
        forward: Any = [{"Type": "forward", "TargetGroupArn": other["TargetGroups"][0]["TargetGroupArn"]}]
        elb.modify_listener(ListenerArn=ids["listener"], DefaultActions=forward)
        everything: Any = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        for side, instance in (("provider", "web"), ("customer", "customer")):
            ec2.delete_tags(Resources=[ids[f"{side}-vpc"]], Tags=[{"Key": "Name"}])
            ec2.modify_vpc_attribute(VpcId=ids[f"{side}-vpc"], EnableDnsSupport={"Value": False})
            ec2.modify_subnet_attribute(SubnetId=ids[f"{side}-subnet"], MapPublicIpOnLaunch={"Value": True})
            another_table(self, side)
            another_acl(self, side)
            ec2.revoke_security_group_egress(GroupId=ids[f"{side}-group"], IpPermissions=everything)
            ec2.modify_instance_metadata_options(InstanceId=ids[instance], HttpTokens="optional")
            ec2.modify_instance_attribute(InstanceId=ids[instance], Groups=[self._default_group(ids[f"{side}-vpc"])])
        group, balancer = {"TargetGroupArn": ids["target-group"]}, {"LoadBalancerArn": ids["load-balancer"]}
        elb.remove_tags(ResourceArns=[ids["load-balancer"]], TagKeys=["Name"])
        elb.modify_target_group(**group, HealthCheckPort="8443")
        elb.modify_target_group_attributes(
            **group, Attributes=[{"Key": "preserve_client_ip.enabled", "Value": "false"}]
        )
        elb.register_targets(**group, Targets=[{"Id": ids["web"], "Port": 8080}])
        elb.set_ip_address_type(**balancer, IpAddressType="dualstack")
        elb.modify_load_balancer_attributes(
            **balancer, Attributes=[{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
        )
        ec2.modify_vpc_endpoint_service_configuration(ServiceId=ids["service"], AcceptanceRequired=False)
        ec2.modify_vpc_endpoint(
            VpcEndpointId=ids["endpoint"],
            AddSecurityGroupIds=[self._default_group(ids["customer-vpc"])],
            RemoveSecurityGroupIds=[ids["customer-group"]],
        )

    def _default_group(self, vpc: str) -> str:
        """The security group that a VPC comes with."""
        which: Any = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return self.root.ec2.describe_security_groups(Filters=which)["SecurityGroups"][0]["GroupId"]

    def keep_what_goes_with_an_instance(self) -> None:
        """Behind the program's back: the volumes and interfaces of the instances outlive them."""
        ids, ec2, keep = self.ids, self.root.ec2, {"DeleteOnTermination": False}
        for id in (ids[key] for key in ("web", "customer")):
            ec2.modify_instance_attribute(
                InstanceId=id, BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
            )
            (found,) = ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"]
            (interface,) = found["NetworkInterfaces"]
            attachment: Any = {"AttachmentId": interface["Attachment"]["AttachmentId"], **keep}
            ec2.modify_network_interface_attribute(
                NetworkInterfaceId=interface["NetworkInterfaceId"], Attachment=attachment
            )

    def let_a_stranger_in(self) -> None:
        """An endpoint of another account, which waits to be accepted."""
        service = self.root.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"][0]
        self.root.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=service["ServiceId"], AddAllowedPrincipals=["*"]
        )
        ec2 = iam.client(self.sandbox, "ec2", iam.session("SANDBOX210987654321A", "-"))
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        ec2.create_vpc_endpoint(VpcEndpointType="Interface", ServiceName=service["ServiceName"], VpcId=vpc)

    def take_away_the_tables(self) -> None:
        """The route tables that the test itself has put there."""
        for table in self.ec2.describe_route_tables(Filters=[{"Name": "tag:of", "Values": ["a test"]}])["RouteTables"]:
            for one in table["Associations"]:
                self.ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])
            self.ec2.delete_route_table(RouteTableId=table["RouteTableId"])

    def clean_up(self) -> None:
        """What the test itself has put there."""
        for group in self.root.elb.describe_target_groups()["TargetGroups"]:
            if group["TargetGroupName"] == "other":
                self.root.elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
        with contextlib.suppress(self.root_iam.exceptions.NoSuchEntityException):
            self.root_iam.delete_role(RoleName="AWSServiceRoleForElasticLoadBalancing")

    @property
    def root_iam(self) -> Any:
        return iam.client(self.sandbox, "iam")


def another_table(standing: Standing, side: str) -> None:
    """A side's subnet routed by a table of somebody else."""
    ids, ec2 = standing.ids, standing.ec2
    tags = [{"ResourceType": "route-table", "Tags": [{"Key": "of", "Value": "a test"}]}]
    other = ec2.create_route_table(VpcId=ids[f"{side}-vpc"], TagSpecifications=tags)["RouteTable"]
    ec2.replace_route_table_association(AssociationId=ids[f"{side}-routing"], RouteTableId=other["RouteTableId"])


def another_acl(standing: Standing, side: str) -> None:
    """A refusal added to the network ACL of a side's subnet, another in the place of what lets everything in, and
    nothing in the place of what lets everything out."""
    ec2 = standing.ec2
    of_it = [{"Name": "association.subnet-id", "Values": [standing.ids[f"{side}-subnet"]]}]
    id = ec2.describe_network_acls(Filters=of_it)["NetworkAcls"][0]["NetworkAclId"]
    deny = {"NetworkAclId": id, "Protocol": "-1", "CidrBlock": "192.0.2.0/24", "RuleAction": "deny"}
    ec2.create_network_acl_entry(**deny, RuleNumber=90, Egress=False)
    ec2.replace_network_acl_entry(**deny, RuleNumber=100, Egress=False)
    ec2.delete_network_acl_entry(NetworkAclId=id, RuleNumber=100, Egress=True)


def _clients(session: boto3.Session, url: str) -> Clients:
    """As ``place`` makes them, but kept with the session: they take long to make."""
    held = getattr(session, "clients_of_a_test", None)
    if held is None or held.ec2.meta.endpoint_url != url:
        held = environment._clients(environment._listening(session), session.region_name, "aws", url)
        session.clients_of_a_test = held  # type: ignore[attr-defined]
    clients: Clients = held
    return clients


@pytest.fixture(scope="module")
def guarded() -> Iterator[Sandbox]:
    """A sandbox that checks permissions."""
    with Sandbox(speed=math.inf, iam=True) as started, reached_in_process(started):
        yield started


@pytest.fixture
def users(guarded: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Users]:
    guarded.reset()
    guarded.set(speed=math.inf)
    users = Users(guarded, tmp_path)
    monkeypatch.setattr(environment, "in_sandbox", users.place)
    with users.after:
        yield users


def asked(users: Users, name: str, account: str = iam.HOME) -> set[str]:
    """What was asked of this user's policies."""
    told = users.sandbox.status()["permissions"]
    return set(told.get(f"arn:aws:iam::{account}:user/{name}", ()))


def everything(users: Users) -> None:
    """Make it and test it, change something behind its back and mend it, ask why it does not work, delete it although a
    stranger uses it."""
    users.do("doctor")
    good(users.do("up"))
    users.change_what_up_mends()
    good(users.do("up", "--skip-test", config=ELSEWHERE))
    users.take_away_the_tables()
    users.breaks(QUESTIONS["ec2:GetConsoleOutput"])
    assert users.do("test", "--timeout", "1", config=ELSEWHERE).code == 6
    users.let_a_stranger_in()
    users.keep_what_goes_with_an_instance()
    good(users.do("down", "--reject-foreign-connections"))
    users.clean_up()
    assert users.denied() == set()
    assert account(users.root) == users.empty


def test_a_user_with_exactly_this_policy_runs_everything_and_needs_all_of_it(users: Users) -> None:
    """Both ways: what the commands asked for is what the policy allows."""
    users.sign_in(apart=False)
    everything(users)
    useful = {extra.action for extra in EXTRAS}  # asked for, and done without
    assert sorted(asked(users, "alice") - useful.difference(actions())) == actions()


@pytest.mark.slow
def test_each_side_with_its_own(users: Users) -> None:
    users.sign_in(apart=True)
    everything(users)
    for side in Side:
        useful = {extra.action for extra in EXTRAS if side in extra.sides}  # asked for, and done without
        assert sorted(asked(users, side) - useful.difference(actions(side))) == actions(side)


AWAY = {"account": "222222222222", "region": "eu-west-1"}
APART = f"""{HERE}region: us-east-1
consumer: {{profile: "{AWAY["account"]}", region: {AWAY["region"]}}}
"""


@pytest.mark.slow
def test_each_side_with_its_own_in_an_account_and_a_region_of_its_own(users: Users, tmp_path: Path) -> None:
    """What is needed besides, and nothing that the other side needs: made, tested, mended and deleted."""
    (tmp_path / "apart.yaml").write_text(APART)
    users.apart = True
    for side, where in ((Side.PROVIDER, {}), (Side.CONSUMER, AWAY)):
        document = users.printed(str(side), "-c", str(tmp_path / "apart.yaml"))
        users.sides[side] = iam.user(users.sandbox, document, f"{side}-apart", **where)
    good(users.do("up", config=APART))
    ec2, service = users.ec2, users.ids["service"]
    principal = f"arn:aws:iam::{AWAY['account']}:root"
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service, RemoveAllowedPrincipals=[principal])
    ec2.modify_vpc_endpoint_service_configuration(ServiceId=service, RemoveSupportedRegions=[AWAY["region"]])
    good(users.do("up", "--skip-test", config=APART))
    good(users.do("status", "--check", config=APART))
    good(users.do("down", config=APART))
    users.clean_up()
    assert users.denied() == set()
    assert account(users.root) == users.empty
    config = load(tmp_path / "apart.yaml", {})
    for side, place in ((Side.PROVIDER, iam.HOME), (Side.CONSUMER, AWAY["account"])):
        more = set(actions(side, config=config)).difference(actions(side))
        assert more == {"vpce:AllowMultiRegion", *(["ec2:ModifyVpcEndpointServicePermissions"] * (side == "provider"))}
        assert more <= asked(users, f"{side}-apart", place)


def test_two_people_each_with_the_policy_of_their_side(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each makes, answers and deletes one side, and asks nothing of the other's account."""
    theirs = AWAY["account"]
    place = users.place

    def one_side(config: Config, running: Running) -> environment.Environment:
        assert config.side, "every command here is about one side"
        return dataclasses.replace(
            place(config, running), clients=dict.fromkeys(Side, place(config, running).clients[Side(config.side)])
        )

    monkeypatch.setattr(environment, "in_sandbox", one_side)
    provider = ("--side", "provider", "--consumer-account", theirs)
    users.apart = True
    users.sides[Side.PROVIDER] = iam.user(users.sandbox, users.printed("provider", *provider[2:]), "provider-alone")
    users.sides[Side.CONSUMER] = iam.user(
        users.sandbox, users.printed("consumer", "--name", "theirs"), "consumer-alone", account=theirs
    )
    good(users.do("up", *provider))
    service = users.root.ec2.describe_vpc_endpoint_service_configurations()["ServiceConfigurations"][0]
    consumer = ("--name", "theirs", "--profile", theirs)
    good(users.do(*consumer, "up", "--side", "consumer", "--service-name", service["ServiceName"]))
    (request,) = users.do("accept", "--list", "-o", "json").document["requests"]
    good(users.do("accept", "--all"))
    good(users.do(*consumer, "test"))
    good(users.do("test"))
    good(users.do("reject", request["endpoint"]))
    assert users.do("accept", "--list", "-o", "json").document["requests"][0]["state"] == "rejected"
    good(users.do(*consumer, "down", "--side", "consumer"))
    good(users.do("down", "--side", "provider"))
    users.clean_up()
    assert users.denied() == set()
    assert account(users.root) == users.empty


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.slow
def test_tags_that_iam_knows_late_are_waited_for(users: Users, apart: bool) -> None:
    """A whole ``up``, where IAM sees the tags of what was made only after 10 seconds of AWS."""
    users.sign_in(apart)
    users.sandbox.set(speed=SPEED)
    users.after.callback(users.sandbox.set, speed=math.inf)
    users.sandbox.faults.hide_tags(10)
    done = good(users.do("up", "--skip-test", "--progress", "plain"))
    assert "UnauthorizedOperation, trying again" in done.text
    assert users.denied(), "or nothing is proven"
    users.sandbox.faults.clear()
    users.sandbox.set(speed=math.inf)
    good(users.do("down"))


def test_a_denial_of_something_old_is_told_at_once(users: Users) -> None:
    users.sign_in(apart=False, without=["ec2:CreateSubnet"])
    users.do("up", "--until", "create-provider")
    before = [call.operation for call in users.sandbox.calls()].count("CreateSubnet")
    users.do("up", "--until", "create-provider")
    assert [call.operation for call in users.sandbox.calls()].count("CreateSubnet") == before + 1


@pytest.mark.slow
def test_the_tags_of_the_settings_are_part_of_it(users: Users, tmp_path: Path) -> None:
    """Whoever is to set them is let in with them, and only then."""
    tagged = HERE + 'tags: {CostCenter: "4711"}'
    (tmp_path / "tagged.yaml").write_text(tagged)
    alice = iam.user(users.sandbox, users.printed("both", "-c", str(tmp_path / "tagged.yaml")))
    users.sides = dict.fromkeys(Side, alice)
    done = users.do("up", "--skip-test", config=tagged.replace("4711", "4712"))
    assert done.code == 1
    assert "is not authorized to perform: ec2:CreateTags on" in done.text
    good(users.do("up", "--skip-test", config=tagged))
    assert users.denied() > set()


def test_doctor_under_the_policy_asks_and_may_everything(users: Users) -> None:
    users.sign_in(apart=False)
    good(users.do("up", "--skip-test"))
    done = good(users.do("doctor", "-o", "json"))
    told = {line["title"]: line for line in done.document["lines"]}
    assert re.match(r"(\d+) of \1 EC2 calls allowed\. Elastic", told["permissions"]["evidence"]), told["permissions"]
    assert done.document["diagnosis"]["not_asked"] == []
    assert users.denied() == set()


NEEDED = [action for action in actions() if action not in {*UNSEEN, *QUESTIONS, *DOCTOR}]


@pytest.mark.parametrize("action", [pytest.param(a, marks=() if a in SAMPLE else pytest.mark.slow) for a in NEEDED])
def test_without_one_action_the_run_fails_and_names_it(users: Users, action: str) -> None:
    users.sign_in(apart=False, without=[action])
    done = until_it_fails(users, action)
    assert done.code in (1, 7), done.text  # 7: something is left of a delete
    assert f"is not authorized to perform: {action} " in done.text
    assert "Traceback" not in done.text

    iam.put(users.sandbox, users.printed())
    users.take_away_the_tables()
    good(users.do("down", "--reject-foreign-connections"))
    users.clean_up()
    assert account(users.root) == users.empty, "nothing is left that could not be deleted"


def test_what_may_not_be_looked_at_is_not_mended(users: Users) -> None:
    users.sign_in(apart=False, without=UNSEEN)
    good(users.do("up", "--skip-test"))
    users.change_what_up_mends()
    good(users.do("up", "--skip-test", config=ELSEWHERE))
    attributes = (
        *("ModifyVpcAttribute", "ModifyLoadBalancerAttributes", "ModifyTargetGroupAttributes"),
        *("CreateNetworkAclEntry", "ReplaceNetworkAclEntry", "DeleteNetworkAclEntry"),
    )
    assert not [one for one in asked(users, "alice") if one.endswith(attributes)]
    users.take_away_the_tables()
    good(users.do("down"))


@pytest.mark.parametrize("action", DOCTOR)
def test_doctor_says_what_it_may_not_ask(users: Users, action: str) -> None:
    users.sign_in(apart=False, without=[action])
    (line,) = [x for x in users.do("doctor", "-o", "json").document["lines"] if x["title"] == DOCTOR[action]]
    assert line["evidence"] == f"not asked: {action.partition(':')[2]} is not allowed to you"


@pytest.mark.parametrize("action", [pytest.param(a, marks=pytest.mark.slow) for a in QUESTIONS])
def test_a_diagnosis_says_what_it_may_not_ask(users: Users, action: str) -> None:
    users.sign_in(apart=False, without=[action])
    good(users.do("up", "--skip-test"))
    users.breaks(QUESTIONS[action])
    command = "up" if action.endswith("Permissions") else "test"
    done = users.do(command, "--timeout", "3", "-o", "json")
    operation = action.partition(":")[2]
    assert operation in users.denied()
    if operation != "GetConsoleOutput":  # which only adds to the evidence
        assert f"{operation} is not allowed to you" in str(done.document["diagnosis"]["not_asked"])


# --- every repair, and every diagnosis ----------------------------------------------------

Break = Callable[["Users"], object]


def changed(key: str, field: str) -> Break:
    """What the tests of drift do to this field."""
    change = next(change for (of, name, _), change in CALLED.items() if (of, name) == (key, field))
    return lambda users: change(users, ExitStack())


def fails(key: str, field: str, state: object) -> Break:
    """AWS says of the first one that is made that it could not be made."""
    service, operation, listed, id_name = DESCRIBED[key]

    def break_it(users: Users) -> None:
        first: list[str] = []

        def say(parsed: Any, **rest: object) -> None:
            for one in parsed.get(listed, []):  # none of an error
                if tags_of(one).get(RESOURCE_TAG, key) == key and one.get("LoadBalancerName") in (None, NAME):
                    first.append(one[id_name])
                    one.update({field: state} if one[id_name] == first[0] else {})

        def pending(parsed: Any, **rest: object) -> None:
            for made in ("Subnet", "ServiceConfiguration"):
                parsed.get(made, {}).update({field: "pending"})

        users.hears(service, operation, say)
        for create in ("CreateSubnet", "CreateVpcEndpointServiceConfiguration"):
            users.hears("ec2", create, pending)  # else nobody looks at it again
        users.first = first

    return break_it


def going(service: str, operation: str, take_away: Break, add: Callable[[Users, Any], object]) -> Break:
    """Something is taken away, and shown twice more, on its way."""

    def break_it(users: Users) -> None:
        left = [1, 2]

        def say(parsed: Any, **rest: object) -> None:
            if left:
                left.pop()
                add(users, parsed)

        take_away(users)
        users.hears(service, operation, say)

    return break_it


def detached(users: Users) -> None:
    """Somebody detaches the gateway as soon as it is attached, which takes a moment."""
    vpcs: list[str] = []

    def say(parsed: Any, **rest: object) -> None:
        for one in parsed["InternetGateways"]:
            if tags_of(one).get(RESOURCE_TAG) == "provider-gateway" and (one["Attachments"] or vpcs) and len(vpcs) < 3:
                vpcs.append(vpcs[0] if vpcs else one["Attachments"][0]["VpcId"])
                if len(vpcs) == 1:
                    users.ec2.detach_internet_gateway(InternetGatewayId=one["InternetGatewayId"], VpcId=vpcs[0])
                one["Attachments"] = [{"State": "detaching", "VpcId": vpcs[0]}]

    users.hears("ec2", "DescribeInternetGateways", say)


def _deregister(users: Users) -> None:
    users.elb.deregister_targets(TargetGroupArn=users.ids["target-group"], Targets=[{"Id": users.ids["web"]}])


def _draining(users: Users, parsed: Any) -> None:
    target = {"Target": {"Id": users.ids["web"], "Port": 80}, "TargetHealth": {"State": "draining"}}
    parsed["TargetHealthDescriptions"] = [target]


NAME = "MyNetwork-LB"
AT_FIRST: dict[str, Break] = {
    "GatewayAttachment deleting": detached,
    "Vpc failed": fails("provider-vpc", "State", "failed"),
    "Subnet failed": fails("provider-subnet", "State", "failed"),
    "LoadBalancer failed": fails("load-balancer", "State", {"Code": "failed", "Reason": "no"}),
    "EndpointService failed": fails("service", "ServiceState", "Failed"),
}
"""While it is made."""
LATER: dict[str, Break] = {
    "Registration deleting": going("elb", "DescribeTargetHealth", _deregister, _draining),
    "SubnetRouting wrong": lambda users: another_table(users, "provider"),
    "InternetRoute wrong": changed("provider-route", "target"),
    "KeyPair wrong": changed("provider-key", "ssh key"),
    "IngressRule wrong": lambda users: ingress(users, "192.0.2.0/24"),
    "Instance wrong": changed("web", "ssh key"),
    "Instance failed": lambda users: users.ec2.stop_instances(InstanceIds=[users.ids["web"]]),
    "Registration wrong": changed("target", "port"),
    "VpcEndpoint and Acceptance failed": lambda users: users.ec2.reject_vpc_endpoint_connections(
        ServiceId=users.ids["service"], VpcEndpointIds=[users.ids["endpoint"]]
    ),
}
"""When it stands."""
MENDED = {
    f"{key} {field}": (lambda users, change=change: change(users, ExitStack()))
    for (key, field, _), change in CALLED.items()
    if remedy(key, field) in (Remedy.MEND, Remedy.ASK) and (key, field) != ("provider-route", "state")
}
"""Every field that is brought back in place, or taken away with a yes."""
QUICK = ("LoadBalancer failed", "GatewayAttachment deleting", "SubnetRouting wrong")
DIAGNOSED = [
    f"{rule.key}:{way}" if way else rule.key
    for rule in RULES
    if rule.key != "not-allowed"  # it needs two accounts, and asks what a look at the allowed principal asks
    for way in WAYS.get(rule.key, ())
]


def ingress(users: Users, source: str) -> None:
    """The rule for ssh lets in somebody else."""
    group = {"GroupId": users.ids["provider-group"]}
    (found,) = users.ec2.describe_security_groups(GroupIds=[group["GroupId"]])["SecurityGroups"]
    (ssh,) = (one for one in found["IpPermissions"] if one["FromPort"] == 22)
    users.ec2.revoke_security_group_ingress(**group, IpPermissions=[ssh])
    ranges = [{**one, "CidrIp": source} for one in ssh["IpRanges"]]
    users.ec2.authorize_security_group_ingress(**group, IpPermissions=[{**ssh, "IpRanges": ranges}])


def each(names: Iterable[str]) -> list[Any]:
    """Each in one account, and per side; the quick ones in the ordinary run."""
    return [
        pytest.param(name, apart, id=f"{name}-{'per side' if apart else 'one'}", marks=marks)
        for name in names
        for apart in (False, True)
        for marks in [() if name in QUICK and not apart else pytest.mark.slow]
    ]


@pytest.mark.parametrize(("what", "apart"), each([*AT_FIRST, *LATER, *MENDED]))
@pytest.mark.sampled(3)
def test_every_repair_is_allowed(users: Users, what: str, apart: bool) -> None:
    """Nothing is denied on the way, and the demo is whole."""
    users.sign_in(apart)
    if what in AT_FIRST:
        AT_FIRST[what](users)
        good(users.do("up", "--skip-test"))
        assert users.first is None or len(set(users.first)) == 2, "another was made in its place"
    else:
        good(users.do("up", "--skip-test"))
        {**LATER, **MENDED}[what](users)
        assert users.do("status", "--check").code == 10, "it is seen"
        good(users.do("up", "--skip-test", "--yes"))
    assert users.denied() == set()
    good(users.do("status", "--check"))


@pytest.mark.parametrize(("fault", "apart"), each(DIAGNOSED))
def test_every_diagnosis_is_allowed(users: Users, fault: str, apart: bool) -> None:
    """Everything is asked that a rule wants to know, and where ``up`` is what mends it, it may."""
    users.sign_in(apart)
    good(users.do("up", "--skip-test"))
    users.breaks(fault)
    rule = next(rule for rule in RULES if rule.key == fault.partition(":")[0])
    done = users.do(rule.seen_by, "--timeout", "3", "-o", "json")
    cause = done.document.get("diagnosis", {})
    assert rule.passes or (cause["rule"], cause["not_asked"]) == (rule.key, [])
    assert users.denied() == set()
    if cause and cause["fixes"][0]["command"].endswith(" up") and "&&" not in cause["fixes"][0]["command"]:
        good(users.do("up", "--yes"))
    assert users.denied() == set()


def test_every_kind_that_can_fail_is_repaired_above() -> None:
    """Those whose module knows a phase that ends in a replacement, or that is waited for."""
    demo = tutorial(not_looked_up(load(None, {})))
    can = {
        type(r).__name__ for r in demo.resources if re.search(r"Phase\.(of|WRONG|FAILED|DELETING)|_live\(", source(r))
    }
    assert can <= {word for name in (*AT_FIRST, *LATER) for word in name.split()}


def source(r: Resource) -> str:
    return inspect.getsource(type(r).find)


def until_it_fails(users: Users, action: str) -> Done:
    """``up``, ``test``, ``down``, ``up`` again, once more to mend, and a ``down`` that sends a stranger away.  Only
    what looks can fail in ``test``."""
    done = users.do("up", "--skip-test")
    if not done.code and ":Describe" in action:
        done = users.do("test")
    if not done.code:
        done = users.do("down")
    if not done.code:
        users.do("up", "--skip-test")
        users.change_what_up_mends()
        done = users.do("up", "--skip-test", config=ELSEWHERE)
    if not done.code:
        users.let_a_stranger_in()
        users.keep_what_goes_with_an_instance()
        done = users.do("down", "--reject-foreign-connections")
    return done


# --- chapters ---------------------------------------------------------------------------

NEW_WITH_CHAPTERS = {"ec2:DescribePrefixLists": "gateway", "route53:AssociateVPCWithHostedZone": "interface"}
"""The actions that no demo needs without a chapter, with one that does."""
BROKEN: dict[str, tuple[str, Break]] = {
    "endpoint-policy-denies": ("gateway", lambda users: in_chapters(users, "gateway-endpoint-s3", "policy")),
    "no-endpoint-route": ("gateway", lambda users: in_chapters(users, "gateway-endpoint-s3", "route tables")),
    "endpoint-https-closed": ("interface", lambda users: in_chapters(users, "interface-endpoint", "security groups")),
    "private-dns-off": ("interface", lambda users: in_chapters(users, "interface-endpoint", "private DNS")),
    "dns-attributes-off": ("interface", lambda users: without_hostnames(users)),
}
"""By cause: the chapter that it breaks, and how."""


def in_chapters(users: Users, key: str, field: str) -> None:
    next(change for found, change in CALLED_IN_CHAPTERS.items() if found[:2] == (key, field))(users, ExitStack())


def without_hostnames(users: Users) -> None:
    users.ec2.modify_vpc_attribute(VpcId=users.ids["interface-vpc"], EnableDnsHostnames={"Value": False})


def test_the_chapters_run_with_what_is_printed_for_them_and_need_all_of_it(users: Users) -> None:
    """Made, tested, changed in every field that is mended, mended and deleted."""
    users.sign_in(False, (), "--chapters")
    good(users.do("up", "--chapter", "gateway"))
    good(users.do("up", "--chapter", "interface", "--skip-test"))
    for key, field, _ in CALLED_IN_CHAPTERS:
        if remedy(key, field) is Remedy.MEND:
            in_chapters(users, key, field)
    without_hostnames(users)
    for chapter in CHAPTERS:
        good(users.do("up", "--chapter", chapter, "--skip-test"))
    good(users.do("status", "--check"))
    assert set(actions(chapters=True)) - set(actions()) == NEW_WITH_CHAPTERS.keys() <= asked(users, "alice")
    (theirs,) = users.ec2.describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["10.2.78.0/24"]}])["Subnets"]
    users.ec2.delete_subnet(SubnetId=theirs["SubnetId"])
    good(users.do("down"))
    assert users.denied() == set()
    assert account(users.root) == users.empty


@pytest.mark.parametrize("rule", BROKEN)
@pytest.mark.slow
def test_every_diagnosis_of_a_chapter_is_allowed(users: Users, rule: str) -> None:
    chapter, break_it = BROKEN[rule]
    users.sign_in(False, (), "--chapters")
    good(users.do("up", "--chapter", chapter, "--skip-test"))
    break_it(users)
    done = users.do("test", "--chapter", chapter, "--timeout", "3", "-o", "json")
    assert (done.code, done.document["diagnosis"]["rule"], done.document["diagnosis"]["not_asked"]) == (6, rule, [])
    good(users.do("up", "--chapter", chapter, "--yes"))
    assert users.denied() == set()


@pytest.mark.parametrize(("action", "chapter"), NEW_WITH_CHAPTERS.items())
@pytest.mark.sampled(2)
def test_without_what_a_chapter_needs_it_is_named(users: Users, action: str, chapter: str) -> None:
    users.sign_in(False, (action,), "--chapters")
    done = users.do("up", "--chapter", chapter)
    assert done.code == 1
    assert f"is not authorized to perform: {action} " in done.text
    assert "Traceback" not in done.text


def test_another_table_of_an_endpoint_is_not_taken_away_without_its_permission(users: Users) -> None:
    """It may be somebody else's, without the demo's tag."""
    users.sign_in(False)
    iam.put(users.sandbox, users.printed("both", "--chapters"))
    good(users.do("up", "--chapter", "gateway", "--skip-test"))
    endpoint, ec2 = users.ids["gateway-endpoint-s3"], users.ec2
    table = ec2.create_route_table(VpcId=users.ids["gateway-vpc"])["RouteTable"]["RouteTableId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=[table])
    again = ("up", "--chapter", "gateway", "--skip-test", "--yes")
    iam.put(users.sandbox, users.printed())
    done = users.do(*again)
    assert done.code == 1
    assert "is not authorized to perform: ec2:ModifyVpcEndpoint on resource: " in done.text
    iam.put(users.sandbox, users.printed("both", "--chapters"))
    good(users.do(*again))
    ec2.delete_route_table(RouteTableId=table)
    good(users.do("down"))


@pytest.mark.slow
def test_a_chapter_of_a_consumer_in_an_account_and_a_region_of_its_own(users: Users, tmp_path: Path) -> None:
    (tmp_path / "apart.yaml").write_text(APART)
    users.apart = True
    for side, where in ((Side.PROVIDER, {}), (Side.CONSUMER, AWAY)):
        document = users.printed(str(side), "--chapters", "-c", str(tmp_path / "apart.yaml"))
        users.sides[side] = iam.user(users.sandbox, document, f"{side}-apart", **where)
    for chapter in CHAPTERS:
        good(users.do("up", "--chapter", chapter, config=APART))
    good(users.do("down", config=APART))
    assert users.denied() == set()


def test_the_sample_is_of_what_there_is() -> None:
    assert set(SAMPLE) <= set(actions())
