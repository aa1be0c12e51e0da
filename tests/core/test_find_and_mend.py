"""Finding what is there and mending it: refusals, wrong settings, taken names, lost tags, other names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from vpce_demo.aws.environment import Environment
from vpce_demo.aws.tags import DEMO_TAG, RESOURCE_TAG
from vpce_demo.config.load import load
from vpce_demo.engine.engine import Engine
from vpce_demo.engine.events import Action, Event
from vpce_demo.engine.resource import Aws, Resource, closure
from vpce_demo.errors import Refused
from vpce_demo.model import Live, Phase, Remedy, Side
from vpce_demo.resources.elb import TAGS_A_CALL
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.discover import not_looked_up
from vpce_demo.session.run import Run
from vpce_demo.tutorial import Demo, tutorial

ANOTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOxlr93NcnTePEvrzFnDUWXIXh3kKnoOnUoYFQGcd0mH another"
PLAIN = tutorial(not_looked_up(load(None, {})))


@pytest.fixture
def run(sandbox: Sandbox, open_run: Callable[..., AbstractContextManager[Run]], tmp_path: Path) -> Iterator[Run]:
    """An empty account, and a run that may make things in it."""
    with open_run(tmp_path) as run:
        yield run


@pytest.fixture
def demo(run: Run) -> Demo:
    return run.demo


@pytest.fixture
def aws(run: Run) -> Aws:
    return run.sides[Side.PROVIDER]


def named(demo: Demo, key: str) -> Resource:
    return next(r for r in demo.resources if r.key == key)


def up(run: Run, *wanted: Resource) -> list[str]:
    """Make these and what they need; return the keys of what was made."""
    events: list[Event] = []
    run.up(closure(wanted), events.append, None)
    return [event.resource.key for event in events if event.action is Action.CREATED]


def looked_at(run: Run, demo: Demo, *wanted: Resource) -> dict[str, Live]:
    """What is seen of these, if the settings are those of that demo."""
    engine = Engine(run.sides, lambda event: None, run.environment.pace)
    assert engine.refresh(closure(wanted)) == []
    return dict(run.sides[Side.PROVIDER].known)


# --- failures in a successful answer ------------------------------------------------------

REFUSED = {"ResourceId": "it", "Error": {"Code": "ExistingVpcEndpointConnections", "Message": "in use"}}


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("delete_vpc_endpoints", lambda demo, aws: demo.endpoint.delete(aws, Live("vpce-1"))),
        ("delete_vpc_endpoint_service_configurations", lambda demo, aws: demo.service.delete(aws, Live("vpce-svc-1"))),
        ("accept_vpc_endpoint_connections", lambda demo, aws: demo.acceptance.create(aws)),
        ("reject_vpc_endpoint_connections", lambda demo, aws: demo.acceptance.delete(aws, Live("vpce-1"))),
    ],
)
def test_a_refusal_in_a_successful_answer_is_raised(
    place: Environment, operation: str, call: Callable[[Demo, Aws], object]
) -> None:
    known = {"endpoint": Live("vpce-1"), "service": Live("vpce-svc-1")}
    aws = Aws(place.clients[Side.PROVIDER], "vpce-demo", "", known)
    with Stubber(aws.ec2) as stub:
        if operation.startswith("accept"):
            connection = {"VpcEndpointId": "vpce-1", "VpcEndpointState": "pendingAcceptance"}
            stub.add_response("describe_vpc_endpoint_connections", {"VpcEndpointConnections": [connection]})
        stub.add_response(operation, {"Unsuccessful": [REFUSED]})
        with pytest.raises(ClientError) as caught:
            call(PLAIN, aws)
    assert caught.value.response["Error"]["Code"] == "ExistingVpcEndpointConnections"


# --- there, but not as it should be ----------------------------------------------------------


def test_a_rule_with_another_source_is_wrong_and_is_mended(run: Run, demo: Demo, aws: Aws) -> None:
    up(run, named(demo, "provider-rule-ssh"))
    moved = tutorial(run.settings.model_copy(update={"ssh_source": "198.51.100.7/32"}))
    rule = named(moved, "provider-rule-ssh")
    live = looked_at(run, moved, rule)[rule.key]
    assert live.phase is Phase.WRONG
    assert live.why == f"open to {run.settings.ssh_source}"
    assert up(run, rule) == [rule.key]
    (group,) = aws.ec2.describe_security_groups(GroupIds=[live.id])["SecurityGroups"]
    (permission,) = group["IpPermissions"]
    assert [allowed.get("CidrIp") for allowed in permission["IpRanges"]] == ["198.51.100.7/32"]


def test_a_rule_that_somebody_added_beside_ours_is_left_alone(run: Run, demo: Demo, aws: Aws) -> None:
    rule = named(demo, "provider-rule-ssh")
    up(run, rule)
    theirs: Any = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    aws.ec2.authorize_security_group_ingress(GroupId=aws.id(rule), IpPermissions=[theirs])
    assert up(run, rule) == []
    (group,) = aws.ec2.describe_security_groups(GroupIds=[aws.id(rule)])["SecurityGroups"]
    assert len(group["IpPermissions"][0]["IpRanges"]) == 2


def test_a_route_elsewhere_is_wrong_and_is_mended(run: Run, demo: Demo, aws: Aws) -> None:
    route, subnet = named(demo, "provider-route"), named(demo, "provider-subnet")
    up(run, route, subnet)
    interface = aws.ec2.create_network_interface(SubnetId=aws.id(subnet))["NetworkInterface"]["NetworkInterfaceId"]
    table = {"RouteTableId": aws.id(route), "DestinationCidrBlock": "0.0.0.0/0"}
    aws.ec2.replace_route(
        RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NetworkInterfaceId=interface
    )
    assert looked_at(run, demo, route)[route.key].phase is Phase.WRONG
    assert up(run, route) == [route.key]
    assert looked_at(run, demo, route)[route.key].phase is Phase.READY


def test_a_route_into_nothing_is_wrong_and_is_mended(run: Run, demo: Demo, aws: Aws) -> None:
    route, gateway = named(demo, "provider-route"), named(demo, "provider-attachment")
    up(run, route)
    aws.ec2.detach_internet_gateway(InternetGatewayId=aws.id(gateway), VpcId=aws.id(named(demo, "provider-vpc")))
    assert up(run, route)[0] == gateway.key
    assert looked_at(run, demo, route)[route.key].phase is Phase.READY


def elsewhere(demo: Demo, aws: Aws) -> Any:
    """What a listener does that forwards to a target group of somebody else, which is made."""
    vpc_id = aws.id(named(demo, "provider-vpc"))
    group = aws.elb.create_target_group(Name="other", Protocol="TCP", Port=80, VpcId=vpc_id)["TargetGroups"][0]
    return {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}


def test_a_listener_to_another_group_is_mended_in_place(run: Run, demo: Demo, aws: Aws) -> None:
    up(run, demo.listener)
    aws.elb.modify_listener(ListenerArn=aws.id(demo.listener), DefaultActions=[elsewhere(demo, aws)])
    assert [one.remedy for one in run.look()["listener"].drift] == [Remedy.MEND]
    assert up(run, demo.listener) == [], "it stays, and is modified"
    assert run.look()["listener"].drift == ()


def test_a_listener_on_another_port_is_not_ours(run: Run, demo: Demo, aws: Aws) -> None:
    up(run, demo.listener)
    goal: Any = {"Type": "forward", "TargetGroupArn": aws.id(demo.targets)}
    balancer, listener = aws.id(demo.balancer), aws.id(demo.listener)
    aws.elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=8080, DefaultActions=[goal])
    aws.elb.delete_listener(ListenerArn=listener)
    assert "listener" not in looked_at(run, demo, demo.listener)
    assert up(run, demo.listener) == ["listener"]


def test_a_listener_of_somebody_else_on_our_port_is_never_changed(run: Run, demo: Demo, aws: Aws) -> None:
    up(run, demo.listener)
    balancer, listener, goal = aws.id(demo.balancer), aws.id(demo.listener), elsewhere(demo, aws)
    aws.elb.modify_listener(ListenerArn=listener, Port=8080)
    made = aws.elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=80, DefaultActions=[goal])
    theirs = made["Listeners"][0]["ListenerArn"]
    assert run.look()["listener"].id == listener
    with pytest.raises(Refused, match=f"tcp/80 is taken by {theirs}") as refused:
        up(run, demo.listener)
    assert "Remove it from Network Load Balancer MyNetwork-LB" in refused.value.hint
    (still,) = aws.elb.describe_listeners(ListenerArns=[theirs])["Listeners"]
    assert (still["Port"], still["DefaultActions"][0]["TargetGroupArn"]) == (80, goal["TargetGroupArn"])


def test_a_listener_to_another_group_is_found_by_its_tags_too(run: Run, demo: Demo, aws: Aws) -> None:
    up(run, demo.listener)
    aws.elb.modify_listener(ListenerArn=aws.id(demo.listener), DefaultActions=[elsewhere(demo, aws)])
    del run.state.entries["listener"]
    assert [one.field for one in run.look()["listener"].drift] == ["target group"]


def test_a_gateway_attached_to_another_vpc_is_not_attached_to_ours(run: Run, demo: Demo, aws: Aws) -> None:
    attachment = named(demo, "provider-attachment")
    up(run, named(demo, "provider-gateway"), named(demo, "provider-vpc"))
    other = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    aws.ec2.attach_internet_gateway(InternetGatewayId=aws.id(named(demo, "provider-gateway")), VpcId=other)
    assert attachment.key not in looked_at(run, demo, attachment)


def test_another_key_is_noticed_and_what_carries_it_replaced(run: Run, demo: Demo, aws: Aws) -> None:
    up(run, demo.registration)
    again = tutorial(run.settings.model_copy(update={"public_key": ANOTHER_KEY}))
    seen = looked_at(run, again, again.registration)
    assert {key for key, live in seen.items() if live.phase is Phase.WRONG} == {"provider-key", "web"}
    assert sorted(up(run, again.registration)) == ["provider-key", "target", "web"]
    (reservation,) = aws.ec2.describe_instances(InstanceIds=[aws.id(again.web)])["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == "running"


def test_an_instance_that_lost_all_its_tags_gets_them_back_and_stays(run: Run, demo: Demo, aws: Aws) -> None:
    up(run, demo.web)
    web = aws.id(demo.web)
    aws.ec2.delete_tags(Resources=[web])
    assert up(run, demo.web) == []
    assert aws.id(demo.web) == web
    assert run.look()["web"].drift == ()


def test_a_key_that_is_not_known_is_never_wrong(run: Run, demo: Demo) -> None:
    up(run, demo.web)
    unknown = tutorial(run.settings.model_copy(update={"public_key": ""}))
    assert looked_at(run, unknown, unknown.web)["web"].phase is Phase.READY


# --- names that somebody else has -----------------------------------------------------------------


def taken_key(aws: Aws, demo: Demo) -> str:
    key = ANOTHER_KEY.encode()
    return aws.ec2.import_key_pair(KeyName=demo.web.key_pair.name, PublicKeyMaterial=key)["KeyPairId"]


def taken_group(aws: Aws, demo: Demo) -> str:
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = aws.elb.create_target_group(Name=demo.targets.name, Protocol="TCP", Port=80, VpcId=vpc)
    return group["TargetGroups"][0]["TargetGroupArn"]


def taken_balancer(aws: Aws, demo: Demo) -> str:
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    made = aws.elb.create_load_balancer(Name=demo.balancer.name, Type="network", Scheme="internal", Subnets=[subnet])
    return made["LoadBalancers"][0]["LoadBalancerArn"]


@pytest.mark.parametrize("take", [taken_key, taken_group, taken_balancer])
@pytest.mark.sampled(3)
def test_a_name_that_is_taken_is_refused(run: Run, demo: Demo, aws: Aws, take: Callable[[Aws, Demo], str]) -> None:
    theirs = take(aws, demo)
    with pytest.raises(Refused, match="is taken by") as caught:
        up(run, *demo.resources)
    assert theirs in caught.value.message
    assert run.look() == {}
    assert run.down(lambda event: None, None) == [], "it is not ours, so it is nothing left behind"
    with pytest.raises(Refused, match=theirs):
        up(run, *demo.resources)


# --- lost tags -----------------------------------------------------------------------------------------


def test_what_has_lost_its_tags_is_found_by_the_recorded_id(run: Run, demo: Demo, aws: Aws) -> None:
    up(run, *demo.resources)
    before = {key: live.id for key, live in run.look().items()}
    ours = [DEMO_TAG, RESOURCE_TAG]
    plain = [
        id for id in before.values() if id.split("-")[0] in ("vpc", "igw", "subnet", "rtb", "sg", "key", "i", "vpce")
    ]
    aws.ec2.delete_tags(Resources=[id for id in plain if ":" not in id], Tags=[{"Key": tag} for tag in ours])
    aws.elb.remove_tags(ResourceArns=[before["load-balancer"], before["target-group"]], TagKeys=ours)
    found = run.look()
    assert {key: live.id for key, live in found.items() if key in before} == before
    run.state.entries.clear()
    assert set(run.look()) == set(), "without the record nothing says that it is ours"


# --- found by name, by record, and by tags alone ----------------------------------------------------------

GONE = "'arn:1' not found"


def arn(n: int) -> str:
    return f"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/name-{n}/{n:x}"


def balancers(*numbers: int) -> dict[str, Any]:
    same = {"DNSName": "x", "State": {"Code": "active"}}
    return {"LoadBalancers": [{"LoadBalancerArn": arn(n), "LoadBalancerName": f"name-{n}", **same} for n in numbers]}


def tags(arns: Sequence[str], ours: str) -> dict[str, Any]:
    mine = [{"Key": DEMO_TAG, "Value": "vpce-demo"}, {"Key": RESOURCE_TAG, "Value": "load-balancer"}]
    theirs = [{"Key": "owner"}]
    return {"TagDescriptions": [{"ResourceArn": arn, "Tags": mine if arn == ours else theirs} for arn in arns]}


BY_NAME = {"Names": [PLAIN.balancer.name]}


@pytest.fixture
def asks(place: Environment) -> Iterator[tuple[Aws, Stubber, Stubber]]:
    """What a demo without a record asks of Elastic Load Balancing, and of the tagging API."""
    clients = place.clients[Side.PROVIDER]
    tagging = clients.other("resourcegroupstaggingapi")
    aws = Aws(replace(clients, other=lambda service: tagging), "vpce-demo", "")
    with Stubber(aws.elb) as elb, Stubber(tagging) as api:
        yield aws, elb, api
        elb.assert_no_pending_responses()
        api.assert_no_pending_responses()


def test_what_has_the_name_is_asked_for_alone(asks: tuple[Aws, Stubber, Stubber]) -> None:
    aws, elb, _ = asks
    elb.add_response("describe_load_balancers", balancers(1), BY_NAME)
    elb.add_response("describe_tags", tags([arn(1)], arn(1)), {"ResourceArns": [arn(1)]})
    assert [live.id for live in PLAIN.balancer.find(aws)] == [arn(1)]


def test_what_has_another_name_by_now_is_found_by_its_tags(asks: tuple[Aws, Stubber, Stubber]) -> None:
    """The API lags: one that it still lists is gone, which fails the call for both."""
    aws, elb, api = asks
    elb.add_client_error("describe_load_balancers", "LoadBalancerNotFound", GONE, expected_params=BY_NAME)
    listed: Any = [{"ResourceARN": one, "Tags": []} for one in (arn(1), arn(2), "arn:aws:ec2:us-east-1:1:vpc/vpc-1")]
    api.add_response("get_resources", {"ResourceTagMappingList": listed})
    both = {"LoadBalancerArns": [arn(1), arn(2)]}
    elb.add_client_error("describe_load_balancers", "LoadBalancerNotFound", GONE, expected_params=both)
    elb.add_client_error("describe_load_balancers", "LoadBalancerNotFound", GONE)
    elb.add_response("describe_load_balancers", balancers(2), {"LoadBalancerArns": [arn(2)]})
    elb.add_response("describe_tags", tags([arn(2)], arn(2)))
    assert [live.id for live in PLAIN.balancer.find(aws)] == [arn(2)]


def test_without_the_tagging_api_all_are_listed_and_their_tags_asked_for_in_batches(
    asks: tuple[Aws, Stubber, Stubber],
) -> None:
    aws, elb, api = asks
    elb.add_client_error("describe_load_balancers", "LoadBalancerNotFound", GONE, expected_params=BY_NAME)
    api.add_client_error("get_resources", "AccessDeniedException", "no")
    elb.add_response("describe_load_balancers", {**balancers(*range(30)), "NextMarker": "more"}, {})
    elb.add_response("describe_load_balancers", balancers(*range(30, 45)), {"Marker": "more"})
    for first in range(0, 45, TAGS_A_CALL):
        batch = [arn(n) for n in range(first, min(45, first + TAGS_A_CALL))]
        elb.add_response("describe_tags", tags(batch, arn(44)), {"ResourceArns": batch})
    assert [live.id for live in PLAIN.balancer.find(aws)] == [arn(44)]


def test_a_neighbour_s_that_goes_while_we_look_hides_nothing_of_ours(asks: tuple[Aws, Stubber, Stubber]) -> None:
    aws, elb, api = asks
    elb.add_client_error("describe_load_balancers", "LoadBalancerNotFound", GONE, expected_params=BY_NAME)
    api.add_client_error("get_resources", "AccessDeniedException", "no")
    elb.add_response("describe_load_balancers", balancers(0, 1, 2))
    elb.add_client_error("describe_tags", "LoadBalancerNotFound", GONE)
    elb.add_response("describe_tags", tags([arn(0)], arn(2)), {"ResourceArns": [arn(0)]})
    elb.add_client_error("describe_tags", "LoadBalancerNotFound", GONE)
    elb.add_client_error("describe_tags", "LoadBalancerNotFound", GONE)
    elb.add_response("describe_tags", tags([arn(2)], arn(2)), {"ResourceArns": [arn(2)]})
    assert [live.id for live in PLAIN.balancer.find(aws)] == [arn(2)]


def test_who_may_not_read_tags_is_told_so(asks: tuple[Aws, Stubber, Stubber]) -> None:
    aws, elb, _ = asks
    elb.add_response("describe_load_balancers", balancers(1))
    elb.add_client_error("describe_tags", "AccessDenied", "no")
    with pytest.raises(ClientError, match="AccessDenied"):
        list(PLAIN.balancer.find(aws))


@pytest.mark.parametrize("denied", [False, True])
def test_a_demo_with_other_names_and_no_record_is_found_by_its_tags(
    run: Run, demo: Demo, sandbox: Sandbox, denied: bool
) -> None:
    up(run, demo.balancer, demo.targets)
    there = {r.key: live.id for r in (demo.balancer, demo.targets) if (live := run.look().get(r.key))}
    run.state.entries.clear()
    named = {"load_balancer_name": "another-LB", "target_group_name": "another-TG"}
    other = tutorial(run.settings.model_copy(update={"provider": run.settings.provider.model_copy(update=named)}))
    if denied:
        sandbox.faults.add(InjectedFault("error", "GetResources", times=9, code="AccessDeniedException", status=400))
    seen = looked_at(run, other, other.balancer, other.targets)
    assert {key: seen[key].id for key in there} == there


def test_a_filter_that_is_ignored_does_no_harm(run: Run, demo: Demo, aws: Aws) -> None:
    vpc = named(demo, "provider-vpc")
    aws.ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=replace(aws, demo="other").tagged(vpc, "vpc"))
    unfiltered = {"Vpcs": aws.ec2.describe_vpcs()["Vpcs"]}
    with Stubber(aws.ec2) as stub:
        stub.add_response("describe_vpcs", unfiltered)
        assert list(vpc.find(replace(aws, fresh=float("inf")))) == []
