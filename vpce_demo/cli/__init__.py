"""The command line: options in, one call, exit code out.

Nothing heavy is imported until a command needs it: help and completion answer at once.
"""

from . import (
    adopting,
    breaking,
    costing,
    deleting,
    doctoring,
    emulator,
    faults,
    learning,
    looking,
    making,
    permitting,
    picturing,
    recalling,
    reporting,
    setting_up,
    testing,
    tracing,
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
