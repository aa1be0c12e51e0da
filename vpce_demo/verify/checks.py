"""The checks of ``test``, one function each, in the order of this file.

A proof with a control, not one curl: the page comes through the endpoint, it is this demo's own, and there is no other
way to it.  A check returns its evidence or raises CheckFailed with a symptom, whose cause ``diagnosis`` finds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from ..aws.error_codes import ErrorKind, error_kind, error_message
from ..config.settings import TUTORIAL
from ..engine.resource import Aws, Resource
from ..errors import DemoError, Diagnosis, NotCreated, TestFailed
from ..model import Live, Side, short_id
from ..resources.endpoint_service import connections
from ..resources.instance import Instance
from ..resources.target_group import target_health
from ..resources.vpc_endpoint import endpoint_interfaces
from ..ssh import CONNECT_SECONDS, Ssh, SshFailure, SshResult
from ..tutorial import DEMO_ID_PAGE, Demo
from .aws_facts import PASSES, AwsFacts, look
from .diagnosis import diagnose
from .diagnosis.table import Rule, Symptom

SETTLING_SECONDS = 300.0
"""How long after its launch an instance, and what depends on it, may still be starting, in AWS's seconds."""
SETTLED_SECONDS = 15.0
"""How long a check waits for anything older."""
ENDPOINT_SETTLED_SECONDS = 60.0
"""How long a check waits for an endpoint, which may take a minute after ``available`` (section 3.2)."""
LEAST_SECONDS = 2.0
"""The shortest wait in seconds of this machine, however fast the sandbox's clock runs."""
CURL_CONNECT_SECONDS = 5
CONTROL_SECONDS = 3
NO_DEMO_ID = "built by hand, so it has no demo id"
REFUSED, TIMED_OUT = 7, 28
"""Exit codes of curl."""


class CheckFailed(DemoError):
    """A check failed with this symptom.

    ``ssh_said`` are the lines of this machine's ssh client, if it failed.  ``otherwise`` is what the check meets
    without the user's ssh configuration, if that is something else.
    """

    exit_code, code = TestFailed.exit_code, TestFailed.code

    def __init__(self, what: str, symptom: Symptom, ssh_said: str = "") -> None:
        super().__init__(what)
        self.symptom = symptom
        self.ssh_said = ssh_said
        self.otherwise = ""


class CannotBeSeen(Exception):
    """There is nothing to check yet; the message says why."""


@dataclass
class CheckContext:
    """What the checks work with.  ``facts`` returns the facts for the diagnosis of an error."""

    demo: Demo
    sides: Mapping[str, Aws]
    ssh: Ssh
    pace: float
    page: str
    facts: Callable[[str], AwsFacts]
    timeout_seconds: float | None = None
    side: str | None = None
    """The only side that there is a sign-in for; None for both."""
    consumer_account: str = ""
    before: str = ""
    """What was met before a chapter's endpoints were there, as it was recorded."""
    by_hand: bool = False
    """True if somebody built it by hand: its web server has the tutorial's page, and no demo id."""
    patient: bool = True
    """True if a check may wait for what only needs time."""
    endpoint_address: str = ""
    answer: str = ""
    seen: str = ""
    """The page that was received."""
    sessions: int = 0
    """How many commands were run over ssh."""
    started: float = field(default_factory=time.monotonic)

    def aws(self, resource: Resource) -> Aws:
        """The ``Aws`` of the resource's side that accepts only new answers."""
        return self.sides[resource.side].fresh_after(time.monotonic())

    def look(self, resource: Resource) -> Live | None:
        """What AWS has of it now."""
        if live := look(resource, self.aws(resource)):
            self.sides[resource.side].known[resource.key] = live
        return live

    def patience(self, resource: Resource) -> float:
        """How many seconds to wait for what depends on this instance: longer while it is new."""
        launched = self.sides[resource.side].live(resource).outputs.get("launched", "")
        age = (datetime.now(UTC) - datetime.fromisoformat(launched)).total_seconds() if launched else 0.0
        return self.real(max(SETTLED_SECONDS, SETTLING_SECONDS - age * self.pace))

    def real(self, seconds: float) -> float:
        """AWS's seconds as seconds of this machine, at most the time that is left."""
        return max(0.0, min(max(LEAST_SECONDS, seconds / self.pace), self._left()))

    def _left(self) -> float:
        """How many seconds of this machine are left for the test."""
        if self.timeout_seconds is None:
            return float("inf")
        return self.started + self.timeout_seconds - time.monotonic()

    def tries(self, seconds: float) -> Iterator[bool]:
        """Yield until the time is up: True for the last try."""
        until = time.monotonic() + seconds
        pause = max(0.05, 2.0 / self.pace)
        while True:
            last = not self.patient or time.monotonic() + pause >= until
            yield last
            if last or time.monotonic() >= until:
                return
            time.sleep(pause)

    def on_customer(self, *command: str) -> SshResult:
        """Run a command on the consumer instance."""
        return self.on(self.demo.customer, *command)

    def on(self, instance: Instance, *command: str, jump: Instance | None = None) -> SshResult:
        """Run a command on an instance: at its public address, or through another one at its private address."""
        live, ssh = self.sides[instance.side].live(instance), self.ssh
        if jump:
            through = self.sides[jump.side].live(jump)
            ssh = ssh.through(through.outputs.get("public_address", ""), through.id)
        address = live.outputs.get("private_address" if jump else "public_address", "")
        self.sessions += 1
        return ssh.run(address, live.id, command, seconds=max(1.0, min(4.0 * CONNECT_SECONDS, self._left())))


Check = Callable[[CheckContext], str]


@dataclass(frozen=True)
class Question:
    """A check: its number, its title, the checks that must pass before it, and the side whose sign-in is enough; both
    are needed if it is None, and either is enough if it is empty."""

    number: int
    title: Callable[[CheckContext], str]
    check: Check
    needs: tuple[int, ...]
    side: str | None

    def can_be_run(self, lab: CheckContext) -> bool:
        """True if there is a sign-in for what it looks at."""
        return lab.side is None or self.side == "" or self.side == lab.side


class Checklist(list[Question]):
    """The checks of the tutorial, or of a chapter, in their order."""

    def check(
        self, title: str | Callable[[CheckContext], str], *needs: int, side: str | None = None
    ) -> Callable[[Check], Check]:
        """Register the function below as the next check."""

        def add(function: Check) -> Check:
            in_words = title if callable(title) else lambda lab: title
            self.append(Question(len(self) + 1, in_words, function, needs, side))
            return function

        return add


QUESTIONS = Checklist()
check = QUESTIONS.check


@dataclass(frozen=True)
class Result:
    """The result of a check; ``passed`` is None if it was not run.  ``customer`` is the number of the customer whose
    check it is, of several."""

    number: int
    title: str
    passed: bool | None
    evidence: str
    seconds: float = 0.0
    failure: CheckFailed | None = None
    customer: int = 0
    chapter: str = TUTORIAL

    @property
    def is_left_to_the_other_side(self) -> bool:
        """True if it was not run, and whoever has the other side's sign-in can run it."""
        return self.passed is None and NO_DEMO_ID not in self.evidence

    def as_dict(self) -> dict[str, Any]:
        """For programs, and for the run log."""
        return {
            "number": self.number,
            "title": self.title,
            "passed": self.passed,
            "evidence": self.evidence,
            "seconds": round(self.seconds, 3),
            **({"customer": self.customer} if self.customer else {}),
            **({"chapter": self.chapter} if self.chapter != TUTORIAL else {}),
        }


OF_THE_PROVIDER = 3
"""So many checks, the first, are the same for every customer."""


def run(lab: CheckContext, known: Sequence[Result] = (), questions: Sequence[Question] = QUESTIONS) -> Iterator[Result]:
    """Run every check whose prerequisites passed, and yield each result; not those whose results are ``known``."""
    passed = {q.number for q in questions if not q.can_be_run(lab)}  # whoever can run them knows
    passed |= {one.number for one in known if one.passed}
    for q in questions[len(known) :]:
        if not q.can_be_run(lab):
            yield Result(q.number, q.title(lab), None, f"not run: {_whose(q, lab)}")
            continue
        missing = [need for need in q.needs if need not in passed]
        if missing:
            yield Result(q.number, q.title(lab), None, f"not run: needs {missing[0]}")
            continue
        began, sessions = time.monotonic(), lab.sessions
        try:
            evidence = _ask(q, lab)
        except CheckFailed as failed:
            over_ssh = lab.sessions > sessions and lab.ssh.reads_configuration
            failure = _without_configuration(q, lab, failed) if over_ssh else failed
            yield Result(q.number, q.title(lab), False, failure.message, time.monotonic() - began, failure)
        except CannotBeSeen as why:
            yield Result(q.number, q.title(lab), None, f"not run: {why}")
        else:
            passed.add(q.number)
            yield Result(q.number, q.title(lab), True, evidence, time.monotonic() - began)


def _whose(q: Question, lab: CheckContext) -> str:
    return f"the {q.side}'s side" if q.side else f"needs both sides, and this is the {lab.side}'s"


def explain(lab: CheckContext, failed: Result | None, rules: Sequence[Rule] = ()) -> Diagnosis:
    """The most likely cause of this failure; without a failure, of anything that could make a check fail."""
    if failed is None or failed.failure is None:
        return diagnose(lab.facts(""), None, range(1, len(QUESTIONS) + 1), rules)
    failure = failed.failure
    facts = replace(lab.facts(failed.evidence), ssh_said=failure.ssh_said, otherwise=failure.otherwise)
    return diagnose(facts, failure.symptom, [failed.number], rules)


def _ask(q: Question, lab: CheckContext) -> str:
    """Run one check.  A resource may have been deleted meanwhile."""
    try:
        return q.check(lab)
    except NotCreated as error:
        raise CheckFailed(error.message, Symptom.GONE) from error
    except ClientError as error:
        if error_kind(error) is not ErrorKind.MISSING:
            raise
        raise CheckFailed(error_message(error), Symptom.GONE) from error


def _without_configuration(q: Question, lab: CheckContext, failure: CheckFailed) -> CheckFailed:
    """Run a check that failed over ssh once more without the user's ssh configuration, and weigh both.

    If it passes, the configuration is the cause.  If it meets the same, the configuration is not.  If it meets
    something else, nothing is proved: the configuration may lead elsewhere, or be the only way out.  Then the first
    failure stands, and no fix is offered that deletes anything.
    """
    try:
        _ask(q, replace(lab, ssh=lab.ssh.without_configuration(), patient=False))
    except CheckFailed as second:
        if second.symptom is not failure.symptom:
            failure.otherwise = second.message
        return failure
    passing = CheckFailed(failure.message, Symptom.LOCAL_SSH, failure.ssh_said)
    passing.otherwise = PASSES
    return passing


# --- the checks ---------------------------------------------------------------


@check("endpoint service", side=Side.PROVIDER)
def the_service_is_available(lab: CheckContext) -> str:
    live = lab.look(lab.demo.service)
    if live is None or live.word.lower() != "available":
        raise CheckFailed(live.word if live else "gone", Symptom.GONE)
    balancer = lab.sides[Side.PROVIDER].known.get(lab.demo.balancer.key)
    # Somebody who built it by hand has given it a name.
    name = short_id(balancer.id).split("/")[1] if balancer else lab.demo.balancer.name
    return f"{live.word}, behind {name}"


@check("load balancer", side=Side.PROVIDER)
def the_load_balancer_is_active(lab: CheckContext) -> str:
    live = lab.look(lab.demo.balancer)
    if live is None or live.word.lower() not in ("active", "active_impaired"):
        raise CheckFailed(live.word if live else "gone", Symptom.GONE)
    answer = lab.aws(lab.demo.balancer).elb.describe_load_balancers(LoadBalancerArns=[live.id])
    zones = [zone["ZoneName"] for zone in answer["LoadBalancers"][0]["AvailabilityZones"]]
    return f"{live.word} in {', '.join(zones)}"


@check("targets", side=Side.PROVIDER)
def the_targets_are_healthy(lab: CheckContext) -> str:
    port, began = lab.demo.targets.port, time.monotonic()
    # Registration and the first health checks take AWS minutes, whatever the age of the instance.
    long, short = lab.real(SETTLING_SECONDS), lab.patience(lab.demo.web)
    for last in lab.tries(max(long, short)):
        states = _target_states(lab)
        ill = [state for state in states if state[0] != "healthy"]
        if states and not ill:
            return f"{len(states)} of {len(states)} healthy on tcp/{port}"
        if last or not states or time.monotonic() - began > (long if ill[0][0] == "initial" else short):
            break
        if ill[0][0] == "unused" and lab.look(lab.demo.listener) is None:
            break
    if not states:
        raise CheckFailed("none is registered", Symptom.GONE)
    word, reason = ill[0]
    told = f"{len(states) - len(ill)} of {len(states)} healthy on tcp/{port}: {word} ({reason})"
    raise CheckFailed(told, _TARGET.get(word, Symptom.GONE))


_TARGET = {"initial": Symptom.INITIAL, "unhealthy": Symptom.UNHEALTHY, "unused": Symptom.UNUSED}


def _target_states(lab: CheckContext) -> list[tuple[str, str]]:
    """State and reason of the targets, in AWS's words, without one that was replaced or taken away and is draining."""
    ours = {"Id": lab.sides[Side.PROVIDER].id(lab.demo.web), "Port": lab.demo.targets.port}
    states = []
    for one in target_health(lab.aws(lab.demo.targets), lab.demo.targets):
        health = one.get("TargetHealth", {})
        word = health.get("State", "").lower()
        if one.get("Target", {}).items() >= ours.items() or word not in ("unused", "draining"):
            states.append((word, health.get("Reason", "")))
    return states


@check("endpoint connection", side="")
def the_connection_is_accepted(lab: CheckContext) -> str:
    match lab.side:
        case Side.PROVIDER:
            word = _of_the_consumers_account(lab)
        case Side.CONSUMER:
            live = lab.look(lab.demo.endpoint)
            word = live.word if live else "gone"
        case _:
            word = _of_the_endpoint(lab)
    match word.lower():
        case "available":
            pass
        case "pendingacceptance":
            raise CheckFailed(word, Symptom.NOT_ACCEPTED)
        case "pending":
            raise CheckFailed(word, Symptom.NOT_READY)
        case _:
            raise CheckFailed(word, Symptom.UNUSABLE)
    if lab.side:
        return f"{word}, as the {lab.side} sees it"
    live = lab.look(lab.demo.endpoint)
    if live is None or live.word.lower() != "available":
        raise CheckFailed(f"{word}, VPC endpoint {live.word if live else 'gone'}", Symptom.NOT_READY)
    return f"{word}, VPC endpoint {live.word}"


def _of_the_endpoint(lab: CheckContext) -> str:
    """The state of the demo's own connection."""
    endpoint = lab.sides[Side.CONSUMER].id(lab.demo.endpoint)
    listed = connections(lab.aws(lab.demo.service), lab.demo.service)
    return next((c.get("VpcEndpointState", "") for c in listed if c.get("VpcEndpointId") == endpoint), "not listed")


def _of_the_consumers_account(lab: CheckContext) -> str:
    """The best state of a connection of the account that may connect: the provider alone knows no more of it."""
    listed = connections(lab.aws(lab.demo.service), lab.demo.service)
    words = [c.get("VpcEndpointState", "") for c in listed if c.get("VpcEndpointOwner") == lab.consumer_account]
    if not words:
        raise CannotBeSeen(f"no endpoint of account {lab.consumer_account} has asked")
    return min(words, key=lambda word: word.lower() != "available")


@check("ssh to the consumer instance", side=Side.CONSUMER)
def ssh_works(lab: CheckContext) -> str:
    return logged_in(lab, lab.demo.customer)


def logged_in(lab: CheckContext, instance: Instance, jump: Instance | None = None) -> str:
    """Who was logged in where; waits while the instances are new.  Raises CheckFailed."""
    for one in filter(None, (jump, instance)):
        live = lab.look(one)
        address = live.outputs.get("public_address" if one.is_public else "private_address", "") if live else ""
        if live is None or live.word.lower() != "running" or not address:
            runs = live is not None and live.word.lower() == "running"
            word = live.word if live else "gone"
            told = f"{word}, no public address" if one.is_public else f"{word}, no private address"
            raise CheckFailed(told, Symptom.SSH_HANGS if runs else Symptom.STOPPED)
    through = f" (ssh -J {lab.sides[jump.side].live(jump).outputs['public_address']})" if jump else ""
    for last in lab.tries(lab.patience(instance)):
        answer = lab.on(instance, "hostname", jump=jump)
        if answer.exit_code == 0:
            return f"{lab.ssh.user}@{address}{through}"
        if last or answer.failure in (SshFailure.DENIED, SshFailure.HERE):
            break
    raise ssh_failed(f"{lab.ssh.user}@{address}: ", answer)


def ssh_failed(where: str, answer: SshResult) -> CheckFailed:
    symptom = _SSH.get(answer.failure, Symptom.SSH_HANGS)
    return CheckFailed(where + answer.reason.removeprefix(where), symptom, answer.err)


_SSH: dict[SshFailure | None, Symptom] = {SshFailure.HERE: Symptom.LOCAL_SSH, SshFailure.DENIED: Symptom.SSH_DENIED}


def _curl_title(lab: CheckContext) -> str:
    return f"curl http://{lab.endpoint_address}/" if lab.endpoint_address else "curl the endpoint"


@check(_curl_title, 3, 4, 5, side=Side.CONSUMER)
def the_page_comes_through_the_endpoint(lab: CheckContext) -> str:
    answer = SshResult(1, "", "")
    for last in lab.tries(max(lab.patience(lab.demo.customer), lab.real(ENDPOINT_SETTLED_SECONDS))):
        if not lab.endpoint_address:
            lab.look(lab.demo.endpoint)
            interfaces = endpoint_interfaces(lab.aws(lab.demo.endpoint), lab.demo.endpoint)
            lab.endpoint_address = interfaces[0]["PrivateIpAddress"] if interfaces else ""
        if lab.endpoint_address:
            facts = "\n%{http_code} %{local_ip} %{remote_ip} %{time_total}"
            answer = _curl(lab, f"http://{lab.endpoint_address}/", "-w", facts)
        if answer.exit_code == 0 or last:
            break
    if not lab.endpoint_address:
        raise CheckFailed("the endpoint has no address yet", Symptom.NOT_READY)
    if answer.failure:
        raise ssh_failed("", answer)
    if answer.exit_code:
        raise CheckFailed(what_curl_met(answer), _CURL.get(answer.exit_code, Symptom.OTHER_PAGE))
    lab.seen, _, facts = answer.out.rpartition("\n")
    status, source, destination, seconds = facts.split()
    if status != "200":
        raise CheckFailed(f"{status} from {destination}", Symptom.OTHER_PAGE)
    return f"{status} from {source} to {destination}, {float(seconds) * 1000:.1f} ms"


_CURL = {REFUSED: Symptom.REFUSED, TIMED_OUT: Symptom.HANGS}


def _curl(lab: CheckContext, url: str, *options: str, connect_seconds: int = CURL_CONNECT_SECONDS) -> SshResult:
    return lab.on_customer(*curl(url, *options, connect_seconds=connect_seconds))


def curl(url: str, *options: str, connect_seconds: int = CURL_CONNECT_SECONDS) -> Sequence[str]:
    """The words of a command that gives up in time."""
    limits = ("--connect-timeout", str(connect_seconds), "--max-time", str(2 * connect_seconds))
    return "curl", "-sS", *limits, *options, url


def what_curl_met(answer: SshResult) -> str:
    met = {REFUSED: "connection refused", TIMED_OUT: f"timed out after {CURL_CONNECT_SECONDS}s", 52: "empty answer"}
    said = [line for line in answer.out.splitlines() if line.startswith("curl: ")]
    return met.get(answer.exit_code, said[-1] if said else f"exit code {answer.exit_code}")


@check("the page is this demo's", 6)
def the_page_is_this_demos(lab: CheckContext) -> str:
    expected = lab.sides[Side.PROVIDER].live(lab.demo.web).outputs.get("demo_id", "")
    if lab.by_hand and not expected:
        raise CannotBeSeen(NO_DEMO_ID)
    answer = _curl(lab, f"http://{lab.endpoint_address}/{DEMO_ID_PAGE}", "-f")
    if answer.failure:
        raise ssh_failed("", answer)
    found = answer.out.strip()
    if answer.exit_code or not expected or found != expected:
        raise CheckFailed(f"holds {found[:40] or 'no demo id'}, not {expected}", Symptom.OTHER_PAGE)
    if lab.seen.strip() != lab.page.strip():
        raise CheckFailed("holds the demo id, but another page", Symptom.OTHER_PAGE)
    return f"holds demo id {found}"


@check("control: no other way in", 5)
def there_is_no_other_way(lab: CheckContext) -> str:
    """Only the demo id proves another way: the tutorial's addresses belong to somebody on the internet, whose host may
    answer too."""
    web = lab.sides[Side.PROVIDER].live(lab.demo.web).outputs
    address, demo_id = web.get("private_address", ""), web.get("demo_id", "")
    lines, page = [demo_id], DEMO_ID_PAGE
    if lab.by_hand and not demo_id:
        lines, page = [line for line in lab.seen.splitlines() if line.strip()], ""
    source = lab.sides[Side.CONSUMER].live(lab.demo.customer).outputs.get("private_address", "")
    answer = _curl(lab, f"http://{address}/{page}", *_SHORT_ANSWER, connect_seconds=CONTROL_SECONDS)
    if answer.failure:
        raise ssh_failed("could not be tried: ", answer)
    if not any(lines):
        raise CheckFailed("could not be tried: the web server has no demo id", Symptom.STOPPED)
    if set(lines) <= set(
        answer.out.splitlines()
    ):  # alone on its line: a stranger's page may have these letters in others
        raise CheckFailed(f"{address} answers {source} directly", Symptom.OTHER_WAY)
    if answer.exit_code == REFUSED or (answer.exit_code == TIMED_OUT and _CONNECTED not in answer.out):
        return f"{address} unreachable from {source}"
    if answer.exit_code not in (TIMED_OUT, *_ANSWERED):
        raise CheckFailed(f"could not be tried: {what_curl_met(answer)}", Symptom.STOPPED)
    return f"{address} is somebody else's host, not ours"


_SHORT_ANSWER = ("--max-filesize", "1000")
"""Read no more of an answer that may be a stranger's; older curls obey only where its length is told."""
_CONNECTED = "curl: (28) Operation timed out"
"""How curl says that the time was up after it had connected; "Connection timed out" is before."""
_ANSWERED = (0, 1, 8, 18, 22, 52, 56, 61, 63)
"""Exit codes of curl after something answered: whole, not as HTTP, badly, cut, with an error, with nothing, reset, in
an unknown encoding, too large."""
