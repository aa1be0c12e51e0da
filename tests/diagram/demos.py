"""Demos as AWS would hold them in each state, made without AWS; and pictures of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from vpce_demo.config.load import load
from vpce_demo.config.model import Config
from vpce_demo.diagram.picture import Frame, Picture, picture
from vpce_demo.lessons import LANGUAGES, Language
from vpce_demo.model import Live, Phase, Side
from vpce_demo.resources.security_group import IngressRule
from vpce_demo.session.discover import not_looked_up
from vpce_demo.tutorial import Demo, tutorial

PREFIX = {
    "Vpc": "vpc",
    "InternetGateway": "igw",
    "GatewayAttachment": "igw",
    "Subnet": "subnet",
    "RouteTable": "rtb",
    "SubnetRouting": "rtbassoc",
    "InternetRoute": "rtb",
    "KeyPair": "key",
    "SecurityGroup": "sg",
    "IngressRule": "sg",
    "Instance": "i",
    "EndpointService": "vpce-svc",
    **dict.fromkeys(("VpcEndpoint", "Acceptance"), "vpce"),
}
ARNS = {
    "LoadBalancer": "loadbalancer/net/{name}/{mark}",
    "TargetGroup": "targetgroup/{name}/{mark}",
    "Listener": "listener/net/{name}/{mark}/{mark}",
}
WORDS = {
    "GatewayAttachment": "attached",
    "SubnetRouting": "associated",
    "InternetRoute": "active",
    "Instance": "running",
    "LoadBalancer": "active",
    "Registration": "healthy",
    "EndpointService": "Available",
    **dict.fromkeys(("Vpc", "Subnet", "VpcEndpoint", "Acceptance"), "available"),
}
FRAME = Frame(
    zone="us-east-1a",
    accounts={side: {"account": "111122223333", "region": "us-east-1"} for side in Side},
    addresses={"endpoint": "10.0.1.87", "load-balancer": "20.0.1.36"},
)
LONG = "a-long-name-that-a-person-chose0"
"""As long as AWS's names and ours allow."""


def demo_of(config: Config | None = None) -> Demo:
    return tutorial(not_looked_up(config or Config()))


def long_demo() -> Demo:
    """A demo with the longest names everywhere."""
    balancer = {"load_balancer_name": "W" * 32, "target_group_name": "T" * 32}
    return demo_of(load(None, {"provider": {**balancer, **_long("provider")}, "consumer": _long("consumer")}))


def _long(side: str) -> dict[str, str]:
    names = ("vpc", "gateway", "subnet", "route_table", "key", "instance")
    more = ("service",) if side == "provider" else ("endpoint",)
    return {f"{name}_name": f"{LONG}-{side}-{name}-WWWW" for name in (*names, *more)}


def standing(demo: Demo) -> dict[str, Live]:
    """Everything there and well."""
    live = {}
    for r in demo.resources:
        mark = hashlib.sha256(f"{r.side} {PREFIX.get(r.kind, r.kind)} {r.name}".encode()).hexdigest()
        id = f"{PREFIX[r.kind]}-{mark[:17]}" if r.kind in PREFIX else f"i-{mark[:17]}:80"
        if r.kind in ARNS:
            what = ARNS[r.kind].format(name=r.name.replace("/", "-"), mark=mark[:16])
            id = f"arn:aws:elasticloadbalancing:us-east-1:111122223333:{what}"
        live[r.key] = Live(id, Phase.READY, WORDS.get(r.kind, ""))
    live[demo.acceptance.key] = live[demo.endpoint.key]
    service = live[demo.service.key].id
    outputs: Mapping[str, dict[str, str]] = {
        demo.web.key: {"private_address": "20.0.1.10", "public_address": "54.1.2.4", "demo_id": "7f3a9c"},
        demo.customer.key: {"private_address": "10.0.1.15", "public_address": "54.1.2.3"},
        demo.service.key: {"service_name": f"com.amazonaws.vpce.us-east-1.{service}"},
        demo.balancer.key: {"dns_name": "MyNetwork-LB-50dc6c495c0c9188.elb.us-east-1.amazonaws.com"},
        demo.endpoint.key: {"interfaces": "eni-0a1b2c3d4e5f67890"},
        **{r.key: {"source": r.source or "203.0.113.7/32"} for r in demo.resources if isinstance(r, IngressRule)},
    }
    return {key: Live(one.id, one.phase, one.word, one.why, outputs.get(key, one.outputs)) for key, one in live.items()}


def waiting(demo: Demo) -> dict[str, Live]:
    """Everything made, the load balancer provisioning and the connection waiting for the provider's yes."""
    live = standing(demo)
    for key, phase, word in (
        (demo.balancer.key, Phase.PENDING, "provisioning"),
        (demo.registration.key, Phase.READY, "initial"),
        (demo.endpoint.key, Phase.READY, "pendingAcceptance"),
    ):
        live[key] = Live(live[key].id, phase, word)
    del live[demo.acceptance.key]
    return live


def broken(demo: Demo) -> dict[str, Live]:
    """The connection rejected, the target unhealthy, and a route that goes nowhere."""
    live = standing(demo)
    for key, phase, word in (
        (demo.endpoint.key, Phase.FAILED, "rejected"),
        (demo.registration.key, Phase.READY, "unhealthy"),
        ("customer-route", Phase.WRONG, "active"),
    ):
        live[key] = Live(live[key].id, phase, word)
    del live[demo.acceptance.key]
    return live


def closed(demo: Demo) -> dict[str, Live]:
    """The endpoint's security group without the rule for the page."""
    live = standing(demo)
    del live["customer-rule-http"]
    return live


def pictures() -> dict[str, Picture]:
    """One picture of each state, with plain names and with long ones; in Japanese too (``plain ready ja``)."""
    return {f"{name} {lang}".removesuffix(" en"): one for lang in LANGUAGES for name, one in _pictures(lang).items()}


def _pictures(lang: Language) -> dict[str, Picture]:
    made = {}
    for names, demo, frame in (
        ("plain", demo_of(), FRAME),
        ("long", long_demo(), replace(FRAME, demo=LONG, place="sandbox")),
    ):
        made[f"{names} ready"] = picture(demo, standing(demo), frame, lang)
        made[f"{names} pending"] = picture(demo, waiting(demo), frame, lang)
        made[f"{names} broken"] = picture(demo, broken(demo), frame, lang)
        made[f"{names} closed"] = picture(demo, closed(demo), frame, lang)
        made[f"{names} plan"] = picture(demo, {}, Frame(frame.demo), lang)
    return made
