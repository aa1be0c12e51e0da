"""A demo as a directory of Terraform's files.

Kinds do not know Terraform: ``ROWS`` has what each is there, and ``PARTS`` those that are a part of another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..aws.partitions import partition_of
from ..aws.tags import BY_HAND_TAG, DEMO_TAG, ID_TAG, KEY_TAG, OWNER_TAG, RESOURCE_TAG
from ..engine.resource import Resource
from ..model import is_fine
from ..resources.allowed_principal import AllowedPrincipal
from ..resources.aws_endpoints import GatewayEndpoint, InterfaceEndpoint
from ..resources.cross_zone import CrossZone
from ..resources.dns_hostnames import DnsHostnames
from ..resources.endpoint_service import EndpointService
from ..resources.instance import Instance
from ..resources.internet_gateway import GatewayAttachment, InternetGateway
from ..resources.key_pair import KeyPair
from ..resources.load_balancer import Listener, LoadBalancer
from ..resources.route_table import InternetRoute, RouteTable, SubnetRouting
from ..resources.security_group import IngressRule, SecurityGroup
from ..resources.subnet import Subnet
from ..resources.target_group import THRESHOLD, Registration, TargetGroup
from ..resources.vpc import Vpc
from ..resources.vpc_endpoint import Acceptance, VpcEndpoint
from .hcl import Block, Item, Raw, Value, expression, page
from .subject import Party, R, Subject, heading

PROVIDER_VERSION = "~> 5.100"
TRIED = "Terraform 1.11.4 and the provider hashicorp/aws 5.100.0"
REGION = "AWS region"
FILES = ("README.md", "imports.tf", "main.tf", "outputs.tf", "variables.tf", "versions.tf")
"""The names of the files."""
TERRAFORMS_OWN = (
    ".terraform",
    ".terraform.lock.hcl",
    "terraform.tfstate",
    "terraform.tfstate.backup",
    "terraform.tfvars",
)
"""What Terraform itself puts beside them."""

Body = Iterator[Item]
Ids = Callable[[Resource], str]


@dataclass(frozen=True)
class Row:
    """What a kind is in Terraform: the type; its arguments; the id to import it by, from the ids in AWS.

    ``word`` is left out of the resource's key to name it; ``attribute`` is what others refer to; ``output`` is worth
    printing.  ``imports`` is None where Terraform's provider cannot import it.
    """

    type: str
    body: Callable[[Any, Export], Body]
    imports: Callable[[Any, Ids], str] | None
    word: str = ""
    attribute: str = "id"
    output: str = ""
    is_tagged: bool = True

    def address(self, resource: Resource) -> str:
        """``aws_vpc.provider``."""
        words = resource.key.split("-")
        return f"{self.type}.{'_'.join([one for one in words if one != self.word] or words)}"


def _by_its_id(resource: Resource, ids: Ids) -> str:
    return ids(resource)


ROWS: dict[type[Resource], Row] = {}
PARTS: Mapping[type[Resource], str] = {
    GatewayAttachment: "gateway",
    DnsHostnames: "vpc",
    IngressRule: "group",
    CrossZone: "load_balancer",
    AllowedPrincipal: "service",
}
"""The kinds that are arguments of another resource in Terraform, and the field that holds that one."""


def _row(
    kind: type[R], type: str, imports: Callable[[R, Ids], str] | None = _by_its_id, **rest: Any
) -> Callable[[Callable[[R, Export], Body]], None]:
    def add(body: Callable[[R, Export], Body]) -> None:
        ROWS[kind] = Row(type, body, imports, **rest)

    return add


@dataclass
class Export(Subject):
    """One export.  ``variables`` are collected while the arguments are written: name, description and default, which is
    None if it is not known."""

    variables: dict[str, tuple[str, str | None]] = field(default_factory=dict)

    part_of = PARTS

    def __post_init__(self) -> None:
        self._aliases: dict[Party, str] = {}
        for party in dict.fromkeys(r.party for r in self.demo.resources):
            self._aliases.setdefault(self.parties[party], party.replace("-", "_") if self._aliases else "")

    # --- what the rows are given ------------------------------------------------

    def variable(self, name: str, about: str, default: str | None) -> Raw:
        """A reference to a variable."""
        self.variables.setdefault(name, (about, default or None))
        return Raw(f"var.{name}")

    def one_of(self, name: str, about: str, value: str) -> Raw:
        """The same; another variable that has this value already is taken for it."""
        for other, (told, default) in self.variables.items():
            if (told, default) == (about, value):
                return Raw(f"var.{other}")
        return self.variable(name, about, value)

    def named(self, what: str, party: str) -> str:
        """The name of a party's variable: ``region``, ``consumer_region``."""
        alias = self.alias(party)
        return f"{alias}_{what}" if alias else what

    def region(self, party: str) -> Raw:
        return self.one_of(self.named("region", party), REGION, self.parties[party].region)

    def alias(self, party: str) -> str:
        """The alias of a party's provider; empty for the first one's, which is the default."""
        return self._aliases[self.parties[party]]

    def image(self, party: str) -> Raw:
        """The image that the settings' SSM parameter names."""
        return Raw(f"data.aws_ssm_parameter.{self.named('image', party)}.insecure_value")

    def to(self, resource: Resource, attribute: str = "") -> Raw:
        """A reference to a resource of the demo."""
        row = ROWS[type(self.whole(resource))]
        return Raw(f"{row.address(self.whole(resource))}.{attribute or row.attribute}")

    def all_of(self, resources: Iterable[Resource]) -> Raw | None:
        """A list of addresses, for ``depends_on``; None if there are none."""
        addresses = dict.fromkeys(ROWS[type(one)].address(one) for one in map(self.whole, resources))
        return Raw(f"[{', '.join(addresses)}]") if addresses else None

    # --- the files ----------------------------------------------------------------

    @property
    def standing(self) -> list[Resource]:
        """What an import block is written for."""
        written = (one for one in self.demo.resources if type(one) in ROWS)
        return [one for one in written if ROWS[type(one)].imports and is_fine(self.live.get(one.key))]

    @property
    def to_add(self) -> list[str]:
        """The addresses that a plan adds: what does not stand, and what cannot be imported."""
        written = [one for one in self.demo.resources if type(one) in ROWS]
        return [ROWS[type(one)].address(one) for one in written if one not in self.standing]

    @property
    def not_importable(self) -> list[str]:
        """The addresses of what stands, and cannot be imported."""
        there = [r for r in self.demo.resources if r.key in self.live and r not in self.standing]
        return [ROWS[type(r)].address(r) for r in there if type(r) in ROWS and not ROWS[type(r)].imports]

    def files(self) -> dict[str, str]:
        """The text of each file by its name."""
        main = page(self._main())
        return {
            "README.md": self._readme(),
            "imports.tf": self._imports(),
            "main.tf": main,
            "outputs.tf": page(self._outputs()),
            "variables.tf": page(self._variables()),
            "versions.tf": page(_versions()),
        }

    def _main(self) -> Iterator[str | Block]:
        s = self.settings
        yield f"# The demo {s.name}: AWS PrivateLink end to end."
        yield from self._providers()
        tags: dict[str, Value] = {**s.all_tags, DEMO_TAG: s.name, ID_TAG: s.demo_id}
        yield "# What vpce-demo knows the demo by.  Its resources have a tag each beside these."
        yield Block("locals", [("tags", tags)])
        asked = {self.named("image", r.party): r.party for r in self.demo.resources if isinstance(r, Instance)}
        for name, party in asked.items():
            yield Block(f'data "aws_ssm_parameter" "{name}"', [*self._provider(party), ("name", s.image_parameter)])
        for step in self.demo.steps:
            written = [one for one in step.resources if type(one) in ROWS]
            how = {"test": ": vpce-demo test", "destroy": ": terraform destroy"}.get(step.command, "")
            yield f"# {heading(step)}{how if not written else ''}"
            yield from map(self._resource, written)

    def _providers(self) -> Iterator[Block]:
        for party, alias in self._aliases.items():
            name = next(one for one, other in self.parties.items() if other == party)
            body: list[Item] = [("alias", alias)] if alias else []
            body.append(("region", self.region(name)))
            if party.profile:
                about = "Profile of the AWS CLI"
                body.append(("profile", self.one_of(self.named("profile", name), about, party.profile)))
            about = f"Who made it, for the tag {OWNER_TAG}"
            owner = self.one_of(self.named("owner", name), about, party.owner)
            tags = Raw(f"merge(local.tags, {{ {expression(OWNER_TAG)} = {owner} }})")
            body.append(Block("default_tags", [("tags", tags)]))
            if self.settings.by_hand:  # only what was built by hand has that tag, and must keep it
                body.append(Block("ignore_tags", [("keys", [BY_HAND_TAG])]))
            yield Block('provider "aws"', body)

    def _provider(self, party: str) -> list[Item]:
        return [("provider", Raw(f"aws.{alias}"))] if (alias := self.alias(party)) else []

    def _resource(self, r: Resource) -> Block:
        row = ROWS[type(r)]
        body = [*self._provider(r.party), *row.body(r, self)]
        if row.is_tagged:
            last = next((at for at, one in enumerate(body) if _is_last(one)), len(body))
            body.insert(last, ("tags", self.tags(r)))
        return Block(_head("resource", row.address(r)), body)

    def tags(self, r: Resource) -> dict[str, Value]:
        """The tags that a resource has beside those of all."""
        pair = r if isinstance(r, KeyPair) else r.key_pair if isinstance(r, Instance) else None
        mark: dict[str, Value] = {KEY_TAG: Raw(f"substr(sha256({self.public_key}), 0, 12)")} if pair else {}
        return {"Name": r.name, RESOURCE_TAG: r.key, **mark}

    @property
    def key_tag(self) -> list[str]:
        """The tag that Terraform leaves off where it is not: what was built by hand knows another key than ``up``'s."""
        return [f"tags[{expression(KEY_TAG)}]"] if self.settings.by_hand else []

    @property
    def public_key(self) -> Raw:
        return self.variable("public_key", "Public ssh key of the instances", self.settings.public_key)

    def _imports(self) -> str:
        def id_of(resource: Resource) -> str:
            return self.live[resource.key].id

        def block(one: Resource) -> Block:
            row = ROWS[type(one)]
            assert row.imports
            return Block("import", [("to", Raw(row.address(one))), ("id", row.imports(one, id_of))])

        if not self.standing:
            return "# Nothing of the demo stands: there is nothing to import.\n"
        return page(["# What stands, for `terraform apply` to take over.", *map(block, self.standing)])

    def _outputs(self) -> Iterator[Block]:
        for one in self.demo.resources:
            row = ROWS.get(type(one))
            if row and row.output and getattr(one, "is_public", True):
                label, attribute = row.address(one).partition(".")[2], row.output.rpartition(".")[2]
                name = attribute if attribute.startswith(label) else f"{label}_{attribute}"
                yield Block(f'output "{name}"', [("value", self.to(one, row.output))])

    def _variables(self) -> Iterator[Block]:
        for name, (about, default) in self.variables.items():
            yield Block(f'variable "{name}"', [("description", about), ("type", Raw("string")), ("default", default)])

    def _readme(self) -> str:
        unknown = [f"`{name}`" for name, (_, default) in self.variables.items() if default is None]
        there = self.not_importable
        lines = [
            f"# The demo {self.settings.name} for Terraform",
            "",
            "```sh",
            "terraform init",
            "terraform plan",
            "terraform apply",
            "```",
            "",
            f"The plan says {len(self.standing)} to import, {len(self.to_add)} to add, 0 to change, 0 to destroy,"
            " as long as AWS has what the tutorial says.",
            *(f"It adds `{one}` again, which cannot be imported; in AWS that changes nothing." for one in there),
            f"Written for {TRIED}, with which it was tried in vpce-demo's sandbox, and not on AWS.",
        ]
        if self.is_sandbox:
            lines += ["", "The demo is in the sandbox: first set what `vpce-demo --sandbox sandbox status` prints."]
        if unknown:
            lines += ["", f"Terraform asks for what is not known here: {', '.join(unknown)}."]
        lines += [
            "",
            "vpce-demo knows the demo by its tags, and by the ssh key in its state directory. Where you ran `export`:",
            "",
            "```sh",
            *(f"{self.command} {word}" for word in ("status", "test", "down")),
            "```",
            "",
            "Delete it with `terraform destroy`, or with `down`: then delete `terraform.tfstate` too.",
        ]
        return "\n".join(lines) + "\n"


def _head(word: str, address: str) -> str:
    type, _, name = address.partition(".")
    return f'{word} "{type}" "{name}"'


def _is_last(item: Item) -> bool:
    name = item[0] if isinstance(item, tuple) else item.head
    return name in ("depends_on", "lifecycle")


def _versions() -> Iterator[Block]:
    aws: dict[str, Value] = {"source": "hashicorp/aws", "version": PROVIDER_VERSION}
    yield Block("terraform", [("required_version", ">= 1.5"), Block("required_providers", [("aws", aws)])])


def _ignored(*arguments: str) -> Block:
    """What Terraform leaves as it is once it is there."""
    return Block("lifecycle", [("ignore_changes", Raw(f"[{', '.join(arguments)}]"))])


# --- the table: a row for each kind ---------------------------------------------------


@_row(Vpc, "aws_vpc", word="vpc")
def _vpc(r: Vpc, x: Export) -> Body:
    yield "cidr_block", r.cidr
    yield "enable_dns_hostnames", True if x.parts(DnsHostnames, r) else None


@_row(InternetGateway, "aws_internet_gateway", word="gateway")
def _gateway(r: InternetGateway, x: Export) -> Body:
    for attachment in x.parts(GatewayAttachment, r):
        yield "vpc_id", x.to(attachment.vpc)


@_row(Subnet, "aws_subnet", word="subnet")
def _subnet(r: Subnet, x: Export) -> Body:
    yield "vpc_id", x.to(r.vpc)
    yield "cidr_block", r.cidr
    yield "availability_zone_id", x.variable(x.zone(r), "Id of an Availability Zone, such as use1-az1", r.zone_id)


@_row(RouteTable, "aws_route_table", word="routes")
def _table(r: RouteTable, x: Export) -> Body:
    yield "vpc_id", x.to(r.vpc)


@_row(
    SubnetRouting,
    "aws_route_table_association",
    lambda r, ids: f"{ids(r.subnet)}/{ids(r.table)}",
    word="routing",
    is_tagged=False,
)
def _association(r: SubnetRouting, x: Export) -> Body:
    yield "subnet_id", x.to(r.subnet)
    yield "route_table_id", x.to(r.table)


@_row(InternetRoute, "aws_route", lambda r, ids: f"{ids(r.table)}_{r.name}", word="route", is_tagged=False)
def _route(r: InternetRoute, x: Export) -> Body:
    yield "route_table_id", x.to(r.table)
    yield "destination_cidr_block", r.name
    yield "gateway_id", x.to(r.attachment)


@_row(KeyPair, "aws_key_pair", lambda r, ids: r.name, word="key", attribute="key_name")
def _key_pair(r: KeyPair, x: Export) -> Body:
    yield "key_name", r.name
    yield "public_key", x.public_key
    yield _ignored("public_key", *x.key_tag)  # not known of one that is imported


@_row(SecurityGroup, "aws_security_group", word="group")
def _group(r: SecurityGroup, x: Export) -> Body:
    yield "vpc_id", x.to(r.vpc)
    yield "name", r.name
    yield "description", r.description
    for rule in x.parts(IngressRule, r):
        source: Value = rule.source
        if (rule.port, rule.source) == (22, x.settings.ssh_source):
            source = x.variable("ssh_source", "Addresses from which the instances accept ssh", x.settings.ssh_source)
        yield _traffic("ingress", "tcp", rule.port, source, rule.description)
    yield _traffic("egress", "-1", 0, "0.0.0.0/0", None)


def _traffic(way: str, protocol: str, port: int, source: Value, about: str | None) -> Block:
    ports: list[Item] = [("from_port", port), ("to_port", port)]
    return Block(way, [("description", about), ("protocol", protocol), *ports, ("cidr_blocks", [source])])


@_row(Instance, "aws_instance", output="public_ip")
def _instance(r: Instance, x: Export) -> Body:
    yield "ami", x.image(r.party)
    yield "instance_type", x.variable("instance_type", "Instance type", r.type)
    yield "subnet_id", x.to(r.subnet)
    yield "vpc_security_group_ids", [x.to(r.group)]
    yield "key_name", x.to(r.key_pair)
    yield "associate_public_ip_address", r.is_public
    yield "user_data", r.user_data or None
    yield Block("metadata_options", [("http_endpoint", "enabled"), ("http_tokens", "required")])
    yield Block("root_block_device", [("encrypted", True), ("tags", x.tags(r))])
    yield "depends_on", x.all_of(r.after)
    # A newer image, what ran at boot, and what the provider does not know of an instance that is imported.
    yield _ignored("ami", "user_data", "user_data_replace_on_change", "root_block_device", *x.key_tag)


@_row(TargetGroup, "aws_lb_target_group", attribute="arn")
def _target_group(r: TargetGroup, x: Export) -> Body:
    yield "name", r.name
    yield "vpc_id", x.to(r.vpc)
    yield "target_type", "instance"
    yield "protocol", "TCP"
    yield "port", r.port
    yield Block(
        "health_check",
        [
            ("protocol", "TCP"),
            ("interval", r.health_interval),
            ("timeout", r.health_timeout),
            ("healthy_threshold", THRESHOLD),
            ("unhealthy_threshold", THRESHOLD),
        ],
    )


@_row(LoadBalancer, "aws_lb", attribute="arn")
def _balancer(r: LoadBalancer, x: Export) -> Body:
    yield "name", r.name
    yield "load_balancer_type", "network"
    yield "internal", False
    yield "subnets", [x.to(one) for one in r.subnets]
    yield "enable_cross_zone_load_balancing", True if x.parts(CrossZone, r) else None
    yield "depends_on", x.all_of([r.attachment])


@_row(Listener, "aws_lb_listener", attribute="arn")
def _listener(r: Listener, x: Export) -> Body:
    yield "load_balancer_arn", x.to(r.load_balancer)
    yield "protocol", "TCP"
    yield "port", r.port
    yield Block("default_action", [("type", "forward"), ("target_group_arn", x.to(r.target_group))])
    yield _ignored("default_action[0].forward")  # AWS says the same twice, and so does one that is imported


@_row(Registration, "aws_lb_target_group_attachment", None, is_tagged=False)
def _registration(r: Registration, x: Export) -> Body:
    yield "target_group_arn", x.to(r.target_group)
    yield "target_id", x.to(r.instance)
    yield "port", r.port


@_row(EndpointService, "aws_vpc_endpoint_service", output="service_name")
def _service(r: EndpointService, x: Export) -> Body:
    yield "acceptance_required", True
    yield "network_load_balancer_arns", [x.to(r.load_balancer)]
    accounts = [
        x.variable(
            one.key.replace("principal", "consumer_account").replace("-", "_"),
            "Account that may connect to the endpoint service",
            one.account,
        )
        for one in x.parts(AllowedPrincipal, r)
    ]
    partition = partition_of(x.parties[r.party].region).name
    yield "allowed_principals", [Raw(f'"arn:{partition}:iam::${{{one}}}:root"') for one in accounts] or None
    if r.consumer_region:
        theirs = x.one_of("consumer_region", REGION, r.consumer_region)
        yield "supported_regions", [x.region(r.party), theirs]


@_row(VpcEndpoint, "aws_vpc_endpoint", output="dns_entry[0].dns_name")
def _endpoint(r: VpcEndpoint, x: Export) -> Body:
    yield "vpc_endpoint_type", "Interface"
    if r.service in x.demo.resources:
        yield "service_name", x.to(r.service, "service_name")
    else:
        yield "service_name", x.variable("service_name", "Name of the provider's endpoint service", x.settings.service)
    if r.service_region:
        yield "service_region", x.one_of("service_region", REGION, r.service_region)
    yield "vpc_id", x.to(r.vpc)
    yield "subnet_ids", [x.to(r.subnet)]
    yield "security_group_ids", [x.to(r.group)]
    yield "private_dns_enabled", False


@_row(
    Acceptance,
    "aws_vpc_endpoint_connection_accepter",
    lambda r, ids: f"{ids(r.service)}_{ids(r.endpoint)}",
    is_tagged=False,
)
def _acceptance(r: Acceptance, x: Export) -> Body:
    yield "vpc_endpoint_service_id", x.to(r.service)
    yield "vpc_endpoint_id", x.to(r.endpoint)


@_row(GatewayEndpoint, "aws_vpc_endpoint")
def _gateway_endpoint(r: GatewayEndpoint, x: Export) -> Body:
    yield from _of_aws(r, x)
    yield "route_table_ids", [x.to(r.table)]


@_row(InterfaceEndpoint, "aws_vpc_endpoint")
def _interface_endpoint(r: InterfaceEndpoint, x: Export) -> Body:
    yield from _of_aws(r, x)
    yield "subnet_ids", [x.to(r.subnet)]
    yield "security_group_ids", [x.to(r.group)]
    yield "private_dns_enabled", True


def _of_aws(r: GatewayEndpoint | InterfaceEndpoint, x: Export) -> Body:
    yield "vpc_endpoint_type", r.endpoint_type
    yield "service_name", Raw(f'"com.amazonaws.${{{x.region(r.party)}}}.{r.service}"')
    yield "vpc_id", x.to(r.vpc)
