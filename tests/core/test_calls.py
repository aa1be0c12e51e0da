"""How often AWS is asked: each question once, whoever wants to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run

OpenRun = Callable[..., AbstractContextManager[Run]]


def made(sandbox: Sandbox, work: Callable[[], object]) -> Counter[str]:
    """The calls that this work makes, by operation."""
    before = len(sandbox.calls())
    work()
    return Counter(call.operation for call in sandbox.calls()[before:])


def test_each_question_is_asked_once(sandbox: Sandbox, open_run: OpenRun, tmp_path: Path) -> None:
    with open_run(tmp_path) as run:
        run.up(run.demo.resources, lambda event: None, None)
    with open_run(tmp_path) as run:
        again = made(sandbox, lambda: run.up(run.demo.resources, lambda event: None, None))
        assert again.total() <= 28
        assert all(operation.startswith("Describe") for operation in again)
        twice = {operation for operation, times in again.items() if times > 1}
        assert twice <= {"DescribeTags", "DescribeVpcAttribute", "DescribeNetworkAcls"}, (
            "of balancers and groups; of both VPCs"
        )

        looked = made(sandbox, run.look)
        assert looked == again
        down = made(sandbox, lambda: run.down(lambda event: None, None))
    # What was just looked at is not looked at again; in the end everything is, once.
    assert down["DescribeSubnets"] == 1
    assert down["DescribeInternetGateways"] == 1
    assert down["DescribeKeyPairs"] == 1
    assert down.total() <= 70
