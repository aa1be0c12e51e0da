"""``sandbox faults``: let things go wrong on purpose, to see what a program, a script or another tool makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from ..changes import CHANGES
from .app import App
from .group import HELP, Command, Number, WholeNumber, pass_app
from .sandbox import running_sandbox


class FaultsGroup(Command, click.Group):
    """A group that is a command as well."""

    command_class = Command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


@click.group("faults", cls=FaultsGroup, context_settings=HELP, invoke_without_command=True)
@click.pass_context
def faults(ctx: click.Context) -> None:
    """Make API calls fail on purpose.  By itself: list what is set.

    Every fault holds for every caller, from now until `clear` or a reset.

    \b
    Example:
      vpce-demo sandbox faults
    """
    if ctx.invoked_subcommand is None:
        app = ctx.find_object(App)
        assert app is not None
        _show(app, running_sandbox(app).control("faults"))


def which_calls(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say which calls a fault strikes."""
    for option in (
        click.option("--until", metavar="NAME", help="A call of this operation ends it."),
        click.option("--times", type=WholeNumber(min=1), metavar="N", help="Only the first N of these calls."),
        click.option("--nth", type=WholeNumber(min=1), metavar="N", help="Only the N-th of these calls from now."),
        click.option("--operation", metavar="NAME", help="CreateVpc, or a pattern: 'Create*'.  [default: any call]"),
    ):
        function = option(function)
    return function


@faults.command("error")
@click.argument("code")
@which_calls
@click.option("--status", type=WholeNumber(400, 599), metavar="N", help="HTTP status.  [default: 400]")
@click.option("--message", metavar="TEXT", help="What the answer says.")
@pass_app
def faults_error(app: App, /, **fault: Any) -> None:
    """Answer with an AWS error, without doing what was asked.

    \b
    Example:
      vpce-demo sandbox faults error RequestLimitExceeded --times 20 --status 503
      vpce-demo sandbox faults error UnauthorizedOperation --operation 'Create*'
      vpce-demo sandbox faults error RpmLock --operation InstallPackages --times 2
    """
    _add(app, {"do": "error", **fault})


@faults.command("drop")
@click.option("--after", is_flag=True, help="Do what was asked, and lose the answer alone.")
@which_calls
@pass_app
def faults_drop(app: App, /, after: bool, **fault: Any) -> None:
    """Close the connection without an answer.

    \b
    Example:
      vpce-demo sandbox faults drop --after --operation CreateVpc --nth 1
    """
    _add(app, {"do": "drop-after" if after else "drop-before", **fault})


@faults.command("spoil")
@click.argument("how")
@click.option("--after", is_flag=True, help="Do what was asked first.")
@which_calls
@pass_app
def faults_spoil(app: App, /, after: bool, **fault: Any) -> None:
    """Answer with something that is not AWS's, as a portal or a proxy does.

    HOW is what comes: `empty`, `html`, `xhtml`, `403`, `407`, `429` (pages with
    that status, the last one empty), `redirect`, `truncated`, `garbage`, `huge`,
    `bomb` (XML with entities in entities) or `other` (another call's answer).

    \b
    Example:
      vpce-demo sandbox faults spoil html --operation 'Describe*' --times 3
      vpce-demo sandbox faults spoil 403 --after --operation CreateVpc --nth 1
    """
    _add(app, {"do": "spoil-after" if after else "spoil-before", **fault})


@faults.command("delay")
@click.argument("seconds", type=Number(min=0))
@which_calls
@pass_app
def faults_delay(app: App, /, **fault: Any) -> None:
    """Wait before doing what was asked, so many seconds of this machine.

    \b
    Example:
      vpce-demo sandbox faults delay 3 --operation 'Describe*'
    """
    _add(app, {"do": "delay", **fault})


@faults.command("throttle")
@click.option("--burst", type=WholeNumber(1, 1000), metavar="N", help="Calls at once.  [default: 50]")
@click.option("--rate", type=Number(0.01, 1000), metavar="N", help="More of them a second.  [default: 5]")
@click.option("--operation", metavar="NAME", help="CreateVpc, or a pattern: 'Create*'.  [default: any call]")
@click.option("--until", metavar="NAME", help="A call of this operation ends it.")
@pass_app
def faults_throttle(app: App, /, **fault: Any) -> None:
    """Answer RequestLimitExceeded to what comes too fast, as EC2 does.

    Each operation has a token bucket: it holds --burst tokens, and gets --rate
    more in a second of AWS's time.  A call takes one, or is refused.

    \b
    Example:
      vpce-demo sandbox faults throttle --operation 'Create*' --burst 4 --rate 1
    """
    _add(app, {"do": "throttle", "nth": None, "times": None, **fault})


@faults.command("kill")
@click.option("--after", is_flag=True, help="Do what was asked first.")
@which_calls
@pass_app
def faults_kill(app: App, /, after: bool, **fault: Any) -> None:
    """Kill the program that calls (SIGKILL), in the middle of the call.

    It must say which process it is: `pid/1234` in its User-Agent, as vpce-demo
    does here.  For others the connection is closed, as by `drop`.

    \b
    Example:
      vpce-demo sandbox faults kill --after --operation RunInstances --nth 1
    """
    _add(app, {"do": "kill-after" if after else "kill-before", **fault})


@faults.command("hide")
@click.argument("seconds", type=Number(min=0))
@pass_app
def faults_hide(app: App, seconds: float) -> None:
    """Hide what is made from now on for so many AWS seconds.

    Describe calls do not show it, and calls that name it say NotFound, as on AWS
    for a while after a create.

    \b
    Example:
      vpce-demo sandbox faults hide 5
    """
    _change(app, {"hidden_seconds": seconds})


@faults.command("hide-tags")
@click.argument("seconds", type=Number(min=0))
@pass_app
def faults_hide_tags(app: App, seconds: float) -> None:
    """Hide the tags of what is made from now on from IAM, for so many AWS seconds.

    A policy that allows a call by a resource's tags denies it for so long, as on
    AWS for a while after a create. For a sandbox with --iam.

    \b
    Example:
      vpce-demo sandbox faults hide-tags 10
    """
    _change(app, {"hidden_tags_seconds": seconds})


@faults.command("expire")
@pass_app
def faults_expire(app: App) -> None:
    """Refuse every call, as AWS does when a sign-in has expired.

    \b
    Example:
      vpce-demo sandbox faults expire
    """
    _change(app, {"credentials": "expired"})


@faults.command("clear")
@pass_app
def faults_clear(app: App) -> None:
    """Remove all faults.

    \b
    Example:
      vpce-demo sandbox faults clear
    """
    _change(app, {"clear": True})


def _add(app: App, fault: Mapping[str, Any]) -> None:
    if fault["nth"] and fault["times"]:
        raise click.UsageError("--nth and --times exclude each other.")
    _change(app, {"add": [{name: value for name, value in fault.items() if value is not None}]})


def _change(app: App, body: dict[str, Any]) -> None:
    told = running_sandbox(app).control("faults", body)
    CHANGES.note("The sandbox's faults were changed.")
    _show(app, told)


def _show(app: App, told: dict[str, Any]) -> None:
    screen = app.screen()
    for fault in told["faults"]:
        screen.line(_said(fault))
    if told["hidden_seconds"] is not None:
        hidden = len(told["hidden"])
        screen.line(f"What is made is hidden for {told['hidden_seconds']:g} s of AWS's time. Now hidden: {hidden}.")
    if told["hidden_tags_seconds"] is not None:
        screen.line(
            f"The tags of what is made are hidden from IAM for {told['hidden_tags_seconds']:g} s of AWS's time."
        )
    if told["credentials"] == "expired":
        screen.line("Credentials have expired.")
    hides = any(told[name] is not None for name in ("hidden_seconds", "hidden_tags_seconds"))
    if not told["faults"] and not hides and told["credentials"] == "fine":
        screen.line("No faults are set.")
    app.document.update(told)


def _said(fault: Mapping[str, Any]) -> str:
    """``drop after: CreateVpc, number 1; struck 0 of 0 seen``"""
    what, which = fault["do"].replace("-", " "), "every one"
    if "code" in fault:
        what += f" {fault['code']} ({fault['status']})"
    if "how" in fault:
        what += f" ({fault['how']})"
    if "seconds" in fault:
        what += f" of {fault['seconds']:g} s"
    if "burst" in fault:
        which = f"beyond {fault['burst']} at once and {fault['rate']:g} a second"
    if "nth" in fault:
        which = f"number {fault['nth']}"
    if "times" in fault:
        which = f"the first {fault['times']}"
    if "until" in fault:
        which += f" until {fault['until']}"
    return f"{what}: {fault.get('operation', 'any call')}, {which}; struck {fault['struck']} of {fault['seen']} seen"
