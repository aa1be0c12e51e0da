"""Users of a sandbox that checks permissions: each has the policy that ``iam-policy`` prints.  The program runs in this
process."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
from collections.abc import Callable, Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import boto3

from tools.account import account
from vpce_demo.aws import environment
from vpce_demo.aws.clients import Clients
from vpce_demo.aws.iam_policy import EXTRAS, actions
from vpce_demo.cli import run_command
from vpce_demo.config.model import Config
from vpce_demo.exercises.attempts import ANSWER
from vpce_demo.model import Side
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox

from .. import iam
from ..changes import Standing
from .program import Done, good
from .stage import write_server_file

HERE, ELSEWHERE = "", "ssh_from: 0.0.0.0/0\n"
DENIALS = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")
AWAY = {"account": "222222222222", "region": "eu-west-1"}
APART = f"""{HERE}region: us-east-1
consumer: {{profile: "{AWAY["account"]}", region: {AWAY["region"]}}}
"""
Break = Callable[["Users"], object]


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


_made: WeakKeyDictionary[boto3.Session, Clients] = WeakKeyDictionary()


def _clients(session: boto3.Session, url: str) -> Clients:
    """As ``place`` makes them, but kept with the session: they take long to make."""
    made = _made.get(session)
    if made is None or made.ec2.meta.endpoint_url != url:
        made = _made[session] = environment._clients(environment._listening(session), session.region_name, "aws", url)
    return made


def asked(users: Users, name: str, account: str = iam.HOME) -> set[str]:
    """What was asked of this user's policies."""
    told = users.sandbox.status()["permissions"]
    return set(told.get(f"arn:aws:iam::{account}:user/{name}", ()))
