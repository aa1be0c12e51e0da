"""The command line: options in, one call, exit code out.

Nothing heavy is imported until a command needs it: help and completion answer at once.
"""

from . import (
    adopting,
    costing,
    deleting,
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
)
from .app import App, shared_options
from .boundary import main, run_command
from .group import cli

__all__ = [
    "App",
    "adopting",
    "cli",
    "costing",
    "deleting",
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
]
