"""Causes on this machine, which AWS knows nothing of."""

from __future__ import annotations

import shlex

from ...errors import Fix
from ...ssh import CONFIGURATION, USER
from ..aws_facts import PASSES, AwsFacts
from .table import About, Finding, Symptom, rule


@rule(
    "local-ssh",
    Symptom.LOCAL_SSH,
    likely="the ssh client of this machine, or its configuration, keeps ssh from the instance",
    confirmed_by="what ssh says, and the same check without your ssh configuration",
    mend="mend what ssh names, or the setting in its configuration",
    about=About.SSH,
    local=True,
)
def local_ssh(facts: AwsFacts) -> Finding:
    """Confirmed by what was seen."""
    files = ", ".join(CONFIGURATION)
    passes = facts.otherwise == PASSES
    evidence = [f"ssh says: {line}" for line in facts.ssh_said.splitlines()] or [facts.said]
    if passes:
        evidence.append(f"Without your ssh configuration ({files}) the check passes.")
    elif facts.ssh.reads_configuration:
        evidence.append(f"It reads {files}.")
    likely, fix = "ssh fails on this machine.", Fix("tries again", "<demo> test")
    key = facts.ssh.key_file
    if passes:
        likely = "your ssh configuration keeps ssh from the instance."
    if key.exists() and key.stat().st_mode & 0o077:
        likely = "ssh refuses the demo's key, since others may read it."
        fix = Fix("closes the key to others", f"chmod 600 {shlex.quote(str(key))}")
    elif facts.ssh.reads_configuration:
        first = facts.demo.logins[0]
        address = facts.sides[first.side].live(first).outputs.get("public_address", "")
        fix = Fix("shows what ssh takes from its configuration", f"ssh -G {USER}@{address}")
    return Finding(likely, evidence, [fix])


@rule(
    "own-network",
    Symptom.SSH_HANGS,
    likely="your own network may block tcp/22",
    confirmed_by="nothing: it is what remains",
    mend="try from another network",
    about=About.NETWORK,
    local=True,
)
def own_network(facts: AwsFacts) -> Finding:
    """What remains if AWS's answers confirm no other cause."""
    address = facts.operator()
    return Finding(
        "your own network may block tcp/22.",
        [f"Nothing that AWS tells keeps ssh out{f' from {address}, your address' if address else ''}."],
        [Fix("opens ssh to the address of another network: change to it first", "<demo> up", deletes=False)],
    )
