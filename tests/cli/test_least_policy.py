"""The proof of ``iam-policy``: in a sandbox that checks permissions a user who has exactly the printed policy runs
everything, and one who lacks any of its actions is told which."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tools.account import account
from vpce_demo.aws import environment
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.iam_policy import EXTRAS, actions
from vpce_demo.cli import run_command
from vpce_demo.config.model import Config
from vpce_demo.model import Side
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox

from .. import iam
from .program import Done, good
from .stage import write_server_file

HERE, ELSEWHERE = "", "ssh_from: 0.0.0.0/0\n"
UNSEEN = {
    "ec2:DescribeVpcAttribute",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
}
"""Without these, fields that differ are not seen, and not mended."""
SAMPLE = ["ec2:CreateTags", "ec2:DeleteVpc", "ec2:DescribeAccountAttributes", "ssm:GetParameter"]
"""One of each way to need a permission; all together take minutes."""


class Users:
    """The program in this process, each side with the keys of an IAM user, in a sandbox of this process."""

    def __init__(self, sandbox: Sandbox, directory: Path) -> None:
        self.sandbox, self.directory = sandbox, directory
        self.sides: dict[Side, boto3.Session] = {}
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

    def printed(self, side: str = "both") -> dict[str, Any]:
        """The policy, as the program prints it."""
        done = self.run("iam-policy", "--side", side)
        assert done.code == 0
        document: dict[str, Any] = json.loads(done.out)
        return document

    def place(self, config: Config, running: Running) -> environment.Environment:
        """The way into the sandbox, with each side's keys."""
        made = {id(session): _clients(session, running.endpoint_url) for session in self.sides.values()}
        clients = {side: made[id(session)] for side, session in self.sides.items()}
        return dataclasses.replace(self._open(config, running), clients=clients)

    _open = staticmethod(environment.in_sandbox)

    @property
    def root(self) -> Clients:
        return _clients(iam.ROOT, self.sandbox.endpoint_url)

    def change_what_up_mends(self) -> None:
        """Behind the program's back: the default routes go elsewhere, and so does the listener; and one field of each
        kind that ``up`` brings back in place."""
        state = json.loads((self.directory / "state" / "sandbox" / "vpce-demo" / "state.json").read_text())
        ids = {key: entry["id"] for key, entry in state["resources"].items()}
        ec2, elb = self.root.ec2, self.root.elb
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
        state = json.loads((self.directory / "state" / "sandbox" / "vpce-demo" / "state.json").read_text())
        ec2, keep = self.root.ec2, {"DeleteOnTermination": False}
        for id in (state["resources"][key]["id"] for key in ("web", "customer")):
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
    with Sandbox(speed=math.inf, iam=True) as started:
        yield started


@pytest.fixture
def users(guarded: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Users:
    guarded.reset()
    users = Users(guarded, tmp_path)
    monkeypatch.setattr(environment, "in_sandbox", users.place)
    return users


def asked(users: Users, name: str) -> set[str]:
    """What was asked of this user's policies."""
    told = users.sandbox.status()["permissions"]
    return set(told.get(f"arn:aws:iam::123456789012:user/{name}", ()))


def everything(users: Users) -> None:
    """Make it and test it, change something behind its back and mend it, delete it although a stranger uses it."""
    good(users.do("up"))
    users.change_what_up_mends()
    good(users.do("up", "--skip-test", config=ELSEWHERE))
    users.let_a_stranger_in()
    users.keep_what_goes_with_an_instance()
    good(users.do("down", "--reject-foreign-connections"))
    users.clean_up()
    assert account(users.root) == users.empty


def test_a_user_with_exactly_this_policy_runs_everything_and_needs_all_of_it(users: Users) -> None:
    """Both ways: what the commands asked for is what the policy allows."""
    alice = iam.user(users.sandbox, users.printed())
    users.sides = dict.fromkeys(Side, alice)
    everything(users)
    useful = {extra.action for extra in EXTRAS}  # asked for, and done without
    assert sorted(asked(users, "alice") - useful.difference(actions())) == actions()


def test_each_side_with_its_own(users: Users) -> None:
    users.sides = {side: iam.user(users.sandbox, users.printed(str(side)), str(side)) for side in Side}
    everything(users)
    for side in Side:
        useful = {extra.action for extra in EXTRAS if side in extra.sides}  # asked for, and done without
        assert sorted(asked(users, side) - useful.difference(actions(side))) == actions(side)


NEEDED = [action for action in actions() if action not in UNSEEN]


@pytest.mark.parametrize("action", [pytest.param(a, marks=() if a in SAMPLE else pytest.mark.slow) for a in NEEDED])
def test_without_one_action_the_run_fails_and_names_it(users: Users, action: str) -> None:
    whole = users.printed()
    without = json.loads(json.dumps(whole))
    for statement in without["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one != action]
    without["Statement"] = [statement for statement in without["Statement"] if statement["Action"]]
    users.sides = dict.fromkeys(Side, iam.user(users.sandbox, without))
    done = until_it_fails(users, action)
    assert done.code in (1, 7), done.text  # 7: something is left of a delete
    assert f"is not authorized to perform: {action} " in done.text
    assert "Traceback" not in done.text

    iam.put(users.sandbox, whole)
    good(users.do("down", "--reject-foreign-connections"))
    users.clean_up()
    assert account(users.root) == users.empty, "nothing is left that could not be deleted"


def test_what_may_not_be_looked_at_is_not_mended(users: Users) -> None:
    allowed = users.printed()
    for statement in allowed["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one not in UNSEEN]
    users.sides = dict.fromkeys(Side, iam.user(users.sandbox, allowed))
    good(users.do("up", "--skip-test"))
    users.change_what_up_mends()
    good(users.do("up", "--skip-test", config=ELSEWHERE))
    attributes = ("ModifyVpcAttribute", "ModifyLoadBalancerAttributes", "ModifyTargetGroupAttributes")
    assert not [one for one in asked(users, "alice") if one.endswith(attributes)]
    good(users.do("down"))


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


def test_the_sample_is_of_what_there_is() -> None:
    assert set(SAMPLE) <= set(actions())
