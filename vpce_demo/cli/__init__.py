"""The command line: options in, one call, exit code out.

Nothing heavy is imported until a command needs it: help and completion answer at once.
"""

from . import deleting, emulator, faults, looking, making, permitting, testing
from .app import App, shared_options
from .boundary import main, run_command
from .group import cli

__all__ = [
    "App",
    "cli",
    "deleting",
    "emulator",
    "faults",
    "looking",
    "main",
    "making",
    "permitting",
    "run_command",
    "shared_options",
    "testing",
]
