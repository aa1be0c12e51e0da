"""Listeners of Network and Gateway Load Balancers."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from ..api.protocol import ApiError
from ..store.moto import forwards_to

SECURE = ("TLS", "HTTPS")


def listening(call: Call, group_arn: str) -> list[Any]:
    """The load balancers with a listener that sends to a group.  Moto's own list of them only ever grows."""
    return [
        balancer
        for balancer in call.elb.load_balancers.values()
        if any(group_arn in forwards_to(listener) for listener in balancer.listeners.values())
    ]


def _item(one: dict[str, Any]) -> dict[str, Any]:
    """Without the TLS settings and the empty protocol that moto gives a listener."""
    if one.get("Protocol") not in SECURE:
        for key in ("SslPolicy", "Certificates", "AlpnPolicy"):
            one.pop(key, None)
    return {key: value for key, value in one.items() if value != ""}


@handles("elbv2", "CreateListener")
def create_listener(call: Call) -> dict[str, Any]:
    """The same again gives the same listener; another one on a taken port ``DuplicateListener``."""
    params = call.params
    balancer = call.elb.load_balancers.get(params["LoadBalancerArn"])
    if balancer is None:
        raise ApiError("LoadBalancerNotFound", f"Load balancer '{params['LoadBalancerArn']}' not found")
    wanted = [arn for action in params.get("DefaultActions", []) for arn in _targets(action)]
    for listener in balancer.listeners.values():
        if str(listener.port or "") == str(params.get("Port", "")):  # that of a Gateway Load Balancer has none
            if (listener.protocol or "") == params.get("Protocol", "") and forwards_to(listener) == list(
                dict.fromkeys(wanted)
            ):
                return _described(call, listener.arn)
            text = f"A listener already exists on this port for this load balancer '{balancer.arn}'"
            raise ApiError("DuplicateListener", text)
    for arn in wanted:
        group = call.elb.target_groups.get(arn)
        if group is None:
            raise ApiError("TargetGroupNotFound", f"Target groups '{arn}' not found")
        if group.vpc_id != balancer.vpc_id:
            text = "The load balancer and the target group are in different VPCs"
            raise ApiError("InvalidConfigurationRequest", text)
        if (group.protocol == "GENEVE") != (balancer.type == "gateway"):
            text = f"The protocol {group.protocol} of the target group is not one of a {balancer.type} load balancer"
            raise ApiError("IncompatibleProtocols", text)
        if any(one is not balancer for one in listening(call, arn)):
            text = f"The following target groups cannot be associated with more than one load balancer: {arn}"
            raise ApiError("TargetGroupAssociationLimit", text)
    made = call.moto()["Listeners"]
    return {"Listeners": [_item(one) for one in made]}


def _targets(action: dict[str, Any]) -> list[str]:
    direct = [action["TargetGroupArn"]] if action.get("TargetGroupArn") else []
    return direct + [one["TargetGroupArn"] for one in action.get("ForwardConfig", {}).get("TargetGroups", [])]


def _described(call: Call, arn: str) -> dict[str, Any]:
    answer = call.moto("DescribeListeners", ListenerArns=[arn])
    return {"Listeners": [_item(one) for one in answer["Listeners"]]}


@handles("elbv2", "DescribeListeners", "ModifyListener")
def describe_or_modify_listeners(call: Call) -> dict[str, Any]:
    answer = call.moto()
    return {**answer, "Listeners": [_item(one) for one in answer.get("Listeners", [])]}
