"""``explain``: the lessons, topic by topic."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from ..errors import THIS_DEMO
from .app import App, command_line, for_this_demo
from .group import command, lang_option, pass_app

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from ..lessons import Apart, Language
    from ..lessons.placeholders import Lookup
    from ..model import Side
    from .documents import ExplainDocument, Page

_REGION = "us-east-1"
"""Where no region is named."""
_UNKNOWN_HOST = ("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR")
"""Options of ssh for an instance of the sandbox, whose address was another one's yesterday."""


def _topic_names(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """For shell completion: the topics, and the numbers of the steps."""
    from ..lessons import steps, topics

    titles = {page.name: page.title for page in topics("en")} | {str(page.step): page.title for page in steps("en")}
    return [CompletionItem(name, help=title) for name, title in titles.items() if name.startswith(begun)]


@command()
@click.argument("topic", required=False, shell_complete=_topic_names)
@lang_option
@pass_app
def explain(app: App, topic: str | None, lang: Language | None) -> None:
    """Explain a topic; without one, list them.  Needs no account.

    The number of a step shows the page that walkthrough shows before it, and the code of
    an error (VPCE012) what it means and what to do. What does
    not fit on the terminal goes through PAGER, or less; with PAGER=cat it does not.

    \b
    Example:
      vpce-demo explain
      vpce-demo explain source-address --lang ja
      vpce-demo explain 7
    """
    from .. import lessons

    lang = lang or lessons.language()
    if topic is None:
        _list_topics(app, lang)
        return
    from ..ui import page as pages
    from ..ui.pager import paged

    screen = app.screen()
    told: list[Page] = []
    apart = sides_apart(app) if topic.isdecimal() else None
    for page in lessons.topic(topic, lang, apart):
        title = page.title
        if page.of_a_step:
            title = lessons.heading(page, lessons.steps(lang)[-1].step, lessons.words(lang))
        told.append({"title": title, "text": _filled(app, page.text, page.of_a_step, apart)})
    with paged(screen):
        for one in told:
            pages.show(screen, one["title"], one["text"])
    document: ExplainDocument = {"topic": topic, "lang": lang, "pages": told}
    app.document.update(document)


def _filled(app: App, text: str, of_a_step: bool, apart: Apart | None) -> str:
    """A page's text with the values that are known, and commands that go where the demo is."""
    from .. import lessons
    from ..lessons.placeholders import fill

    text = fill(text, {"demo": command_line(app)}.get, *_on_the_way_in(app), *_without_asking(app, of_a_step))
    if app.get("sandbox") and not apart:
        text = lessons.on_the_sandbox(text, for_this_demo(app, f"{THIS_DEMO} sandbox aws"))
    return text


def commands_of(app: App, steps: Container[int]) -> str:
    """The commands of these steps' pages as they stand, joined, with the titles as comments."""
    from .. import lessons

    apart, labels, text = sides_apart(app), lessons.words("en"), ""
    pages = lessons.steps("en", apart)
    for page in pages:
        if page.step in steps:
            title = lessons.heading(page, pages[-1].step, labels)
            text += page.text.replace("```sh\n", f"```sh\n# {title}\n\n", 1)
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", _filled(app, text, True, apart), re.MULTILINE | re.DOTALL))


def sides_apart(app: App, regions: Mapping[Side, str] | None = None) -> Apart | None:
    """How the commands of the pages are those of each side, if they are in two accounts or ``regions``."""
    from ..lessons import Apart
    from ..model import Side

    config = app.where().config
    profiles = {side: config.profile_of(side) for side in Side}
    regions = regions or {side: config.region_of(side) or _REGION for side in Side}
    accounts, apart = len(set(profiles.values())) > 1, len(set(regions.values())) > 1
    if config.side or not (accounts or apart):
        return None
    whose = {}
    for side in Side:
        profile, region = shlex.quote(profiles[side] or "default"), regions[side]
        if app.get("sandbox"):
            named = f" --profile {profile}" if profiles[side] else ""
            command = for_this_demo(app, f"{THIS_DEMO}{named} --region {region} sandbox aws")
            whose[str(side)] = f'aws() {{ {command} "$@"; }}'
        else:
            values = [*([f"AWS_PROFILE={profile}"] if accounts else []), *([f"AWS_REGION={region}"] if apart else [])]
            whose[str(side)] = " ".join(["export", *values])
    return Apart(whose, accounts, apart)


def _list_topics(app: App, lang: Language) -> None:
    from ..lessons import topics, words

    screen, known, said = app.screen(), topics(lang), words(lang)
    for page in known:
        screen.line(f"  {page.name:<16} {page.title}")
    screen.line()
    screen.message(said["explain"].format(name=known[0].name))
    screen.message(said["explain step"])
    document: ExplainDocument = {
        "lang": lang,
        "topics": [{"name": page.name, "title": page.title} for page in known],
    }
    app.document.update(document)


def _on_the_way_in(app: App) -> Iterator[Lookup]:
    """How ssh and curl reach the sandbox, if it runs: what is in it has no addresses of this machine."""
    if not app.get("sandbox"):
        return
    from ..lessons.placeholders import shell_variable
    from ..sandbox import client
    from ..ssh import NO_CONFIGURATION, proxy_command

    if running := client.running(app.sandbox_directory):
        through = proxy_command([*running.connect, "%h", "%p"])
        options = (*NO_CONFIGURATION, *_UNKNOWN_HOST, "-o", f"ProxyCommand={through}")
        yield {
            "ssh": f"ssh -i {shell_variable('key_file')} {shlex.join(options)}",
            "ssh_source": f"$(curl -s --proxy {running.proxy_url} http://checkip.amazonaws.com)/32",
        }.get


def _without_asking(app: App, of_a_step: bool) -> Iterator[Lookup]:
    """The values that are known without asking AWS."""
    from ..lessons.nat import from_nat_prices
    from ..lessons.placeholders import from_demo, from_prices, from_settings

    region = app.get("region") or _REGION
    yield {"region": region}.get
    yield from_prices(region)
    yield from_nat_prices()
    if of_a_step:
        from ..aws.partitions import partition_of
        from ..model import Side
        from ..session.discover import not_looked_up
        from ..tutorial import tutorial

        config = app.where().config
        settings = not_looked_up(config)
        home, theirs = (config.region_of(side) or region for side in Side)
        yield {"service_region": home, "consumer_region": theirs}.get
        yield lambda name: partition_of(home).name if name == "partition" else None
        yield from_settings(settings, config)
        yield from_demo(tutorial(settings), {})
    elif app.config_file:
        yield from_settings(app.where().config)
    else:
        yield _default


def _default(name: str) -> str | None:
    """A setting's default, from the example file: loading pydantic takes longer than everything else here."""
    from importlib.resources import files

    import yaml

    from ..lessons.placeholders import from_mapping

    text = files("vpce_demo").joinpath("config.example.yaml").read_text(encoding="utf-8")
    return from_mapping(yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))(name)
