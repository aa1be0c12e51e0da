"""``iam-policy``: the least-privilege policy."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import click

from ..aws.iam_policy import LARGEST_OF_A_ROLE, LARGEST_POLICY, policy, region_of, size
from ..config.model import Config
from ..model import Side
from ..untrusted import write_text
from .app import App
from .group import command, pass_app

SIDES = ("provider", "consumer", "both")


@command("iam-policy")
@click.option(
    "--side", type=click.Choice(SIDES), help="Whose account it is for.  [default: the demo's side, else both]"
)
@click.option("--extras", is_flag=True, help="Also what is used only if it is allowed.")
@click.option("--chapters", is_flag=True, help="Also what up --chapter needs.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it there.")
@pass_app
def iam_policy(app: App, side: str | None, extras: bool, chapters: bool, to: Path | None) -> None:
    """Print the least-privilege IAM policy for the demo.

    It is for this demo's name, for the region if one is set, and for the tags
    of the config file. Asks AWS nothing, and needs no sign-in.

    \b
    Example:
      vpce-demo iam-policy --side provider --to policy.json
    """
    if side in tuple(Side):
        app.given["side"] = side  # what goes with it may be said, too
    where = app.where()
    config = where.config
    side = side or config.side or "both"
    sides = Side if side == "both" else [Side(side)]
    home = "" if where.sandbox or region_of(config, sides) else _home(config)
    document = policy(config, *sides, extras=extras, home=home, chapters=chapters)
    app.document.update(policy=document)
    text, taken = json.dumps(document, indent=2), size(document)
    screen = app.screen()
    if taken > LARGEST_POLICY:
        shorter = (
            f"Leave {'--extras out, or ' if extras else ''}some of the tags out of the config file, or shorten them."
        )
        screen.message(
            f"A managed policy may have {LARGEST_POLICY} characters, and this one has {taken}. {shorter}", mark="!"
        )
    if to is None:
        if not app.json:
            click.echo(text)
        return
    write_text(to, text + "\n")
    name = config.name if side == "both" else f"{config.name}-{side}"
    given = f"--policy-name {name} --policy-document {shlex.quote(f'file://{to}')}"
    screen.line(f"Written to {to}: {taken} of the {LARGEST_POLICY} characters that a managed policy may have.")
    if taken <= LARGEST_POLICY:
        screen.line("Then, as an administrator:")
        screen.line(f"  aws iam create-policy {given}")
        screen.line("  aws iam attach-user-policy --user-name NAME --policy-arn ARN")
    elif taken <= LARGEST_OF_A_ROLE:
        screen.line(f"A role's own policies may have {LARGEST_OF_A_ROLE} in all. As an administrator:")
        screen.line(f"  aws iam put-role-policy --role-name NAME {given}")


def _home(config: Config) -> str:
    """The region that ``aws`` would use."""
    from ..aws.environment import region_without_asking  # slow to import

    return region_without_asking(config)
