"""The shape of commands: the shared options with each, help by what commands are for, the group of them all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from .. import __version__
from ..errors import Cancelled, Refused
from .app import SECTIONS, SHARED, App, shared_options

if TYPE_CHECKING:
    from ..ui.style import Screen


class Command(click.Command):
    """A command that takes the shared options too, and lists them apart."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(shared_options(environment=False))

    def invoke(self, ctx: click.Context) -> Any:
        app = ctx.find_object(App)
        assert app is not None
        app.command = ctx.command_path.partition(" ")[2]
        for name in SHARED:
            value = ctx.params.pop(name)
            if value is not None:
                app.given[name] = value
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [p for p in self.get_params(ctx) if p.name not in SHARED]
        shared = [p for p in self.get_params(ctx) if p.name in SHARED]
        for title, params in (("Options", own), ("Shared options", shared)):
            if records := [record for p in params if (record := p.get_help_record(ctx))]:
                with formatter.section(title):
                    formatter.write_dl(records)


class Group(click.Group):
    """A group whose help lists the commands by what they are for."""

    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            if there := [(n, self.commands[n].get_short_help_str(80)) for n in names if n in self.commands]:
                with formatter.section(title):
                    formatter.write_dl(there)


class SandboxGroup(click.Group):
    command_class = Command


HELP = {"help_option_names": ["-h", "--help"]}


@click.group(cls=Group, context_settings=HELP, params=shared_options(environment=True))
@click.version_option(__version__, prog_name="vpce-demo")
@click.pass_context
def cli(ctx: click.Context, /, **given: Any) -> None:
    """AWS PrivateLink end to end in one command.

    \b
    Start here:
      vpce-demo --sandbox up       the whole demo on this machine, no AWS account
      vpce-demo plan               what would be made, and what it costs
      vpce-demo up                 make it all, accept, test
      vpce-demo down               delete it all, in the documented order
    """
    ctx.ensure_object(App).given.update({name: value for name, value in given.items() if value is not None})


pass_app = click.make_pass_decorator(App)


def yes_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option("-y", "--yes", is_flag=True, help="Do not ask.")(function)


def timeout_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="Give up after so long; run again to go on."
    )(function)


def ask(screen: Screen, yes: bool, question: str) -> None:
    """Ask once.  Raises Refused where nobody can answer, Cancelled where the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(
            "Nobody is here to say yes.",
            facts={"question": question},
            hint="Say it beforehand:  --yes",
            changed="Nothing was changed.",
        )
    screen.end_line()
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        raise KeyboardInterrupt from None
    if not agreed:
        raise Cancelled("Cancelled.", changed="Nothing was changed.")
