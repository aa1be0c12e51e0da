"""Config: the tutorial's names and values as defaults, read from YAML and checked.

``Config`` is what the user may set.  ``Settings`` adds what is found once, when a demo is first made (zones, images,
addresses, the demo's id), and is kept in the state file from then on.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ConfigError
from .untrusted import printable, read_yaml, shown, text_of

DEFAULT_NAME = "vpce-demo"
IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
MY_IP = "my-ip"
LARGEST_PAGE = 12_000
LARGEST_FILE = 100_000
"""Bytes of a settings file.  The longest useful one has a tenth of that."""
MOST_MISTAKES = 20
"""So many are told of at once."""


def _cidr(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"is not a range of IPv4 addresses such as 10.0.0.0/16: {error}") from None
    if not 16 <= network.prefixlen <= 28:
        raise ValueError("is not between /16 and /28, which AWS demands")
    return str(network)


def _source(value: str) -> str:
    if value == MY_IP:
        return value
    try:
        return str(ipaddress.IPv4Network(value))
    except ValueError as error:
        raise ValueError(f"is neither {MY_IP} nor a range of IPv4 addresses: {error}") from None


def _balancer_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?", value) or value.startswith("internal-"):
        raise ValueError(
            "is no name for it: 32 characters at most, letters, digits and '-', neither at an end, not 'internal-...'"
        )
    return value


def _group_name(value: str) -> str:
    if value.startswith("sg-") or not re.fullmatch(r"[\w .\-:/()#,@\[\]+=&;{}!$*]{1,255}", value, re.ASCII):
        raise ValueError("is no name for a security group: 255 characters at most, not 'sg-...'")
    return value


def _demo_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?", value):
        raise ValueError("is no name for a demo: lower-case letters, digits and '-', 32 characters at most")
    return value


def _one_line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f-\x9f]", value):
        raise ValueError("has a character in it that is none to be seen")
    return value


def _page(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    if len(value.encode()) > LARGEST_PAGE:
        raise ValueError(f"is longer than {LARGEST_PAGE} bytes, and AWS takes 16384 of user data in all")
    return value


Page = Annotated[str, AfterValidator(_page)]
Cidr = Annotated[str, AfterValidator(_cidr)]
Source = Annotated[str, AfterValidator(_source)]
BalancerName = Annotated[str, AfterValidator(_balancer_name)]
GroupName = Annotated[str, AfterValidator(_group_name)]
DemoName = Annotated[str, AfterValidator(_demo_name)]
TagValue = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Description = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\w .\-:/()#,@\[\]+=&;{}!$*]*$")]


class Part(BaseModel):
    """A part of the settings: unknown keys are refused, types are not guessed, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Network(Part):
    """What both sides have: a VPC with a public subnet, and an instance in it."""

    profile: str | None = None
    region: str | None = None
    vpc_name: TagValue
    vpc_cidr: Cidr
    gateway_name: TagValue
    subnet_name: TagValue
    subnet_cidr: Cidr
    route_table_name: TagValue
    group_name: GroupName
    group_description: Description
    key_name: TagValue
    instance_name: TagValue

    @model_validator(mode="after")
    def _subnet_lies_in_the_vpc(self) -> Self:
        if not ipaddress.IPv4Network(self.subnet_cidr).subnet_of(ipaddress.IPv4Network(self.vpc_cidr)):
            raise ValueError(f"subnet_cidr {self.subnet_cidr} does not lie in vpc_cidr {self.vpc_cidr}")
        return self


class Provider(Network):
    """Steps 1 to 8."""

    vpc_name: TagValue = "Service_Network"
    vpc_cidr: Cidr = "20.0.0.0/16"
    gateway_name: TagValue = "Service_IGW"
    subnet_name: TagValue = "Service_Public_subnet"
    subnet_cidr: Cidr = "20.0.1.0/24"
    route_table_name: TagValue = "Service_PublicRT"
    group_name: GroupName = "Webserver_sg"
    group_description: Description = "Security group for Webserver"
    key_name: TagValue = "Service_key"
    instance_name: TagValue = "Webserver1"
    load_balancer_name: BalancerName = "MyNetwork-LB"
    target_group_name: BalancerName = "MyNetwork-TG"
    service_name: TagValue = "MyEndpointService"


class Consumer(Network):
    """Steps 9 to 15."""

    vpc_name: TagValue = "Customer_Network"
    vpc_cidr: Cidr = "10.0.0.0/16"
    gateway_name: TagValue = "Customer_IGW"
    subnet_name: TagValue = "Customer_Public_subnet"
    subnet_cidr: Cidr = "10.0.1.0/24"
    route_table_name: TagValue = "Customer_PublicRT"
    group_name: GroupName = "Customer_EC2_SG"
    group_description: Description = "Security group for Customer EC2"
    key_name: TagValue = "Customer_key"
    instance_name: TagValue = "Customer_EC2"
    endpoint_name: TagValue = "MyEndpoint"


class Config(Part):
    """Everything that can be set.  The defaults are the tutorial's."""

    name: DemoName = DEFAULT_NAME
    profile: str | None = None
    region: str | None = None
    zone: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")] | None = None
    instance_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")] = "t3.micro"
    image_parameter: Annotated[str, Field(pattern=r"^/[\w./-]+$")] = IMAGE_PARAMETER
    ssh_from: Source = MY_IP
    page: Page = "<html><h1> Welcome to Hangyuzs Server 1 </h1></html>"
    health_check_seconds: Annotated[int, Field(ge=5, le=300)] = 10
    provider: Provider = Provider()
    consumer: Consumer = Consumer()

    @model_validator(mode="after")
    def _names_stay_short_enough(self) -> Self:
        for field, name in (
            ("load_balancer_name", self.provider.load_balancer_name),
            ("target_group_name", self.provider.target_group_name),
        ):
            full = in_front(self.name, name)
            if len(full) > 32:
                raise ValueError(
                    f"{field}: {full} has {len(full)} characters, and AWS allows 32; choose a shorter demo name"
                )
        return self


class Settings(Part):
    """The settings of one demo: what the user set, and what was found when it was first made."""

    name: str
    demo_id: str
    zone: str
    instance_type: str
    ssh_source: str
    page: str
    health_check_seconds: int
    public_key: str = ""
    provider_zone_id: str
    consumer_zone_id: str
    provider_image: str
    consumer_image: str
    provider: Provider
    consumer: Consumer


@dataclass(frozen=True)
class Where:
    """Which demo is meant, and where its files lie."""

    config: Config
    state_directory: Path
    sandbox: bool

    @property
    def directory(self) -> Path:
        """The demo's own directory.  A demo in the sandbox and one on AWS never share it."""
        return self.state_directory / self._place / self.config.name

    @property
    def logs(self) -> Path:
        """Where the logs of the demo's runs lie; they outlive it."""
        return self.state_directory / "logs" / self._place / self.config.name

    @property
    def _place(self) -> str:
        return "sandbox" if self.sandbox else "aws"


def in_front(demo: str, name: str) -> str:
    """A name as AWS gets it: the tutorial's own in the default demo, with the demo's in front in any other."""
    return name if demo == DEFAULT_NAME else f"{demo}-{name}"


def named(demo: str, part: Network) -> dict[str, Any]:
    """The part of the settings with every AWS name as this demo's."""
    return {
        field: in_front(demo, value) if field.endswith("_name") else value for field, value in part.model_dump().items()
    }


def load(path: Path | None, overrides: Mapping[str, Any]) -> Config:
    """Read the config file, if there is one, and put these on top of it.

    Raises ConfigError with file, line and column of what is wrong.
    """
    tree, data = _read(path) if path else (None, {})
    where = str(path) if path else "the options"
    try:
        return Config.model_validate(_merged(data, overrides))
    except ValidationError as error:
        raise ConfigError(_explain(error, where, tree, data), changed="Nothing was changed.") from None


def _merged(data: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(data)
    for key, value in overrides.items():
        if isinstance(value, Mapping):
            below = merged.get(key, {})
            merged[key] = _merged(below, value) if isinstance(below, Mapping) else below
        elif value is not None:
            merged[key] = value
    return merged


def _read(path: Path) -> tuple[yaml.Node | None, dict[str, Any]]:
    try:
        text = text_of(path, LARGEST_FILE)
    except FileNotFoundError:
        raise ConfigError(f"There is no config file {path}.", changed="Nothing was changed.") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", changed="Nothing was changed.") from None
    try:
        tree, data = read_yaml(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        problem = printable(getattr(error, "problem", None) or str(error).splitlines()[0], 200)
        raise ConfigError(f"{place}: not YAML that is understood: {problem}", changed="Nothing was changed.") from None
    except RecursionError:
        raise ConfigError(f"{path}: it goes too deep", changed="Nothing was changed.") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {printable(str(error))}", changed="Nothing was changed.") from None
    if data is None:
        return tree, {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path}:1:1: settings are 'key: value' lines", changed="Nothing was changed.")
    return tree, data


def _explain(error: ValidationError, where: str, tree: yaml.Node | None, data: Mapping[str, Any]) -> str:
    """One line for each thing that is wrong: place, key, what it is, what is right."""
    lines = []
    problems = error.errors(include_url=False, include_context=False)
    for problem in problems[:MOST_MISTAKES]:
        path = [part for part in problem["loc"] if isinstance(part, (str, int))]
        mark = _mark(tree, path, at_key=problem["type"] == "extra_forbidden")
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        key = printable(".".join(str(part) for part in path))
        if problem["type"] == "extra_forbidden":
            lines.append(f"{place}: there is no setting '{key}'{_nearest(path)}")
        else:
            what = _in_our_words(problem["type"], path) or problem["msg"].removeprefix("Value error, ")
            what = printable(what, 300)
            value = "" if isinstance(problem["input"], (dict, BaseModel)) else f" {shown(problem['input'])}"
            lines.append(f"{place}: {key or 'settings'}:{value} {what[0].lower()}{what[1:]}".replace(": :", ":"))
    if more := len(problems[MOST_MISTAKES:]):
        lines.append(f"and {more} more")
    return "\n".join(lines)


_LIKE = {
    "zone": "is no zone such as us-east-1a",
    "instance_type": "is no instance type such as t3.micro",
    "image_parameter": "is no name of a parameter such as " + IMAGE_PARAMETER,
}


def _in_our_words(problem: str, path: Sequence[str | int]) -> str:
    """What is wrong, where the checker's own words would be about types and patterns."""
    if problem == "model_type":
        return "is no group of settings: 'key: value' lines, indented"
    return _LIKE.get(str(path[-1]), "") if problem == "string_pattern_mismatch" else ""


def _mark(tree: yaml.Node | None, path: Sequence[str | int], at_key: bool) -> yaml.Mark | None:
    """Where in the file this setting stands, or the nearest one above it."""
    mark, node = None, tree
    for depth, part in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            break
        for key, value in node.value:
            if key.value == str(part):
                mark = key.start_mark if at_key and depth == len(path) - 1 else value.start_mark
                node = value
                break
        else:
            break
    return mark


def _nearest(path: Sequence[str | int]) -> str:
    model: type[BaseModel] = Config
    for part in path[:-1]:
        annotation = model.model_fields[str(part)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    near = difflib.get_close_matches(str(path[-1]), model.model_fields, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
