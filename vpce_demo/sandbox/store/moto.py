"""Accesses the inside of moto: which stores exist, how they are emptied, what they load and what they need not repeat.

Moto keeps its stores in module variables of the process, so a process holds one sandbox at a time.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from moto import backends as services
from moto.core import responses, serialize
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.model import Shape
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.serialize import AttributePickerContext, ResponseSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model, get_value, method_names_from_class
from moto.ec2 import utils
from moto.ec2.models import amis, ec2_backends, tags
from moto.ec2.models.elastic_block_store import EBSBackend
from moto.ec2.models.instance_types import (
    INSTANCE_TYPE_OFFERINGS,
    INSTANCE_TYPES,
    InstanceTypeBackend,
    InstanceTypeOfferingBackend,
)
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPCBackend
from moto.elbv2.models import elbv2_backends
from moto.ssm.models import ssm_backends
from moto.utilities.utils import load_resource

ID_DIGITS = 17
UNUSED_IMAGES = "ecs/optimized_amis"
"""1,227 images for Amazon ECS in each region.  Nothing looks for them here, and each costs a volume and a snapshot."""


@cache
def regions() -> frozenset[str]:
    """Every region of AWS, of all partitions."""
    session = AccountSpecificBackend.get_session()
    return frozenset(
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("ec2", partition_name=partition)
    )


def ec2_stores() -> Iterator[Any]:
    """Moto's EC2 store of every account and region that has been used."""
    return (store for _, _, store in ec2_backends.iter_backends())


def count_instances() -> int:
    """How many instances there are in all accounts and regions, without those that are terminated."""
    reservations = (each for store in ec2_stores() for each in store.reservations.values())
    return sum(one.state != "terminated" for each in reservations for one in each.instances)


def elb_stores() -> Iterator[Any]:
    """Moto's load balancing store of every account and region that has been used."""
    return (store for _, _, store in elbv2_backends.iter_backends())


def reset() -> None:
    """Empty every account and region.  A store is made anew when it is used again."""
    used: list[dict[str, Any]] = BackendDict.__dict__["_instances"]
    for stores in used:
        for regions in stores.values():
            regions.clear()
        stores.clear()
    used.clear()
    # What moto remembers beside its stores would keep them alive.
    reset_model_data()
    Subnet._base_avail_ip_iterator.cache_clear()


def warm_up(region: str) -> None:
    """Load AWS's models and moto's tables of zones, images and types, so that the first call is quick."""
    for service in ("ec2", "ssm", "elbv2"):
        get_service_model(service)
    for backends in (ec2_backends, ssm_backends):
        _ = backends[DEFAULT_ACCOUNT_ID][region]


def is_active_route(store: Any, target: str, vpc_id: str) -> bool:
    """True if a route of this VPC to this target is active: the gateway attached or not
    deleted, the peering connection active."""
    if target.startswith("pcx-"):
        peering = store.vpc_pcxs.get(target)
        return peering is not None and peering.status["Code"] == "active"
    if target.startswith("nat-"):
        nat = store.nat_gateways.get(target)
        return nat is not None and nat.state in ("pending", "available")
    if not target.startswith("igw-"):
        return True
    found = store.internet_gateways.get(target)
    return found is not None and found.vpc is not None and found.vpc.id == vpc_id


def forwards_to(listener: Any) -> list[str]:
    """The ARNs of the target groups a listener sends to by default."""
    found = []
    for action in listener.default_actions:
        if arn := action.data.get("TargetGroupArn"):
            found.append(str(arn))
        found += [one["TargetGroupArn"] for one in action.data.get("ForwardConfig", {}).get("TargetGroups", [])]
    return list(dict.fromkeys(found))


def name_and_hash(arn: str) -> str:
    """``net/NAME/HASH``, as the descriptions of its interfaces have it."""
    return arn.partition(":loadbalancer/")[2]


def load_balancer_interfaces(store: Any, arn: str) -> list[Any]:
    """The interfaces of a load balancer in moto's EC2 store."""
    text = f"ELB {name_and_hash(arn)}"
    return [one for one in store.enis.values() if one.description == text and hasattr(one, "managed_attachment")]


@lru_cache
def wildcards(wanted: str) -> re.Pattern[str]:
    """A filter's value: ``*`` is any text and ``?`` any character, unless a backslash stands before it."""
    parts = re.findall(r"\\.|.", re.sub(r"(?<!\\)\*+", "*", wanted), re.DOTALL)
    wild = {"*": ".*", "?": "."}
    inside = "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
    return re.compile(f"(?:{inside})\\Z", re.DOTALL)


def _matches(text: str, wanted: str) -> bool:
    return wildcards(wanted).match(text) is not None


def _any_matches(held: Any, wanted: Any) -> bool:
    values = held if isinstance(held, list) else [held]
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    return any(_matches(text, each) for text in texts for each in wanted)


def _load_resource(resource: str) -> Any:
    if UNUSED_IMAGES in resource:
        raise FileNotFoundError(resource)  # which moto takes for a region without such images
    return load_resource(resource)


_NOTHING = object()
_names: dict[tuple[type, str, Shape], tuple[str, ...]] = {}
"""The names under which moto looks for a field, by the type of the object, AWS's name and the field's shape."""


def _get_value(serializer: Any, value: Any, key: str, shape: Shape) -> Any:
    """A field of what is answered.  Moto would work out its names and where in the answer it is for each field."""
    picker = serializer._value_picker
    if not isinstance(picker, XFormedAttributePicker):
        return get_value(value, key, None)
    kind = type(value), key, shape
    if kind not in _names:
        _names[kind] = tuple(dict.fromkeys(picker.get_possible_keys(AttributePickerContext(value, key, shape))))
    found = next((one for name in _names[kind] if (one := get_value(value, name, _NOTHING)) is not _NOTHING), None)
    if key.endswith(_last_words(tuple(picker.response_transformers))):
        path = ".".join([*serializer.path, key])
        change = next((each for end, each in picker.response_transformers.items() if path.endswith(end)), None)
        return change(found) if change else found
    return found


@lru_cache
def _last_words(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple({path.rpartition(".")[2] for path in paths})


def unparse(document: dict[str, Any], full_document: bool = True, **options: Any) -> str:
    """An answer in XML.  Moto has it written by a library that also takes what no answer has in it."""
    head = '<?xml version="1.0" encoding="utf-8"?>\n' if full_document else ""
    return head + "".join(_element(name, value) for name, value in document.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    attributes = content = ""
    if isinstance(value, dict):
        attributes = "".join(f" {each[1:]}={quoteattr(text)}" for each, text in value.items() if each[0] == "@")
        content = "".join(_element(each, inner) for each, inner in value.items() if each[0] != "@")
    elif value is not None:
        content = escape(str(value))
    return f"<{name}{attributes}>{content}</{name}>" if content else f"<{name}{attributes}/>"


def _describe_instance_types(store: Any, instance_types: Any = None, filters: Any = None) -> Any:
    """Those that a filter names, without a look at each of the thousand."""
    if not instance_types and (wanted := (filters or {}).get("instance-type")):
        instance_types = [name for name in INSTANCE_TYPES if any(_matches(name, each) for each in wanted)]
        if not instance_types:
            return []
    return _all_instance_types(store, instance_types, filters)


def _describe_offerings(store: Any, location_type: str | None = None, filters: Any = None) -> Any:
    """The same for where they are offered, of which there are nine thousand in a region."""
    kind, wanted = location_type or "region", (filters or {}).get("instance-type")
    if wanted is None:
        return _all_offerings(store, location_type, filters)
    offered = _offerings(kind, store.region_name)
    return [one for name in wanted for one in offered.get(name, ()) if store.matches_filters(one, filters, kind)]


@cache
def _offerings(location_type: str, region: str) -> dict[str, list[Any]]:
    by_type: dict[str, list[Any]] = {}
    for one in INSTANCE_TYPE_OFFERINGS[location_type].get(region, []):
        by_type.setdefault(one["InstanceType"], []).append(one)
    return by_type


@cache
def _modules() -> tuple[str, ...]:
    return tuple(_list_of_moto_modules())


def _create_default_vpc(store: Any) -> Any:
    """The default VPC with its way to the internet, which AWS makes with it."""
    vpc, gateway = _make_default_vpc(store), store.create_internet_gateway()
    store.attach_internet_gateway(gateway.id, vpc.id)
    (table,) = (one for one in store.route_tables.values() if one.vpc_id == vpc.id)
    store.create_route(table.id, "0.0.0.0/0", gateway_id=gateway.id)
    return vpc


def _no_key(store: Any) -> str:
    """The sandbox has no KMS: moto would make an RSA key for the first encrypted volume of an account and region, which
    takes longer than all else that ``up`` asks for."""
    store.default_kms_key_id = f"arn:aws:kms:{store.region_name}:{store.account_id}:key/{uuid.uuid4()}"
    return str(store.default_kms_key_id)


def _random_resource_id(size: int = 8) -> str:
    """Of 17 digits of an id of AWS the first is 0."""
    return f"0{_random_id(size - 1)}" if size == ID_DIGITS else str(_random_id(size))


type.__setattr__(EBSBackend, "_create_default_encryption_key", _no_key)
_random_id = utils.random_resource_id
vars(utils)["random_resource_id"] = _random_resource_id
_list_of_moto_modules = services.list_of_moto_modules
vars(amis)["load_resource"] = _load_resource
# At every call moto looks through its directories for its services, and through a class for its operations.
vars(services)["list_of_moto_modules"] = _modules
type.__setattr__(ResponseSerializer, "get_value", _get_value)
_make_default_vpc = VPCBackend.create_default_vpc
type.__setattr__(VPCBackend, "create_default_vpc", _create_default_vpc)
_all_instance_types = InstanceTypeBackend.describe_instance_types
_all_offerings = InstanceTypeOfferingBackend.describe_instance_type_offerings
type.__setattr__(InstanceTypeBackend, "describe_instance_types", _describe_instance_types)
type.__setattr__(InstanceTypeOfferingBackend, "describe_instance_type_offerings", _describe_offerings)
vars(serialize)["xmltodict"] = SimpleNamespace(unparse=unparse)
vars(responses)["method_names_from_class"] = cache(method_names_from_class)
# Moto's filters take brackets for a set of characters, and of an instance only whole values.
vars(utils)["fnmatch"] = SimpleNamespace(fnmatch=_matches)
vars(utils)["instance_value_in_filter_values"] = _any_matches
for each in (utils, tags):
    vars(each)["simple_aws_filter_to_re"] = wildcards
