"""``export``: the demo as the files of another tool."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..changes import CHANGES
from ..chapters import demo_of
from ..errors import Refused
from ..export.terraform import FILES, TERRAFORMS_OWN, Export, Party
from ..private import is_there, refuse_links
from ..session.discover import find_out
from ..session.open import NO_KEY, open_demo
from ..ssh import ensure_key
from ..untrusted import write_text
from .app import App, command_line
from .group import chapter_option, command, pass_app

if TYPE_CHECKING:
    from ..aws.environment import Environment
    from ..config.settings import Settings
    from ..session.run import Run
    from .documents import ExportDocument

FOUND_OUT = (
    *("ssh_source", "service_region", "consumer_region"),
    *("provider_zone_id", "provider_second_zone_id", "consumer_zone_id"),
)
"""The settings of a demo that is not on record, as far as the files need them."""


@command()
@click.argument("form", metavar="FORMAT", type=click.Choice(["terraform"]))
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The directory of the files.  [default: NAME-terraform]",
)
@chapter_option("What up --chapter would create too, alone or beside what there is.")
@pass_app
def export(app: App, form: str, to: Path | None, chapter: str | None) -> None:
    """Write the demo as Terraform files.

    main.tf has the steps as comments, variables.tf what differs from one demo to
    the next, and imports.tf an import block for all that stands. FORMAT is
    terraform. Looks at AWS once, and changes nothing there. Where nothing stands,
    the files make the demo, and status, test and down know it: by its tags, and by
    its ssh key, which is made here.

    \b
    Example:
      vpce-demo export terraform
      vpce-demo export terraform --to infrastructure
    """
    screen, where = app.screen(), app.where()
    directory = to or Path(f"{where.config.name}-{form}")
    if not to:
        refuse_links(directory, 1)  # nobody has named what stands there
    _refuse_other_files(directory)
    environment = app.environment(where, screen, start=True)
    assert environment
    with open_demo(where, environment, app.command, only_looks=True, chapters=(chapter,) if chapter else ()) as run:
        live, config = run.look(), where.config
        settings = _settings(run, environment, is_new=not live)
        parties = {
            party: Party(one["account"], one["region"], config.profile_of(party) or "", run.sides[party].owner)
            for party, one in environment.accounts_of(settings.side).items()
        }
        told = Export(demo_of(settings), settings, live, parties, command_line(app), where.sandbox)
    texts = told.files()
    directory.mkdir(parents=True, exist_ok=True)
    CHANGES.note(f"{directory} was written.")
    for name, text in texts.items():
        write_text(directory / name, text)
    screen.line(f"Written: {directory}")
    screen.line(f"A plan of Terraform imports {len(told.standing)}, and adds {len(told.to_add)}.")
    document: ExportDocument = {
        "format": "terraform",
        "directory": str(directory),
        "files": list(FILES),
        "imports": len(told.standing),
        "adds": told.to_add,
    }
    app.document.update(document)


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


def _refuse_other_files(directory: Path) -> None:
    """Raise Refused if there is anything in the directory that is neither ours nor Terraform's, and NotAFile if
    something else stands in the place of one of our files."""
    if not os.path.lexists(directory):
        return
    others = sorted({one.name for one in directory.iterdir()}.difference(FILES, TERRAFORMS_OWN))
    if others:
        raise Refused(
            f"There are other files in {directory}, such as {others[0]}.",
            code="VPCE133",
            hint="Name a directory of its own:  <demo> export terraform --to DIR",
        )
    for name in FILES:
        is_there(directory / name)
