"""What the tests with other people's tools share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vpce_demo.sandbox.server import Sandbox

PEERS = Path(os.environ.get("VPCE_DEMO_PEERS") or Path(__file__).parents[3] / "shared" / "peers")


def peer(name: str) -> Path:
    """The folder of a peer's files; the test is skipped where there are none."""
    folder = PEERS / name
    if not folder.is_dir():
        pytest.skip(f"no peer files in {PEERS}: set VPCE_DEMO_PEERS")
    return folder


def credentials(sandbox: Sandbox) -> dict[str, str]:
    """The environment that sends any AWS tool to the sandbox."""
    return {
        "AWS_ENDPOINT_URL": sandbox.endpoint_url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
