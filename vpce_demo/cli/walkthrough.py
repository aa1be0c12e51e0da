"""``walkthrough``: the tutorial step by step, with a page before each step.

No lock is held while somebody reads: each look and each step is a run of its own, so that other commands can be used
and their effects are seen.  A step that is done already is skipped; so a walkthrough that was stopped continues.

Long waits are postponed until a step needs them: the load balancer provisions while the next page is read.

Steps cannot be skipped, since later ones depend on them: ``s`` skips the pages, and creates everything up to the end of
the part (the steps of one command).  Only the test can be skipped.
"""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from .. import lessons, signals
from ..aws.environment import Environment
from ..aws.partitions import partition_of
from ..config.settings import TUTORIAL, Where
from ..cost.bill import cost_of, hourly
from ..diagram.picture import picture
from ..diagram.terminal import in_terminal
from ..engine.events import Action
from ..engine.resource import Resource
from ..errors import THIS_DEMO, Refused
from ..lessons import Language, Page, heading, welcome
from ..lessons.placeholders import fill, from_demo, from_prices, from_settings
from ..model import Phase, Side
from ..session.look import Look, look_of
from ..session.open import open_demo
from ..session.run import Interrupted, Run
from ..ssh import identity
from ..tutorial import Step, tutorial
from ..ui import page as pages
from ..ui.page import WIDEST
from ..ui.pager import ENTER, Block, Reader, drawn
from ..ui.style import Screen
from .app import App, command_line, for_this_demo
from .describe import described
from .down import down
from .explain import sides_apart
from .group import ask, command, lang_option, pass_app, timeout_option, yes_option
from .progress import showing_progress
from .test import run_test

if TYPE_CHECKING:
    from decimal import Decimal


STOP = "q"
WITHOUT_PAGES = "s"
PATIENCE_SECONDS = 15.0
"""A step that usually takes longer than this is not waited for."""


@command()
@lang_option
@yes_option
@timeout_option
@pass_app
def walkthrough(app: App, lang: Language | None, yes: bool, timeout: float | None) -> None:
    """Go through the tutorial step by step, with a page before each.

    Each page shows what comes next and why, the equal aws command, the states to watch and the usual trap, in screens
    that fit the terminal: Space turns them, b goes back, p shows the picture so far. On the last one Enter makes the
    step; s goes on to the end of the part without pages, q stops; run again, it goes on from there.  --timeout is for
    each step.  The same as up --step.

    \b
    Example:
      vpce-demo walkthrough
      vpce-demo --sandbox walkthrough --lang ja
    """
    walk(app, lang, yes, timeout)


def walk(app: App, lang: Language | None, yes: bool, timeout: float | None) -> None:
    """Run the walkthrough.  Raises Refused if this is not a terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            "There is no terminal to read the pages on.",
            code="VPCE109",
            hint="Make the demo without them:  <demo> up    or read one:  vpce-demo explain 1",
        )

    screen, where = app.screen(), app.where()
    environment = app.environment(where, screen, start=True)
    assert environment is not None
    lang = lang or lessons.language()
    _Walk(app, screen, where, environment, lang, lessons.words(lang), timeout).go(yes)


@dataclass
class _Walk:
    app: App
    screen: Screen
    where: Where
    environment: Environment
    lang: Language
    said: Mapping[str, str]
    timeout: float | None
    pages: Sequence[Page] = field(init=False)
    """Of the steps of the demo, in their order."""
    apart: lessons.Apart | None = field(init=False)
    seen: Look = field(init=False)
    key_file: Path = field(init=False)

    def go(self, yes: bool) -> None:
        self.look()
        if not self.begin(yes):
            return self.stop()
        at = 0
        while at < len(self.pages):
            page, step = self.pages[at], self.seen.demo.steps[at]
            if self.is_done(step):
                self.screen.line(f"{self.heading(page)}   {self.said['there']}", mark="✓")
                at += 1
                continue
            last = self.end_of_part(at)
            key = self.key(partial(self.blocks, page), self.ends(at, last), self.picture)
            if key == STOP:
                return self.stop()
            if step.command == "destroy":
                return self.end()
            if step.command != "test":
                at = last if key == WITHOUT_PAGES else at
                self.make(at)
            elif key != WITHOUT_PAGES:
                self.test()
            at += 1
            self.look()
        return None

    # --- what it does -----------------------------------------------------------

    def look(self) -> None:
        """Look at the demo and remember the result."""
        with open_demo(self.where, self.environment, self.app.command) as run:
            run.look()
            seen, self.key_file = look_of(run), run.state.key_file
            self.seen = replace(seen, settings=seen.settings.model_copy(update={"chapters": (TUTORIAL,)}))
            both = tutorial(run.settings.model_copy(update={"side": None})).steps
            own = {(step.number, step.command) for step in self.seen.demo.steps}
            self.apart = sides_apart(self.app, self.environment.regions)
            every = zip(lessons.steps(self.lang, self.apart), both, strict=True)
            self.pages = [page for page, step in every if (step.number, step.command) in own]
            self.app.document.update(resources=described(self.seen))

    def is_done(self, step: Step) -> bool:
        """True if all that the step makes is there, or on its way."""
        missing = {r.key for r in self.seen.missing}
        return bool(step.resources) and not any(r.key in missing for r in step.resources)

    def begin(self, yes: bool) -> bool:
        """Introduce the walkthrough and ask whether to begin, with the price if it costs money."""
        if not self.seen.there:
            page = welcome(self.lang, "sandbox" if self.environment.is_free else "aws")
            text = self.filled(page.text)
            ends = {ENTER: self.said["begin"], STOP: self.said["key stop"]}
            if self.key(lambda: pages.blocks(self.screen, page.title, text), ends) == STOP:
                return False
        missing = self.seen.missing
        if missing and not self.environment.is_free:
            cost = self.cost(hourly(missing, self.environment.regions))
            ask(self.screen, yes, self.said["ask"].format(count=len(missing), cost=cost))
        return True

    def make(self, at: int) -> None:
        """Create this step, and whatever before it is missing or not ready."""
        with open_demo(self.where, self.environment, self.app.command, makes=True, chapters=(TUTORIAL,)) as run:
            self.up(
                run, [r for step in run.demo.only(TUTORIAL).steps[: at + 1] for r in step.resources], PATIENCE_SECONDS
            )

    def up(self, run: Run, wanted: Sequence[Resource], patience: float) -> None:
        """Create what is missing, and wait for what usually takes no longer than ``patience`` seconds."""
        live = run.look(wanted)
        open = [r for r in wanted if r.key not in live or live[r.key].phase is not Phase.READY]
        if open:
            with showing_progress(self.app, run, open, {Action.FOUND, Action.CREATED, Action.READY}) as told:
                run.up(open, told.on_event, self.timeout, leave=[r for r in open if r.usual_seconds > patience])

    def test(self) -> None:
        with open_demo(self.where, self.environment, self.app.command, makes=True, chapters=(TUTORIAL,)) as run:
            self.up(run, run.demo.in_chapter(TUTORIAL), math.inf)
            run_test(self.app, run, self.screen, self.timeout)
            self.screen.line()

    def end(self) -> None:
        """Ask whether to delete everything; by default, keep it."""
        self.screen.line()
        try:
            delete = click.confirm(self.said["delete"])
        except click.Abort:
            raise self.interrupted() from None
        if delete:
            words = ["--yes", *(["--timeout", str(self.timeout)] if self.timeout else [])]
            with down.make_context("destroy", words, parent=click.get_current_context().parent) as context:
                down.invoke(context)
        else:
            self.tell_what_is_there()

    def stop(self) -> None:
        """Say how to continue."""
        self.screen.line()
        self.screen.line(self.said["stopped"])
        self.tell_what_is_there(self.said["go on"].format(command=f"{command_line(self.app)} walkthrough"))

    def tell_what_is_there(self, go_on: str = "") -> None:
        """Say what exists, what it costs, how to continue, and how to delete it."""
        there, all = self.seen.there, self.seen.demo.resources
        if there:
            word = "count in the sandbox" if self.environment.is_free else "count"
            cost = self.cost(hourly(there, self.environment.regions))
            self.screen.line(self.said[word].format(count=len(there), all=len(all), cost=cost))
        else:
            self.screen.line(self.said["nothing"])
        if go_on:
            self.screen.line(go_on)
        if there:
            self.screen.line(self.said["remove"].format(command=f"{command_line(self.app)} down"))

    # --- what it shows ----------------------------------------------------------

    def blocks(self, page: Page) -> list[list[Text]]:
        return pages.blocks(self.screen, self.heading(page), self.filled(page.text))

    def picture(self) -> Iterator[Block]:
        """The demo so far."""
        seen, width = self.seen, min(self.screen.out.width, WIDEST)
        shown = in_terminal(picture(seen.demo, seen.live, seen.frame, self.lang), width, self.screen.ascii)
        yield drawn(self.screen, lambda: self.screen.out.print(shown, soft_wrap=True))

    def heading(self, page: Page) -> str:
        steps = self.seen.demo.steps
        title, resources = heading(page, steps[-1].number, self.said), steps[self.pages.index(page)].resources
        if not resources or not self.environment.is_apart:
            return title
        side = resources[0].side
        here = self.environment.accounts.get(resources[0].party, self.environment.accounts[side])
        apart = len(set(self.environment.regions.values())) > 1
        place = f"{here['account']} ({here['region']})" if apart else here["account"]
        turn = self.said[f"turn {side}"].format(account=place)
        return f"{title}   {turn}"

    def filled(self, text: str) -> str:
        """The text with the values known now, and with commands for this demo."""
        seen = self.seen
        more = {
            "demo": command_line(self.app),
            "region": self.region,
            "partition": partition_of(self.region).name,
            "key_file": str(self.key_file),
            "ssh": shlex.join(["ssh", *identity(self.key_file), *self.environment.ssh_options]),
            "endpoint.address": seen.frame.addresses.get(seen.demo.endpoint.key, ""),
        }
        filled = fill(
            text,
            more.get,
            from_settings(seen.settings, self.where.config),
            from_demo(seen.demo, seen.live),
            from_prices(self.region, seen.settings.instance_type),
        )
        if not self.environment.is_sandbox or self.apart:
            return filled
        return lessons.on_the_sandbox(filled, for_this_demo(self.app, f"{THIS_DEMO} sandbox aws"))

    def cost(self, amount: Decimal | None) -> str:
        if amount is None:
            return self.said["cost not known"]
        return self.said["cost"].format(hour=f"{amount:.2f}", day=f"{amount * 24:.2f}")

    @property
    def region(self) -> str:
        return self.environment.clients[Side.PROVIDER].region

    # --- keys ---------------------------------------------------------------------

    def ends(self, at: int, last: int) -> dict[str, str]:
        """The keys that end the page of a step, with their words; ``last`` is the end of its part."""
        steps, said = self.seen.demo.steps, self.said
        match steps[at].command:
            case "destroy":
                ends = {ENTER: said["key ask"]}
            case "test":
                ends = {ENTER: said["key test"], WITHOUT_PAGES: said["key skip"]}
            case _:
                ends = {ENTER: said["key make"]}
                if last > at:
                    ends[WITHOUT_PAGES] = said["key until"].format(until=steps[last].number)
        return ends | {STOP: said["key stop"]}

    def end_of_part(self, at: int) -> int:
        """The index of the last step of the same command."""
        steps = self.seen.demo.steps
        return max(i for i in range(len(steps)) if steps[i].command == steps[at].command)

    def key(
        self,
        page: Callable[[], Iterable[Block]],
        ends: Mapping[str, str],
        picture: Callable[[], Iterable[Block]] | None = None,
    ) -> str:
        """Show a page; return the key that ended it.  Raises Interrupted on Ctrl-C."""
        self.screen.line()
        try:
            return Reader(self.screen, self.said, page, picture, ends).read()
        except EOFError:
            return STOP
        except KeyboardInterrupt:
            raise self.interrupted() from None

    def interrupted(self) -> Exception:
        """The error for Ctrl-C at a page, when no call is in progress."""
        stopped = Interrupted(signals.number(), len(self.seen.there))
        if self.seen.there and not self.environment.is_free:
            stopped.facts["cost"] = cost_of(self.seen.there, self.environment.regions)
        return stopped
