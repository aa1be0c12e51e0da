"""Writes ``docs/reliability.md`` from the results of the sweeps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.changes import remedy
from tools.page import table
from vpce_demo.model import Remedy

from .cases import ROOT, Sweep
from .results import WRONG, Results

PAGE = ROOT / "docs" / "reliability.md"
TERRAFORM = ROOT / "tests" / "torture" / "results" / "terraform.json"
MEMORY = TERRAFORM.with_name("memory.json")

INTRODUCTION = """\
# Reliability

No interruption, fault or mistake may make vpce-demo leave a resource that it does not know, create one twice, or
touch one that is not its own. `make torture` tests this in the sandbox, case by case, and writes this page. Every
command is a real process that runs the real command line; the sandbox makes the chosen API call fail. Nothing here
was run on AWS.

In every case: no command shows a traceback or hangs, the sandbox itself does not fail, and the whole account is
compared after `up` and `down`."""


def page(sweeps: Sequence[Sweep], results: Mapping[str, Results]) -> str:
    """The whole page.  ``results`` are those of the sweeps that were run, by name."""
    parts = [INTRODUCTION, _summary(sweeps, results)]
    for sweep in sweeps:
        parts += [f"## {sweep.title}", sweep.words]
        if found := results.get(sweep.name):
            parts += [_how(found), table(("what", *_endings(sweep, found)), _rows(sweep, found)), *_wrong(found)]
        else:
            parts.append(_not_run(sweep))
        if sweep.name == "drift" and TERRAFORM.exists():
            parts.append(_beside_terraform(json.loads(TERRAFORM.read_text())))
    if MEMORY.exists():
        parts += ["## The sandbox's memory", _memory(json.loads(MEMORY.read_text()))]
    return "\n\n".join(parts) + "\n"


def _beside_terraform(found: Mapping[str, Any]) -> str:
    """The same changes made to the tutorial's Terraform stack."""
    ours = {Remedy.MEND: "mended", Remedy.REPLACE: "replaced", Remedy.ASK: "asked", Remedy.LEAVE: "left"}
    rows = [(field, ours[remedy(*field.split("/"))], *said) for field, said in found["fields"].items()]
    words = f"""\
The same changes made to the tutorial's Terraform stack in the same sandbox, one at a time ({found["when"]};
`python -m tests.torture.terraform`): whether `terraform plan` sees it, and whether the plan after `apply` is empty;
`-` where the change cannot be made to that stack."""
    return f"{words}\n\n{table(('field', 'vpce-demo', 'Terraform plans it', 'Terraform mends it'), rows)}"


def _memory(found: Mapping[str, Any]) -> str:
    """What the sandbox's process held."""
    words = f"""\
What the sandbox's process holds after whole lives of a demo, one after the other, and after hostile requests: long
paths, large bodies, many parameters, unknown names, control characters. What it remembers of calls is bounded
([`limits.py`](../vpce_demo/sandbox/limits.py)), and counts here. {found["when"]}; {found["machine"]};
`python -m tests.torture.memory`."""
    rows = [(name, f"{size}") for name, size in found["megabytes"].items()]
    return f"{words}\n\n{table(('memory', 'MB'), rows)}"


def _summary(sweeps: Sequence[Sweep], results: Mapping[str, Results]) -> str:
    rows = []
    for sweep in sweeps:
        if found := results.get(sweep.name):
            rows.append((sweep.title, f"{found.cases}", f"{len(found.wrong)}", f"{found.seconds / 60:.1f}", found.when))
        else:
            rows.append((sweep.title, "not run", "", "", ""))
    return table(("sweep", "cases", "wrong", "minutes", "date"), rows)


def _how(found: Results) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in found.versions.items())
    return (
        f"{found.when}; {found.machine}; {versions}; {found.cases} cases by {found.workers} workers in "
        f"{found.seconds / 60:.1f} minutes; `python -m tests.torture {found.sweep}`."
    )


def _not_run(sweep: Sweep) -> str:
    return f"Not run yet: `python -m tests.torture {sweep.name}` runs it."


def _endings(sweep: Sweep, found: Results) -> list[str]:
    """The columns: only what has happened, and always whether anything was wrong."""
    return [*(ending for ending in sweep.endings if any(row.get(ending) for row in found.rows.values())), WRONG]


def _rows(sweep: Sweep, found: Results) -> Iterator[Sequence[str]]:
    endings = _endings(sweep, found)
    for name, row in found.rows.items():
        yield name, *(f"{row.get(ending, 0)}" for ending in endings)
    total = [sum(row.get(ending, 0) for row in found.rows.values()) for ending in endings]
    yield "all", *map(str, total)


def _wrong(found: Results) -> Iterator[str]:
    """The cases in which something was wrong: known, and not hidden."""
    if found.wrong:
        lines = [f"- `{case}`: {_first_line(text)}" for case, text in found.wrong.items()]
        yield "Wrong were:\n\n" + "\n".join(lines)


def _first_line(text: str) -> str:
    return " ".join(text.split())[:300]
