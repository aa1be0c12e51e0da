"""The command line: options in, one call, exit code out.

Nothing heavy is imported until a command needs it: help and completion answer at once.
"""

from . import (  # noqa: F401
    adopt,
    cost,
    diagram,
    doctor,
    down,
    explain,
    iam_policy,
    init,
    logs,
    report,
    sandbox,
    sandbox_break,
    sandbox_faults,
    sandbox_trace,
    status,
    test,
    up,
)
from .app import App, shared_options
from .boundary import main, run_command
from .group import cli

__all__ = [
    "App",
    "adopting",
    "breaking",
    "cli",
    "costing",
    "deleting",
    "doctoring",
    "emulator",
    "faults",
    "learning",
    "looking",
    "main",
    "making",
    "permitting",
    "picturing",
    "recalling",
    "reporting",
    "run_command",
    "setting_up",
    "shared_options",
    "testing",
    "tracing",
]
