"""``adopt``: puts a demo that stands in the account on record here."""

from __future__ import annotations

from typing import Any

import click
from botocore.exceptions import ClientError

from ..aws.error_codes import ErrorKind, error_kind
from ..aws.tags import OWNER_TAG
from ..engine.resource import Aws
from ..errors import NotCreated
from ..model import Side, is_fine
from ..resources.by_tag import tagged
from ..resources.stray import tagged_in_ec2
from ..session.look import look_of
from ..session.open import open_demo
from ..session.ownership import Unrecorded
from ..session.run import Run
from ..ui.style import Screen
from .app import App, command_line
from .describe import described
from .group import ask, command, pass_app, yes_option


@command()
@click.option("--id", "wanted", default="", metavar="ID", help="Which demo of this name, if there are several.")
@yes_option
@pass_app
def adopt(app: App, wanted: str, yes: bool) -> None:
    """Take over a demo that exists in the account.

    For a demo whose files are lost, that was made in another directory, or that somebody else made and leaves to you:
    it is found by its tags and written to this directory's state file, with the zones and images it was made with.
    Changes nothing in AWS but the tag that says whose it is. The demo's ssh key cannot be recovered: without it, the
    next up makes new keys and new instances.

    \b
    Example:
      vpce-demo adopt
    """
    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=False)

    if environment is None:
        raise _nothing(app)
    with open_demo(where, environment, app.command, unrecorded=Unrecorded.ADOPT, wanted=wanted) as run:
        if not run.look():
            raise _nothing(app)
        standing = run.standing
    if standing and run.settings.adopted_from:
        ask(screen, yes, f"{standing.made_by} made the demo {standing.id}. Take it over?")
    with open_demo(where, environment, app.command, makes=True, unrecorded=Unrecorded.ADOPT, wanted=wanted) as run:
        there = run.look(on_event=run.record)
        if run.settings.adopted_from:
            _take_over(run, screen)
        app.document.update(resources=described(look_of(run)))
        missing = [r for r in run.demo.resources if r.key not in there]
        broken = [r for r in run.demo.resources if r.key in there and not is_fine(there[r.key])]
        screen.line(f"{len(there)} resources are on record in {run.state.path}.", style="bold")
        for r in broken:
            screen.line(f"{r.at_start}: {there[r.key].why or there[r.key].state}", mark="!")
        if missing or broken:
            counts = {"missing": len(missing), "to be replaced": len(broken)}
            told = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
            screen.line(f"{told}. Mend it:  {command_line(app)} up")


def _take_over(run: Run, screen: Screen) -> None:
    """Put the caller's ARN into the tags of everything of this demo, so that it is not somebody else's any more."""
    provider = run.sides[Side.PROVIDER]
    arns = [one.id for one in tagged(run.own_sides) if one.id.startswith("arn:") and provider.is_ours(one.tags)]
    try:
        for aws in {id(aws): aws for aws in run.sides.values()}.values():
            if ids := tagged_in_ec2(aws):
                aws.ec2.create_tags(Resources=ids, Tags=_owner(aws))
        if arns:
            provider.elb.add_tags(ResourceArns=arns, Tags=_owner(provider))
    except ClientError as error:
        if error_kind(error) is not ErrorKind.DENIED:
            raise
        screen.line("You may not change its tags, so the previous owner can still change and delete it.", mark="!")


def _owner(aws: Aws) -> Any:
    return [{"Key": OWNER_TAG, "Value": aws.owner}]


def _nothing(app: App) -> NotCreated:
    return NotCreated(
        "Nothing in AWS has this demo's tags.",
        code="VPCE099",
        hint=f"Another account, region or --name?  Or make it:  {command_line(app)} up",
    )
