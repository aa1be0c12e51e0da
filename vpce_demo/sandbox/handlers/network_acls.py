"""Rules of network ACLs: one that is not there is refused."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from ..api.protocol import ApiError


@handles("ec2", "DeleteNetworkAclEntry", "ReplaceNetworkAclEntry")
def change_network_acl_entry(call: Call) -> dict[str, Any]:
    """Raises ``InvalidNetworkAclEntry.NotFound``."""
    params = call.params
    acl = call.ec2.network_acls.get(params["NetworkAclId"])
    rule = params["RuleNumber"], bool(params["Egress"])
    if acl and rule not in [(int(one.rule_number), _is_egress(one)) for one in acl.network_acl_entries]:
        text = f"The network acl entry identified by {rule[0]} does not exist."
        raise ApiError("InvalidNetworkAclEntry.NotFound", text)
    return call.moto()


def _is_egress(entry: Any) -> bool:
    return str(entry.egress).lower() == "true"
