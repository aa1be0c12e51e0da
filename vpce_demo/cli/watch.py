"""A screen that is refreshed until Ctrl-C."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable
from typing import TypeVar

from .. import signals
from ..aws.messages import as_demo_errors
from ..changes import CHANGES
from ..errors import DemoError
from ..ui import screens
from ..ui.style import time_of_day
from .app import App, for_this_demo

Seen = TypeVar("Seen")


def again_and_again(
    app: App, seconds: float, look: Callable[[], Seen], head: Callable[[], None], draw: Callable[[Seen], None]
) -> None:
    """Look and draw every ``seconds``: in place on a terminal, elsewhere one below the other with a line between.

    ``head`` draws the line above, which is there already the first time.  Only Ctrl-C ends it, or an output that takes
    no more: an error is shown, and it looks again.
    """
    screen = app.screen()
    try:
        for number in itertools.count():
            seen: Seen | None = None
            failed: DemoError | None = None
            try:
                with as_demo_errors():
                    seen = look()
            except DemoError as error:
                failed = error
            if number and screen.out.file.isatty():
                screen.out.clear()
                head()
            elif number:
                screen.line("─" * 20)
            screen.line(f"{time_of_day(time.time())}   again every {seconds:g} s until Ctrl-C", style="dim")
            if failed:
                failed.hint = for_this_demo(app, failed.hint)
                failed.changed = CHANGES.sentence()
                screens.error(screen, failed)
            elif seen is not None:
                draw(seen)
            if screen.is_lost:
                return
            time.sleep(seconds)
    except KeyboardInterrupt:
        if signals.number() != signal.SIGINT:
            raise
        screen.line()
