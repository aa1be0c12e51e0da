"""``--debug``: each call in a line, and nothing of what is in it."""

from __future__ import annotations

import re

from .stage import Stage

LINE = re.compile(r"- \d\d:\d\d:\d\d\.\d{3}Z (\w+) (\w+): (\d{3})(?: [\w.]+)?, \d+\.\d{3}s")


def test_each_call_is_a_line_without_what_is_in_it(stage: Stage) -> None:
    code, out, err = stage.text("--debug", "status")
    assert code == 0
    lines = [line for line in err.splitlines() if line.startswith("- ")]
    calls = [match.groups() for line in lines if (match := LINE.fullmatch(line))]
    assert len(calls) == len(lines) > 10
    assert ("ec2", "DescribeVpcs", "200") in calls
    assert not any(id in " ".join(lines) for id in stage.ids.values())
    assert "DescribeVpcs" not in out
    _, _, err = stage.text("status")
    assert "DescribeVpcs" not in err, "and only when it is asked for"
