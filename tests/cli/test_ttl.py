"""``up --ttl``: how long a demo is wanted, as a tag, and the warning when that is over."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from vpce_demo.config.model import EXPIRES_TAG

from .stage import Stage


def expires(stage: Stage) -> set[str]:
    """The values of the tag on everything that has it."""
    tags = stage.ec2.describe_tags(Filters=[{"Name": "key", "Values": [EXPIRES_TAG]}])["Tags"]
    return {tag["Value"] for tag in tags}


def test_a_time_is_a_tag_on_everything_and_commands_warn_when_it_is_over(stage: Stage) -> None:
    began = datetime.now(UTC).replace(second=0, microsecond=0)
    code, document, _ = stage.run("up", "--skip-test", "--ttl", "2h")
    assert (code, document["created"]) == (0, 0), "the tag is added to what is there"
    (until,) = expires(stage)
    assert began + timedelta(hours=2) <= datetime.fromisoformat(until) <= began + timedelta(hours=2, minutes=2)
    assert "warnings" not in stage.run("status", "--check")[1], "what it has is what it should have"
    assert f"wanted until    {until} (--ttl)\n" in stage.text("status")[1]

    path = stage.directory / "sandbox" / "vpce-demo" / "state.json"
    state = json.loads(path.read_text())
    state["settings"]["expires"] = "2020-01-01T00:00Z"
    path.write_text(json.dumps(state))
    for command in ("status", "plan"):
        (warning,) = stage.run(command)[1]["warnings"]
        assert warning.startswith("This demo was wanted until 2020-01-01T00:00Z (--ttl). To keep it longer,")
        assert warning.endswith(f"to delete it: vpce-demo --sandbox --state-dir {stage.directory} down")
    assert "warnings" not in stage.run("up", "--skip-test", "--ttl", "90m")[1]
    (again,) = expires(stage)
    assert again < until


@pytest.mark.parametrize("time", ["2", "0h", "2 h", "-1h", "1w", "99999h"])
def test_a_time_that_is_not_valid(stage: Stage, time: str) -> None:
    code, _, said = stage.text("up", "--ttl", time)
    assert code == 2
    assert "is not a valid time, such as 90m, 2h or 1d" in said
