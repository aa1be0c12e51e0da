"""``iam-policy``: the least-privilege policy."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..aws.iam_policy import LARGEST_POLICY, policy, size
from ..model import Side
from ..untrusted import write_text
from .app import App
from .group import command, pass_app

SIDES = ("provider", "consumer", "both")


@command("iam-policy")
@click.option("--side", type=click.Choice(SIDES), default="both", show_default=True, help="Whose account it is for.")
@click.option("--extras", is_flag=True, help="Also what is used only if it is allowed.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write it there.")
@pass_app
def iam_policy(app: App, side: str, extras: bool, to: Path | None) -> None:
    """Print the least-privilege IAM policy for the demo.

    It is for this demo's name, for the region if one is set, and for the tags
    of the config file. Asks AWS nothing, and needs no sign-in.

    \b
    Example:
      vpce-demo iam-policy --side provider --to policy.json
    """
    sides = Side if side == "both" else [Side(side)]
    document = policy(app.where().config, *sides, extras=extras)
    app.document.update(policy=document)
    text = json.dumps(document, indent=2)
    screen = app.screen()
    if size(document) > LARGEST_POLICY:
        screen.message(
            f"A managed policy may have {LARGEST_POLICY} characters, and this one has {size(document)}.", mark="!"
        )
    if to is None:
        if not app.json:
            click.echo(text)
        return
    write_text(to, text + "\n")
    screen.line(f"Written to {to}: {size(document)} of the {LARGEST_POLICY} characters that a managed policy may have.")
    name = "vpce-demo" if side == "both" else f"vpce-demo-{side}"
    screen.line("Then, as an administrator:")
    screen.line(f"  aws iam create-policy --policy-name {name} --policy-document file://{to}")
    screen.line("  aws iam attach-user-policy --user-name NAME --policy-arn ARN")
