"""The checks of ``doctor`` on this machine and the account.  They change nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .. import __version__, ssh
from ..aws.clients import CALLS_AT_ONCE, Clients
from ..aws.environment import AWS_CLI, Environment
from ..aws.error_codes import ErrorKind, error_code, error_kind
from ..aws.my_address import my_address
from ..aws.quotas import QUOTAS, counts_vcpus, is_too_small, limit, vcpus
from ..aws.region import (
    NOT_FOR_REMOTE_ACCESS,
    OPEN_THE_GATEWAYS,
    THE_ORGANIZATION_S,
    image,
    instance_type,
    instances_of,
    internet_gateways,
    is_excluded,
    offering,
    own_vpcs,
    public_access,
    zones,
)
from ..config.model import MY_IP, Config
from ..config.settings import Settings
from ..engine.resource import Aws
from ..errors import DemoError, RegionNotEnabled
from ..journal.state_file import DEPTH
from ..model import Side
from ..packages import PACKAGE, install, required
from ..private import ELSEWHERE, is_there, not_yours, refuse_links, without_modes
from ..sandbox import client
from ..tutorial import Demo
from .dry_run import allowed_calls

OLDEST_PYTHON = (3, 11)
SKEW_SECONDS = 300.0
"""AWS refuses requests signed with a clock that is more than five minutes off (section 6)."""


@dataclass(frozen=True)
class DoctorLine:
    """One finding; ``fine`` is None if it could not be checked or does not matter."""

    title: str
    fine: bool | None
    evidence: str
    fix: str = ""

    @property
    def mark(self) -> str:
        return {True: "✓", False: "✗", None: "-"}[self.fine]

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {"title": self.title, "fine": self.fine, "evidence": self.evidence, "fix": self.fix}


# --- this machine -------------------------------------------------------------------


def machine(sandbox: bool = False) -> Iterator[DoctorLine]:
    """The checks that need no AWS.  Parts that are missing are wrong only if it is the sandbox that is asked for."""
    found = ".".join(map(str, sys.version_info[:3]))
    enough = sys.version_info[:2] >= OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    yield DoctorLine(
        "versions",
        enough,
        f"{PACKAGE} {__version__}, Python {found} on {platform.system()}",
        "" if enough else f"install Python {wanted} or newer",
    )
    yield _packages()
    if error := client.not_installed():
        yield replace(_not_fine("sandbox", error), fine=False if sandbox else None)
    try:
        version = ssh.version()
        with tempfile.TemporaryDirectory() as directory:
            ssh.make_key(Path(directory, "key"), "doctor")
        yield DoctorLine("OpenSSH client", True, version)
    except DemoError as error:
        yield _not_fine("OpenSSH client", error)
    yield aws_cli()


def aws_cli() -> DoctorLine:
    """Whether the AWS CLI is there: the program does without, but many of the commands that it offers are its own."""
    if found := shutil.which("aws"):
        return DoctorLine("AWS CLI", True, found)
    said = "not installed: what repairs a demo is often a command of it, also in the sandbox"
    return DoctorLine("AWS CLI", None, said, f"Install it:  {AWS_CLI}")


def files(key_file: Path) -> DoctorLine:
    """Whether the demo's files are this user's, and closed to others, on a file system that keeps permissions.

    A file without a name is made where they are or will be, to see what it keeps.
    """
    there = next(one for one in key_file.absolute().parents if os.path.exists(one))
    try:
        refuse_links(key_file.parent, DEPTH)
        if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
            raise not_yours(there) or DemoError(f"Nothing can be written in {there}.", code="VPCE081", hint=ELSEWHERE)
        with tempfile.TemporaryFile(dir=there) as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise without_modes(there)
        if is_there(key_file) and key_file.stat().st_mode & 0o077:
            text = f"{key_file} can be read by others, so ssh refuses it."
            raise DemoError(text, code="VPCE094", hint=f"chmod 600 {shlex.quote(str(key_file))}")
    except DemoError as error:
        return _not_fine("files", error)
    return DoctorLine("files", True, f"{there} keeps permissions")


def _not_fine(title: str, error: DemoError) -> DoctorLine:
    facts = "".join(f" ({name}: {value})" for name, value in error.facts.items() if value)
    return DoctorLine(title, False, f"{error.message}{facts}", error.hint)


def _packages() -> DoctorLine:
    """The required packages, each at least in the required version."""
    needs = required()
    if not needs:
        return DoctorLine("packages", None, "not installed as a package, so required versions are unknown")
    found, wrong = {}, {}
    for need in needs:
        named = re.match(r"([\w.-]+)(?:\[[^]]*\])? ?>=([\d.]+)", need)
        if not named:
            continue
        name, least = named.groups()
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            wrong[need] = f"{name} is missing"
            continue
        if _numbers(found[name]) < _numbers(least):
            wrong[need] = f"{name} {found[name]} is older than {least}"
    told = ", ".join(f"{name} {version}" for name, version in sorted(found.items()))
    return DoctorLine(
        "packages",
        not wrong,
        "; ".join(wrong.values()) or told,
        f"Install them:  {install(*wrong)}" if wrong else "",
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


# --- the account ------------------------------------------------------------------------


def not_signed_in(error: Exception, ours: DemoError) -> Iterator[DoctorLine]:
    """The lines for an account that cannot be asked, because of an ``error``, which is ``ours`` in our words."""
    if isinstance(ours, RegionNotEnabled):
        yield DoctorLine("sign-in", True, f"account {ours.account}")
        yield _not_fine("region", ours)
    else:
        yield _not_fine("sign-in", ours)
    refusal = error if isinstance(error, ClientError) else error.__cause__
    if isinstance(refusal, ClientError) and (date := _date(refusal.response)):
        yield _clock(date)
    yield DoctorLine("account", None, "not asked: that needs a sign-in and a region")


def account(
    config: Config, environment: Environment, settings: Settings, sides: Mapping[str, Aws], demo: Demo
) -> Iterator[DoctorLine]:
    """The checks that ask AWS, in parallel.  ``settings`` are those on record if there are any, and ``demo`` is what is
    made with them; what exists is known to ``sides``."""
    told = dict.fromkeys(f"account {one['account']} in {one['region']}" for one in environment.accounts.values())
    yield DoctorLine("sign-in", True, ", ".join(told))
    both = not config.side and len({id(clients) for clients in environment.clients.values()}) == 1
    asking: list[tuple[str, Callable[[], DoctorLine]]] = []
    mine: dict[object, str] = {}
    for party, clients in environment.clients.items():
        if config.side in (None, Side.of(party)):
            mine.setdefault(id(clients) if both else (Side.of(party), id(clients)), party)
    for party in mine.values():
        of = "" if both else f" ({party})"
        asking += [
            (f"{title}{of}", ask) for title, ask in _questions(environment, party, config, settings, sides, demo, both)
        ]
    asking += [
        ("zones", lambda: _zones(config, environment)),
        ("your address", lambda: _address(config, environment)),
    ]
    with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
        answers = [(title, pool.submit(_asked, title, ask)) for title, ask in asking]
        for _, answer in answers:
            yield answer.result()


def _questions(
    environment: Environment,
    party: str,
    config: Config,
    settings: Settings,
    sides: Mapping[str, Aws],
    demo: Demo,
    both: bool,
) -> Iterator[tuple[str, Callable[[], DoctorLine]]]:
    clients = environment.clients[party]
    ids = {live.id for live in sides[party].known.values()}
    yield "region", lambda: _region(clients)
    yield "clock", lambda: _clock(_date(clients.ec2.describe_regions(RegionNames=[clients.region])))
    yield "permissions", lambda: _permissions(None if both else party, settings, sides)
    theirs = (r for r in demo.resources if both or r.side == Side.of(party))
    needs = Counter(r.kind for r in theirs if environment.clients.get(r.party) == clients)
    yield "quotas", lambda: _quotas(config, clients, needs, ids)
    yield "image", lambda: DoctorLine("", True, f"{image(clients, config)} ({config.image_parameter})")
    yield "Block Public Access", lambda: _public_access(clients, ids)


def _asked(title: str, ask: Callable[[], DoctorLine]) -> DoctorLine:
    """The finding, or why it could not be checked."""
    try:
        line = ask()
        return DoctorLine(title, line.fine, line.evidence, line.fix)
    except ClientError as error:
        if error_kind(error) is ErrorKind.DENIED:
            return DoctorLine(title, None, f"not asked: {error.operation_name} is not allowed to you")
        return DoctorLine(title, None, f"not asked: {error.operation_name} answered {error_code(error)}")
    except BotoCoreError as error:
        return DoctorLine(title, None, f"not asked: {error}")
    except DemoError as error:
        return _not_fine(title, error)


def _region(clients: Clients) -> DoctorLine:
    listed = clients.ec2.describe_regions(RegionNames=[clients.region], AllRegions=True)["Regions"]
    word = listed[0].get("OptInStatus", "") if listed else "there is no such region"
    fine = word in ("opt-in-not-required", "opted-in")
    enable = f"{clients.cli} account enable-region --region-name {clients.region}"
    return DoctorLine("", fine, f"{clients.region}: {word}", "" if fine else enable)


def _date(answer: Mapping[str, Any]) -> str:
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("date", ""))


def _clock(date: str) -> DoctorLine:
    """This machine's clock compared with the date of AWS's answer."""
    if not date:
        return DoctorLine("clock", None, "not asked: the answer had no date")
    skew = time.time() - parsedate_to_datetime(date).timestamp()
    fine = abs(skew) <= SKEW_SECONDS
    told = f"{abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} AWS's"
    return DoctorLine(
        "clock", fine, told, "" if fine else "set this machine's clock, best by NTP:  timedatectl set-ntp true"
    )


def _permissions(party: str | None, settings: Settings, sides: Mapping[str, Aws]) -> DoctorLine:
    asked = allowed_calls(party, settings, sides)
    refused = [name for name, allowed in asked.items() if allowed is False]
    open_ = [name for name, allowed in asked.items() if allowed is None]
    known = len(asked) - len(open_)
    told = f"{known - len(refused)} of {known} EC2 calls allowed"
    if refused:
        told += f"; not allowed: {', '.join(refused)}"
    if open_:
        told += f"; {len(open_)} can be asked only of things that are there"
    told += ". Elastic Load Balancing has no DryRun: not asked."
    return DoctorLine(
        "",
        not refused,
        told,
        "ask for what is missing; this prints what the demo needs:  <demo> iam-policy" if refused else "",
    )


def _quotas(config: Config, clients: Clients, kinds: Mapping[str, int], ids: Collection[str]) -> DoctorLine:
    """How many exist, how many the demo needs by ``kinds``, and the quota; load balancers only if it needs any."""
    there: dict[str, dict[str, int]] = {
        "VPCs": {vpc["VpcId"]: 1 for vpc in own_vpcs(clients)},
        "internet gateways": {one["InternetGatewayId"]: 1 for one in internet_gateways(clients)},
    }
    needs = {"VPCs": kinds.get("Vpc", 0), "internet gateways": kinds.get("InternetGateway", 0)}
    if balancers := kinds.get("LoadBalancer", 0):
        there["Network Load Balancers"] = {
            one["LoadBalancerArn"]: 1
            for page in clients.elb.get_paginator("describe_load_balancers").paginate()
            for one in page["LoadBalancers"]
            if one.get("Type") == "network"
        }
        needs["Network Load Balancers"] = balancers
    type = instance_type(clients, config.instance_type) if counts_vcpus(config.instance_type) else None
    if type is not None:
        there["vCPUs"] = {one["InstanceId"]: vcpus(one) for one in instances_of(clients)}
        needs["vCPUs"] = kinds.get("Instance", 0) * type["VCpuInfo"]["DefaultVCpus"]
    told, fixes = [], []
    for name, counts in there.items():
        most, is_own = limit(clients, name)
        used = sum(counts.values())
        more = max(0, needs[name] - sum(count for id, count in counts.items() if id in ids))
        said = "" if is_own else " (AWS's default)" if used <= most else " (AWS's default; this account's is larger)"
        told.append(f"{used} of {most} {name}{said}" + (f", {more} more needed" if more else ""))
        quota = QUOTAS[name]
        if is_too_small(quota, most, is_own, used, more):
            fixes.append(
                f"remove what you do not need, or: {clients.cli} service-quotas request-service-quota-increase "
                f"--service-code {quota.service} --quota-code {quota.code} --desired-value {used + more}"
            )
    return DoctorLine("", not fixes, "; ".join(told), "    ".join(fixes))


def _public_access(clients: Clients, ids: Collection[str]) -> DoctorLine:
    """Whether internet gateways carry traffic: those of new VPCs, or of the demo's among these ids."""
    found = public_access(clients)
    if not found.mode:
        return DoctorLine("", None, "not known: it may not be asked for, and no VPC shows it")
    if not found.is_closed:
        return DoctorLine("", True, found.mode)
    for kind in ("vpc-", "subnet-"):
        ours = [id for id in ids if id.startswith(kind)]
        if ours and all(is_excluded(clients, id) for id in ours):
            return DoctorLine("", True, f"{found.mode}, from which the demo's are excluded")
    if found.is_the_organizations:
        return DoctorLine("", False, f"{found.mode}. {THE_ORGANIZATION_S}", "take another --region")
    fix = f"for the whole account and region, ask whoever set it: {clients.cli} {OPEN_THE_GATEWAYS}"
    return DoctorLine("", False, found.mode, fix)


def _zones(config: Config, environment: Environment) -> DoctorLine:
    """The zones, by id, that offer the instance type to both sides; in two regions, to each: two for the provider."""
    usable, apart = [], len(set(environment.regions.values())) > 1
    for clients in environment.clients.values():
        offers = offering(clients, config.instance_type)
        left_out = NOT_FOR_REMOTE_ACCESS if apart else ()
        usable.append({id: name for name, id in zones(clients).items() if name in offers and id not in left_out})
    usable[1] = {id: name for id, name in usable[1].items() if all(id in one for one in usable[2:])}
    if apart:
        sides = [sorted(one.values()) for one in usable[:2]]
        ours, theirs = (", ".join(names) or "none" for names in sides)
        fine = len(sides[0]) > 1 and bool(sides[1]) and (not config.zone or config.zone in sides[0])
        fix = "" if fine else "set another instance_type or region, or no zone; the provider needs two zones"
        return DoctorLine("", fine, f"{config.instance_type} in {ours}; for the consumer in {theirs}", fix)
    names = sorted(name for id, name in usable[0].items() if all(id in one for one in usable))
    if config.zone and config.zone not in names:
        told = f"{config.zone} does not offer {config.instance_type} to both sides; these do: {', '.join(names)}"
        return DoctorLine("", False, told, "set another zone in the config file, or leave it out")
    told = f"{config.instance_type} in {', '.join(names) or 'none'}"
    return DoctorLine("", bool(names), told, "" if names else "set another instance_type or region")


def _address(config: Config, environment: Environment) -> DoctorLine:
    if config.ssh_from != MY_IP:
        return DoctorLine("", None, f"not needed: ssh is open to {config.ssh_from}")
    return DoctorLine("", True, my_address(environment).removesuffix("/32"))
