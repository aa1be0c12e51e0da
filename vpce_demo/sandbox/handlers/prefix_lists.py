"""Prefix lists: AWS's own by name, with their entries, and customers' (``aws-behaviours-2.md`` section 4)."""

from __future__ import annotations

from typing import Any

from ..api.calls import Call, handles
from ..api.filters import Fields, matching
from ..api.protocol import ApiError
from ..store import prefix_lists


def prefix_list(call: Call, list_id: str, code: str = "InvalidPrefixListID") -> Any:
    """Moto's prefix list.  Raises the code's ``NotFound``: AWS has two spellings."""
    found = call.ec2.managed_prefix_lists.get(list_id)
    if found is None:
        raise ApiError(f"{code}.NotFound", f"The prefix list ID '{list_id}' does not exist")
    return found


_FIELDS: Fields = {
    "prefix-list-id": lambda one: one["PrefixListId"],
    "prefix-list-name": lambda one: one["PrefixListName"],
}


@handles("ec2", "DescribePrefixLists", pages="PrefixLists")
def describe_prefix_lists(call: Call) -> dict[str, Any]:
    """AWS's own lists."""
    wanted = call.params.get("PrefixListIds") or list(call.ec2.managed_prefix_lists)
    shown = [
        {"PrefixListId": one.id, "PrefixListName": one.prefix_list_name, "Cidrs": prefix_lists.cidrs_in(one)}
        for one in (prefix_list(call, list_id, "InvalidPrefixListId") for list_id in wanted)
        if one.owner_id == prefix_lists.OWNER
    ]
    return {"PrefixLists": matching(shown, call.params.get("Filters"), _FIELDS)}


@handles("ec2", "DescribeManagedPrefixLists", pages="PrefixLists")
def describe_managed_prefix_lists(call: Call) -> dict[str, Any]:
    for list_id in call.params.get("PrefixListIds", []):
        prefix_list(call, list_id)
    return call.moto(MaxResults=None, NextToken=None)


@handles("ec2", "GetManagedPrefixListEntries", pages="Entries")
def get_managed_prefix_list_entries(call: Call) -> dict[str, Any]:
    prefix_list(call, call.params["PrefixListId"])
    return call.moto(MaxResults=None, NextToken=None)


@handles("ec2", "ModifyManagedPrefixList", "DeleteManagedPrefixList")
def modify_or_delete_managed_prefix_list(call: Call) -> dict[str, Any]:
    """Not AWS's own.  What AWS answers then is not documented."""
    if (one := prefix_list(call, call.params["PrefixListId"])).owner_id == prefix_lists.OWNER:
        raise ApiError("OperationNotPermitted", f"The prefix list {one.id} is managed by AWS.")
    return call.moto()
