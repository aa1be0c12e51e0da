"""What a chapter is: steps with their teardown, checks, and causes, beside the tutorial in the same demo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..config.settings import Settings, made_by
from ..errors import Diagnosis
from ..tutorial import Script
from ..verify.checks import Check, CheckContext, Checklist, Result, explain
from ..verify.diagnosis.differences import something_differs
from ..verify.diagnosis.local import local_ssh, own_network
from ..verify.diagnosis.login import ssh_denied, ssh_hangs
from ..verify.diagnosis.missing_resources import instance_stopped, part_missing
from ..verify.diagnosis.public_access import public_access_blocked
from ..verify.diagnosis.table import Rule

OF_ANY_DEMO = (
    public_access_blocked,
    something_differs,
    ssh_hangs,
    ssh_denied,
    instance_stopped,
    part_missing,
    local_ssh,
    own_network,
)
"""The rules of the tutorial that hold for a chapter too, in the order in which they are tried after its own."""


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
        return made_by(self.name)

    def script(self, s: Settings) -> Script:
        """Its steps and its teardown with these settings."""
        t = Script(self.name)
        self.write(t, s)
        return t

    def explain(self, lab: CheckContext, failed: Result | None) -> Diagnosis:
        """The most likely cause of a failed check, or of anything that could make one fail."""
        every = tuple(q.number for q in self.checks)
        shared = [replace(one, checks=every) if one.checks else one for one in OF_ANY_DEMO]
        return explain(lab, failed, [*self.causes, *shared])
