"""A screen shown again and again, until Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable

from .app import App


def again_and_again(app: App, seconds: float, show: Callable[[], None]) -> None:
    """Show it every so many seconds: in place on a terminal, elsewhere one below the other with a line between.

    Ends with Ctrl-C, and with nothing else: what goes wrong is shown, and tried again.
    """
    from ..messages import understood
    from ..ui import screens

    screen = app.screen()
    in_place = screen.out.file.isatty()
    try:
        for number in range(2**62):
            if in_place and number:
                screen.out.clear()
            elif number:
                screen.line("─" * 20)
            screen.line(time.strftime("%H:%M:%S") + f"   every {seconds:g} s, Ctrl-C ends it", style="dim")
            try:
                show()
            except Exception as error:
                known = understood(error)
                if known is None:
                    raise
                screens.error(screen, known)
            screen.out.file.flush()
            time.sleep(seconds)
    except KeyboardInterrupt:
        screen.line()
