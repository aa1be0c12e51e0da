"""``sandbox``: start, stop, look at and empty the emulator of this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..changes import CHANGES
from ..errors import SandboxError
from ..sandbox import client
from ..sandbox.client import QUOTAS, Running, is_quota
from .app import STARTING, App, command_line
from .commands import SANDBOX
from .group import HELP, PORT, LazyGroup, Number, command, pass_app


class Speed(click.ParamType[float]):
    """How many times faster than AWS, or ``max``."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            speed = float("inf") if value == "max" else float(value)
        except ValueError:
            speed = 0.0
        if not speed > 0:
            self.fail("a number above 0, or max", param, ctx)
        return speed


class QuotaOption(click.ParamType[tuple[str, int]]):
    """A quota and its value: ``vpcs=50``."""

    name = "quota"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        name, _, number = value.partition("=")
        if not number.isdecimal() or not is_quota(name, int(number)):
            self.fail(
                f"{value!r} is not NAME=N, with N from 1 to 1000 and NAME one of {', '.join(QUOTAS)}.", param, ctx
            )
        return name, int(number)


SHOWN_PARTS = 5
"""How many parts of an instance's user data are named, of those that the sandbox did not understand."""


@click.group(cls=LazyGroup, sections={"Commands": SANDBOX}, prefix="sandbox ", context_settings=HELP)
def sandbox() -> None:
    """The emulator of AWS on this machine."""


def options(function: Callable[..., None]) -> Callable[..., None]:
    """The options of a new sandbox, named as ``client.Options``."""
    free = "[default: the settings', else a free one]"
    quotas = ", ".join(f"{name} ({one.default})" for name, one in QUOTAS.items())
    speed: dict[str, Any] = {"type": Speed(), "default": 20.0, "show_default": True, "metavar": "N|max"}
    latency: dict[str, Any] = {"type": Number(min=0), "default": 0.0, "metavar": "MS"}
    quota: dict[str, Any] = {"type": QuotaOption(), "multiple": True, "metavar": "NAME=N"}
    quota["callback"] = lambda context, option, given: dict(given)
    for option in (
        click.option("--log-format", type=click.Choice(["text", "json"]), help="Log every API call, a line for each."),
        click.option("--zones-differ", is_flag=True, help="Let zones have other names in other accounts, as AWS may."),
        click.option("--iam", is_flag=True, help="Check the permissions of IAM users."),
        click.option("--quota", "quotas", **quota, help=f"Another quota than AWS's default: {quotas}."),
        click.option("--proxy-port", type=PORT, metavar="PORT", help=f"Of the way in.  {free}"),
        click.option("--port", type=PORT, metavar="PORT", help=f"Of the API.  {free}"),
        click.option("--latency", "latency_ms", **latency, help="Latency added to every API call."),
        click.option("--speed", **speed, help="How many times faster than AWS."),
    ):
        function = option(function)
    return function


def _with_ports(app: App, given: dict[str, Any]) -> dict[str, Any]:
    """The options of a new sandbox, with the ports of the settings where no option names one."""
    app.given.update({f"sandbox_{name}": given[name] for name in ("port", "proxy_port") if given[name] is not None})
    return given | app.where().config.sandbox.model_dump()


@command("start")
@options
@pass_app
def sandbox_start(app: App, /, **given: Any) -> None:
    """Start it, if it is not running.  A running one keeps its settings, but for --quota and --zones-differ.

    \b
    Example:
      vpce-demo sandbox start --speed 1 --latency 80
      vpce-demo sandbox start --quota vpcs=21
    """

    directory = app.sandbox_directory
    before = client.running(directory)
    if not before:
        app.screen().begin_line(STARTING.capitalize())
    running = client.ensure(directory, **_with_ports(app, given))
    if before and given["quotas"]:
        running.control("settings", {"quotas": given["quotas"]})
        CHANGES.note("The sandbox's quotas were changed.")
    if before and given["zones_differ"]:
        running.control("settings", {"zones_differ": True})
    if not before:
        CHANGES.note("The sandbox was started.")
    _show_sandbox(app, running, "Runs already." if before else "Started.")


@command("run")
@options
@pass_app
def sandbox_run(app: App, /, **given: Any) -> None:
    """Run it in the foreground, with its log on the terminal, until Ctrl-C.

    It is found by the other commands like one that was started, and it ends with
    code 0, also by sandbox stop, SIGTERM, or with its terminal. Its log, a line
    for each API call, is all that it prints, also with -o json.

    \b
    Example:
      vpce-demo sandbox run
      vpce-demo sandbox run --port 4566 --log-format json
    """
    given["log_format"] = given["log_format"] or "text"
    client.run(app.sandbox_directory, **_with_ports(app, given))


@command("stop")
@pass_app
def sandbox_stop(app: App) -> None:
    """Stop it.  The demos in it are gone then.

    \b
    Example:
      vpce-demo sandbox stop
    """
    stopped = client.stop(app.sandbox_directory)
    if stopped:
        CHANGES.note("The sandbox was stopped.")
    app.screen().line("Stopped." if stopped else "It does not run.")
    app.document.update(stopped=bool(stopped))


@command("status")
@pass_app
def sandbox_status(app: App) -> None:
    """Show whether it is running, and how other tools reach it.

    \b
    Example:
      vpce-demo sandbox status
    """
    running = client.running(app.sandbox_directory)
    if running is None:
        app.screen().line("It does not run. Start it:  vpce-demo sandbox start")
        app.document.update(running=False)
        return
    _show_sandbox(app, running, "Runs.")


def _show_sandbox(app: App, running: Any, word: str) -> None:
    screen = app.screen()
    status = running.control("status")
    calls = sum(status.get("calls", {}).values())
    screen.line(f"{word} Process {running.pid}, speed {status['speed']}, {calls} calls so far.")
    if status["iam"]:
        screen.line("The permissions of IAM users and roles are checked; the key `sandbox` may do everything.")
    for instance, parts in status.get("not_understood", {}).items():
        screen.line(f"Not understood in the user data of {instance}, and left out:")
        for part in parts[:SHOWN_PARTS]:
            screen.line(f"  {part}")
        if len(parts) > SHOWN_PARTS:
            screen.line(f"  and {len(parts) - SHOWN_PARTS} more, in its console output")
    program = command_line(app, "sandbox env")
    screen.line(f"AWS's API is on {running.endpoint_url}. For the tools in a shell:")
    screen.line(f'  eval "$({program} sandbox env)"')
    screen.line(f"The proxy to the addresses in it is on {running.proxy_url}. To use it:")
    screen.line(f"  {program} sandbox curl http://ADDRESS/")
    app.document.update(running=True, endpoint_url=running.endpoint_url, proxy_url=running.proxy_url, status=status)


@command("logs")
@pass_app
def sandbox_logs(app: App) -> None:
    """Print its log.

    \b
    Example:
      vpce-demo sandbox logs
    """
    text = client.log(app.sandbox_directory)
    if not app.json:
        click.echo(text or "There is no log.", nl=not text)
    app.document.update(log=text)


@command("reset")
@pass_app
def sandbox_reset(app: App) -> None:
    """Empty it: delete everything in every account.

    \b
    Example:
      vpce-demo sandbox reset
    """
    running_sandbox(app).control("reset")
    CHANGES.note("The sandbox was emptied.")
    _end_exercises(app)
    app.screen().line("Empty.")


def _end_exercises(app: App) -> None:
    """End the exercises of all demos, which are gone, so that no clock stays slowed down."""
    for file in (app.state_directory / "sandbox").glob("*/exercises.json"):
        from ..exercises.attempts import Attempts  # slow to import
        from .sandbox_hint import end

        attempts = Attempts.load(file.parent)
        for attempt in attempts.all[-1:]:
            if not attempt.ended:
                end(app, attempts, attempt, "undone")


def running_sandbox(app: App) -> Running:
    """The sandbox of this state directory.  Raises SandboxError if none runs."""

    running = client.running(app.sandbox_directory)
    if running is None:
        raise SandboxError("The sandbox does not run.", code="VPCE116", hint="Start it:  <demo> sandbox start")
    return running
