"""Instances: what they need to start, the stations of their lives, what goes with them (``aws-behaviours.md`` 5)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from moto.core.utils import utcnow
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from moto.ec2.models.instances import StateReason

from .. import timing
from ..api.calls import Call, handles
from ..api.filters import Fields, matching
from ..api.protocol import ApiError
from ..limits import MOST_INSTANCES
from ..store.moto import count_instances
from . import network_interfaces, tags, validation, volumes

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
SSM_IMAGE = "resolve:ssm:"
IMAGE_GIB = 8
"""The size of Amazon Linux's root volume."""


KEY_REASON = "Client.InvalidKMSKey.InvalidState", "The KMS key provided is in an incorrect state"


def put(instance: Any, state: str, why: tuple[str, str] = ("", "")) -> None:
    """Put moto's instance into a state, with AWS's reason: ``why``, or the user's, from the moment the user ends or
    stops it."""
    instance._state.name, instance._state.code = state, CODES[state]
    if state in ("pending", "running"):
        word = "pending" if state == "pending" else ""
        instance.state_reason, instance._reason = StateReason(word, word), ""
    elif why[0]:
        code, text = why
        instance.state_reason, instance._reason = StateReason(f"{code}: {text}", code), code
    elif state in ("stopping", "shutting-down"):
        code = "Client.UserInitiatedShutdown"
        instance.state_reason = StateReason(f"{code}: User initiated shutdown", code)
        instance._reason = f"User initiated ({datetime.now(UTC):%Y-%m-%d %H:%M:%S} GMT)"


@handles("ec2", "RunInstances")
def run_instances(call: Call) -> dict[str, Any]:
    """``pending``, then ``running`` with a public address if one was asked for.

    Raises ``InvalidAMIID.NotFound``, ``InvalidParameterValue`` (type), ``Unsupported`` (zone),
    ``InvalidKeyPair.NotFound``, ``InvalidSubnetID.NotFound``, ``InvalidGroup.NotFound``, ``InvalidParameter`` (groups
    of another VPC).
    """
    return call.once(lambda: _run(call), lambda before: _again(call, before))


def _again(call: Call, before: dict[str, Any]) -> dict[str, Any]:
    """The reservation of the first call as it is now.  Raises ``IdempotentInstanceTerminated``."""
    wanted = {one["InstanceId"] for one in before["Instances"]}
    alive = {one.id for one in validation.instances(call) if one.state not in ("shutting-down", "terminated")}
    if not wanted <= alive:
        text = "The instance with this client token has been terminated."
        raise ApiError("IdempotentInstanceTerminated", text)
    return _reservation(call, sorted(wanted))


def _reservation(call: Call, ids: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = _shown(call, call.moto("DescribeInstances", InstanceIds=ids))["Reservations"][0]
    return found


def _with_template(call: Call) -> dict[str, Any]:
    """The parameters, and from the launch template what they do not say.

    Raises ``InvalidLaunchTemplateId.NotFound``, ``InvalidLaunchTemplateName.NotFoundException``,
    ``InvalidLaunchTemplateId.VersionNotFound``, ``MissingParameter``.
    """
    asked = call.params.get("LaunchTemplate")
    if not asked:
        return call.params
    named = {"LaunchTemplateId", "LaunchTemplateName"} & asked.keys()
    if len(named) != 1:
        code = "InvalidParameterCombination" if named else "MissingParameter"
        raise ApiError(code, "A launch template is given either by its id or by its name")
    by, held, code = {
        "LaunchTemplateId": ("ID", "id", "InvalidLaunchTemplateId.NotFound"),
        "LaunchTemplateName": ("name", "name", "InvalidLaunchTemplateName.NotFoundException"),
    }[key := named.pop()]
    template = next((one for one in call.ec2.launch_templates.values() if getattr(one, held) == asked[key]), None)
    if template is None:
        text = f"The specified launch template, with template {by} {asked[key]}, does not exist."
        raise ApiError(code, text)
    wanted = asked.get("Version") or "$Default"
    versions = {str(one.number): one for one in template.versions}
    versions |= {"$Default": template.default_version(), "$Latest": template.latest_version()}
    if wanted not in versions:
        text = f"Could not find the specified version {wanted} for the launch template with ID {template.id}."
        raise ApiError("InvalidLaunchTemplateId.VersionNotFound", text)
    version = versions[wanted]
    said = {name: value for name, value in version.data.items() if value is not None}
    if "UserData" in said:
        said["UserData"] = str(said["UserData"])
    tagged: dict[str, dict[str, str]] = {}
    for spec in [*said.get("TagSpecifications", []), *call.params.get("TagSpecifications", [])]:
        tagged.setdefault(spec.get("ResourceType", ""), {}).update(
            {tag["Key"]: tag.get("Value", "") for tag in spec.get("Tags", [])}
        )
    specs = [
        {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in held.items()]}
        for kind, held in tagged.items()
        if kind != "launch-template"
    ]
    return {
        **said,
        **call.params,
        **({"TagSpecifications": specs} if specs else {}),
        "LaunchTemplate": {"LaunchTemplateId": template.id, "Version": str(version.number)},
    }


def _run(call: Call) -> dict[str, Any]:
    call.params = params = _with_template(call)
    image_id = _image(call, params.get("ImageId", ""))
    nics = params.get("NetworkInterfaces", [])
    first: dict[str, Any] = next((nic for nic in nics if nic.get("DeviceIndex", 0) == 0), {})
    if nics and (params.get("SubnetId") or params.get("SecurityGroupIds") or params.get("SecurityGroups")):
        what = "subnet ID" if params.get("SubnetId") else "security groups"
        text = f"Network interfaces and an instance-level {what} may not be specified on the same request"
        raise ApiError("InvalidParameterCombination", text)
    subnet_id = params.get("SubnetId") or first.get("SubnetId")
    subnet = validation.subnet(call, subnet_id) if subnet_id else None
    _check_type(call, params.get("InstanceType", ""), subnet, image_id)
    key = params.get("KeyName")
    if key and key not in call.ec2.key_pairs:
        raise ApiError("InvalidKeyPair.NotFound", f"The key pair '{key}' does not exist")
    wanted = params.get("SecurityGroupIds") or first.get("Groups") or []
    if subnet is not None and wanted:
        try:
            validation.groups_in(call, wanted, subnet.vpc_id)
        except ApiError as error:
            if error.code != "InvalidParameter":
                raise
            bad = next(each for each in wanted if validation.group(call, each).vpc_id != subnet.vpc_id)
            text = f"Security group {bad} and subnet {subnet.id} belong to different networks."
            raise ApiError("InvalidParameter", text) from None
    if "UserData" in params:
        _check_user_data(params["UserData"])
    if subnet is not None and (ip := params.get("PrivateIpAddress") or first.get("PrivateIpAddress")):
        subnet.del_subnet_ip(validation.address(call, subnet, ip, "checked"))
    count = _count(params, subnet)
    answer = call.moto(
        ImageId=image_id,
        MinCount=count,
        MaxCount=count,
        NetworkInterfaces=nics or None,
        BlockDeviceMappings=_volumes(params, call.ec2.amis[image_id].root_device_name),
        MetadataOptions=params.get("MetadataOptions") or _metadata_options(call, image_id),
    )
    ids = [one["InstanceId"] for one in answer["Instances"]]
    dies = any(volumes.has_foreign_key(call, one) for one in params.get("BlockDeviceMappings", [{}]))
    for instance in [one for one in validation.instances(call) if one.id in ids]:
        _begin(call, instance, first, dies)
    begun = _reservation(call, ids)
    for one in begun["Instances"]:
        one["BlockDeviceMappings"] = []
        for nic in one["NetworkInterfaces"]:
            nic["Attachment"]["Status"] = "attaching"
    return begun


def _count(params: dict[str, Any], subnet: Any | None) -> int:
    """How many to launch: as many of those asked for as there is room for.

    Raises ``InvalidParameterValue``, ``InstanceLimitExceeded``, ``InsufficientFreeAddressesInSubnet``.
    """
    least, most = params["MinCount"], params["MaxCount"]
    if not 1 <= least <= most:
        name, wrong = ("minCount", least) if least < 1 else ("maxCount", most)
        raise ApiError("InvalidParameterValue", f"Value ({wrong}) for parameter {name} is invalid.")
    room = max(0, MOST_INSTANCES - count_instances())
    if room < least:
        text = f"Your quota allows for {room} more running instance(s). You requested at least {least}"
        raise ApiError("InstanceLimitExceeded", text)
    free = most if subnet is None else subnet.available_ip_address_count
    if subnet is not None and free < least:
        text = f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number."
        raise ApiError("InsufficientFreeAddressesInSubnet", text)
    return int(min(most, room, free))


def _image(call: Call, image_id: str) -> str:
    if image_id.startswith(SSM_IMAGE):
        from .accounts import public_parameter

        image_id = public_parameter(call, image_id.removeprefix(SSM_IMAGE))
    if not image_id:
        raise ApiError("MissingParameter", "The request must contain the parameter ImageId")
    if image_id not in call.ec2.amis:
        raise ApiError("InvalidAMIID.NotFound", f"The image id '[{image_id}]' does not exist")
    return image_id


def _volumes(params: dict[str, Any], root: str) -> list[dict[str, Any]]:
    """The root volume and the others asked for; one without a size has its snapshot's, which moto asks for."""
    asked = [dict(one) for one in params.get("BlockDeviceMappings", [])]
    if root not in (one.get("DeviceName") for one in asked):
        asked.insert(0, {"DeviceName": root, "Ebs": {"DeleteOnTermination": True}})
    for one in asked:
        if "Ebs" in one and not {"VolumeSize", "SnapshotId"} & set(one["Ebs"]):
            one["Ebs"] = {**one["Ebs"], "VolumeSize": IMAGE_GIB}
        if volumes.is_own_key(one.get("Ebs", {}).get("KmsKeyId", "")):
            one["Ebs"] = {key: value for key, value in one["Ebs"].items() if key != "KmsKeyId"}  # which moto makes
    return asked


def _metadata_options(call: Call, image_id: str) -> dict[str, Any] | None:
    """Amazon Linux 2023 asks for tokens by itself."""
    new = (call.ec2.amis[image_id].name or "").startswith("al2023-")
    return {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"} if new else None


def _check_user_data(encoded: str) -> None:
    try:
        size = len(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise ApiError("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data") from None
    if size > 16384:
        raise ApiError("InvalidParameterValue", "User data is limited to 16384 bytes")


def _check_type(call: Call, name: str, subnet: Any | None, image_id: str) -> None:
    """Whether there is such a type, for such an image, in the subnet's zone."""
    if not name:
        return
    if name not in INSTANCE_TYPES:
        raise ApiError("InvalidParameterValue", f"Invalid value '{name}' for InstanceType.")
    supported = INSTANCE_TYPES[name].get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    wanted = call.ec2.amis[image_id].architecture
    if supported and wanted not in supported:
        text = (
            f"The architecture '{supported[-1]}' of the specified instance type does not match the architecture "
            f"'{wanted}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, "
            "and try again."
        )
        raise ApiError("InvalidParameterValue", text)
    if subnet is None:
        return
    offered = INSTANCE_TYPE_OFFERINGS["availability-zone"].get(call.region, [])
    zones = sorted(one["Location"] for one in offered if one["InstanceType"] == name)
    if zones and subnet.availability_zone not in zones:
        text = (
            f"Your requested instance type ({name}) is not supported in your requested Availability Zone "
            f"({subnet.availability_zone}). Please retry your request by not specifying an Availability Zone or "
            f"choosing {', '.join(zones)}."
        )
        raise ApiError("Unsupported", text)


def _begin(call: Call, instance: Any, spec: dict[str, Any], dies: bool) -> None:
    """Give a new instance what moto forgets, and start its life, which is short for one that ``dies``."""
    for nic in instance.nics.values():
        if not spec.get("NetworkInterfaceId"):
            nic.delete_on_termination = spec.get("DeleteOnTermination", True)
            nic.description = spec.get("Description", "")
        nic.public_ip = None
        nic.add_tags(tags.asked(call, "network-interface"))
    instance.security_groups = list(instance.nics[0].group_set)
    instance.disable_api_termination = _is_set(call.params.get("DisableApiTermination"))
    instance.disable_api_stop = _is_set(call.params.get("DisableApiStop"))
    key = call.ec2.key_pairs.get(instance.key_name)
    instance.public_keys = (key.material_public.decode().strip(),) if key is not None else ()  # stays on the machine
    _boot(call, instance, dies)


def _boot(call: Call, instance: Any, dies: bool = False) -> None:
    put(instance, "pending")

    def running() -> None:
        if instance.state != "pending":
            return
        if dies:
            put(instance, "shutting-down", KEY_REASON)
            _end_later(call, instance)
            return
        put(instance, "running")
        instance.running_since = call.cloud.now()
        for nic in instance.nics.values():
            if str(nic.public_ip_auto_assign).lower() == "true":
                nic.public_ip = network_interfaces.public_address(call)

    call.cloud.later(timing.INSTANCE_PENDING, running)


def _wanted(call: Call) -> list[Any]:
    known = {one.id: one for one in validation.instances(call)}
    missing = [each for each in call.params["InstanceIds"] if each not in known]
    if missing:
        word, verb = ("ID", "does") if len(missing) == 1 else ("IDs", "do")
        text = f"The instance {word} '{', '.join(missing)}' {verb} not exist"
        raise ApiError("InvalidInstanceID.NotFound", text)
    return [known[each] for each in call.params["InstanceIds"]]


def _changes(call: Call, change: Callable[[Any], None]) -> list[dict[str, Any]]:
    told = []
    for instance in _wanted(call):
        before = instance.state
        change(instance)
        told.append(
            {
                "InstanceId": instance.id,
                "PreviousState": {"Name": before, "Code": CODES[before]},
                "CurrentState": {"Name": instance.state, "Code": CODES[instance.state]},
            }
        )
    return told


def _is_set(value: Any) -> bool:
    return str(value).lower() == "true"


def _check_protection(call: Call, held: str, attribute: str, done: str) -> None:
    """Raise ``OperationNotPermitted`` if one of the instances is protected."""
    for instance in _wanted(call):
        if instance.state != "terminated" and _is_set(getattr(instance, held)):
            text = (
                f"The instance '{instance.id}' may not be {done}. Modify its '{attribute}' instance attribute and "
                "try again."
            )
            raise ApiError("OperationNotPermitted", text)


@handles("ec2", "TerminateInstances")
def terminate_instances(call: Call) -> dict[str, Any]:
    """``shutting-down``; half a minute later ``terminated``, its interface and addresses gone; in an hour forgotten."""
    _check_protection(call, "disable_api_termination", "disableApiTermination", "terminated")

    def change(instance: Any) -> None:
        if instance.state not in ("shutting-down", "terminated"):
            put(instance, "shutting-down")
            _end_later(call, instance)

    return {"TerminatingInstances": _changes(call, change)}


def _end_later(call: Call, instance: Any) -> None:
    cloud, store = call.cloud, call.ec2

    def terminated() -> None:
        held, why = list(instance.nics.values()), (instance.state_reason, instance._reason)
        instance.terminate()
        put(instance, "terminated")
        instance.state_reason, instance._reason = why
        for nic in held:
            if nic.delete_on_termination:
                store.tags.pop(nic.id, None)
            else:
                nic.instance = nic.attachment_id = nic.device_index = None
                nic.status = "available"
                instance._private_ips.discard(nic.private_ip_address)  # moto frees those of a forgotten instance
        cloud.forget(timing.INSTANCE_TERMINATED_SEEN, gone)

    def gone() -> None:
        for key, reservation in list(store.reservations.items()):
            reservation.instances = [one for one in reservation.instances if one is not instance]
            if not reservation.instances:
                del store.reservations[key]
        store.tags.pop(instance.id, None)

    cloud.later(timing.INSTANCE_SHUTTING_DOWN, terminated)


@handles("ec2", "ModifyInstanceMetadataOptions")
def modify_instance_metadata_options(call: Call) -> dict[str, Any]:
    """What the call does not name stays as it is."""
    instance = next((one for one in validation.instances(call) if one.id == call.params["InstanceId"]), None)
    before = dict(vars(instance.metadata_options)) if instance and instance.metadata_options else {}
    answer = call.moto()
    if instance:
        named = {xform_name(name) for name in call.params}
        vars(instance.metadata_options).update({name: before[name] for name in before.keys() - named})
    return answer


@handles("ec2", "StopInstances")
def stop_instances(call: Call) -> dict[str, Any]:
    """``stopping``, then ``stopped`` without its public address.  Raises ``OperationNotPermitted`` for a protected
    one."""
    _check_protection(call, "disable_api_stop", "disableApiStop", "stopped")

    def change(instance: Any) -> None:
        if instance.state in ("shutting-down", "terminated", "pending"):
            text = f"This instance '{instance.id}' is not in a state from which it can be stopped."
            raise ApiError("IncorrectInstanceState", text)
        if instance.state == "running":
            put(instance, "stopping")
            call.cloud.later(timing.INSTANCE_SHUTTING_DOWN, lambda: stopped(instance))

    def stopped(instance: Any) -> None:
        if instance.state == "stopping":
            reason = instance._reason
            instance.stop()
            instance._reason = reason

    return {"StoppingInstances": _changes(call, change)}


@handles("ec2", "StartInstances")
def start_instances(call: Call) -> dict[str, Any]:
    """``pending`` again."""

    def change(instance: Any) -> None:
        if instance.state in ("pending", "running"):
            return
        if instance.state != "stopped":
            text = f"The instance '{instance.id}' is not in a state from which it can be started."
            raise ApiError("IncorrectInstanceState", text)
        instance.launch_time = utcnow()
        _boot(call, instance)

    return {"StartingInstances": _changes(call, change)}


@handles("ec2", "DescribeInstances")
def describe_instances(call: Call) -> dict[str, Any]:
    """Moto's answer for the living.  A terminated instance, which AWS lists for an hour, is asked of moto only once."""
    filters = call.params.get("Filters", [])
    simple = not {"InstanceIds", "MaxResults", "NextToken"} & set(call.params) and all(
        one["Name"] in _OF_TERMINATED or one["Name"].startswith("tag") for one in filters
    )
    terminated = [one for one in validation.instances(call) if one.state == "terminated"]
    if not simple or not terminated:
        return _shown(call, call.moto())
    living = [one.id for one in validation.instances(call) if one.state != "terminated"]
    answer = _shown(call, call.moto(InstanceIds=living)) if living else {}
    reservations = {one["ReservationId"]: one for one in answer.get("Reservations", [])}
    for item in matching([_when_terminated(call, one) for one in terminated], filters, _OF_TERMINATED):
        reservation = item.pop("Reservation")
        reservations.setdefault(reservation["ReservationId"], {**reservation, "Instances": []})["Instances"].append(
            item
        )
    return {**answer, "Reservations": list(reservations.values())}


_OF_TERMINATED: Fields = {"instance-state-name": lambda item: item["State"]["Name"]}


def _when_terminated(call: Call, instance: Any) -> dict[str, Any]:
    """The item of a terminated instance, which changes no more but for its tags, with its ``Reservation``."""
    if not hasattr(instance, "item_when_terminated"):
        reservation = _reservation(call, [instance.id])
        instance.item_when_terminated = {**reservation.pop("Instances")[0], "Reservation": reservation}
    item: dict[str, Any] = {key: value for key, value in instance.item_when_terminated.items() if key != "Tags"}
    return {**item, "Tags": held} if (held := tags.of(call, instance.id)) else item


def _shown(call: Call, answer: dict[str, Any]) -> dict[str, Any]:
    """A running instance has no reason for its state, and a terminated one no network any more.

    The public name is always there, though often empty.
    """
    for reservation in answer.get("Reservations", []):
        for one in reservation["Instances"]:
            if not one.get("StateReason", {}).get("Code"):
                one.pop("StateReason", None)
            names = [network_interfaces.show_public_address(call, nic) for nic in one.get("NetworkInterfaces", [])]
            one["PublicDnsName"] = next(iter(names), "")
            if one["State"]["Name"] == "terminated":
                one["NetworkInterfaces"], one["SecurityGroups"] = [], []
                for key in ("PrivateIpAddress", "PublicIpAddress", "SourceDestCheck", "SubnetId", "VpcId"):
                    one.pop(key, None)
                one["PrivateDnsName"] = one["PublicDnsName"] = ""
    return answer


@handles("ec2", "DescribeInstanceStatus")
def describe_instance_status(call: Call) -> dict[str, Any]:
    """``initializing`` for the first minutes of running."""
    answer = call.moto()
    since = {one.id: getattr(one, "running_since", None) for one in validation.instances(call)}
    for one in answer.get("InstanceStatuses", []):
        started = since.get(one["InstanceId"])
        running = one["InstanceState"]["Name"] == "running"
        if (
            running
            and started is not None
            and not call.cloud.clock.passed(started, timing.INSTANCE_STATUS_INITIALIZING)
        ):
            checking = {"Status": "initializing", "Details": [{"Name": "reachability", "Status": "initializing"}]}
            one["InstanceStatus"] = one["SystemStatus"] = checking
    return answer


@handles("ec2", "GetConsoleOutput")
def get_console_output(call: Call) -> dict[str, Any]:
    """The boot log of the machine in the network."""
    instance_id = call.params["InstanceId"]
    if instance_id not in {one.id for one in validation.instances(call)}:
        text = f"The instance ID '{instance_id}' does not exist"
        raise ApiError("InvalidInstanceID.NotFound", text)
    output = base64.b64encode(call.cloud.wires.console(instance_id).encode()).decode()
    return {"InstanceId": instance_id, "Output": output, "Timestamp": datetime.now(UTC)}


@handles("ec2", "ModifyInstanceAttribute")
def modify_instance_attribute(call: Call) -> dict[str, Any]:
    """New groups are those of its first interface.

    Raises ``InvalidGroup.NotFound``, ``InvalidInstanceAttributeValue`` for a device without a volume.
    """
    for group_id in call.params.get("Groups", []):
        validation.group(call, group_id)
    instance = next((one for one in validation.instances(call) if one.id == call.params["InstanceId"]), None)
    for mapping in call.params.get("BlockDeviceMappings", []):
        if instance is not None and mapping.get("DeviceName") not in instance.block_device_mapping:
            text = f"No device is currently mapped at {mapping.get('DeviceName')}"
            raise ApiError("InvalidInstanceAttributeValue", text)
    answer = call.moto()
    if instance is not None and call.params.get("Groups"):
        instance.nics[0]._group_set = list(instance.security_groups)
    return answer
