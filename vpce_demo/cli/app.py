"""What every command shares: the options, the screen, the demo and the environment."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..changes import CHANGES
from ..errors import STATE_DIRECTORY, THEIR_DEMO, THIS_COMMAND, THIS_DEMO, ConfigError, DemoError
from ..model import Side

if TYPE_CHECKING:
    from ..aws.environment import Environment
    from ..config.settings import Where
    from ..errors import Diagnosis, SignInError
    from ..lessons import Language
    from ..ui.style import Screen


CONFIG_FILE = Path("vpce-demo.yaml")
"""The config file that is used if none is named and it is in this directory.  ``init`` writes it."""
_OF_A_SIDE = ("profile", "region")
"""What has an option for each side."""
_OF_ONE_SIDE = ("side", "consumer_account", "service_name")
"""The options of a demo that has one side only."""
DEFAULT_STATE_DIRECTORY = Path(".vpce-demo")
_PATH = click.Path(path_type=Path, readable=False)
"""One that cannot be read is told by what reads it: with its owner, and the command that helps."""


class _Query(click.ParamType[Any]):
    """A JMESPath expression, as in the AWS CLI."""

    name = "expression"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        import jmespath  # slow to import

        try:
            return jmespath.compile(value)
        except jmespath.exceptions.JMESPathError:
            self.fail(f"{value!r} is not a valid JMESPath expression.", param, ctx)


class _Names(click.types.StringParamType):
    """Names, which an environment variable has with commas in between."""

    envvar_list_splitter = ","


_SEVERAL = {(Side.CONSUMER, "profile"): "  Several: customer by customer, in turn."}
"""The options that can be given several times, and what their help says of that."""
_TAKEN_IN_TURN: dict[str, Any] = {
    "multiple": True,
    "type": _Names(),
    "callback": lambda context, option, names: names[0] if len(names) == 1 else names or None,
}


def shared_options(environment: bool) -> list[click.Option]:
    """The options of every command.  Only the group reads environment variables, so that an option overrides them."""

    def option(*names: str, env: str = "", **rest: Any) -> click.Option:
        return click.Option(list(names), envvar=env if environment and env else None, **rest)

    return [
        option(
            "--name",
            env="VPCE_DEMO_NAME",
            metavar="NAME",
            help="Name of the demo; several can exist side by side.",
            shell_complete=_demo_names,
        ),
        option("--profile", metavar="PROFILE", help="AWS profile, as in `aws`."),
        option("--region", env="AWS_REGION", metavar="REGION", help="AWS region, as in `aws`."),
        *(
            option(
                f"--{side}-{what}",
                env=f"VPCE_DEMO_{side}_{what}".upper(),
                metavar=what.upper(),
                help=f"{what.capitalize()} of the {side}'s side.{_SEVERAL.get((side, what), '')}",
                **(_TAKEN_IN_TURN if (side, what) in _SEVERAL else {}),
            )
            for what in _OF_A_SIDE
            for side in Side
        ),
        option(
            "--side",
            env="VPCE_DEMO_SIDE",
            type=click.Choice(["provider", "consumer"]),
            help="Only this side, for two people or one sign-in.  [default: the one on record, else both]",
        ),
        option("--consumer-account", metavar="ACCOUNT", help="With --side provider: the account that may connect."),
        option("--service-name", metavar="NAME", help="With --side consumer: the provider's endpoint service."),
        option(
            "-c",
            "--config",
            env="VPCE_DEMO_CONFIG",
            metavar="FILE",
            type=_PATH,
            help=f"Config file; init writes one.  [default: ./{CONFIG_FILE}, if there is one]",
        ),
        option(
            "--state-dir",
            env="VPCE_DEMO_STATE_DIR",
            metavar="DIR",
            type=_PATH,
            help="Directory for state files.  [default: ./.vpce-demo]",
        ),
        option(
            "--sandbox",
            env="VPCE_DEMO_SANDBOX",
            is_flag=True,
            default=None,
            help="Use the emulator on this machine instead of AWS.",
        ),
        option(
            "-o",
            "--output",
            env="VPCE_DEMO_OUTPUT",
            type=click.Choice(["text", "json"]),
            help="json: one document on stdout, messages on stderr.",
        ),
        option(
            "--query",
            metavar="EXPRESSION",
            type=_Query(),
            help="-o json, and of it what this JMESPath expression selects.",
        ),
        option(
            "--progress",
            env="VPCE_DEMO_PROGRESS",
            type=click.Choice(["auto", "live", "plain", "none"]),
            help="Live tree on a terminal, lines elsewhere.  [default: auto]",
        ),
        option(
            "--show-calls",
            is_flag=True,
            default=None,
            help="At the end, print the calls that changed something, as `aws` commands.",
        ),
        option("--no-color", is_flag=True, default=None, help="No colour; NO_COLOR says the same."),
        option("--ascii", env="VPCE_DEMO_ASCII", is_flag=True, default=None, help="No symbols beyond ASCII."),
        option(
            "-q", "--quiet", is_flag=True, default=None, help="Results only, without messages; of test, what fails."
        ),
        option(
            "--debug", is_flag=True, default=None, help="Print each call to AWS with its answer's code and its time."
        ),
        option("-v", "--verbose", is_flag=True, default=None, help="More messages and details."),
    ]


def _demo_names(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """For shell completion: the demos that have a state directory here."""
    told = (context.params.get("state_dir"), context.find_root().params.get("state_dir"))
    directory = next(filter(None, told), DEFAULT_STATE_DIRECTORY)
    found = {path.name for place in ("aws", "sandbox") for path in (directory / place).glob("*") if path.is_dir()}
    return sorted(name for name in found if name.startswith(begun))


_SETTINGS = {
    **{name: name for name in ("name", "profile", "region", "side", "consumer_account")},
    "service_name": "service",
}
"""The shared options that are settings, and the setting of each."""
SHARED = tuple(str(option.name) for option in shared_options(False))

STARTING = "starting the sandbox …"
"""Shown while it starts, which takes seconds."""


@dataclass
class App:
    """The options of this command line, and what is made from them."""

    given: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    """The words after the program's name."""
    variables: dict[str, str] = field(default_factory=dict)
    """The environment variables that options come from, by the option's name."""
    _screen: Screen | None = None
    _has_asked: bool = False
    _recorded: dict[str, Any] | None = None
    """The side on record, as a setting; None until the record was read."""

    def get(self, name: str, default: Any = None) -> Any:
        value = self.given.get(name)
        return default if value is None else value

    @property
    def json(self) -> bool:
        return self.get("output") == "json" or self.get("query") is not None

    @property
    def language(self) -> Language:
        """--lang, else the language of the environment; English where that is not valid."""
        from ..lessons import language

        with contextlib.suppress(ConfigError):
            return self.get("lang") or language()
        return "en"

    def screen(self) -> Screen:
        """The screen of this command."""
        if self._screen:
            return self._screen
        from ..ui.style import make_screen, wants_colour

        screen = self._screen = make_screen(
            colour=wants_colour(bool(self.get("no_color"))),
            ascii=bool(self.get("ascii")),
            quiet=bool(self.get("quiet")),
            verbose=bool(self.get("verbose")),
            lang=self.language,
        )
        if self.json:
            screen.out.file = screen.err.file  # only the JSON document goes to stdout
        return screen

    def where(self) -> Where:
        """Which demo is meant.  Raises ConfigError."""
        from ..config.load import load
        from ..config.settings import Where
        from ..private import refuse_another_users

        sides = {
            str(side): told
            for side in Side
            if (told := {what: self.given[key] for what in _OF_A_SIDE if self.given.get(key := f"{side}_{what}")})
        }
        options = {**_SETTINGS, "customers": "customers"}
        overrides: dict[str, Any] = {setting: self.given.get(option) for option, setting in options.items()} | sides
        overrides["sandbox"] = {port: self.given.get(f"sandbox_{port}") for port in ("port", "proxy_port")}
        if (file := self.config_file) and not self.get("config"):
            refuse_another_users(file)
        named = {name: overrides.pop(name) for name in ("consumer_account", "service")}
        of_one_side = {name: told for name, told in named.items() if told}

        def with_settings(more: dict[str, Any]) -> Where:
            config = load(file, overrides | more)
            if not self.get("profile") and _profile_variable():
                # It goes before the config file, and means what it means to `aws`: keys beside it go before it.
                config = config.model_copy(update={"profile": None})
            return Where(config, self.state_directory, bool(self.get("sandbox")))

        where = with_settings({})
        if self._recorded is None and not where.config.side:  # once: a command that deletes the record still knows it
            self._recorded = _side_on_record(where)
        more = (self._recorded or {}) | of_one_side
        return with_settings(more) if more else where

    def origin(self, setting: str) -> str:
        """The option or the environment variable that a setting comes from; empty if neither."""
        name = setting.replace(".", "_")
        if name in self.given:
            return self.variables.get(name) or f"--{name.replace('_', '-')}"
        return _profile_variable() if setting == "profile" else ""

    @property
    def config_file(self) -> Path | None:
        """The config file that is named, or this directory's."""
        named: Path | None = self.get("config")
        return named or (CONFIG_FILE if os.path.lexists(CONFIG_FILE) else None)

    @property
    def state_directory(self) -> Path:
        """The directory of all state files."""
        return Path(self.get("state_dir", DEFAULT_STATE_DIRECTORY))

    @property
    def sandbox_directory(self) -> Path:
        """The directory of this state directory's sandbox."""
        return self.state_directory / "emulator"

    def recorded(self) -> int:
        """How many resources of this demo are recorded."""
        from ..journal.state_file import StateFile

        return len(StateFile.load(self.where().directory).ids)

    def begin_line(self, where: Where) -> None:
        """Begin the first line: which command, on which demo."""
        found = self.config_file if not self.get("config") else None
        settings = f"   settings {found}" if found else ""
        self.screen().begin_line(f"vpce-demo {self.command}   demo {where.config.name}{settings}")

    def complete(self, error: SignInError) -> None:
        """Add to the error whose sign-in it is, and the command that renews it."""
        from ..aws.sign_in import complete

        complete(error, error.profile or self.where().config.profile, self.recorded, THIS_COMMAND)

    def environment(self, where: Where, screen: Screen, start: bool) -> Environment | None:
        """The environment, shown on the screen.  None if the sandbox is not running and ``start`` is false."""
        self.begin_line(where)
        from ..aws import environment as places
        from ..aws.call_log import CALL_LOG
        from ..journal.state_file import StateFile
        from ..session.open import forget_if_the_sandbox_is_another
        from ..ui.screens import header

        CALL_LOG.write = partial(screen.line, to_err=True, mark="-") if self.get("debug") else None
        if where.sandbox:
            from ..sandbox import client

            running = client.running(self.sandbox_directory)
            if forget_if_the_sandbox_is_another(where, running.boot_id if running else ""):
                screen.message("The sandbox that held this demo has stopped, and the demo went with it.", mark="!")
                CHANGES.note("The record of that demo was deleted.")
            if running is None:
                if not start:
                    header(screen, "sandbox, which is not running", {})
                    return None
                screen.add_to_line(STARTING)
                running = client.ensure(self.sandbox_directory, **where.config.sandbox.model_dump())
                CHANGES.note("The sandbox was started.")
            environment = places.in_sandbox(where.config, running)
        else:
            if not StateFile(where.directory).path.exists():
                self.ask_if_the_sandbox_is_meant(StateFile(replace(where, sandbox=True).directory).path.exists())
            environment = _on_aws(where)
        header(screen, environment.name, environment.accounts_of(where.config.side), environment.alias)
        return environment

    def ask_if_the_sandbox_is_meant(self, there: bool) -> None:
        """Show the command with --sandbox once, if what it is about is there, and not on AWS."""
        if there and not self._has_asked:
            self._has_asked = True
            screen = self.screen()
            screen.end_line()
            meant = " ".join(["vpce-demo --sandbox", *map(_word, self.arguments)])
            screen.message("The demo of this name that is on record here is in the sandbox. Did you mean:", mark="!")
            screen.message(f"    {meant}")


def _side_on_record(where: Where) -> dict[str, Any]:
    """The side of a demo that has only one, as a setting; where the state file is lost, from the logs of the demo that
    the key is of, with what it knows of the other side.

    Nothing for any other demo, or if the files cannot be used, which is told by what needs them.
    """
    from ..journal.state_file import StateFile

    try:
        state = StateFile.load(where.directory)
        told = [state.settings] if state.settings else _logged_settings(where, state.key_file)
        sides = {settings.get("side") for settings in told}
        if len(sides) != 1 or sides == {None}:
            return {}
        names = ("side",) if state.settings else ("side", "consumer_account", "service")
        given = where.config.model_dump()
        return {name: value for name in names if not given[name] and (value := told[0].get(name))}
    except DemoError:
        return {}


def _logged_settings(where: Where, key_file: Path) -> list[dict[str, Any]]:
    """The settings of every run on the demo whose key is here, newest first."""
    from ..journal.run_log import runs
    from ..ssh import key_comment, public_line

    id = key_comment(public_line(key_file), where.config.name)
    return [run.head["settings"] for run in runs(where.logs) if run.head["demo_id"] == id] if id else []


def _profile_variable() -> str:
    """The environment variable that names an AWS profile; empty if none does."""
    return next((name for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") if os.environ.get(name)), "")


def _on_aws(where: Where) -> Environment:
    """AWS, with its errors as ours."""
    from ..aws import environment as places
    from ..aws.messages import as_demo_errors

    with as_demo_errors():
        return places.on_aws(where.config)


def _has_one_side_on_record(app: App) -> bool:
    from ..journal.state_file import StateFile

    try:
        return bool(StateFile.load(app.where().directory).settings.get("side"))
    except DemoError:
        return False


def command_line(app: App, before: str = "") -> str:
    """The beginning of a command line for the same demo.  What stands in ``before``, the rest of that line, is left
    out, and so are --sandbox before ``sandbox`` and a side that is on record."""
    is_said = re.match(r" *(--\S+ \S+ )*sandbox\b", before)
    words = ["vpce-demo", *(["--sandbox"] if app.get("sandbox") and not is_said else [])]
    on_record = _OF_ONE_SIDE if any(map(app.get, _OF_ONE_SIDE)) and _has_one_side_on_record(app) else ()
    options = {name: f"--{name.replace('_', '-')}" for name in (*_SETTINGS, "state_dir") if name not in on_record}
    sides = {f"{side}_{what}": f"--{side}-{what}" for what in _OF_A_SIDE for side in Side}
    for name, option in {**options, **sides, "config": "-c"}.items():
        if option not in before.split() and (value := app.get(name)):
            for one in value if isinstance(value, tuple) else (value,):
                words += [option, _word(one)]
    return " ".join(words)


def _word(value: object) -> str:
    """A value as one word of a command line, on one line."""
    word = shlex.quote(str(value))
    if word.isprintable():
        return word
    from ..untrusted import one_line  # slow to import

    return one_line(word)


_A_COMMAND = re.compile(rf"({THIS_DEMO}|{THIS_COMMAND})((?: (?!&&)\S+)*)")


def for_this_demo(app: App, text: str) -> str:
    """A hint whose commands have the options of this demo."""

    def command(match: re.Match[str]) -> str:
        what, rest = match.groups()
        return command_line(app, rest) + (f" {app.command}" if what == THIS_COMMAND else "") + rest

    theirs = "vpce-demo" + " --sandbox" * bool(app.get("sandbox"))
    text = _A_COMMAND.sub(command, text).replace(THEIR_DEMO, theirs)
    return text.replace(STATE_DIRECTORY, _word(app.state_directory))


def diagnosis_for_this_demo(app: App, diagnosis: Diagnosis) -> Diagnosis:
    """A diagnosis whose commands have the options of this demo."""
    fixes = [fix._replace(command=for_this_demo(app, fix.command)) for fix in diagnosis.fixes]
    return replace(diagnosis, fixes=fixes, evidence=[for_this_demo(app, line) for line in diagnosis.evidence])
