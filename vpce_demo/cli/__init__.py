"""The command line: options in, one call, exit code out.

A command's module is imported when it is run (``commands.py``): help and completion answer at once.
"""

from .boundary import main, run_command
from .group import cli

__all__ = ["cli", "main", "run_command"]
