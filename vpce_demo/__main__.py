"""``python -m vpce_demo``: the same as ``vpce-demo``."""

from .cli import main

main()
