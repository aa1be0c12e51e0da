"""Turns errors into messages and exit codes.  The only place that does."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import re
import sys
from pathlib import Path

import click
from click.shell_completion import shell_complete

from .. import signals
from ..changes import CHANGES
from ..errors import ConfigError, DemoError, SignInError, TestFailed
from ..extras import WARNINGS
from ..masking import MASK
from ..private import not_yours
from ..ui.output import Output, clean_outputs
from .app import App, diagnosis_for_this_demo, for_this_demo
from .group import VERSION, cli
from .init import COMPLETION

OUTPUT_VERSION = 1
"""The version of the JSON documents.  It changes with every incompatible change."""
USAGE, INTERRUPTED = "VPCE001", "VPCE002"
"""The codes of what click raises."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.disable()  # importing makes no garbage: Command.invoke enables it
    gc.set_threshold(100_000)  # what a command loads stays too
    if asked := os.environ.get(COMPLETION):
        sys.exit(shell_complete(cli, {}, "vpce-demo", COMPLETION, asked))
    _open_what_is_closed()
    if os.isatty(2):
        signals.before_a_sudden_end(_show_cursor)
    with clean_outputs():
        try:
            code = run_command(sys.argv[1:])
        except Exception:
            sys.excepthook(*sys.exc_info())
            code = 1
    gc.freeze()  # Python's end would look through all of it once more
    sys.exit(code)


def _show_cursor() -> None:
    """Show the cursor, which a live view hides."""
    os.write(2, b"\x1b[?25h")


def _open_what_is_closed() -> None:
    """Take up the descriptors of standard streams that are closed, so that no file of ours gets one of them."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            nothing = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
            os.set_inheritable(nothing, True)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115


def run_command(arguments: list[str]) -> int:
    """Run one command line and return its exit code.

    What cannot be shown does not end the command; if the output could not be written, the code is 1 at least.
    """
    app = App(arguments=arguments)
    with clean_outputs() as out:
        code = _run(app, arguments)
        return code if _was_written(app, out) else code or 1


def _was_written(app: App, out: Output) -> bool:
    """Whether the output was written; says on stderr that it was not, unless its reader has just left (``| head``)."""
    lost = out.lost
    if lost and not isinstance(lost, BrokenPipeError):
        from ..ui import screens

        error = DemoError(f"The output could not be written: {lost.strerror}.", code="VPCE006")
        error.changed = "" if CHANGES.is_empty else CHANGES.sentence()
        screens.error(app.screen(), error)
    return not lost


def _run(app: App, arguments: list[str]) -> int:
    """Run one command line with its errors as messages."""
    code = 0
    CHANGES.begin()
    WARNINGS.begin()
    MASK.begin(os.environ)
    try:
        with cli.make_context("vpce-demo", list(arguments), obj=app) as ctx:
            cli.invoke(ctx)
    except click.exceptions.Exit as done:
        code = done.exit_code
        if app.command == VERSION:
            if _json_was_asked_for(arguments):
                app.given["output"] = "json"
            else:
                click.echo(f"vpce-demo, version {app.document['program']}")
    except (click.Abort, KeyboardInterrupt):
        code = signals.code()
        said = "Interrupted." if CHANGES.is_empty else f"Interrupted. {CHANGES.sentence()}"
        app.screen().line(said, to_err=True)
        app.document["error"] = {"code": INTERRUPTED, "message": "Interrupted."}
    except click.ClickException as error:
        is_help = isinstance(error, click.exceptions.NoArgsIsHelpError)
        if not is_help and not error.message.isprintable():
            from ..untrusted import one_line  # slow to import

            vars(error)["message"] = one_line(error.message)  # it quotes a word of the command line
        said = error.format_message()
        if not is_help:
            first, *rest = said.split("\n")
            vars(error)["format_message"] = lambda: "\n".join([f"{first}  {USAGE}", *rest])
        error.show()
        code = error.exit_code
        if _json_was_asked_for(arguments):
            app.given["output"] = "json"
        app.document["error"] = {"code": USAGE, "message": said}
    except Exception as error:
        understood_error = tell(app, error)
        if understood_error is None:
            raise
        code = understood_error.exit_code
    if WARNINGS.sentences:
        sentences = app.document["warnings"] = [for_this_demo(app, one) for one in WARNINGS.sentences]
        with contextlib.suppress(BrokenPipeError):
            for sentence in sentences:
                app.screen().line(sentence, mark="!", to_err=True)
    if app.get("show_calls"):
        _show_calls(app)
    if app.json and (app.command or "error" in app.document):
        document = {"version": OUTPUT_VERSION, "command": app.command, "exit_code": code, **app.document}
        text = json.dumps(MASK.data(document), indent=2, default=lambda value: MASK.text(str(value)))
        try:
            if (query := app.get("query")) and "error" not in document:
                text = json.dumps(query.search(json.loads(text)), indent=2)
        except ValueError as error:  # jmespath's: a function of something that it is not for
            from ..ui import screens

            unsuited = ConfigError(f"The query does not suit this document: {error}", code="VPCE007")
            screens.error(app.screen(), unsuited)
            code = code or unsuited.exit_code
        click.echo(text)
    return code


def tell(app: App, error: Exception) -> DemoError | None:
    """Show an error, and put it into the document.  Returns it as ours; None, and shows nothing, if it is a bug."""
    understood_error = _understood(app, error)
    if understood_error is None:
        return None
    if not understood_error.says_what_changed:
        understood_error.changed = CHANGES.sentence()
    if isinstance(understood_error, SignInError):
        app.complete(understood_error)
    understood_error.hint = for_this_demo(app, understood_error.hint)
    if understood_error.diagnosis and app.get("sandbox"):
        from .sandbox_hint import instead_of_the_cause  # a diagnosis was made: everything is loaded

        if instead := instead_of_the_cause(app):
            understood_error.diagnosis, understood_error.hint = None, instead
    if cause := understood_error.diagnosis:
        understood_error.diagnosis = diagnosis_for_this_demo(app, cause)
        app.document["diagnosis"] = understood_error.diagnosis.as_dict()
    if not isinstance(understood_error, TestFailed):
        from ..ui import screens

        screens.error(app.screen(), understood_error)
    app.document["error"] = {
        "code": understood_error.code,
        "message": understood_error.message,
        "facts": understood_error.facts,
        "table": understood_error.table,
        "hint": understood_error.hint,
    }
    return understood_error


def _show_calls(app: App) -> None:
    """Print the calls that changed something in AWS."""
    commands = app.document["calls"] = [for_this_demo(app, command) for command in CHANGES.commands]
    screen = app.screen()
    screen.line()
    screen.line(
        "The calls that changed something, for version 2 of the AWS CLI:"
        if CHANGES.commands
        else "No call changed anything."
    )
    for command in commands:
        screen.text(command)  # a line feed stands in quotes


def _json_was_asked_for(arguments: list[str]) -> bool:
    """``App.json`` for a command line that could not be parsed."""
    said = re.search(r"(?:^| )(?:-o|--output)[ =]?json(?: |$)", " ".join(arguments))
    return bool(said) or os.environ.get("VPCE_DEMO_OUTPUT") == "json"


def _understood(app: App, error: Exception) -> DemoError | None:
    """The error as a ``DemoError``.  One that is a ``DemoError`` already is shown without importing boto3."""
    if isinstance(error, DemoError):
        return error
    from ..aws.messages import understood

    return understood(error) or _from_the_machine(app, error)


def _from_the_machine(app: App, error: Exception) -> DemoError | None:
    """An OSError as a ``DemoError``."""
    if not isinstance(error, OSError):
        return None
    if isinstance(error, PermissionError) and isinstance(error.filename, (str, os.PathLike)):
        path = Path(error.filename)
        if path.is_relative_to(app.state_directory) and (foreign := not_yours(path)):
            return foreign
    what = f"{error.filename} cannot be used" if error.filename else "The machine refused"
    return DemoError(
        f"{what}: {error.strerror or error}.", code="VPCE005", hint="Correct that, then repeat the command."
    )
