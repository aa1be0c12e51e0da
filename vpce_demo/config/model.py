"""What the user may set, with the tutorial's names and values as defaults, and how each value is checked."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ..model import Side, numbered

DEFAULT_NAME = "vpce-demo"
IMAGE_PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
AMAZON_LINUX = IMAGE_PARAMETER.rpartition("/")[0] + "/"
_GRAVITON = re.compile(r"(a1|[a-z]+\d+g[a-z]*)\.")
"""Instance types with AWS's own processors, which are arm64: AWS writes a ``g`` after the generation."""
MY_IP = "my-ip"
LARGEST_PAGE = 12_000
OWN_TAGS = "vpce-demo:"
"""How the keys of the demo's own tags begin, but for ``Name``."""
EXPIRES_TAG = f"{OWN_TAGS}expires"
"""Until when the demo is wanted (``up --ttl``), in UTC: ``2026-11-27T20:00Z``."""
MOST_CUSTOMERS = 50
"""No quota of AWS: it names none for the connections of a service."""
MOST_TAGS = 43
"""AWS takes 50 on a resource (EC2 User Guide, "Tag restrictions"), and seven are the demo's own."""


def _cidr(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"is not a valid IPv4 range, such as 10.0.0.0/16: {error}") from None
    if not 16 <= network.prefixlen <= 28:
        raise ValueError("must be between /16 and /28")
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
            "is not a valid name: at most 32 letters, digits and '-', no '-' at an end, not 'internal-...'"
        )
    return value


def _group_name(value: str) -> str:
    if value.startswith("sg-") or not re.fullmatch(r"[\w .\-:/()#,@\[\]+=&;{}!$*]{1,255}", value, re.ASCII):
        raise ValueError("is not a valid name for a security group: at most 255 characters, not 'sg-...'")
    return value


def _demo_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?", value):
        raise ValueError(
            "is not a valid demo name: lower-case letters, digits and '-', at most 19 of them; "
            "with a shorter load_balancer_name, at most 30"
        )
    return value


def _one_line(value: str) -> str:
    if re.search(r"[\x00-\x1f\x7f-\x9f]", value):
        raise ValueError("contains an unprintable character")
    return value


def _tag(text: str, longest: int) -> str:
    """A key or value that both EC2 and Elastic Load Balancing take."""
    if text.lower().startswith("aws:"):
        raise ValueError("begins with 'aws:', which AWS keeps for its own tags")
    if not re.fullmatch(rf"[\w .:/=+@-]{{1,{longest}}}", text) or text != text.strip():
        raise ValueError(
            f"must be 1 to {longest} letters, digits, spaces and the characters + - = . _ : / @, no space at an end"
        )
    return text


def _tag_key(key: str) -> str:
    if key == "Name" or key.lower().startswith(OWN_TAGS):
        raise ValueError("is one of the demo's own tags")
    return _tag(key, 128)


def _tag_value(value: str) -> str:
    return _tag(value, 256)


def _tags(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MOST_TAGS:
        raise ValueError(f"has {len(tags)} tags, and {MOST_TAGS} can be set: AWS takes 50, and the demo has its own")
    spellings: dict[str, str] = {}
    for key in tags:
        if (other := spellings.setdefault(key.lower(), key)) != key:
            raise ValueError(f"has {other} and {key}, which permissions do not tell apart")
    return tags


def _page(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    if len(value.encode()) > LARGEST_PAGE:
        raise ValueError(f"is longer than {LARGEST_PAGE} bytes, and AWS takes 16384 of user data in all")
    return value


def _image_parameter(value: str) -> str:
    if value.startswith("/aws/") and not value.startswith(AMAZON_LINUX):
        raise ValueError("is not Amazon Linux: the demo signs in as ec2-user and installs with yum")
    return value


def _profiles(value: object) -> object:
    """A profile, or several; a list of one is that one."""
    if value is None or isinstance(value, str):
        return value
    if not isinstance(value, list | tuple):  # pydantic's name for it, by which what YAML misreads is told
        raise PydanticCustomError("string_type", "is neither a profile nor a list of profiles")
    if not value or not all(isinstance(one, str) and one for one in value):
        raise ValueError("is not a list of profiles, each a text: digits need quotes")
    return value[0] if len(value) == 1 else tuple(value)


Profiles = Annotated[str | tuple[str, ...] | None, BeforeValidator(_profiles)]
ServiceName = Annotated[str, Field(pattern=r"^com\.amazonaws\.vpce\.[a-z]{2}[a-z0-9-]*-\d+\.vpce-svc-[0-9a-f]+$")]
"""What AWS calls an endpoint service: its region and its id are in it."""
AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
Tags = Annotated[
    dict[Annotated[str, AfterValidator(_tag_key)], Annotated[str, AfterValidator(_tag_value)]],
    AfterValidator(_tags),
]
Page = Annotated[str, AfterValidator(_page)]
Cidr = Annotated[str, AfterValidator(_cidr)]
Source = Annotated[str, AfterValidator(_source)]
BalancerName = Annotated[str, AfterValidator(_balancer_name)]
GroupName = Annotated[str, AfterValidator(_group_name)]
DemoName = Annotated[str, AfterValidator(_demo_name)]
TagValue = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
Description = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\w .\-:/()#,@\[\]+=&;{}!$*]*$")]


CustomerCount = Annotated[int, Field(ge=1, le=MOST_CUSTOMERS)]


class SettingsGroup(BaseModel):
    """A group of settings.  Unknown keys are refused, types are not converted, and values do not change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Network(SettingsGroup):
    """What both sides have: a VPC with a public subnet and an instance in it."""

    profile: str | tuple[str, ...] | None = None
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

    profile: str | None = None
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
    second_subnet_name: TagValue = "Service_Public_subnet2"
    second_subnet_cidr: Cidr = "20.0.2.0/24"
    load_balancer_name: BalancerName = "MyNetwork-LB"
    target_group_name: BalancerName = "MyNetwork-TG"
    service_name: TagValue = "MyEndpointService"


class Consumer(Network):
    """Steps 9 to 15."""

    profile: Profiles = None
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


Port = Annotated[int, Field(ge=0, le=65535)]


class SandboxPorts(SettingsGroup):
    """Where a new sandbox listens: its API, and its proxy; 0 is a free one."""

    port: Port = 0
    proxy_port: Port = 0


class Config(SettingsGroup):
    """Everything that can be set.  The defaults are the tutorial's."""

    name: DemoName = DEFAULT_NAME
    profile: str | None = None
    region: str | None = None
    side: Literal["provider", "consumer"] | None = None
    consumer_account: AccountId | None = None
    service: ServiceName | None = None
    zone: Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)+-\d+[a-z]$")] | None = None
    instance_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")] = "t3.micro"
    image_parameter: Annotated[str, Field(pattern=r"^/[\w./-]+$"), AfterValidator(_image_parameter)] = IMAGE_PARAMETER
    ssh_from: Source = MY_IP
    tags: Tags = {}
    page: Page = "<html><h1> Welcome to Hangyuzs Server 1 </h1></html>"
    health_check_seconds: Annotated[int, Field(ge=5, le=300)] = 10
    customers: CustomerCount | None = None
    provider: Provider = Provider()
    consumer: Consumer = Consumer()
    sandbox: SandboxPorts = SandboxPorts()

    @property
    def parties(self) -> list[str]:
        """The provider, the consumer, and ``consumer-2``, ... for each further profile of the consumer's."""
        count = 1 if self.side == Side.PROVIDER.value else len(self._profiles(Side.CONSUMER))
        return [Side.PROVIDER, *(numbered(Side.CONSUMER, number) for number in range(1, count + 1))]

    def profile_of(self, party: str) -> str | None:
        """The profile that is named for this party; None if none is."""
        return self._profiles(Side.of(party))[int(party.partition("-")[2] or 1) - 1]

    def _profiles(self, side: Side) -> tuple[str | None, ...]:
        named = self._part(side).profile or self.profile
        return named if isinstance(named, tuple) else (named,)

    def region_of(self, side: Side) -> str | None:
        """The region that is named for this side, the provider's also by its service; None if none is."""
        if side is Side.PROVIDER and self.service:
            return self.service.split(".")[3]
        return self._part(side).region or self.region

    @property
    def names_two_regions(self) -> bool:
        """True if the sides are in two regions, as far as the settings say."""
        return self.region_of(Side.PROVIDER) != self.region_of(Side.CONSUMER)

    def _part(self, side: Side) -> Network:
        return self.provider if side is Side.PROVIDER else self.consumer

    @model_validator(mode="before")
    @classmethod
    def _image_suits_the_type(cls, values: Any) -> Any:
        """Where no image is set, it is Amazon Linux for the architecture of the instance type."""
        if not isinstance(values, dict) or "image_parameter" in values:
            return values
        is_arm = _GRAVITON.match(str(values.get("instance_type", "")))
        return {**values, "image_parameter": IMAGE_PARAMETER.replace("x86_64", "arm64")} if is_arm else values

    @model_validator(mode="after")
    def _second_subnet_fits(self) -> Self:
        p = self.provider
        second = ipaddress.IPv4Network(p.second_subnet_cidr)
        if self.names_two_regions and not second.subnet_of(ipaddress.IPv4Network(p.vpc_cidr)):
            raise ValueError(f"second_subnet_cidr {second} does not lie in vpc_cidr {p.vpc_cidr}")
        if self.names_two_regions and second.overlaps(ipaddress.IPv4Network(p.subnet_cidr)):
            raise ValueError(f"second_subnet_cidr {second} overlaps subnet_cidr {p.subnet_cidr}")
        return self

    @model_validator(mode="after")
    def _one_side_knows_of_the_other(self) -> Self:
        if self.consumer_account and self.side != "provider":
            raise ValueError("consumer_account is for side: provider; with both sides it is the consumer profile's")
        if self.service and self.side != "consumer":
            raise ValueError("service is for side: consumer; with both sides the endpoint service is made")
        return self

    @model_validator(mode="after")
    def _names_stay_short_enough(self) -> Self:
        for field, name in (
            ("load_balancer_name", self.provider.load_balancer_name),
            ("target_group_name", self.provider.target_group_name),
        ):
            full, room = in_front(self.name, name), 31 - len(name)
            if len(full) > 32:
                shorter = f"demo name of at most {room}" if room > 0 else f"shorter {field}"
                raise ValueError(f"{field}: {full} has {len(full)} characters, and AWS allows 32; choose a {shorter}")
        return self


def in_front(demo: str, name: str) -> str:
    """A name as AWS gets it: the tutorial's own in the default demo, with the demo's name in front in any other."""
    return name if demo == DEFAULT_NAME else f"{demo}-{name}"
