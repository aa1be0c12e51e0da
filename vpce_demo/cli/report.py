"""``report``: all that is known of a demo, as one page to hand in."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.settings import Where
from ..errors import ConfigError, NotCreated, SignInError
from ..journal.run_log import runs
from ..journal.state_file import StateFile
from ..lessons import Language, language
from ..private import is_there
from ..report.known import known
from ..report.page import page
from ..report.redact import redacted
from ..session.look import Look, look_at
from ..ui.style import Screen
from ..untrusted import write_text
from .app import App, command_line
from .group import command, lang_option, page_option, pass_app, redact_option
from .sandbox_hint import instead_of_the_cause
from .status import say_whose

if TYPE_CHECKING:
    from .documents import ReportDocument


@command()
@page_option("[default: NAME-report.html]")
@redact_option
@lang_option
@pass_app
def report(app: App, to: Path | None, redact: bool, lang: Language | None) -> None:
    """Write one page about the demo: picture, test, timing, proof.

    The picture, the last test with its evidence, what took how long and waited for
    what, every resource, the cost, and the proof that nothing is left. One HTML file
    that loads nothing. Made from the logs of the runs, so it works after down too; if
    the demo stands it looks at AWS once.

    \b
    Example:
      vpce-demo report
      vpce-demo report --redact --to homework.html
    """
    lang = lang or language()
    screen, where = app.screen(), app.where()
    look = _look(app, screen, where)

    found = runs(where.logs)
    if not found and not (look and look.live):
        if not where.sandbox:
            app.ask_if_the_sandbox_is_meant(bool(runs(replace(where, sandbox=True).logs)))
        raise NotCreated("There is nothing to report yet.", code="VPCE097", hint=f"Run first:  {command_line(app)} up")
    if redact:
        found, look = redacted(found, look)
    story = replace(known(found, where.config, look), tells_reasons=not instead_of_the_cause(app))
    file = to or Path(f"{where.config.name}-report.html")
    if not to:
        is_there(file)  # nobody has named what stands there
    write_text(file, page(story, time.time(), redact, lang))
    screen.line(f"Written: {file}")
    test = story.tested
    document: ReportDocument = {
        "file": str(file),
        "redacted": redact,
        "there": len(story.there),
        "gone": len(story.gone),
        "passed": test.passed if test else None,
    }
    app.document.update(document)


def _look(app: App, screen: Screen, where: Where) -> Look | None:
    """What AWS has of the demo; None where the logs have to do: they are all that is on record, or there is no way to
    look."""

    if not StateFile.load(where.directory).settings and runs(where.logs):
        app.begin_line(where)
        screen.end_line("from the logs of its runs")
        screen.message()
        return None

    try:
        environment = app.environment(where, screen, start=False)
    except (SignInError, ConfigError) as error:
        screen.end_line()
        screen.message(f"{error.message} The report is made from the logs alone.", mark="!")
        return None
    look = look_at(where, environment, app.command) if environment else None
    if look:
        say_whose(app, look)
    return look
