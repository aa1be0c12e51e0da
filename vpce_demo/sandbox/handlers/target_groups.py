"""Target groups, what is registered with them, and how its health is told (``aws-behaviours.md`` section 4).

Registrations are ours: moto keeps one port an instance.  What is healthy, the network's real checks find out.
"""

from __future__ import annotations

from typing import Any

from .. import timing
from ..api.calls import Call, handles
from ..api.protocol import ApiError
from ..store.cloud import RegisteredTarget
from . import listeners, validation

NETWORK = ("TCP", "UDP", "TCP_UDP", "TLS")
WEB = ("HTTP", "HTTPS")
GENEVE_PORT = 6081
ATTRIBUTES = {
    "deregistration_delay.connection_termination.enabled": "false",
    "deregistration_delay.timeout_seconds": "300",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "preserve_client_ip.enabled": "true",
    "proxy_protocol_v2.enabled": "false",
    "stickiness.enabled": "false",
    "stickiness.type": "source_ip",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
    "target_health_state.unhealthy.connection_termination.enabled": "true",
    "target_health_state.unhealthy.draining_interval_seconds": "0",
}
SETTINGS = (
    "Protocol",
    "Port",
    "VpcId",
    "TargetType",
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "Tags",
)


def group(call: Call) -> Any:
    """Moto's target group of this call.  Raises ``TargetGroupNotFound``."""
    arn = call.params["TargetGroupArn"]
    found = call.elb.target_groups.get(arn)
    if found is None:
        raise ApiError("TargetGroupNotFound", f"Target groups '{arn}' not found")
    return found


@handles("elbv2", "CreateTargetGroup")
def create_target_group(call: Call) -> dict[str, Any]:
    """The same settings again give the same group, others ``DuplicateTargetGroupName``."""
    params = call.params
    protocol = params.get("Protocol", "")
    network = protocol in NETWORK
    if protocol == "GENEVE" and params.get("Port", GENEVE_PORT) != GENEVE_PORT:
        raise ApiError("ValidationError", f"The port of a GENEVE target group must be {GENEVE_PORT}")
    if network or protocol in WEB:
        checks = params.get("HealthCheckProtocol", "TCP" if network else protocol)
        usual = 5 if not network else 6 if checks == "HTTP" else 10
        _check_timing(
            checks, params.get("HealthCheckIntervalSeconds", 30), params.get("HealthCheckTimeoutSeconds", usual)
        )
    settings = {name: params.get(name) for name in SETTINGS}
    for arn, existing in call.elb.target_groups.items():
        if existing.name == params["Name"]:
            if getattr(existing, "settings", None) == settings:
                return call.moto("DescribeTargetGroups", TargetGroupArns=[arn])
            text = f"A target group with the same name '{params['Name']}' exists, but with different settings"
            raise ApiError("DuplicateTargetGroupName", text)
    answer = call.moto()
    made = call.elb.target_groups[answer["TargetGroups"][0]["TargetGroupArn"]]
    made.settings = settings
    if network:
        made.attributes = dict(ATTRIBUTES)
    call.cloud.registrations[made.arn] = {}
    return answer


def _check_timing(protocol: str, interval: int, timeout: int) -> None:
    """Raises ``ValidationError``.  Only a check by HTTP or HTTPS must end before the next one begins."""
    if protocol in WEB and interval <= timeout:
        raise ApiError("ValidationError", "Health check interval must be greater than the timeout.")
    if interval < timeout:
        text = f"Health check timeout '{timeout}' must be smaller than or equal to the interval '{interval}'"
        raise ApiError("ValidationError", text)


@handles("elbv2", "ModifyTargetGroup")
def modify_target_group(call: Call) -> dict[str, Any]:
    one, params = group(call), call.params
    _check_timing(
        params.get("HealthCheckProtocol", one.health_check_protocol),
        int(params.get("HealthCheckIntervalSeconds", one.health_check_interval_seconds)),
        int(params.get("HealthCheckTimeoutSeconds", one.health_check_timeout_seconds)),
    )
    return {"TargetGroups": [_item(call, each) for each in call.moto()["TargetGroups"]]}


@handles("elbv2", "DescribeTargetGroups")
def describe_target_groups(call: Call) -> dict[str, Any]:
    """One unknown name fails the whole call."""
    names = {one.name for one in call.elb.target_groups.values()}
    missing = [name for name in call.params.get("Names") or [] if name not in names]
    if missing:
        raise ApiError("TargetGroupNotFound", f"Target groups '[{', '.join(missing)}]' not found")
    answer = call.moto()
    return {**answer, "TargetGroups": [_item(call, one) for one in answer["TargetGroups"]]}


def _item(call: Call, one: dict[str, Any]) -> dict[str, Any]:
    if one.get("HealthCheckProtocol") not in WEB:
        for name in ("HealthCheckPath", "Matcher"):  # kept from when it was
            one.pop(name, None)
    one["LoadBalancerArns"] = [balancer.arn for balancer in listeners.listening(call, one["TargetGroupArn"])]
    return one


@handles("elbv2", "DeleteTargetGroup")
def delete_target_group(call: Call) -> dict[str, Any]:
    """Not while a listener sends to it.  Of one that is not there it succeeds: AWS's model declares no such error."""
    arn = call.params["TargetGroupArn"]
    if arn not in call.elb.target_groups:
        return {}
    if listeners.listening(call, arn):
        raise ApiError("ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule")
    answer = call.moto()
    call.cloud.registrations.pop(arn, None)
    return answer


@handles("elbv2", "RegisterTargets")
def register_targets(call: Call) -> dict[str, Any]:
    """Running instances of the group's VPC; registering one again changes nothing."""
    one = group(call)
    held = call.cloud.registrations.setdefault(one.arn, {})
    known = {instance.id: instance for instance in validation.instances(call)}
    wanted = call.params["Targets"]
    if one.target_type == "instance":
        unknown = [target["Id"] for target in wanted if target["Id"] not in known]
        if unknown:
            text = f"The following targets are not valid instances: '{', '.join(unknown)}'"
            raise ApiError("InvalidTarget", text)
        idle = [target["Id"] for target in wanted if known[target["Id"]].state != "running"]
        if idle:
            text = f"The following targets are not in a running state and cannot be registered: '{', '.join(idle)}'"
            raise ApiError("InvalidTarget", text)
        strange = [target["Id"] for target in wanted if known[target["Id"]].vpc_id != one.vpc_id]
        if strange:
            text = f"The following targets are not in the target group VPC '{one.vpc_id}': '{', '.join(strange)}'"
            raise ApiError("InvalidTarget", text)
    for target in wanted:
        key = target["Id"], int(target.get("Port") or one.port)
        if key not in held or held[key].leaving:
            held[key] = RegisteredTarget(call.cloud.now())
    return {}


@handles("elbv2", "DeregisterTargets")
def deregister_targets(call: Call) -> dict[str, Any]:
    """Drained first, if it was in use; a target that is not there is no error."""
    one = group(call)
    held = call.cloud.registrations.setdefault(one.arn, {})
    for target in call.params["Targets"]:
        ports = [target["Port"]] if target.get("Port") else [port for each, port in held if each == target["Id"]]
        for key in [(target["Id"], int(port)) for port in ports]:
            if key in held and not held[key].leaving:
                held[key].leaving = True
                _drop_later(call, one, key, held[key])
    return {}


def _drop_later(call: Call, one: Any, key: tuple[str, int], registration: RegisteredTarget) -> None:
    held = call.cloud.registrations[one.arn]

    def drop() -> None:
        if held.get(key) is registration and registration.leaving:
            del held[key]

    delay = float(one.attributes.get("deregistration_delay.timeout_seconds", 300))
    call.cloud.later(delay if listeners.listening(call, one.arn) else 0.0, drop)


@handles("elbv2", "DescribeTargetHealth")
def describe_target_health(call: Call) -> dict[str, Any]:
    """Every registered target, or those asked for, with what the network's checks say.

    A terminated instance is not listed any more; asked for, it drains.
    """
    one = group(call)
    held = call.cloud.registrations.get(one.arn, {})
    asked = call.params.get("Targets")
    keys = [(each["Id"], int(each.get("Port") or one.port)) for each in asked or []]
    keys = keys or [key for key in held if not _is_terminated(call, one, key[0])]
    check_port = one.health_check_port
    return {
        "TargetHealthDescriptions": [
            {
                "Target": {"Id": key[0], "Port": key[1]},
                "HealthCheckPort": str(key[1] if check_port == "traffic-port" else check_port),
                "TargetHealth": _health(call, one, key, held.get(key)),
            }
            for key in keys
        ]
    }


def _health(call: Call, one: Any, key: tuple[str, int], registration: RegisteredTarget | None) -> dict[str, str]:
    if registration is None:
        return _state("unused", "Target.NotRegistered", "Target is not registered to the target group")
    if registration.leaving or _is_terminated(call, one, key[0]):
        return _state("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
    balancers = listeners.listening(call, one.arn)
    if not balancers:
        text = "Target group is not configured to receive traffic from the load balancer"
        return _state("unused", "Target.NotInUse", text)
    if one.target_type == "instance":
        instance = _instance(call, key[0])
        if instance.state != "running":
            return _state("unused", "Target.InvalidState", f"Target is in the {instance.state} state")
        zones = {subnet.availability_zone for balancer in balancers for subnet in balancer.subnets}
        if instance.availability_zone not in zones:
            text = "Target is in an Availability Zone that is not enabled for the load balancer"
            return _state("unused", "Target.NotInUse", text)
    if not call.cloud.clock.passed(registration.registered_at, timing.TARGET_REGISTERING):
        return _state("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
    healthy = call.cloud.wires.health(one.arn, *key).healthy
    if healthy is None:
        return _state("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
    return {"State": "healthy"} if healthy else _state("unhealthy", "Target.FailedHealthChecks", "Health checks failed")


def _instance(call: Call, instance_id: str) -> Any:
    return next((each for each in validation.instances(call) if each.id == instance_id), None)


def _is_terminated(call: Call, group: Any, target_id: str) -> bool:
    """True for an instance that is terminated, or was so long ago that it is not known any more."""
    if group.target_type != "instance":
        return False
    instance = _instance(call, target_id)
    return instance is None or instance.state == "terminated"


def _state(state: str, reason: str, description: str) -> dict[str, str]:
    return {"State": state, "Reason": reason, "Description": description}
