"""What ``-o json`` prints: the type of every command's document, and of everything in it.

``make reference`` writes ``docs/output.schema.json`` from this module.  To add a document, write its type and a row in
``DOCUMENTS``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired

from annotated_types import Ge, MinLen
from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from ..cost.comparison import Cheaper

Usd = TypeAliasType("Usd", Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")])
"""US dollars as a decimal; never a float."""
DrawnState = Literal["missing", "pending", "ready", "broken"]


# --- What the documents are made of ----------------------------------------------


class Drift(TypedDict):
    """A field in which AWS differs from the tutorial, what ``up`` does about it, and ``why`` if it leaves it."""

    field: str
    tutorial: str
    aws: str
    remedy: Literal["mend", "replace", "ask", "leave"]
    why: str


class Resource(TypedDict):
    """A resource that exists.  ``hourly_usd`` is null if its price is not known, ``console_url`` in the sandbox."""

    step: int
    key: str
    kind: str
    name: str
    side: Literal["provider", "consumer"]
    id: str
    state: str
    outputs: dict[str, str]
    age_seconds: int | None
    hourly_usd: Usd | None
    drift: list[Drift]
    console_url: str | None


class CheckedField(TypedDict):
    """A field in which AWS differs from the tutorial."""

    kind: str
    field: str
    tutorial: str
    aws: str


class CheckedStep(TypedDict):
    """A step as ``check`` found it: what ``differs`` has to be otherwise, and a note is the builder's choice.  ``kind``
    is that of the resource that is not done."""

    step: str
    title: str
    state: Literal["done", "not yet", "differs", "missing", "not looked at"]
    id: str | None
    kind: str | None
    why: str
    differs: list[CheckedField]
    notes: list[CheckedField]


class NextThing(TypedDict):
    """The next thing to do, with its page in the console, which is null in the sandbox."""

    step: str
    what: str
    click: str
    console_url: str | None
    command: str


class Check(TypedDict):
    """A check of ``test``; ``passed`` is null if it was not run.  ``customer`` is whose it is, of several."""

    number: int
    title: str
    passed: bool | None
    evidence: str
    seconds: float
    customer: NotRequired[int]


class ConnectionRequest(TypedDict):
    """An endpoint that has asked to connect; ``customer`` is null if it is not the demo's."""

    endpoint: str
    owner: str
    region: str
    state: str
    age_seconds: int | None
    customer: int | None


class Leftover(TypedDict):
    """A resource that could not be deleted, and why."""

    key: str
    kind: str
    id: str
    why: str


class Fix(TypedDict):
    """A command that repairs it, and what it does."""

    label: str
    command: str


class Diagnosis(TypedDict):
    """The most likely cause; ``rule`` is empty if none was confirmed."""

    rule: str
    most_likely: str
    evidence: list[str]
    fixes: list[Fix]
    ruled_out: list[str]
    not_asked: list[str]


class Error(TypedDict):
    """What went wrong, and what to do next; ``code`` is a section of errors.md."""

    code: Annotated[str, Field(pattern=r"^VPCE\d{3}$")]
    message: Annotated[str, MinLen(1)]
    facts: NotRequired[dict[str, str]]
    table: NotRequired[list[list[str]]]
    hint: NotRequired[str]


class DemoCost(TypedDict):
    """The cost of the demo; null where a price or an age is not known."""

    hourly_usd: Usd | None
    so_far_usd: Usd | None
    prices_of: str


class BilledPart(TypedDict):
    """One line of the bill; with its ``region`` where the sides are in two."""

    part: str
    region: NotRequired[str]
    item: str
    quantity: str
    per: str
    price: Usd | None
    date: str | None
    confidence: str | None
    hourly: Usd | None
    so_far: Usd | None


class Traffic(TypedDict):
    """Prices of traffic."""

    endpoint_gb: Usd | None
    capacity_unit_hour: Usd | None


class NatGateway(TypedDict):
    """Prices of a NAT gateway, to compare."""

    hour: Usd | None
    gb: Usd | None


class ComparedKind(TypedDict):
    """A kind of endpoint, or the NAT gateway, for the traffic of a month.

    ``cheaper`` is when it costs no more than a NAT gateway, and ``crossing_gb`` from or up to how many GB a month; null
    where a price is not known, and for the NAT gateway itself.
    """

    kind: str
    hour: Usd | None
    gb: Usd | None
    month: Usd | None
    cheaper: Cheaper | None
    crossing_gb: int | None


class ComparedEndpoints(TypedDict):
    """So many interface endpoints in one zone beside one NAT gateway, as in ``ComparedKind``."""

    endpoints: int
    cheaper: Cheaper | None
    crossing_gb: int | None


class ComparedMonth(TypedDict):
    """A month with this traffic in one zone: each kind of endpoint beside a NAT gateway.

    ``most_endpoints`` is how many interface endpoints cost no more than one NAT gateway with it; ``missing`` are the
    prices that are not known for the region.
    """

    region: str
    gb: str
    hours: int
    prices_of: str
    missing: list[str]
    kinds: list[ComparedKind]
    endpoints: list[ComparedEndpoints]
    most_endpoints: int | None


class Refreshed(TypedDict):
    """The prices that were read from AWS, and why others were not."""

    file: str
    prices: dict[str, Usd]
    missing: dict[str, str]


class DoctorLine(TypedDict):
    """One finding of ``doctor``; ``fine`` is null if it could not be checked."""

    title: str
    fine: bool | None
    evidence: str
    fix: str


class LogLine(TypedDict):
    """A line of a run's log; what else it holds depends on its type."""

    type: Literal["run", "event", "check", "page", "addresses", "look", "end"]
    at: float


class RecordedRun(TypedDict):
    """A run on record; ``ended`` is null if it was killed or is still at work."""

    id: str
    path: str
    at: float
    command: str
    demo: str
    demo_id: str
    place: str
    accounts: dict[str, dict[str, str]]
    ended: dict[str, Any] | None


class DrawnHop(TypedDict):
    """A part of the packet's path in the picture; ``why`` is why no packet gets through, empty if one can."""

    number: int
    title: str
    source: str
    destination: str
    explanation: str
    state: DrawnState
    why: str


class Page(TypedDict):
    """A page of ``explain``, as Markdown."""

    title: str
    text: str


class Topic(TypedDict):
    """A topic of ``explain``."""

    name: str
    title: str


class SandboxStatus(TypedDict):
    """The sandbox's own report; ``not_understood`` is what it did not understand in user data, by instance."""

    boot_id: str
    version: str
    pid: int
    speed: float | Literal["max"]
    latency_ms: float
    iam: bool
    endpoint_url: str
    proxy_url: str
    uptime: float
    calls: dict[str, int]
    not_understood: dict[str, list[str]]
    permissions: dict[str, dict[str, int]]


class InjectedFault(TypedDict):
    """A fault that is set; ``seen`` counts the matching calls, ``struck`` those that it changed."""

    do: Literal[
        "error",
        "drop-before",
        "drop-after",
        "spoil-before",
        "spoil-after",
        "delay",
        "kill-before",
        "kill-after",
        "throttle",
    ]
    seen: int
    struck: int
    operation: NotRequired[str]
    nth: NotRequired[int]
    times: NotRequired[int]
    code: NotRequired[str]
    status: NotRequired[int]
    message: NotRequired[str]
    how: NotRequired[str]
    seconds: NotRequired[float]
    until: NotRequired[str]
    burst: NotRequired[int]
    rate: NotRequired[float]


class Exercise(TypedDict):
    """Something that ``sandbox break`` can break: what will be seen, and by which command; ``chapter`` if it is in one
    beside the tutorial."""

    number: int
    seen_by: str
    seen: str
    chapter: NotRequired[str]


class ScoredExercise(TypedDict):
    """An exercise of the session; ``number`` is null for a random one that is open."""

    number: int | None
    ended: Literal["solved", "undone", "given up", "open"]
    hints: int


class TracedHop(TypedDict):
    """What a packet met."""

    at: str
    says: str
    passed: bool


class Connection(TypedDict):
    """A connection in the sandbox's network; ``at`` is in AWS's seconds."""

    at: float
    times: int
    source: str
    destination: str
    port: int
    check: bool
    outcome: str
    host: str
    host_port: int
    seen_as: str
    hops: list[TracedHop]


# --- The documents, by command ---------------------------------------------------


class Document(TypedDict):
    """What every document holds.

    ``warnings`` are what could not be used and was done without, each in a sentence; ``calls`` are what --show-calls
    shows; ``program`` is the program's own version, which --version shows.
    """

    version: Literal[1]
    command: str
    exit_code: Annotated[int, Ge(0)]
    warnings: NotRequired[list[str]]
    calls: NotRequired[list[str]]
    program: NotRequired[str]
    error: NotRequired[Error]
    diagnosis: NotRequired[Diagnosis]


class CreateDocument(TypedDict):
    """``up``, its stages and ``walkthrough``.  ``mended`` are keys of resources, ``requests`` those of others."""

    resources: list[Resource]
    created: NotRequired[int]
    mended: NotRequired[list[str]]
    found: NotRequired[int]
    checks: NotRequired[list[Check]]
    page: NotRequired[str]
    requests: NotRequired[list[ConnectionRequest]]


class RequestsDocument(TypedDict):
    """The requests to connect as they were before, and the endpoints that were ``answered``."""

    requests: list[ConnectionRequest]
    answered: list[str]


class TestDocument(TypedDict):
    """``page`` is the page that the consumer received."""

    checks: list[Check]
    page: str


class Tagged(TypedDict):
    """A thing with the demo's tags that is none of its resources."""

    kind: str
    id: str


class StatusDocument(TypedDict):
    """``missing`` and ``differing`` are keys of resources; ``unrecorded`` is about a demo without a record here."""

    resources: list[Resource]
    missing: list[str]
    differing: list[str]
    cost: DemoCost
    others: NotRequired[list[Tagged]]
    other_demos: NotRequired[list[str]]
    unrecorded: NotRequired[dict[str, str]]


class PlanDocument(StatusDocument):
    """``to_make`` and ``to_mend`` are keys of resources; one that is to be replaced is among the first.

    ``not_allowed`` are EC2 calls that AWS would refuse to this caller, as far as a dry run tells."""

    to_make: list[str]
    to_mend: list[str]
    not_allowed: list[str]


class ToDelete(TypedDict):
    """A resource that ``down`` would delete."""

    key: str
    kind: str
    id: str


class PlanDestroyDocument(TypedDict):
    """What ``down`` would delete, in its order."""

    to_delete: list[ToDelete]
    unrecorded: NotRequired[dict[str, str]]


class DeletedDemo(TypedDict):
    """A demo of ``down --owner``: the exit code of its own ``down``, and the error, if it has one."""

    name: str
    id: str
    exit_code: int
    error: NotRequired[Error]


class DownDocument(TypedDict):
    """What was deleted, and what is left; with --owner in all ``demos``."""

    deleted: int
    deleted_ids: list[str]
    unrecorded: NotRequired[dict[str, str]]
    left: list[Leftover]
    demos: NotRequired[list[DeletedDemo]]


class TakenByHand(TypedDict):
    """A thing that somebody built by hand: ``ids`` are its own, and those of what it leaves when it is deleted."""

    kind: str
    name: str
    ids: list[str]


class LeftByHand(TypedDict):
    """A thing that is not taken over: its kind for people, its name, and why."""

    id: str
    what: str
    name: str
    why: str


class AdoptDocument(TypedDict):
    """What was found by its tags; with ``--by-hand`` also by its shape."""

    resources: list[Resource]
    taken: NotRequired[list[TakenByHand]]
    left: NotRequired[list[LeftByHand]]


class DoctorDocument(TypedDict):
    """The findings, and the checks of the demo if there is one."""

    lines: list[DoctorLine]
    checks: NotRequired[list[Check]]


class DiagramDocument(TypedDict):
    """``diagram`` is the picture, unless it was written to ``file``."""

    format: Literal["terminal", "mermaid", "svg"]
    demo: str
    state: DrawnState
    hops: list[DrawnHop]
    unrecorded: NotRequired[dict[str, str]]
    diagram: NotRequired[str]
    file: NotRequired[str]


class ListedDemo(TypedDict):
    """A demo by its tags: ``tagged`` is how many resources have them, ``expires`` is empty without --ttl, and
    ``recorded`` is true if its record is in this directory.

    ``age_seconds`` counts from the start of its first instance, and is null if none is there; ``test`` is the last
    result in the logs of this directory, null if there is none."""

    name: str
    id: str
    regions: list[str]
    made_by: str
    yours: bool
    recorded: bool
    tagged: int
    age_seconds: int | None
    hourly_usd: Usd | None
    test: Literal["passed", "failed"] | None
    expires: str


class NotLookedAt(TypedDict):
    """A region that could not be looked at, and why."""

    region: str
    why: str


class ListDocument(TypedDict):
    """``list``; the sum is null if a price is not known.  ``not_looked_at`` comes with --all-regions."""

    demos: list[ListedDemo]
    hourly_usd: Usd | None
    not_looked_at: NotRequired[list[NotLookedAt]]


class SupportDocument(TypedDict):
    """``support``: the archive, and the names of the files in it."""

    file: str
    parts: list[str]


class ReportDocument(TypedDict):
    """``there`` and ``gone`` count resources; ``passed`` is null if no test is on record."""

    file: str
    redacted: bool
    there: int
    gone: int
    passed: bool | None
    unrecorded: NotRequired[dict[str, str]]


Format = Literal["terraform", "cloudformation", "aws-cli"]


class ExportDocument(TypedDict):
    """``export``: the directory and its files; how many resources a plan of Terraform imports, and by address or
    logical id those that are added."""

    format: Format
    directory: str
    files: list[str]
    imports: NotRequired[int]
    adds: NotRequired[list[str]]


class LogsDocument(TypedDict):
    """The list of runs, or one run with its lines."""

    runs: NotRequired[list[RecordedRun]]
    run: NotRequired[str]
    path: NotRequired[str]
    lines: NotRequired[list[LogLine]]


Setting = TypedDict("Setting", {"setting": str, "value": object, "from": str})
"""A setting by its path, such as ``provider.vpc_name``, and the option, variable or place that it comes from."""


class InitDocument(TypedDict):
    """The file that was written; or with --show, the settings."""

    file: NotRequired[str]
    settings: NotRequired[list[Setting]]


class CompletionDocument(TypedDict):
    """``script`` is to be evaluated by the shell."""

    shell: str
    script: str


class PolicyDocument(TypedDict):
    """An IAM policy."""

    policy: dict[str, Any]


class ExplainDocument(TypedDict):
    """The topics, or the pages of one."""

    lang: Literal["en", "ja"]
    topics: NotRequired[list[Topic]]
    topic: NotRequired[str]
    pages: NotRequired[list[Page]]


class CostDocument(TypedDict):
    """``stands`` says whether the demo exists; without it the amounts are those that it would cost."""

    region: str
    currency: Literal["USD"]
    billed: bool
    stands: bool
    prices_of: str
    parts: list[BilledPart]
    hourly: Usd | None
    daily: Usd | None
    so_far: Usd | None
    traffic: Traffic
    nat_gateway: NatGateway
    comparison: NotRequired[ComparedMonth]
    refreshed: NotRequired[Refreshed]


class CheckDocument(TypedDict):
    """How far the steps are that somebody did by hand; ``checks`` are those of ``test``, if there was a key, and
    ``file`` is the page of --to."""

    steps: list[CheckedStep]
    done: int
    of: int
    next: NextThing | None
    checks: list[Check]
    file: NotRequired[str]
    redacted: NotRequired[bool]


class SandboxDocument(TypedDict):
    """Whether the sandbox runs, and how to reach it."""

    running: bool
    endpoint_url: NotRequired[str]
    proxy_url: NotRequired[str]
    status: NotRequired[SandboxStatus]


class StopDocument(TypedDict):
    """``stopped`` is false if it did not run."""

    stopped: bool


class SandboxLogDocument(TypedDict):
    """The sandbox's log."""

    log: str


class ProxyDocument(TypedDict):
    """The way to the addresses in the sandbox."""

    proxy_url: str


class FaultsDocument(TypedDict):
    """What is set to go wrong; ``hidden`` are the ids that cannot be seen now."""

    faults: list[InjectedFault]
    hidden_seconds: float | None
    hidden_tags_seconds: float | None
    hidden: list[str]
    credentials: Literal["fine", "expired"]


class BreakDocument(TypedDict):
    """The list of exercises; or the command that finds what is broken, and with a name given, what it is."""

    faults: NotRequired[list[Exercise]]
    seen_by: NotRequired[str]
    fault: NotRequired[str]
    way: NotRequired[str]
    undone: NotRequired[bool]


class HintDocument(TypedDict):
    """The hints so far, the last of which has this ``number``; with the third comes the ``diagnosis``."""

    number: int
    lang: Literal["en", "ja"]
    hints: list[str]


class ScoreDocument(TypedDict):
    """The exercises of this session, oldest first."""

    exercises: list[ScoredExercise]
    solved: int
    without_a_hint: int


class SshDocument(TypedDict):
    """What the command printed on the instance; the exit code is the command's."""

    instance: str
    address: str
    printed: str


class TraceDocument(TypedDict):
    """The last connections."""

    connections: list[Connection]


DOCUMENTS: dict[type, tuple[str, tuple[int, ...]]] = {
    CreateDocument: ("up|walkthrough|create-provider|create-endpoint-service|create-consumer|accept", (0,)),
    RequestsDocument: ("accept ENDPOINT|accept --all|accept --list|reject", (0,)),
    TestDocument: ("test", (0, 6)),
    PlanDocument: ("plan", (0, 10)),
    PlanDestroyDocument: ("plan --destroy", (0,)),
    StatusDocument: ("status", (0, 10)),
    DownDocument: ("down|destroy", (0, 7)),
    AdoptDocument: ("adopt", (0,)),
    CheckDocument: ("check", (0, 6, 10)),
    DoctorDocument: ("doctor", (0, 1, 6)),
    DiagramDocument: ("diagram", (0,)),
    ReportDocument: ("report", (0,)),
    ExportDocument: ("export", (0,)),
    SupportDocument: ("support", (0,)),
    ListDocument: ("list", (0,)),
    LogsDocument: ("logs", (0,)),
    InitDocument: ("init", (0,)),
    CompletionDocument: ("completion|sandbox env", (0,)),
    PolicyDocument: ("iam-policy", (0,)),
    ExplainDocument: ("explain", (0,)),
    CostDocument: ("cost", (0,)),
    SandboxDocument: ("sandbox start|sandbox status", (0,)),
    StopDocument: ("sandbox stop", (0,)),
    SandboxLogDocument: ("sandbox logs", (0,)),
    ProxyDocument: ("sandbox proxy", (0,)),
    FaultsDocument: ("sandbox faults|sandbox faults .*", (0,)),
    BreakDocument: ("sandbox break", (0,)),
    HintDocument: ("sandbox hint", (0,)),
    ScoreDocument: ("sandbox score", (0,)),
    TraceDocument: ("sandbox trace", (0,)),
    SshDocument: ("ssh", (0,)),
}
"""Each document with its commands, as a regular expression, and the exit codes with which it is complete."""
