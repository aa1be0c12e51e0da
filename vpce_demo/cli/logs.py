"""``logs``: what earlier runs did."""

from __future__ import annotations

import time
from dataclasses import replace

import click

from ..errors import NotCreated
from ..journal.run_log import RecordedRun, read, runs
from ..ui import run_log_view
from .app import App, command_line
from .group import command, pass_app

LOOK_SECONDS = 0.2


@command()
@click.argument("run", required=False)
@click.option("--last", is_flag=True, help="The newest run.")
@click.option("-f", "--follow", is_flag=True, help="Go on as long as the run is at work.")
@pass_app
def logs(app: App, run: str | None, last: bool, follow: bool) -> None:
    """List the runs of the demo, or print one.

    RUN is its number in the list, or the id that -o json gives, or the beginning of that. Each command that makes,
    tests or deletes leaves a log, and the newest 20 are kept, also after down. With -v every event is printed, not
    only changes.

    \b
    Example:
      vpce-demo logs
      vpce-demo logs 2
      vpce-demo logs --last
    """
    where, screen = app.where(), app.screen()
    found = runs(where.logs)
    if not found and not where.sandbox:
        app.ask_if_the_sandbox_is_meant(bool(runs(replace(where, sandbox=True).logs)))
    if not run and not last and not follow:
        run_log_view.listed(screen, found)
        if not found:
            screen.line("There is no run on record.")
        app.document["runs"] = [{"id": one.id, "path": str(one.path), **one.head, "ended": one.end} for one in found]
        return
    numbers = {str(number): one for number, one in enumerate(found, 1)}
    chosen = numbers.get(run or "1") or next((one for one in found if run and one.id.startswith(run)), None)
    if chosen is None:
        raise NotCreated(
            f"There is no run {run} on record." if run else "There is no run on record.",
            code="VPCE098",
            hint=f"Those that are:  {command_line(app)} logs" if found else f"Make one:  {command_line(app)} up",
        )
    shown = 0
    while True:
        lines = list(run_log_view.run_lines(chosen, screen.verbose))
        for mark, text in lines[shown:]:
            screen.line(text, mark=mark)
        shown = len(lines)
        at_work = chosen.is_at_work
        if not follow or not at_work:
            break
        time.sleep(LOOK_SECONDS)
        chosen = _again(chosen)
    app.document.update(run=chosen.id, path=str(chosen.path), lines=list(chosen.lines))


def _again(run: RecordedRun) -> RecordedRun:
    return read(run.path) or run
