"""Every screen as the design has it: at width 100 and 80, with and without colour, in ASCII, and in a pipe.

The expected screens are files under ``screens/``, named after the screen and the way it is shown; where one for 80
columns or ASCII is not there, it is the same as the one for 100 columns, or what ``--ascii`` makes of it.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from unittest.mock import patch

import pytest
from botocore.exceptions import TokenRetrievalError

from vpce_demo.aws.environment import Environment
from vpce_demo.aws.messages import understood
from vpce_demo.aws.sign_in import complete
from vpce_demo.changes import NOTHING_CHANGED
from vpce_demo.cli.app import App, for_this_demo
from vpce_demo.engine.events import Action, Leftover
from vpce_demo.engine.resource import Resource
from vpce_demo.errors import DemoError, Diagnosis, Fix, Leftovers, Refused, SignInError, TimedOut
from vpce_demo.journal.state_file import StateFile
from vpce_demo.model import Side
from vpce_demo.session.guards import refuse_other_accounts
from vpce_demo.ui import screens
from vpce_demo.ui.progress import Lines
from vpce_demo.ui.style import Screen
from vpce_demo.ui.tree import Tree
from vpce_demo.verify.checks import CheckFailed, Result
from vpce_demo.verify.diagnosis.table import Symptom

from .conftest import Opens
from .fake_run import BEGAN, Play, demo, up_to_the_load_balancer

SCREENS = Path(__file__).parent / "screens"
ESCAPES = re.compile("\x1b\\[[0-9;]*m")
ACCOUNT = {"account": "111122223333", "region": "us-east-1"}
PAGE = "<html><h1> Welcome to Hangyuzs Server 1 </h1></html>"


def fifty_cents_a_day(there: list[Resource]) -> str:
    return "about $0.05 an hour"


def begin(screen: Screen, command: str) -> None:
    screen.begin_line(f"vpce-demo {command}   demo vpce-demo")
    screens.header(screen, "AWS", dict.fromkeys(Side, ACCOUNT), lambda account: "acme-sandbox")


def draw(screen: Screen, play: Play, at: float, command: str, *, over: bool = False, height: int = 40) -> None:
    """One frame of the live view."""
    tree = Tree(screen, play.board, command, fifty_cents_a_day)
    tree.over = over
    for line in tree.lines(BEGAN + at, screen.err.width, height):
        screen.err.print(line, soft_wrap=True, highlight=False)


# --- the screens ---------------------------------------------------------------------


def up_in_the_middle(screen: Screen) -> None:
    begin(screen, "up")
    draw(screen, up_to_the_load_balancer(), 84.0, "up")


def up_interrupted(screen: Screen) -> None:
    begin(screen, "up")
    play = up_to_the_load_balancer()
    play.emit(84.5, Action.FAILED, "load-balancer", error=TimedOut("Stopped while waiting."))
    for key, note in (("service", "MyNetwork-LB"), ("endpoint", "MyEndpointService"), ("acceptance", "MyEndpoint")):
        play.emit(84.5, Action.SKIPPED, key, note=f"needs {note}")
    draw(screen, play, 84.5, "up", over=True)
    screen.message()
    screens.error(
        screen,
        DemoError(
            "Interrupted. Calls in progress were completed and recorded.",
            facts={"there now": "29 resources", "cost": "about $0.05 an hour"},
            hint="Continue with the same command, or delete everything:  vpce-demo down",
        ),
    )


def up_done(screen: Screen) -> None:
    pairs = [
        ("service name", "com.amazonaws.vpce.us-east-1.vpce-svc-0a1b2c3d4e5f67890"),
        ("endpoint", "vpce-0fedcba9876543210   10.0.1.87"),
        ("web page", "http://MyNetwork-LB-50dc6c495c0c9188.elb.us-east-1.amazonaws.com/"),
        ("cost", "about $0.07 an hour ($1.66 a day) until you run: vpce-demo down"),
    ]
    screens.ready(screen, 328.0, 32, 0, 0, pairs)
    screens.next_commands(screen, [f"vpce-demo {command}" for command in ("status", "test", "down")])


def up_in_lines(screen: Screen) -> None:
    begin(screen, "up")
    play = Play.up()
    lines = Lines(screen, play.board)
    play.missing()
    play.made("provider-vpc", 1.0, 2.0, "pending")
    play.asked("load-balancer", 3.0, "provisioning")
    play.made("provider-attachment", 4.0, 1.0)
    heard, play.events = play.events, []
    for event in heard:
        lines.on_event(event)
    lines.beat(BEGAN + 33.0)
    play.emit(151.0, Action.READY, "load-balancer", play.live("load-balancer"))
    play.emit(151.5, Action.RETRYING, "service", note="Unavailable, trying again")
    play.emit(
        152.0, Action.FAILED, "service", error=TimedOut("Waited too long for endpoint service MyEndpointService.")
    )
    play.emit(152.0, Action.SKIPPED, "endpoint", note="needs MyEndpointService")
    for event in play.events:
        lines.on_event(event)


PASSED = [
    Result(1, "endpoint service", True, "Available, behind MyNetwork-LB", 0.2),
    Result(2, "load balancer", True, "active in us-east-1a", 0.3),
    Result(3, "targets", True, "1 of 1 healthy on tcp/80", 0.3),
    Result(4, "endpoint connection", True, "available, VPC endpoint available", 0.2),
    Result(5, "ssh to the consumer instance", True, "ec2-user@54.1.2.3", 1.1),
    Result(6, "curl http://10.0.1.87/", True, "200 from 10.0.1.15 to 10.0.1.87, 1.9 ms", 1.0),
    Result(7, "the page is this demo's", True, "holds demo id 7f3a9c", 0.0),
    Result(8, "control: no other way in", True, "20.0.1.10 unreachable from 10.0.1.15", 3.1),
]
CLOSED = Diagnosis(
    "endpoint-group-closed",
    "the endpoint's security group lets nobody in.",
    [
        "sg-0aa11bb22cc33dd44 (Customer_EC2_SG) has no inbound rule for tcp/80 from 10.0.1.15.",
        "A connection that hangs means packets are dropped; a refusal would come at once.",
    ],
    [
        Fix("adds what is missing", "vpce-demo up"),
        Fix(
            "",
            "aws ec2 authorize-security-group-ingress --group-id sg-0aa11bb22cc33dd44 --protocol tcp --port 80 "
            "--cidr 0.0.0.0/0",
        ),
    ],
    ["acceptance", "target health", "zones", "routes", "network ACLs"],
)


def passing_test(screen: Screen) -> None:
    for result in PASSED:
        screens.result(screen, result)
    screens.verdict(screen, PASSED, f"{PAGE}\n", 7.2, NOTHING_CHANGED)


def failing_test(screen: Screen) -> None:
    closed = CheckFailed("timed out after 5s", Symptom.HANGS)
    closed.diagnosis = CLOSED
    failed = Result(6, "curl http://10.0.1.87/", False, "timed out after 5s", 5.1, closed)
    not_run = Result(7, "the page is this demo's", None, "not run: needs 6")
    results = [*PASSED[:5], failed, not_run, PASSED[7]]
    for result in results:
        screens.result(screen, result)
    screens.verdict(screen, results, "", 12.0, NOTHING_CHANGED)


def down_in_the_middle(screen: Screen) -> None:
    begin(screen, "down")
    play = Play.down()
    play.found()
    play.asked_to_go("web", 1.0)
    play.asked_to_go("customer", 1.0)
    play.asked_to_go("endpoint", 1.5)
    play.gone("acceptance", 1.5, 0.5)
    play.gone("service", 2.5, 5.0)
    play.gone("listener", 8.0, 1.0)
    play.gone("load-balancer", 8.0, 1.0)
    play.emit(9.0, Action.DELETING, "provider-group", play.live("provider-group"))
    play.emit(
        9.5,
        Action.RETRYING,
        "provider-group",
        play.live("provider-group"),
        note="still in use by eni-0123456789abcdef0 (of i-1) (DependencyViolation), trying again",
    )
    draw(screen, play, 21.0, "down")


def down_leaves_something(screen: Screen) -> None:
    it = demo()
    play = Play.down(it)
    said = "ExistingVpcEndpointConnections: vpce-0bad5eed0bad5eed0 is not ours"
    left = [
        Leftover(it.service, play.live("service"), said, {}),
        Leftover(it.balancer, play.live("load-balancer"), "ResourceInUse: the endpoint service above uses it", {}),
        *(
            Leftover(play.by_key[key], play.live(key), "still used by MyNetwork-LB", {})
            for key in ("provider-vpc", "customer-vpc")
        ),
    ]
    screens.error(
        screen,
        Leftovers(
            "Deleted 28 of 32. 4 are left and cost about $0.02 an hour. Exit code 7.",
            table=screens.left_over(left),
            hint="vpce-0bad5eed0bad5eed0 is an endpoint of account 444455556666. Refuse its connection and go on:\n"
            "    vpce-demo down --reject-foreign-connections",
        ),
    )


def sign_in_expired(screen: Screen) -> None:
    cause = TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed")
    error = understood(cause)
    assert isinstance(error, SignInError)
    error.changed = NOTHING_CHANGED
    settings = (
        "[profile demo]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = Developer\n"
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://x\n"
    )
    with NamedTemporaryFile("w") as file, patch.dict(os.environ, {"AWS_CONFIG_FILE": file.name}):
        file.write(settings)
        file.flush()
        complete(error, "demo", lambda: 14, "vpce-demo up")
    screens.error(screen, error)


def of_another_account(profile: str) -> Refused:
    """The refusal of a state that was made with this profile in another account."""
    state = StateFile(Path("nowhere"))
    state.sides = {str(side): ACCOUNT for side in Side}
    state.settings = {str(side): {"profile": profile} for side in Side}
    other = Environment("AWS", "", 1.0, {}, {side: {**ACCOUNT, "account": "999988887777"} for side in Side})
    with pytest.raises(Refused) as refused:
        refuse_other_accounts(state, other)
    error = refused.value
    error.hint = for_this_demo(App(command="status"), error.hint)  # as the command line does
    error.changed = NOTHING_CHANGED
    return error


def wrong_account(screen: Screen) -> None:
    screens.error(screen, of_another_account("demo"))


SHOWN: dict[str, Callable[[Screen], None]] = {
    show.__name__.replace("_", "-"): show
    for show in (
        up_in_the_middle,
        up_interrupted,
        up_done,
        up_in_lines,
        passing_test,
        failing_test,
        down_in_the_middle,
        down_leaves_something,
        sign_in_expired,
        wrong_account,
    )
}


@pytest.mark.parametrize(("profile", "word"), [("$(touch x)", "$(touch x)"), ("a; b", "a; b"), ("a\nb", "a?b")])
def test_what_a_state_file_says_is_one_word_of_a_command(profile: str, word: str) -> None:
    command = of_another_account(profile).hint.splitlines()[1]
    assert shlex.split(command) == ["vpce-demo", "status", "--profile", word]


# --- shown -----------------------------------------------------------------------------


def expected(name: str, way: str) -> str:
    """What this screen looks like."""
    return (SCREENS / f"{name}.{way}.txt").read_text(encoding="utf-8")


def as_told(text: str) -> str:
    """The text without times of day and the space at the ends of lines."""
    text = re.sub(r"^\d\d:\d\d:\d\dZ ", "12:00:00Z ", text, flags=re.MULTILINE)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize(("way", "width", "ascii"), [("100", 100, False), ("80", 80, False), ("80.ascii", 80, True)])
def test_a_screen(open_screen: Opens, name: str, way: str, width: int, ascii: bool) -> None:
    plain, stream = open_screen(width, ascii=ascii)
    SHOWN[name](plain)
    told = as_told(stream.getvalue())
    assert told == expected(name, way)
    assert "\x1b" not in stream.getvalue()
    if ascii:
        assert told.isascii()


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("width", [100, 80])
def test_a_screen_in_colour_says_the_same(open_screen: Opens, name: str, width: int) -> None:
    coloured, stream = open_screen(width, colour=True)
    SHOWN[name](coloured)
    text = stream.getvalue()
    assert ESCAPES.search(text)
    assert as_told(ESCAPES.sub("", text)) == expected(name, str(width))


@pytest.mark.parametrize("name", SHOWN)
def test_a_screen_in_a_pipe_is_100_wide_and_plain(open_screen: Opens, name: str) -> None:
    piped, stream = open_screen()
    SHOWN[name](piped)
    whole_commands = expected(name, "100").replace(" \\\n       ", " ")
    assert as_told(stream.getvalue()) == whole_commands
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100])
def test_columns_of_a_check_do_not_touch(open_screen: Opens, width: int) -> None:
    for length in range(10, 70):
        screen, stream = open_screen(width)
        screens.result(screen, Result(5, "ssh to the consumer instance", True, "x" * length, 1.5))
        shown = stream.getvalue().split()
        assert shown[-1] in ("1.5s", "x" * length)
        assert shown[-2].endswith("x" if shown[-1] == "1.5s" else "instance")


def test_no_expected_screen_is_left_over() -> None:
    names = {f"{name}.{way}.txt" for name in SHOWN for way in ("100", "80", "80.ascii")}
    assert {file.name for file in SCREENS.iterdir()} == names
