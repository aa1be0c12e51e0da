"""``export``: the demo as the files of another tool."""

from __future__ import annotations

import os
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..changes import CHANGES
from ..chapters import demo_of
from ..errors import Refused
from ..export import cloudformation, script, terraform
from ..export.subject import Party
from ..lessons import steps
from ..model import Side
from ..private import is_there, refuse_links
from ..session.discover import find_out
from ..session.open import NO_KEY, open_demo
from ..ssh import ensure_key
from ..untrusted import write_text
from .app import App, command_line
from .explain import commands_of
from .group import chapter_option, command, pass_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..aws.environment import Environment
    from ..config.settings import Settings
    from ..session.run import Run
    from .documents import ExportDocument, Format

FOUND_OUT = (
    *("ssh_source", "service_region", "consumer_region"),
    *("provider_zone_id", "provider_second_zone_id", "consumer_zone_id"),
)
"""The settings of a demo that is not on record, as far as the files need them."""


Exported = terraform.Export | cloudformation.Export
OURS = {
    "terraform": (*terraform.FILES, *terraform.TERRAFORMS_OWN),
    "cloudformation": cloudformation.FILES,
    "aws-cli": script.FILES,
}
"""Patterns of the names of the files by format, and of what its tool puts beside them."""
FORMATS: dict[str, Callable[..., Exported]] = {
    "terraform": terraform.Export,
    "cloudformation": cloudformation.Export,
}
"""What is made of the demo as it stands; a script is made of the pages' texts."""


@command()
@click.argument("form", metavar="FORMAT", type=click.Choice([*OURS]))
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The directory of the files.  [default: NAME-FORMAT]",
)
@chapter_option("What up --chapter would create too, alone or beside what there is.")
@pass_app
def export(app: App, form: Format, to: Path | None, chapter: str | None) -> None:
    """Write the demo as files of another tool.

    FORMAT is terraform, cloudformation or aws-cli. The files have the steps as
    comments, and what differs from one demo to the next as variables. Looks at AWS
    once, and changes nothing there.

    terraform imports all that stands. Where nothing stands, the files make the
    demo, as those of cloudformation always do; status, test and down know it: by
    its tags, and by its ssh key, which is made here. aws-cli writes the commands of
    the tutorial's pages as scripts, and needs no account.

    \b
    Example:
      vpce-demo export terraform
      vpce-demo export terraform --to infrastructure
      vpce-demo export cloudformation
      vpce-demo export aws-cli
    """
    screen, where = app.screen(), app.where()
    directory = to or Path(f"{where.config.name}-{form}")
    if not to:
        refuse_links(directory, 1)  # nobody has named what stands there
    _refuse_other_files(directory, form)
    told = _told(app, FORMATS[form], chapter) if form in FORMATS else None
    texts = told.files() if told else _scripts(app, chapter)
    directory.mkdir(parents=True, exist_ok=True)
    CHANGES.note(f"{directory} was written.")
    for name, text in texts.items():
        write_text(directory / name, text)
    screen.line(f"Written: {directory}")
    document: ExportDocument = {"format": form, "directory": str(directory), "files": list(texts)}
    if told:
        document["adds"] = told.to_add
    if isinstance(told, terraform.Export):
        document["imports"] = len(told.standing)
        screen.line(f"A plan of Terraform imports {len(told.standing)}, and adds {len(told.to_add)}.")
    elif isinstance(told, cloudformation.Export):
        if told.needs_somebody:
            screen.line(f"{cloudformation.NO_ACCEPTER} README.md has the commands.")
        if told.live:
            screen.line(cloudformation.TAKEN, mark="!")
    app.document.update(document)


def _told(app: App, make: Callable[..., Exported], chapter: str | None) -> Exported:
    """The demo as AWS has it and the settings say it, in the format that is made."""
    where = app.where()
    environment = app.environment(where, app.screen(), start=True)
    assert environment
    with open_demo(where, environment, app.command, only_looks=True, chapters=(chapter,) if chapter else ()) as run:
        live, config = run.look(), where.config
        settings = _settings(run, environment, is_new=not live)
        parties = {
            party: Party(one["account"], one["region"], config.profile_of(party) or "", run.sides[party].owner)
            for party, one in environment.accounts_of(settings.side).items()
        }
        return make(demo_of(settings), settings, live, parties, command_line(app), where.sandbox)


def _scripts(app: App, chapter: str | None) -> dict[str, str]:
    """The text of each script by its name.  Raises Refused for a demo that is not the tutorial's alone."""
    where = app.where()
    config = where.config
    if chapter or config.side or (config.customers or 1) > 1:
        raise Refused(
            "The scripts have the commands of the tutorial's pages: both sides, one customer and no chapter.",
            code="VPCE135",
            hint="Leave out --chapter, --side and --customers, or export another format.",
        )
    whose = {"AWS_PROFILE": config.profile_of(Side.PROVIDER), "AWS_REGION": config.region_of(Side.PROVIDER)}
    if where.sandbox:
        app.environment(where, app.screen(), start=True)
        whose, files = {}, {"state_dir": where.state_directory, "config": app.get("config")}
        absolute = {
            name: os.path.abspath(file) for name, file in files.items() if file
        }  # they run in their own directory
        app = replace(app, given={**app.given, **absolute})
    last = steps("en")[-1].step
    return script.scripts(
        config.name, commands_of(app, range(1, last)), commands_of(app, [last]), whose, command_line(app)
    )


def _settings(run: Run, environment: Environment, *, is_new: bool) -> Settings:
    """The settings of the demo.  Those of one that is not on record are found out, and of one that ``is_new`` the
    key is made."""
    settings = run.settings
    has_key = settings.public_key not in ("", NO_KEY)
    more = {"public_key": settings.public_key if has_key else ""}
    if not run.state.settings:
        found = find_out(run.where.config, environment, run.sides, settings.chapters)
        more |= {name: getattr(found, name) for name in FOUND_OUT}
    if is_new and not has_key:
        more["public_key"] = ensure_key(run.state.key_file, f"vpce-demo {settings.name} {settings.demo_id}")
    return settings.model_copy(update=more)


def _refuse_other_files(directory: Path, form: str) -> None:
    """Raise Refused if there is anything in the directory that is neither ours nor what the format's tool puts there,
    and NotAFile if something else stands in the place of one of our files."""
    if not os.path.lexists(directory):
        return
    there = sorted(one.name for one in directory.iterdir())
    if others := [name for name in there if not any(fnmatchcase(name, ours) for ours in OURS[form])]:
        raise Refused(
            f"There are other files in {directory}, such as {others[0]}.",
            code="VPCE133",
            hint=f"Name a directory of its own:  <demo> export {form} --to DIR",
        )
    for name in set(there).difference(terraform.TERRAFORMS_OWN):
        is_there(directory / name)
