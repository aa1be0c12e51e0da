"""What a chapter is: steps with their teardown, checks, and causes, beside the tutorial in the same demo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..config.settings import Settings
from ..errors import Diagnosis
from ..tutorial import Script
from ..verify.checks import Check, CheckContext, Checklist, Result, explain
from ..verify.diagnosis.differences import something_differs
from ..verify.diagnosis.missing_resources import part_missing
from ..verify.diagnosis.table import Rule


@dataclass(frozen=True)
class Chapter:
    """A chapter of this name, with which the keys of its resources begin.

    ``write`` adds its steps and its teardown.  ``endpoints`` are the keys of what ``up`` makes last: before that it
    asks ``before``, the control of the proof, whose evidence is recorded.  ``causes`` are its own rules; ``proven``
    is what is proven if all checks pass.
    """

    name: str
    title: str
    proven: str
    write: Callable[[Script, Settings], None]
    endpoints: tuple[str, ...]
    before: Check
    checks: Checklist
    causes: Sequence[Rule]

    @property
    def command(self) -> str:
        """The command that makes it, after ``vpce-demo``."""
        return f"up --chapter {self.name}"

    def script(self, s: Settings) -> Script:
        """Its steps and its teardown with these settings."""
        t = Script(self.name)
        self.write(t, s)
        return t

    def explain(self, lab: CheckContext, failed: Result | None) -> Diagnosis:
        """The most likely cause of a failed check, or of anything that could make one fail; its fixes make this
        chapter again, not the tutorial."""
        every = tuple(q.number for q in self.checks)
        rules = [*self.causes, *(replace(one, checks=every) for one in (something_differs, part_missing))]
        told = explain(lab, failed, rules)
        fixes = [fix._replace(command=fix.command.replace("<demo> up", f"<demo> {self.command}")) for fix in told.fixes]
        return replace(told, fixes=fixes)
