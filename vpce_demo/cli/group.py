"""The command group, the class of commands, and the options that several commands have."""

from __future__ import annotations

import difflib
import gc
import importlib
import re
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from .. import __version__
from ..errors import Cancelled, ConfigError, Refused
from .app import SHARED, App, shared_options
from .commands import ALIASES, CHAPTERS, COMPLETED, SECTIONS, module_of

if TYPE_CHECKING:
    from ..tutorial import Customer, Demo
    from ..ui.style import Screen


_SIDES = re.compile("--(provider|consumer)-(profile|region)")
_BOTH = "--{provider,consumer}-{profile,region}"
"""Four options in one word, as a shell would read it."""
MOST_CUSTOMERS = 50
"""The same as the settings', which are slow to import."""


class Command(click.Command):
    """A command that accepts the shared options too; its help explains its own, and names those."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {param.name for param in self.params}
        self.params.extend(option for option in shared_options(environment=False) if option.name not in own)
        self.shared = tuple(name for name in SHARED if name not in own)

    def invoke(self, ctx: click.Context) -> Any:
        app = ctx.find_object(App)
        assert app is not None
        app.command = ctx.command_path.partition(" ")[2]
        for name in self.shared:
            value = ctx.params.pop(name)
            if value is not None:
                app.given[name] = value
                app.variables.pop(name, None)
        if asked := ctx.params.get("lang"):
            from ..lessons import language_of

            app.given["lang"] = language_of(asked, "--lang")
        if not gc.isenabled():
            gc.freeze()  # what has been imported stays
            gc.enable()
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [p for p in self.get_params(ctx) if isinstance(p, click.Option) and p.name not in self.shared]
        with formatter.section("Options"):
            formatter.write_dl([record for p in own if (record := p.get_help_record(ctx))])
        shared = [p for p in self.params if isinstance(p, click.Option) and p.name in self.shared]
        names = " ".join(dict.fromkeys(_SIDES.sub(_BOTH, p.opts[0] if p.is_flag else p.opts[-1]) for p in shared))
        with formatter.section("Shared options, explained by vpce-demo --help"):
            for line in textwrap.wrap(names, formatter.width - 2, break_on_hyphens=False):
                formatter.write_text(line)


class _Completed(Command):
    """Stands for a command while a shell completes its argument; only for its options the module is imported."""

    def __init__(self, name: str, values: Sequence[str], load: Callable[[], click.Command]) -> None:
        def begun_so(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
            return [value for value in values if value.startswith(begun)]

        super().__init__(name, params=[click.Argument(["value"], required=False, shell_complete=begun_so)])
        self._load = load

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return self._load().shell_complete(ctx, incomplete)


class LazyGroup(click.Group):
    """A group that knows its commands by name and line of help, and imports the module of one only to run it.

    ``prefix`` precedes the commands' names in ``module_of``.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, str]], prefix: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        self.prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for rows in self.sections.values() for name in rows]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        names = self.list_commands(ctx)
        if cmd_name not in names:
            if ctx.resilient_parsing or cmd_name.startswith("-"):
                return None
            near = difflib.get_close_matches(cmd_name, names, 1)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"No such command '{cmd_name}'.{meant}", ctx)
        load = partial(self._load, cmd_name)
        if ctx.resilient_parsing and (values := COMPLETED.get(self.prefix + cmd_name)):
            return _Completed(cmd_name, values, load)
        return load()

    def _load(self, cmd_name: str) -> click.Command:
        module = importlib.import_module(f".{module_of(self.prefix + cmd_name)}", __package__)
        commands = {one.name: one for one in vars(module).values() if isinstance(one, click.Command)}
        return commands[ALIASES.get(cmd_name, cmd_name)]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        rows = {name: line for section in self.sections.values() for name, line in section.items()}
        found = [CompletionItem(name, help=line) for name, line in rows.items() if name.startswith(incomplete)]
        return found or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, rows in self.sections.items():
            with formatter.section(title):
                formatter.write_dl(list(rows.items()))


def _version(ctx: click.Context, option: click.Parameter, asked: bool) -> None:
    """End with the version as the document: the options are not read yet, so ``boundary`` prints it."""
    if asked and not ctx.resilient_parsing:
        app = ctx.ensure_object(App)
        app.command, app.document["program"] = VERSION, __version__
        ctx.exit()


class Number(click.FloatRange):
    """A number within bounds."""

    name = "number"


class WholeNumber(click.IntRange):
    """A whole number within bounds."""

    name = "whole number"


VERSION = "--version"
PORT = WholeNumber(0, 65535)
HELP = {"help_option_names": ["-h", "--help"]}


@click.group("vpce-demo", cls=LazyGroup, sections=SECTIONS, context_settings=HELP, params=shared_options(True))
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version and exit.",
)
@click.option("--sandbox-port", envvar="VPCE_DEMO_SANDBOX_PORT", type=PORT, hidden=True, show_envvar=True)
@click.option("--sandbox-proxy-port", envvar="VPCE_DEMO_SANDBOX_PROXY_PORT", type=PORT, hidden=True, show_envvar=True)
@click.pass_context
def cli(ctx: click.Context, /, **given: Any) -> None:
    """AWS PrivateLink end to end in one command.

    \b
    Start here:
      vpce-demo --sandbox up       the whole demo on this machine, no AWS account
      vpce-demo plan               what would be created, and what it costs
      vpce-demo up                 create everything, accept, test
      vpce-demo down               delete everything, in the documented order
    """
    app = ctx.ensure_object(App)
    app.given.update({name: value for name, value in given.items() if value is not None})
    for option in ctx.command.params:
        name = str(option.name)
        if ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
            app.variables[name] = str(option.envvar)


pass_app = click.make_pass_decorator(App)


def command(name: str | None = None, **rest: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """``click.command``, with the shared options."""
    return click.command(name, cls=Command, **rest)


def yes_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")(function)


def meant_options(function: Callable[..., None]) -> Callable[..., None]:
    """``vpcs`` and ``service``: which of several demos that were built by hand is meant."""
    several = "Of several VPCs that fit, this one; for either side."
    vpc = click.option("--vpc", "vpcs", metavar="ID", multiple=True, help=several)
    return vpc(
        click.option("--service", metavar="ID", default="", help="Of several endpoint services, this one.")(function)
    )


def timeout_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--timeout",
        type=Number(min=1),
        metavar="SECONDS",
        help="Stop waiting after this many seconds; run again to continue.",
    )(function)


def customer_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--customer", type=WholeNumber(1, MOST_CUSTOMERS), metavar="N", help="Of several customers, only the N-th."
    )(function)


def customers_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--customers",
        type=WholeNumber(1, MOST_CUSTOMERS),
        metavar="N",
        help="How many customers connect, all with the same addresses.  [default: as many as there are, else 1]",
    )(function)


def chapter_option(help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option("--chapter", type=click.Choice(CHAPTERS), help=help)


def want_customers(app: App, customers: int | None) -> None:
    """Let the option go before the config file, and ask for those that were taken away, too."""
    if customers:
        app.given["customers"] = customers


def the_customer(demo: Demo, number: int) -> Customer:
    """The demo's customer of this number.  Raises ConfigError if it has none."""
    for one in demo.customers:
        if one.number == number:
            return one
    there = ", ".join(str(one.number) for one in demo.customers)
    raise ConfigError(
        f"The demo has no customer {number}: there is {there}.", code="VPCE128", hint="See them:  <demo> status"
    )


class _Ttl(click.ParamType[timedelta]):
    """A time such as ``90m``, ``2h`` or ``1d``."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        told = re.fullmatch(r"(\d{1,4})([mhd])", value)
        if not told or not int(told[1]):
            self.fail(f"{value!r} is not a valid time, such as 90m, 2h or 1d.", param, ctx)
        return int(told[1]) * {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}[told[2]]


def ttl_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--ttl",
        type=_Ttl(),
        metavar="TIME",
        help="How long the demo is wanted (90m, 2h, 1d): a tag, and commands warn when it is over. Deletes nothing.",
    )(function)


class _AnyOfThese(click.Choice):  # type: ignore[type-arg]
    """Choices to complete and to show; any other word is told by what uses it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return value


def lang_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--lang",
        type=_AnyOfThese(["en", "ja"]),
        help="English or Japanese.  [default: VPCE_DEMO_LANG, else the locale's]",
    )(function)


def page_option(help: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """``--to``, the file of an HTML page."""

    def check(context: click.Context, option: click.Parameter, to: Path | None) -> Path | None:
        if to and to.suffix.lower() not in ("", ".html", ".htm"):
            raise click.UsageError(f"The report is an HTML page, so {to} has the wrong ending: --to {to.stem}.html")
        return to

    named = click.Path(path_type=Path, dir_okay=False)
    return click.option("--to", type=named, metavar="FILE", callback=check, help=help)


def redact_option(function: Callable[..., None]) -> Callable[..., None]:
    return click.option("--redact", is_flag=True, help="Mask accounts, ids, public addresses and DNS names.")(function)


def ask(screen: Screen, yes: bool, question: str) -> None:
    """Ask for confirmation.  Raises Refused if this is not a terminal, Cancelled if the answer is no."""
    if not yes and not _answer(screen, question, lambda: click.confirm(question, err=True), "--yes"):
        raise Cancelled("Cancelled.")


def ask_for_the_name(screen: Screen, yes: bool, question: str, name: str, given: str | None) -> None:
    """Ask for the demo's name as the confirmation, unless it was ``given``.

    Raises Refused if this is not a terminal, Cancelled if the answer is not the name.
    """
    if yes and given is None:
        return
    prompt = f"{question} Type its name ({name})"
    typed = given or _answer(
        screen, question, lambda: click.prompt(prompt, err=True, default="", show_default=False), f"--confirm {name}"
    )
    if typed != name:
        raise Cancelled(f"Cancelled: that is not the demo's name, {name}.")


Answer = TypeVar("Answer")


def _answer(screen: Screen, question: str, prompt: Callable[[], Answer], option: str) -> Answer:
    """The answer at the prompt.  Raises Refused, which names the option, if this is not a terminal."""
    if not sys.stdin.isatty():
        raise Refused(
            "Confirmation needed, but this is not a terminal.",
            code="VPCE004",
            facts={"question": question},
            hint=f"Confirm beforehand:  {option}",
        )
    screen.end_line()
    try:
        return prompt()
    except click.Abort:
        raise KeyboardInterrupt from None
