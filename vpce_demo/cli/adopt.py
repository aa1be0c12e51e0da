"""``adopt``: puts a demo that stands in the account on record here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from botocore.exceptions import ClientError
from rich.cells import cell_len

from ..aws.error_codes import ErrorKind, error_kind
from ..aws.messages import as_demo_errors
from ..aws.tags import BY_HAND_TAG, KEY_TAG, OWNER_TAG
from ..engine.resource import Aws
from ..errors import NotCreated, Refused
from ..model import Side, is_fine, short_id
from ..resources.by_tag import tagged
from ..resources.instance import Instance
from ..resources.key_pair import KeyPair
from ..resources.stray import tagged_in_ec2
from ..session.by_hand import HandOver, by_shape, take
from ..session.look import look_of
from ..session.open import open_demo
from ..session.ownership import Unrecorded
from ..session.run import Run
from ..ssh import keep_key, key_comment, public_line, read_key
from ..ui.style import Screen, padded
from .app import App, command_line
from .describe import described
from .group import ask, command, lang_option, meant_options, pass_app, yes_option

if TYPE_CHECKING:
    from ..lessons import Language


@command()
@click.option("--id", "wanted", default="", metavar="ID", help="Which demo of this name, if there are several.")
@click.option("--by-hand", is_flag=True, help="Take a demo that somebody built by hand, as check finds it.")
@meant_options
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="With --by-hand: the private key for its instances, which is copied.",
)
@yes_option
@lang_option
@pass_app
def adopt(
    app: App,
    wanted: str,
    by_hand: bool,
    vpcs: Sequence[str],
    service: str,
    key: Path | None,
    yes: bool,
    lang: Language | None,
) -> None:
    """Take over a demo that exists in the account.

    For a demo whose files are lost, that was made in another directory, or that somebody else made and leaves to you:
    it is found by its tags and written to this directory's state file, with the zones and images it was made with.
    Changes nothing in AWS but the tag that says whose it is. The demo's ssh key cannot be recovered: without it, the
    next up makes new keys and new instances.

    --by-hand takes a demo without tags, or the half of one. It shows what it takes, and what it leaves, then asks: down
    deletes everything that is taken.

    \b
    Example:
      vpce-demo adopt
      vpce-demo adopt --by-hand --key my-key.pem
    """
    screen, where = app.screen(), app.where()
    if (vpcs or service or key) and not by_hand:
        raise click.UsageError("--vpc, --service and --key are for --by-hand.")
    if by_hand and where.config.side:
        raise click.UsageError("--by-hand goes without --side: what is found leads from one side to the other.")
    environment = app.environment(where, screen, start=False)

    if environment is None:
        raise _nothing(app)
    hands: HandOver | None = None
    if by_hand:
        with (
            as_demo_errors(),
            open_demo(where, environment, app.command, unrecorded=Unrecorded.ADOPT, wanted=wanted) as run,
        ):
            hands = _take_what_was_built(app, run, vpcs, service, key, yes)
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
        kinds = [type(one.resource) for one in hands.taken] if hands else []
        if Instance in kinds:
            screen.line("What its web server was started with is not known, so check 7 of test is not run.")
        if Instance in kinds and key_comment(public_line(run.state.key_file), run.settings.name):
            give = f"{command_line(app)} adopt --by-hand --key FILE"
            told = "The private key of its instances is not here, so test and ssh cannot log in to them. Give it:"
            screen.line(f"{told}  {give}", mark="!")


def _take_what_was_built(
    app: App, run: Run, vpcs: Sequence[str], service: str, key: Path | None, yes: bool
) -> HandOver:
    """Show what is found by its shape, take it over if the user agrees, and return it."""
    screen, name = app.screen(), run.settings.name
    ours = [one for one in tagged(run.sides) if run.sides[Side.PROVIDER].is_ours(one.tags)]
    is_ours = any(BY_HAND_TAG in one.tags for one in ours) or run.settings.by_hand
    if ((ours or run.state.settings) and not is_ours) or run.settings.adopted_from:
        raise Refused(
            f"The demo {name} exists in this account, and is another one.",
            code="VPCE137",
            hint="Give the one that was built by hand a name of its own:  <demo> adopt --by-hand --name another-name",
        )
    if key and any(KEY_TAG in one.tags for one in ours):
        raise Refused(
            "Instances of this demo know the key that up made, so it cannot have another.",
            code="VPCE139",
            hint="The checks log in with it. For your own instance:  ssh -i FILE ec2-user@ADDRESS",
        )
    hands = by_shape(run, app.where().config, vpcs, service)
    app.document.update(
        taken=[{"kind": r.kind, "name": called, "ids": [live.id, *more]} for r, live, called, _, more in hands.taken],
        left=[one._asdict() for one in hands.left],
    )
    _show(screen, hands)
    if not hands.taken:
        raise NotCreated(
            "Nothing in AWS is a demo that was built by hand.",
            code="VPCE099",
            hint="See what there is of it, and what comes next:  <demo> check",
        )
    if hands.new:
        ask(screen, yes, f"Take over these {len(hands.new)} resources, so that down deletes them?")
        listed = {one.live.id for one in hands.taken}
        if not yes:  # it may have become somebody else's while the question stood
            now = by_shape(run, app.where().config, vpcs, service)
            hands = now._replace(taken=[one for one in now.taken if one.live.id in listed])
    pair = read_key(key) if key else None
    if hands.new:
        take(run, hands)
    if pair:
        keep_key(run.state.key_file, *pair)
    return hands


def _show(screen: Screen, hands: HandOver) -> None:
    wide = max((cell_len(screen.said(r.noun)) for r, *_ in hands.taken), default=0)
    if hands.taken:
        screen.line("To be taken over:" if hands.new else "Taken over already:", style="bold")
    for r, live, name, is_tagged, with_it in hands.taken:
        if not hands.new or not is_tagged:
            ids = ", ".join(map(short_id, (live.id, *with_it)))
            screen.text(f"  {padded(screen.said(r.noun), wide)}  {ids}{f'  ({name})' if name else ''}")
    if any(isinstance(one.resource, KeyPair) for one in hands.new):
        screen.line("down deletes the key pair in AWS, and never your file of the private key.")
    if hands.left:
        screen.line("Left as it is:", style="bold")
    for id, what, name, why in hands.left:
        screen.entry(f"  {short_id(id)} ({screen.said(what)}{f' {name}' if name else ''}): ", why)


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
        hint=f"Another account, region or --name?  Or make it:  {command_line(app)} up\n"
        f"Somebody built it by hand?  {command_line(app)} adopt --by-hand",
    )
