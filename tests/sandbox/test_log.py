"""What the sandbox logs: every API call, if that is asked for, as a line for a reader or a JSON object."""

from __future__ import annotations

import json
import logging
import re

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from vpce_demo.sandbox.__main__ import _Json, _Text
from vpce_demo.sandbox.api.faults import InjectedFault
from vpce_demo.sandbox.client import CALLS

from .world import World, client, refused

SECRET = "wJalrXUtnFEMI/K7MDENG"


def test_a_call_is_one_record_without_its_parameters(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, CALLS)
    world.ec2.create_vpc(CidrBlock="20.0.0.0/16")
    with refused("InvalidVpcID.NotFound"):
        world.ec2.describe_vpcs(VpcIds=[f"vpc-{SECRET}"])
    world.sandbox.faults.add(InjectedFault("drop-after", "CreateVpc"))
    with pytest.raises(ConnectionClosedError):
        world.ec2.create_vpc(CidrBlock="20.0.0.0/16")
    with pytest.raises(ClientError):
        client(world.sandbox.endpoint_url, "sns", world.account, "mars-1").list_topics()
    told = [json.loads(_Json().format(record)) for record in caplog.records]
    for one in told:
        assert one.keys() == {
            *("time", "level", "message", "service", "operation", "status", "error", "account", "region", "ms")
        }
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", one["time"])
        assert (one["account"], one["ms"] >= 0) == (world.account, True)
    assert [[one[key] for key in ("region", "service", "operation", "status", "error")] for one in told] == [
        ["us-east-1", "ec2", "CreateVpc", 200, None],
        ["us-east-1", "ec2", "DescribeVpcs", 400, "InvalidVpcID.NotFound"],
        ["us-east-1", "ec2", "CreateVpc", None, "dropped after"],
        ["unknown", "unknown", "unknown", told[3]["status"], told[3]["error"]],
    ]
    lines = [re.sub(r"\d+ ms", "N ms", record.getMessage()) for record in caplog.records]
    assert lines[:3] == [
        f"{world.account} us-east-1 ec2 CreateVpc 200 N ms",
        f"{world.account} us-east-1 ec2 DescribeVpcs 400 InvalidVpcID.NotFound N ms",
        f"{world.account} us-east-1 ec2 CreateVpc dropped after N ms",
    ]
    assert SECRET not in str(told)


def test_nothing_is_logged_of_calls_unless_it_is_asked_for(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.ec2.describe_vpcs()
    assert caplog.records == []


def test_a_terminal_obeys_nothing_in_the_log() -> None:
    record = logging.makeLogRecord({"msg": "moto failed: \x1b]0;x\x07 é", "levelname": "ERROR"})
    try:
        raise ValueError("\x9b31m")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    lines = _Text("%(levelname)s %(message)s").format(record).split("\n")
    assert lines[0] == r"ERROR moto failed: \x1b]0;x\x07 \xe9"
    assert lines[-1] == r"ValueError: \x9b31m"
    told = json.loads(_Json().format(record))
    assert told["traceback"].startswith("Traceback")
