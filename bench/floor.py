"""The floor of ``up`` again: a bare boto3 script that makes the two clients and asks the same questions at once.

``python -m bench.floor CALLS.json``; the file lists the calls as the sandbox recorded them.
"""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3

SERVICES = ("ec2", "elbv2")


def main() -> None:
    calls = [call for call in json.loads(Path(sys.argv[1]).read_text()) if call["service"] in SERVICES]
    session = boto3.Session()
    clients = {service: session.client(service) for service in SERVICES}  # type: ignore[call-overload]
    with ThreadPoolExecutor(len(calls)) as pool:
        answers = [
            pool.submit(getattr(clients[call["service"]], method_of(call["operation"])), **call["params"])
            for call in calls
        ]
    for answer in answers:
        answer.result()


def method_of(operation: str) -> str:
    """``DescribeVpcs`` is ``describe_vpcs``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


if __name__ == "__main__":
    main()
