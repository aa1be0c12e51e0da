"""``sandbox``: start, stop, look at and empty the emulator of this machine."""

from __future__ import annotations

from typing import Any

import click

from ..changes import CHANGES
from ..errors import SandboxError
from ..sandbox import client
from ..sandbox.client import QUOTAS, Running, is_quota
from .app import STARTING, App
from .commands import SANDBOX
from .group import HELP, LazyGroup, Number, WholeNumber, command, pass_app


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


PORT = WholeNumber(0, 65535)
SHOWN_PARTS = 5
"""How many parts of an instance's user data are named, of those that the sandbox did not understand."""


@click.group(cls=LazyGroup, sections={"Commands": SANDBOX}, prefix="sandbox ", context_settings=HELP)
def sandbox() -> None:
    """The emulator of AWS on this machine."""


@command("start")
@click.option(
    "--speed", type=Speed(), default=20.0, show_default=True, metavar="N|max", help="How many times faster than AWS."
)
@click.option("--latency", type=Number(min=0), default=0.0, metavar="MS", help="Latency added to every API call.")
@click.option("--port", type=PORT, default=0, metavar="PORT", help="Of the API.  [default: a free one]")
@click.option("--proxy-port", type=PORT, default=0, metavar="PORT", help="Of the way in.  [default: a free one]")
@click.option(
    "--quota",
    type=QuotaOption(),
    multiple=True,
    metavar="NAME=N",
    help=f"Another quota than AWS's default: {', '.join(f'{name} ({one.default})' for name, one in QUOTAS.items())}.",
)
@click.option("--iam", is_flag=True, help="Check the permissions of IAM users.")
@click.option("--zones-differ", is_flag=True, help="Let zones have other names in other accounts, as AWS's may.")
@pass_app
def sandbox_start(
    app: App,
    speed: float,
    latency: float,
    port: int,
    proxy_port: int,
    quota: tuple[tuple[str, int], ...],
    iam: bool,
    zones_differ: bool,
) -> None:
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
    running = client.ensure(directory, speed, latency, port, proxy_port, iam, dict(quota))
    if before and quota:
        running.control("settings", {"quotas": dict(quota)})
        CHANGES.note("The sandbox's quotas were changed.")
    if zones_differ:
        running.control("settings", {"zones_differ": True})
    if not before:
        CHANGES.note("The sandbox was started.")
    _show_sandbox(app, running, "Runs already." if before else "Started.")


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
    screen.line("For other tools:")
    screen.line(f"  export AWS_ENDPOINT_URL={running.endpoint_url}")
    screen.line("  export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox")
    screen.line("  export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1")
    screen.line("For the addresses in it:")
    screen.line(f"  curl --proxy {running.proxy_url} http://ADDRESS/")
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
