"""``support``: what others need to help, in one archive."""

from __future__ import annotations

import io
import os
import shutil
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..changes import CHANGES
from ..config.model import Config
from ..config.settings import Where
from ..errors import ConfigError, DemoError
from ..report.support import LEFT_OUT, MASKED, Part, parts
from .app import App
from .group import command, pass_app

if TYPE_CHECKING:
    from .documents import SupportDocument


@command()
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="[default: vpce-demo-support-TIME.zip]",
)
@pass_app
def support(app: App, to: Path | None) -> None:
    """Write a ZIP archive with what others need to help: versions, settings, state, logs.

    Asks AWS nothing, and sends nothing. Accounts, ids, addresses, names and secrets are
    masked; the key is not in it. Works without a demo too, and with a damaged one.

    \b
    Example:
      vpce-demo support
      vpce-demo support --to for-the-teacher.zip
    """
    at = time.time()
    file = to or Path(time.strftime("vpce-demo-support-%Y%m%dT%H%M%SZ.zip", time.gmtime(at)))
    screen = app.screen()
    size = shutil.get_terminal_size()
    seen = {
        "terminals": [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name).isatty()],
        "columns": size.columns,
        "lines": size.lines,
        "encoding": sys.stdout.encoding,
        "ascii": screen.ascii,
    }
    made = parts(_where(app), lambda: app.where().config, seen, at)
    _write(file, made)
    screen.line(f"Written: {file}")
    for one in made:
        screen.line(f"  {one.name:<46} {one.what}".rstrip())
    screen.message()
    for head, text in (("Masked: ", f"{'; '.join(MASKED)}."), ("Not in it: ", f"{LEFT_OUT}.")):
        if not screen.quiet:
            screen.entry(head, text, to_err=True)
    screen.message("Nothing was sent anywhere. Look through it before you give it to somebody.", mark="!")
    document: SupportDocument = {"file": str(file), "parts": [one.name for one in made]}
    app.document.update(document)


def _where(app: App) -> Where:
    """Which demo is meant; of the name that is given, if the settings are not valid."""
    try:
        return app.where()
    except DemoError:
        try:
            config = Config(name=app.get("name") or Config().name)
        except ValueError:
            config = Config()
        return Where(config, app.state_directory, bool(app.get("sandbox")))


def _write(file: Path, made: list[Part]) -> None:
    """Write the archive to a new file, for this user alone.  Raises ConfigError if there is one, and OSError."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in made:
            archive.writestr(one.name, one.text.encode("utf-8", "replace"))
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        text = f"There is a {file} already."
        raise ConfigError(text, code="VPCE013", hint="Give another name:  <demo> support --to FILE") from None
    CHANGES.note(f"{file} was written.")
    with os.fdopen(handle, "wb") as new:
        new.write(whole.getvalue())
