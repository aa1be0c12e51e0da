"""The program, by ``vpce-demo`` and by ``python -m vpce_demo``: signals are handled before the rest is imported."""

from __future__ import annotations

import sys

from . import signals


def main() -> None:
    """Run the command line and exit with its code."""
    signals.begin()
    from .cli import main

    try:
        signals.interrupt()
        main()
        code = 0
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:  # at a moment when the command could not say so itself
        code = signals.interrupted()
    signals.finish(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
