"""The program, by ``vpce-demo`` and by ``python -m vpce_demo``: signals are handled before the rest is imported."""

from __future__ import annotations

import sys

from . import signals


def main() -> None:
    """Run the command line and exit with its code."""
    signals.begin()
    from .cli import main

    try:
        code = 0
        try:
            signals.interrupt()
            main()
        except SystemExit as done:
            code = done.code if isinstance(done.code, int) else 0
        signals.finish(code)
    except KeyboardInterrupt:  # at a moment when the command could not say so itself
        signals.finish(code := signals.interrupted())
    sys.exit(code)


if __name__ == "__main__":
    main()
