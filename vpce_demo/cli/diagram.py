"""``diagram``: the architecture of this demo as it is now, or as planned."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import cast

import click

from ..config.settings import TUTORIAL, Where
from ..diagram.mermaid import mermaid
from ..diagram.picture import picture
from ..diagram.svg import svg
from ..diagram.terminal import in_terminal
from ..diagram.theme import Theme
from ..errors import ConfigError, NotCreated, SignInError
from ..extras import WARNINGS
from ..journal.state_file import StateFile
from ..lessons import Language, language
from ..session.look import Look, look_at
from ..ui.style import WIDTH_WITHOUT_TERMINAL, Screen
from ..untrusted import write_text
from .app import App
from .group import command, lang_option, pass_app
from .sandbox_hint import instead_of_the_cause
from .status import say_whose

SUFFIXES = {".svg": "svg", ".md": "mermaid", ".mmd": "mermaid", ".txt": "terminal", "": "terminal"}


@command()
@click.option("--format", "form", type=click.Choice(["terminal", "mermaid", "svg"]), help="[default: by FILE's name]")
@click.option("--theme", type=click.Choice(["auto", "light", "dark"]), default="auto", help="Of the SVG; auto: both.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it there.")
@lang_option
@pass_app
def diagram(app: App, form: str | None, theme: str, to: Path | None, lang: Language | None) -> None:
    """Draw this demo with its real ids, addresses and states.

    Solid lines exist, dashed ones do not exist yet, crossed ones are broken, with
    the reason; each hop shows the packet's source and destination, and what the
    security groups let in. Looks at AWS once. Without a demo it draws the plan,
    for which it needs no account.

    \b
    Example:
      vpce-demo diagram
      vpce-demo diagram --to slide.svg --theme light
    """
    form = form or SUFFIXES.get(to.suffix.lower() if to else "")
    if not form:
        raise click.UsageError(f"The ending of {to} is not .svg, .md, .mmd or .txt: name one of them, or a --format.")
    screen = app.screen()
    lang = lang or language()
    look = seen(app, screen, app.where())
    if TUTORIAL not in look.settings.chapters:
        only = ", ".join(look.settings.chapters)
        raise NotCreated(
            "It is too early for diagram.",
            code="VPCE095",
            facts={"missing": f"the tutorial; this demo has {only}"},
            hint="Run first:  <demo> up    or see the chapter's own picture:  "
            f"vpce-demo explain {look.settings.chapters[0]}",
        )
    pictures = [picture(look.demo, look.live, look.frame, one) for one in ("en", lang)]
    if instead := instead_of_the_cause(app):
        screen.message(instead)
        pictures = [one.without_reasons() for one in pictures]
    told, shown = pictures
    app.document.update(format=form, demo=told.demo, state=told.state, hops=[asdict(hop) for hop in told.hops])
    if form == "terminal":
        drawn = in_terminal(shown, WIDTH_WITHOUT_TERMINAL if to else screen.out.width, screen.ascii)
        text = f"{drawn.plain}\n"
    else:
        text = mermaid(shown) if form == "mermaid" else svg(shown, cast("Theme", theme))
    if to:
        fenced = form == "mermaid" and to.suffix.lower() == ".md"
        write_text(to, f"```mermaid\n{text}```\n" if fenced else text)
        app.document.update(file=str(to))
        screen.line(f"Written: {to}")
    elif app.json:
        app.document.update(diagram=text)
    elif form == "terminal":
        screen.out.print(drawn, soft_wrap=True)
    else:
        click.echo(text, nl=False)


def seen(app: App, screen: Screen, where: Where) -> Look:
    """The demo as AWS has it now, or as planned if there is none on record and AWS cannot be asked.

    Raises the error of the look-up if a demo is on record.
    """
    try:
        environment = app.environment(where, screen, start=False)
    except (SignInError, ConfigError) as error:
        from ..aws.credentials import profile_in_use
        from ..aws.environment import names_a_profile

        # A missing region is fine for a plan, but a profile that was named must exist.
        wrong_profile = isinstance(error, ConfigError) and names_a_profile(where.config)
        if wrong_profile or StateFile.load(where.directory).settings:
            raise
        profile = profile_in_use(where.config.profile)
        if isinstance(error, ConfigError) and profile not in ("", "default"):
            WARNINGS.add(f"AWS profile {profile}: {error.message} The plan needs no account.")
        environment = None
        screen.end_line("no AWS account at hand: the plan")
        screen.message()
    look = look_at(where, environment, app.command)
    say_whose(app, look)
    return look
