"""Causes in the endpoint connection: not accepted, rejected, or not ready yet."""

from __future__ import annotations

from ...errors import Fix
from ...model import Side
from ..aws_facts import AwsFacts
from .table import About, Finding, Symptom, rule


@rule(
    "not-accepted",
    Symptom.NOT_ACCEPTED,
    likely="nobody has accepted the connection",
    confirmed_by="the connections of the service",
    mend="accept it",
    about=About.ACCEPTANCE,
    checks=(4, 6),
)
def not_accepted(facts: AwsFacts) -> Finding | None:
    if not (endpoint := facts.waiting()):
        return None
    if Side.PROVIDER not in facts.sides:
        return Finding(
            "the provider has not accepted the connection.",
            [f"{endpoint} is pendingAcceptance."],
            [Fix("to be run by the provider", f"<their-demo> accept {endpoint}")],
        )
    service = facts.id(facts.demo.service)
    if Side.CONSUMER not in facts.sides:
        return Finding(
            "nobody has accepted the connection.",
            [f"{endpoint} has asked {service} for one, and is pendingAcceptance."],
            [Fix("", f"<demo> accept {endpoint}")],
        )
    accept = facts.command(
        Side.PROVIDER, "ec2 accept-vpc-endpoint-connections", service_id=service, vpc_endpoint_ids=endpoint
    )
    return Finding(
        "nobody has accepted the connection.",
        [f"{endpoint} has asked {service} for one, and is pendingAcceptance."],
        [Fix("the provider says yes", "<demo> accept"), Fix("", accept)],
    )


@rule(
    "endpoint-unusable",
    Symptom.UNUSABLE,
    likely="the connection was refused, was not accepted in time, or failed",
    confirmed_by="the connections of the service, and the endpoint's last error",
    mend="delete it and create another: AWS documents no way back",
    about=About.ACCEPTANCE,
    checks=(4, 6),
)
def endpoint_unusable(facts: AwsFacts) -> Finding | None:
    causes = {
        "rejected": "the provider refused the connection.",
        "expired": "nobody accepted the connection in time.",
        "failed": "AWS could not make the endpoint.",
    }
    seen = facts.endpoint() if Side.CONSUMER in facts.sides else None
    ids = {seen.get("State", "").lower(): seen["VpcEndpointId"]} if seen else facts.of_the_consumer()
    word = next((one for one in ids if one in causes), "")
    if not word:
        return None
    evidence = [f"{ids[word]} is {word}, and AWS documents no way back from that."]
    if seen is None:
        return Finding(causes[word], evidence, [Fix("to be run by the consumer", "<their-demo> up")])
    if error := seen.get("LastError", {}).get("Message", ""):
        evidence.append(f"AWS said: {error}")
    delete = facts.command(Side.CONSUMER, "ec2 delete-vpc-endpoints", vpc_endpoint_ids=ids[word])
    both = Side.PROVIDER in facts.sides
    label = "deletes it, makes another, accepts that" if both else "deletes it, and makes another"
    return Finding(
        causes[word],
        evidence,
        [Fix(label, "<demo> up", deletes=True), Fix("", f"{delete} && <demo> up", deletes=True)],
    )


@rule(
    "endpoint-pending",
    Symptom.NOT_READY,
    likely="the endpoint is not ready yet",
    confirmed_by="its state",
    mend="wait: that takes AWS one to three minutes after the acceptance",
    about=About.ACCEPTANCE,
    checks=(4, 6),
    passes=True,
)
def endpoint_pending(facts: AwsFacts) -> Finding | None:
    endpoint = facts.endpoint()
    if endpoint.get("State", "").lower() != "pending":
        return None
    return Finding(
        "the endpoint is not ready yet.",
        [f"{endpoint['VpcEndpointId']} is pending: accepted, and available in one to three minutes."],
        [Fix("when you have waited", "<demo> test")],
    )
