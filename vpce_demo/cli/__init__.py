"""The command line: options in, one call, exit code out.

Nothing heavy is imported until a command needs it: help and completion answer at once.
"""

from . import breaking, deleting, doctoring, emulator, faults, looking, making, testing, tracing
from .app import App, shared_options
from .boundary import main, run_command
from .group import cli

__all__ = [
    "App",
    "breaking",
    "cli",
    "deleting",
    "doctoring",
    "emulator",
    "faults",
    "looking",
    "main",
    "making",
    "run_command",
    "shared_options",
    "testing",
    "tracing",
]
