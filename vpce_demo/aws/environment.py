"""The environment of a run: AWS or the sandbox.  The only module that knows the difference.

It builds the boto3 clients of each side, the ssh options and the way to fetch a web page.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import os
import re
import shlex
import ssl
import threading
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config as BotoConfig
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES, ConstantProvider
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidConfigError,
    ReadTimeoutError,
    UnknownRegionError,
)
from botocore.httpsession import get_cert_path

from ..changes import CHANGES
from ..config.model import Config
from ..errors import THIS_DEMO, ConfigError, DemoError, RegionNotEnabled, SignInError
from ..extras import extra
from ..model import Side
from ..sandbox.client import ACCOUNT_KEY, Running, variables
from ..ssh import NO_CONFIGURATION, proxy_command
from ..untrusted import parts_within
from .answers import check_answers
from .call_log import CALL_LOG
from .clients import Clients
from .commands import listen
from .credentials import MfaDevices, profile_in_use, region_in_use, signed_in
from .error_codes import ErrorKind, error_kind, may_be_the_region
from .partitions import partition_of
from .tags import owner_value

if TYPE_CHECKING:
    from mypy_boto3_pricing import PricingClient

AWS_CLI = "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
"""How the AWS CLI is installed."""
NO_REGION = "us-east-1"
"""Where no region is set and none is needed."""
FETCH_SECONDS = 10
LARGEST_PAGE = 2**16
SANDBOX_SECONDS = 30
"""How long a call to the sandbox may take."""
_BOTO = BotoConfig(
    retries={"mode": "standard", "total_max_attempts": 6}, max_pool_connections=32, connect_timeout=10, read_timeout=60
)
_ONCE = BotoConfig(retries={"mode": "standard", "total_max_attempts": 1})
"""For calls that change something: the engine decides whether to repeat them, after a look-up."""
_SOON = BotoConfig(
    retries={"mode": "standard", "total_max_attempts": 2}, max_pool_connections=4, connect_timeout=5, read_timeout=20
)
"""For looking at every region, of which one may not answer."""


_FILES = ("config_file", "credentials_file")
_NOTHING_OF_THE_USER: Any = {
    name: (key, None, os.devnull if name in _FILES else default, convert)
    for name, (key, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
}
"""botocore's variables with their defaults, and no way to set them: no environment variable, no file of the user."""


@dataclass(frozen=True)
class Environment:
    """What a run needs to know of its environment.

    ``id`` is the sandbox's boot id, or empty on AWS; ``pace`` is how many times faster than AWS its clock runs;
    ``clients`` and ``accounts``, account and region, are by party (``Config.parties``); ``proxy`` is the URL that leads
    into a sandbox's internet.
    """

    name: str
    id: str
    pace: float
    clients: Mapping[str, Clients]
    accounts: Mapping[str, Mapping[str, str]]
    ssh_options: tuple[str, ...] = ()
    proxy: str = ""

    @property
    def is_sandbox(self) -> bool:
        return bool(self.id)

    @property
    def is_free(self) -> bool:
        """True if nothing here costs money, so that no confirmation is needed."""
        return self.is_sandbox

    @property
    def consumer_account(self) -> str:
        """The consumer's account; empty if it is the provider's own."""
        return self._not_ours(Side.CONSUMER)

    @property
    def more_consumer_accounts(self) -> tuple[str, ...]:
        """The same of each further consumer profile."""
        return tuple(self._not_ours(party) for party in self.accounts if party not in tuple(Side))

    def _not_ours(self, party: str) -> str:
        theirs = self.accounts[party]["account"]
        return "" if theirs == self.accounts[Side.PROVIDER]["account"] else theirs

    @property
    def regions(self) -> dict[Side, str]:
        """The region of each side."""
        return {side: self.accounts[side]["region"] for side in Side}

    @property
    def is_apart(self) -> bool:
        """True if the sides are in several accounts or regions."""
        ours, *theirs = self.accounts.values()
        return any(one != ours for one in theirs)

    @property
    def in_both(self) -> str:
        """`` in account 111122223333 (us-east-1) and in account ...``, to say where was looked; empty for one."""
        return self.where() if self.is_apart else ""

    def accounts_of(self, side: str | None) -> Mapping[str, Mapping[str, str]]:
        """The accounts of the only side that there is a sign-in for; all if it is None."""
        return {party: one for party, one in self.accounts.items() if side in (None, Side.of(party))}

    def where(self, side: str | None = None) -> str:
        """The same of one side, or of all, however many they are."""
        each = self.accounts_of(side).values()
        places = dict.fromkeys(f"account {one['account']} ({one['region']})" for one in each)
        return f" in {' and in '.join(places)}"

    @property
    def consumers(self) -> list[Clients]:
        """The clients of the consumers, each once."""
        return list({id(one): one for party, one in self.clients.items() if party != Side.PROVIDER}.values())

    def alias(self, account: str) -> str | None:
        """The account alias; '' if it has none, None if not known yet."""
        asked = next((one.alias for one in self.clients.values() if one.account == account), None)
        return "" if asked is None else asked.result() if asked.done() else None

    def fetch(self, url: str, *, direct: bool = False) -> str:
        """The text at a URL, as this machine sees it: ``direct``, or by the web proxy that is set.

        Raises OSError, also if what comes is not HTTP, or is not there in time.
        """
        # urllib's own handler of proxies obeys NO_PROXY, also for a proxy that it is given.
        handlers: list[urllib.request.BaseHandler] = []
        if self.proxy:
            handlers = [urllib.request.ProxyHandler({}), _AlwaysByProxy(self.proxy)]
        elif url.startswith("https:"):
            handlers = [urllib.request.HTTPSHandler(context=_trusted())]
            if direct:
                handlers.append(urllib.request.ProxyHandler({}))
        return _in_time(partial(_text, urllib.request.build_opener(*handlers), url))


def _text(opener: urllib.request.OpenerDirector, url: str) -> str:
    """The text at a URL.  Raises OSError, whose words quote no proxy: a password may be in its URL."""
    try:
        answer = opener.open(url, timeout=FETCH_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        raise
    except ValueError as error:
        traceback.clear_frames(error.__traceback__)  # they hold the connection of a page that sends on to no URL
        raise OSError(f"the proxy, or where it was sent on to, is not a valid URL ({type(error).__name__})") from error
    except http.client.HTTPException as error:
        raise _not_a_page(error) from error
    with answer:
        try:
            return b"".join(parts_within(answer, LARGEST_PAGE, FETCH_SECONDS)).decode("utf-8", "replace")
        except (http.client.HTTPException, ValueError) as error:
            raise _not_a_page(error) from error


def _not_a_page(error: Exception) -> OSError:
    return OSError(f"what came is not a page ({type(error).__name__})")


def _in_time(fetch: Callable[[], str]) -> str:
    """What this returns or raises.  Raises TimeoutError after FETCH_SECONDS: a socket limits the time of each read, and
    not that of all together, nor the search for the host's name."""

    def run(told: Future[str]) -> None:
        try:
            told.set_result(fetch())
        except Exception as error:
            told.set_exception(error.with_traceback(None))

    told: Future[str] = Future()
    threading.Thread(target=run, args=(told,), daemon=True).start()
    try:
        return told.result(FETCH_SECONDS)
    except TimeoutError:
        raise TimeoutError(f"no whole answer within {FETCH_SECONDS} s") from None
    finally:
        del told  # an error would keep itself alive by it, and with it the connection that it is about


def _trusted() -> ssl.SSLContext:
    """Whose certificates are accepted: the system's authorities, botocore's, since some Pythons find no others, and
    those of AWS_CA_BUNDLE.  Raises OSError for a file that cannot be read."""
    context = ssl.create_default_context()
    for file in (get_cert_path(True), os.environ.get("AWS_CA_BUNDLE")):
        if file:
            context.load_verify_locations(file)
    return context


class _AlwaysByProxy(urllib.request.BaseHandler):
    """Sends every request through this proxy, redirected ones too, whatever the environment says."""

    handler_order = 100  # before the handlers that read the request

    def __init__(self, proxy: str) -> None:
        self._host = urlsplit(proxy).netloc

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Called by urllib before it sends a request."""
        request.set_proxy(self._host, "http")
        return request

    https_request = http_request


def on_aws(config: Config) -> Environment:
    """AWS, with the user's credentials.  Raises ConfigError if no region is set, RegionNotEnabled, SignInError, and
    botocore's errors for a wrong profile or missing or expired credentials.

    Each profile signs in once, before anything is asked: AWS takes the code of an MFA device only once.  Parties
    with the same profile and region share their clients; the region of all consumers is the first one's.
    """
    wanted = {party: _profile_and_region(config, party) for party in config.parties}
    regions = {side: region_in_use(*wanted[side]) for side in Side}
    sessions: dict[str, boto3.Session] = {}
    for party, (profile, _) in wanted.items():
        if (whose := profile_in_use(profile)) not in sessions:
            sessions[whose] = _session(profile, regions[Side.of(party)])
    made: dict[tuple[str, str], Clients] = {}
    clients = {}
    for party, (profile, region) in wanted.items():
        this = profile_in_use(profile), regions[Side.of(party)]
        if this not in made:
            cli = _cli(profile, region if party in tuple(Side) else this[1])
            made[this] = _aws_clients(sessions[this[0]], this[1], profile, cli)
        clients[party] = made[this]
    return Environment("AWS", "", 1.0, clients, _accounts(clients))


def _session(profile: str | None, region: str) -> boto3.Session:
    """A session that has signed in."""
    mfa = MfaDevices(profile)
    with _explained(profile, region, lambda first: signed_in(profile, first, mfa.repeat())):
        return _listening(signed_in(profile, region, mfa))


@contextlib.contextmanager
def _explained(profile: str | None, region: str, elsewhere: Callable[[str], boto3.Session]) -> Iterator[None]:
    """Note in an error whose sign-in it is.  Raise UnknownRegionError or RegionNotEnabled if it is for the region.

    ``elsewhere`` gives a session that has signed in in the region that it is given, for one call.
    """
    try:
        yield
    except (BotoCoreError, ClientError, SignInError) as error:
        vars(error)["profile"] = profile
        if isinstance(error, EndpointConnectionError):
            # The name of a region's host tells nothing but that there is none.
            _check_region(region, botocore.session.Session(session_vars=_NOTHING_OF_THE_USER))
        first = partition_of(region).first_region
        if may_be_the_region(error) and region != first and (account := _account(first, elsewhere)):
            raise RegionNotEnabled(account, region, _cli(profile, None)) from error
        raise


def _account(region: str, session: Callable[[str], boto3.Session]) -> str:
    """The account as AWS knows it in this region; empty if it does not."""
    try:
        sts = _client(session(region), "sts", region_name=region, config=_BOTO)
        return str(sts.get_caller_identity()["Account"])
    except (BotoCoreError, ClientError, DemoError):
        return ""


def _cli(profile: str | None, region: str | None) -> str:
    """The beginning of an AWS CLI command."""
    given = {"--profile": profile, "--region": region}
    return " ".join(["aws", *(f"{name} {shlex.quote(value)}" for name, value in given.items() if value)])


def in_sandbox(config: Config, running: Running) -> Environment:
    """The sandbox on this machine, with made-up credentials: real ones are never sent to it.

    A profile of twelve digits signs in to that account; any other one is another person of the same account.
    """
    os.environ.pop("SSLKEYLOGFILE", None)  # botocore opens that file for connections without TLS too
    wanted = {party: _profile_and_region(config, party) for party in config.parties}
    made = {
        one: _sandbox_clients(one[0], one[1] or NO_REGION, running.endpoint_url, _sandbox_cli(config, *one))
        for one in set(wanted.values())
    }
    clients = {party: made[one] for party, one in wanted.items()}
    through = proxy_command([*running.connect, "%h", "%p"])
    return Environment(
        "sandbox",
        running.boot_id,
        running.speed if math.isfinite(running.speed) else 1e9,
        clients,
        _accounts(clients),
        (*NO_CONFIGURATION, "-o", f"ProxyCommand={through}"),
        running.proxy_url,
    )


def region_without_asking(config: Config) -> str:
    """The provider's region from the settings or AWS's config file, without signing in; else us-east-1.

    Raises botocore's errors for a profile that is named and cannot be read.
    """
    unread = "The region of the AWS profile cannot be read", f"{NO_REGION} is used."
    reading = contextlib.nullcontext() if names_a_profile(config) else extra(*unread, BotoCoreError)
    with reading, contextlib.suppress(ConfigError):
        return region_in_use(*_profile_and_region(config, Side.PROVIDER))
    return NO_REGION


def names_a_profile(config: Config) -> bool:
    """True if an option or the config file names a profile.  AWS_PROFILE does not count: it is set for other tools
    too, so only what needs an account depends on it."""
    return any(one.profile for one in (config, config.provider, config.consumer))


def price_list_client(config: Config, region: str) -> PricingClient:
    """A client of AWS's Price List in this region, with the provider's credentials.  Raises ConfigError, SignInError,
    and botocore's errors."""
    profile, _ = _profile_and_region(config, Side.PROVIDER)
    with _explained(profile, region, lambda first: signed_in(profile, first)):
        client: PricingClient = _client(signed_in(profile, region), "pricing", config=_BOTO)
    return client


def _profile_and_region(config: Config, party: str) -> tuple[str | None, str | None]:
    if config.side and Side.of(party) != config.side:  # of one side there is one sign-in
        party = config.side
    return config.profile_of(party), config.region_of(Side.of(party))


def _aws_clients(session: boto3.Session, region: str, profile: str | None, cli: str) -> Clients:
    with _explained(profile, region, lambda _: session):
        clients = _clients(session, region, cli)
    return replace(clients, alias=_alias(session))


_MAKING = threading.Lock()
"""A session makes clients for one thread at a time."""


def _client(session: boto3.Session, service: str, **rest: Any) -> Any:
    """A client of this service.  Raises InvalidConfigError if its endpoint is not a URL, which botocore itself may find
    out no sooner than with the first call."""
    any_session: Any = session  # its stubs know the services only one by one
    try:
        with _MAKING:
            client = any_session.client(service, **rest)
        _ = urlsplit(client.meta.endpoint_url).port
    except ValueError as error:
        if isinstance(error, BotoCoreError):
            raise
        raise InvalidConfigError(error_msg=_bad_endpoint(error)) from None
    return client


def _bad_endpoint(error: ValueError) -> str:
    """What is wrong with an endpoint's URL.  Python's own words may quote a password that is in it."""
    said = str(error)
    if said.startswith("Invalid endpoint: "):
        return said
    named = [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]
    return f"the URL of an endpoint is not valid ({', '.join(sorted(named)) or 'endpoint_url in ~/.aws/config'})"


def _check_region(region: str, session: botocore.session.Session) -> None:
    """Raise UnknownRegionError if botocore does not know this region.  The session keeps what it reads for that: AWS's
    model of EC2 and its endpoints, which clients need."""
    partitions = session.get_available_partitions()
    known = {name for each in partitions for name in session.get_available_regions("ec2", partition_name=each)}
    if region not in known:
        raise UnknownRegionError(region_name=region, error_msg=f"'{region}' is not in its list of regions.")


def _alias(session: boto3.Session) -> Future[str]:
    """The account alias, asked for in the background: nothing waits for it.  Empty if that is not allowed."""
    told: Future[str] = Future()
    iam = _client(session, "iam", config=_ONCE)

    def ask() -> None:
        try:
            told.set_result(next(iter(iam.list_account_aliases()["AccountAliases"]), ""))
        except Exception:  # whatever it is, the calls that are needed will tell
            told.set_result("")

    threading.Thread(target=ask, daemon=True).start()
    return told


def sandbox_key(profile: str | None) -> str:
    """The access key id that stands for a profile in the sandbox.  Twelve digits name an account."""
    if re.fullmatch(r"\d{12}", profile or "", re.ASCII):
        return f"{ACCOUNT_KEY}{profile}"
    return re.sub(r"[^\w-]", "-", f"sandbox-{profile}", flags=re.ASCII) if profile else "sandbox"


def sandbox_variables(config: Config, running: Running, environ: Mapping[str, str]) -> dict[str, str | None]:
    """``sandbox.client.variables`` for the profile and region of the settings."""
    return variables(running, environ, config.region or NO_REGION, sandbox_key(config.profile))


def _sandbox_cli(config: Config, profile: str | None, region: str | None) -> str:
    """The beginning of an AWS CLI command for a side, with what the command line of the demo does not say already."""
    whose = f" --profile {shlex.quote(profile)}" if profile and profile != config.profile else ""
    where = f" --region {shlex.quote(region)}" if region and region != config.region else ""
    return f"{THIS_DEMO}{whose} sandbox aws{where}"


def _sandbox_clients(profile: str | None, region: str, endpoint_url: str, cli: str) -> Clients:
    below = botocore.session.Session(session_vars=_NOTHING_OF_THE_USER)
    below.get_component("config_store").set_config_provider("s3", ConstantProvider({}))  # read for every service
    session = boto3.Session(
        aws_access_key_id=sandbox_key(profile),
        aws_secret_access_key="sandbox",
        region_name=region,
        botocore_session=below,
    )
    check_answers(session)
    _check_region(region, below)
    # The sandbox can be told to kill the process that makes a call, and needs to know its id.
    more = BotoConfig(proxies={}, user_agent_extra=f"pid/{os.getpid()}", read_timeout=SANDBOX_SECONDS)
    session.events.register_first("needs-retry", _stop_asking_without_answer)
    return _clients(_listening(session), region, cli, endpoint_url, more)


def _listening(session: boto3.Session) -> boto3.Session:
    """The session, whose clients note what AWS answered."""
    CALL_LOG.listen(session.events)
    session.events.register("after-call-error", _name_the_call)
    for service in ("ec2", "elastic-load-balancing-v2"):
        session.events.register(f"after-call.{service}", _note_the_answer)
        session.events.register(f"after-call-error.{service}", _note_a_lost_answer)
    return session


def _stop_asking_without_answer(caught_exception: Exception | None = None, **_: Any) -> None:
    """Raise the error of a call that was not answered in time: a sandbox that is stopped would not answer it again."""
    if isinstance(caught_exception, ReadTimeoutError):
        raise caught_exception


def _name_the_call(exception: Exception, event_name: str, **_: Any) -> None:
    """Add the operation's name to an error without an answer, as botocore does for AWS's errors."""
    vars(exception)["operation_name"] = event_name.rpartition(".")[2]


def _note_the_answer(http_response: Any, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
    """Note that AWS did what was asked, refused it or failed."""
    if not parsed.get("Unsuccessful"):  # a failure hidden in a successful answer
        CHANGES.call(model.name, http_response.status_code)


def _note_a_lost_answer(exception: Exception, event_name: str, **_: Any) -> None:
    """Note that a request may have been carried out."""
    if error_kind(exception) is ErrorKind.UNSURE:
        CHANGES.call(event_name.rpartition(".")[2], 0)


def _clients(
    session: boto3.Session,
    region: str,
    cli: str,
    endpoint_url: str | None = None,
    more: BotoConfig | None = None,
) -> Clients:
    config = _BOTO.merge(more) if more else _BOTO
    once = config.merge(_ONCE)
    client = partial(_client, session, region_name=region, endpoint_url=endpoint_url)
    sts = client("sts", config=config)
    with ThreadPoolExecutor(1) as pool:
        # In parallel: reading AWS's model of EC2 takes as long as this call.
        identity = pool.submit(sts.get_caller_identity)
        changing_ec2, changing_elb = client("ec2", config=once), client("elbv2", config=once)
        listen(changing_ec2, f"{cli} ec2")
        listen(changing_elb, f"{cli} elbv2")
        ec2 = client("ec2", config=config)
        elb = client("elbv2", config=config)
        # botocore searches its files for what can be paginated when it is first asked: else each thread would.
        ec2.can_paginate("describe_vpcs")
        elb.can_paginate("describe_listeners")
        made = Clients(
            ec2=ec2,
            elb=elb,
            changing_ec2=changing_ec2,
            changing_elb=changing_elb,
            other=partial(client, config=config),
            account=identity.result()["Account"],
            caller=owner_value(identity.result()["Arn"]),
            region=region,
            cli=cli,
            in_region=lambda other: _only_looking(made, other, partial(client, config=config.merge(_SOON))),
        )
    return made


def _only_looking(made: Clients, region: str, client: Callable[..., Any]) -> Clients:
    """The clients of another region with the same sign-in."""
    of = partial(client, region_name=region)
    ec2, elb = of("ec2"), of("elbv2")
    return replace(made, ec2=ec2, elb=elb, changing_ec2=ec2, changing_elb=elb, other=of, region=region)


def _accounts(clients: Mapping[str, Clients]) -> dict[str, dict[str, str]]:
    return {party: {"account": one.account, "region": one.region} for party, one in clients.items()}
