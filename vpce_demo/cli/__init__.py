"""The command line: options in, one call, exit code out.

Nothing heavy is imported until a command needs it: help and completion answer at once.
"""

from . import deleting, emulator, learning, looking, making, testing
from .app import App, shared_options
from .boundary import main, run_command
from .group import cli

__all__ = [
    "App",
    "cli",
    "deleting",
    "emulator",
    "learning",
    "looking",
    "main",
    "making",
    "run_command",
    "shared_options",
    "testing",
]
