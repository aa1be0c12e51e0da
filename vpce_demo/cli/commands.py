"""Every command: what it is for, its one line of help, and the module that it is in.

Help and completion read these tables, so that they import no command.  Tests hold them against the commands.
To add a command, write its file, named after it, and a row here.
"""

from __future__ import annotations

from collections.abc import Mapping

STAGES = ("create-provider", "create-endpoint-service", "create-consumer", "accept")
CHAPTERS = ("gateway", "interface")
"""The same as those of the package ``chapters``, which is slow to import."""

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "All at once": {
        "up": "Create what is missing, mend what somebody changed, accept the connection, and test.",
        "down": "Delete everything, in the documented order, and look again.",
        "plan": "Show what up would create and mend, and what it costs.",
        "status": "Show what exists of the demo, what it costs, and where it differs.",
        "list": "List all demos of the account and region: who made them, and what they cost.",
    },
    "Step by step": {
        "create-provider": "Steps 1-7: the provider's VPC, web server and load balancer.",
        "create-endpoint-service": "Step 8: publish the load balancer as an endpoint service.",
        "create-consumer": "Steps 9-15: the consumer's VPC, instance and VPC endpoint.",
        "accept": "Step 15: the provider accepts the endpoint's connection.",
        "reject": "Refuse endpoints' requests to connect, or end their connections.",
        "test": "Step 16: prove that the page comes through PrivateLink, and no other way.",
        "destroy": "Step 17: delete everything.",
    },
    "Learn": {
        "walkthrough": "Go through the tutorial step by step, with a page before each.",
        "explain": "Explain a topic; without one, list them.",
        "diagram": "Draw this demo with its real ids, addresses and states.",
        "report": "Write one page about the demo: picture, test, timing, proof.",
    },
    "When stuck": {
        "ssh": "Open a shell on an instance of the demo, or run a COMMAND there.",
        "doctor": "Check this machine, the account, and the demo if there is one.",
        "check": "Check a demo that was built by hand: each step, what differs, what comes next.",
        "adopt": "Take over a demo that exists in the account.",
        "logs": "List the runs of the demo, or print one.",
        "support": "Write a ZIP archive with what others need to help: versions, settings, state, logs.",
    },
    "Set up": {
        "init": "Write a config FILE with every setting, its default and a comment.",
        "export": "Write the demo as files of another tool.",
        "cost": "Show what the demo costs: by part, so far, and compared with a NAT gateway.",
        "iam-policy": "Print the least-privilege IAM policy for the demo.",
        "sandbox": "The emulator of AWS on this machine.",
        "completion": "Print the completion script for a SHELL.",
    },
}
SANDBOX: Mapping[str, str] = {
    "start": "Start it, if it is not running.",
    "run": "Run it in the foreground, with its log on the terminal, until Ctrl-C.",
    "stop": "Stop it.",
    "status": "Show whether it is running, and how other tools reach it.",
    "logs": "Print its log.",
    "env": "Print the lines with which a shell's tools use the sandbox, and never AWS.",
    "aws": "Run the AWS CLI on the sandbox, and never on AWS.",
    "ssh": "Open a shell on an instance in the sandbox, or run a COMMAND there.",
    "curl": "Run curl on the addresses in the sandbox, as from the internet.",
    "proxy": "Print the URL of the proxy to the addresses in it, or connect to one.",
    "reset": "Empty it: delete everything in every account.",
    "break": "Break one thing in the sandbox demo, as an exercise.",
    "hint": "Give a hint to the open exercise: where to look, then what shows it, then the answer.",
    "score": "Show this session's exercises: which were solved, and with how many hints.",
    "faults": "Make API calls fail on purpose.",
    "trace": "Show the path of the last connections, hop by hop.",
}
ALIASES = {"destroy": "down"}
"""A command under a second name: the tutorial's, for its step 17."""
# fmt: off
FAULTS = (
    "service-not-found", "no-common-zone", "not-accepted", "endpoint-unusable", "endpoint-pending",
    "endpoint-group-closed", "no-way-out", "balancer-groups-closed", "public-access-blocked", "acl-return-ports",
    "nothing-listens", "other-page", "targets-initial", "targets-unhealthy", "targets-unused", "something-differs",
    "ssh-hangs", "ssh-denied", "other-way-in", "instance-stopped", "not-allowed", "part-missing",
    "balancer-in-use", "interfaces-left",
    "no-endpoint-route", "endpoint-policy-denies", "gateway-way-out",
    "endpoint-https-closed", "dns-attributes-off", "private-dns-off", "interface-way-out",
)
# fmt: on
COMPLETED: Mapping[str, tuple[str, ...]] = {"sandbox break": FAULTS}
"""The values of a command's argument, for completion, where the module that knows them is slow to import."""
_MODULES = {
    **dict.fromkeys(STAGES, "up"),
    **dict.fromkeys(("accept", "reject"), "accept"),
    "plan": "status",
    "completion": "init",
    "sandbox score": "sandbox_hint",
    "sandbox curl": "sandbox_aws",
    "sandbox proxy": "sandbox_ssh",
    **{f"sandbox {name}": "sandbox" for name in ("start", "run", "stop", "status", "logs", "reset")},
}


def module_of(path: str) -> str:
    """The module that holds a command, by its words: ``iam-policy`` is in ``iam_policy``."""
    path = ALIASES.get(path, path)
    return _MODULES.get(path) or path.replace("-", "_").replace(" ", "_")
