"""What somebody does to a demo behind the program's back, in plain calls."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tools.account import Account, part_of
from vpce_demo.aws.clients import Clients


class Missing(Exception):
    """There is nothing of the kind to be spoilt."""


def find(held: Account, key: str, prefix: str = "") -> tuple[str, Any]:
    """The id and description of a part of the demo; of several with the same tags the one with this prefix."""
    for id, item in held.items():
        if part_of(item) == key and id.startswith(prefix):
            return id, item
    raise Missing(key)


def close_a_port(clients: Clients, held: Account) -> None:
    id, group = find(held, "customer-group")
    for permission in group["IpPermissions"][:1]:
        clients.ec2.revoke_security_group_ingress(GroupId=id, IpPermissions=[permission])


def close_every_port(clients: Clients, held: Account) -> None:
    id, group = find(held, "provider-group")
    if group["IpPermissions"]:
        clients.ec2.revoke_security_group_ingress(GroupId=id, IpPermissions=group["IpPermissions"])


def delete_the_route(clients: Clients, held: Account) -> None:
    clients.ec2.delete_route(RouteTableId=find(held, "customer-routes")[0], DestinationCidrBlock="0.0.0.0/0")


def take_the_subnet_from_its_table(clients: Clients, held: Account) -> None:
    for association in find(held, "provider-routes")[1]["Associations"]:
        clients.ec2.disassociate_route_table(AssociationId=association["RouteTableAssociationId"])


def delete_the_listener(clients: Clients, held: Account) -> None:
    _, (_, _, listeners) = find(held, "load-balancer")
    for listener, _ in listeners:
        clients.elb.delete_listener(ListenerArn=listener["ListenerArn"])


def deregister_the_target(clients: Clients, held: Account) -> None:
    arn, (_, _, targets) = find(held, "target-group")
    if targets:
        clients.elb.deregister_targets(TargetGroupArn=arn, Targets=targets)


def terminate_the_web_server(clients: Clients, held: Account) -> None:
    clients.ec2.terminate_instances(InstanceIds=[find(held, "web", "i-")[0]])


def terminate_the_customer(clients: Clients, held: Account) -> None:
    clients.ec2.terminate_instances(InstanceIds=[find(held, "customer", "i-")[0]])


def stop_the_customer(clients: Clients, held: Account) -> None:
    clients.ec2.stop_instances(InstanceIds=[find(held, "customer", "i-")[0]])


def reject_the_endpoint(clients: Clients, held: Account) -> None:
    endpoint, service = find(held, "endpoint")[0], find(held, "service")[0]
    clients.ec2.reject_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=[endpoint])


def delete_the_endpoint(clients: Clients, held: Account) -> None:
    clients.ec2.delete_vpc_endpoints(VpcEndpointIds=[find(held, "endpoint")[0]])


def delete_the_load_balancer(clients: Clients, held: Account) -> None:
    clients.elb.delete_load_balancer(LoadBalancerArn=find(held, "load-balancer")[0])


def delete_the_target_group(clients: Clients, held: Account) -> None:
    clients.elb.delete_target_group(TargetGroupArn=find(held, "target-group")[0])


def delete_the_key(clients: Clients, held: Account) -> None:
    clients.ec2.delete_key_pair(KeyPairId=find(held, "customer-key")[0])


MISCHIEF: dict[str, Callable[[Clients, Account], None]] = {
    function.__name__.replace("_", " "): function
    for function in (
        close_a_port,
        close_every_port,
        delete_the_route,
        take_the_subnet_from_its_table,
        delete_the_listener,
        deregister_the_target,
        terminate_the_web_server,
        terminate_the_customer,
        stop_the_customer,
        reject_the_endpoint,
        delete_the_endpoint,
        delete_the_load_balancer,
        delete_the_target_group,
        delete_the_key,
    )
}
"""By what it is called in a story."""


def do(what: str, clients: Clients, held: Account) -> bool:
    """Do one of these; whether it could be done: AWS refuses some of it while something else is there."""
    with contextlib.suppress(Missing, ClientError):
        MISCHIEF[what](clients, held)
        return True
    return False
