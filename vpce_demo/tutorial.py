"""THE DEMO: the tutorial's 17 steps as code, and the order of its teardown.

It makes no AWS call.  Each ``t.step`` is a step of the tutorial; what is added below it is created in that step.  A
field that holds a resource is a dependency: the order of creation follows from that, not from the order of the lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import yaml

from .config.settings import TUTORIAL, Settings, customer_of
from .engine.resource import Resource
from .model import ANYWHERE, Live, Side, numbered
from .resources.allowed_principal import AllowedPrincipal
from .resources.cross_zone import CrossZone
from .resources.endpoint_service import EndpointService
from .resources.instance import Instance
from .resources.internet_gateway import GatewayAttachment, InternetGateway
from .resources.key_pair import KeyPair
from .resources.load_balancer import Listener, LoadBalancer
from .resources.route_table import InternetRoute, RouteTable, SubnetRouting
from .resources.security_group import IngressRule, SecurityGroup
from .resources.subnet import Subnet
from .resources.target_group import Registration, TargetGroup
from .resources.vpc import Vpc
from .resources.vpc_endpoint import Acceptance, VpcEndpoint

PROVIDER = Side.PROVIDER
WEB_ROOT = "/var/www/html"
DEMO_ID_PAGE = "vpce-demo-id"
"""A file beside the tutorial's page: the demo's random id, which tells this web server from an old or foreign one."""


def tutorial(s: Settings) -> Demo:
    """The whole demo for these settings."""
    t, p = Script(), s.provider

    # The provider: a web server behind a load balancer, published as an endpoint service.

    t.step(1, "Provider VPC", "create-provider")
    vpc = t.add(Vpc("provider-vpc", PROVIDER, p.vpc_name, cidr=p.vpc_cidr))

    t.step(2, "Internet gateway", "create-provider")
    gateway = t.add(InternetGateway("provider-gateway", PROVIDER, p.gateway_name))
    attachment = t.add(GatewayAttachment("provider-attachment", PROVIDER, p.gateway_name, gateway=gateway, vpc=vpc))

    t.step(3, "Public subnet", "create-provider")
    subnet = t.add(
        Subnet("provider-subnet", PROVIDER, p.subnet_name, vpc=vpc, cidr=p.subnet_cidr, zone_id=s.provider_zone_id)
    )

    more_subnets: list[Subnet] = []
    if s.consumer_region:  # AWS asks for two zones of a service that is reached from another region
        more_subnets += [
            t.add(
                Subnet(
                    "provider-subnet-2",
                    PROVIDER,
                    p.second_subnet_name,
                    vpc=vpc,
                    cidr=p.second_subnet_cidr,
                    zone_id=s.provider_second_zone_id,
                    after=(subnet,),  # they share a network ACL, which one of them mends
                )
            )
        ]

    t.step(4, "Route table", "create-provider")
    table = t.add(RouteTable("provider-routes", PROVIDER, p.route_table_name, vpc=vpc))
    routing = t.add(SubnetRouting("provider-routing", PROVIDER, p.route_table_name, table=table, subnet=subnet))
    for more in more_subnets:
        t.add(SubnetRouting("provider-routing-2", PROVIDER, p.route_table_name, table=table, subnet=more))

    t.step(5, "Default route", "create-provider")
    route = t.add(InternetRoute("provider-route", PROVIDER, ANYWHERE, table=table, attachment=attachment))

    t.step(6, "Web server", "create-provider")
    key = t.add(KeyPair("provider-key", PROVIDER, p.key_name, public_key=s.public_key))
    inbound = {"ssh": (22, s.ssh_source), "http": (80, ANYWHERE), "https": (443, ANYWHERE)}
    group = t.add(
        SecurityGroup(
            "provider-group",
            PROVIDER,
            p.group_name,
            vpc=vpc,
            description=p.group_description,
            inbound=tuple(inbound.values()),
        )
    )
    for rule, (port, source) in inbound.items():
        t.add(IngressRule(f"provider-rule-{rule}", PROVIDER, f"tcp/{port}", group=group, port=port, source=source))
    web = t.add(
        Instance(
            "web",
            PROVIDER,
            p.instance_name,
            subnet=subnet,
            group=group,
            key_pair=key,
            image=s.provider_image,
            type=s.instance_type,
            user_data=web_server(s.page, s.demo_id),
            after=(route, routing),  # it installs httpd when it boots, once and never again
        )
    )

    t.step(7, "Load balancer", "create-provider")
    targets = t.add(
        TargetGroup(
            "target-group", PROVIDER, p.target_group_name, vpc=vpc, port=80, health_interval=s.health_check_seconds
        )
    )
    balancer = t.add(
        LoadBalancer(
            *("load-balancer", PROVIDER, p.load_balancer_name),
            subnet=subnet,
            more_subnets=tuple(more_subnets),
            attachment=attachment,
        )
    )
    if more_subnets:
        t.add(CrossZone("cross-zone", PROVIDER, p.load_balancer_name, load_balancer=balancer))
    listener = t.add(Listener("listener", PROVIDER, "tcp/80", load_balancer=balancer, target_group=targets, port=80))
    registration = t.add(Registration("target", PROVIDER, p.instance_name, target_group=targets, instance=web, port=80))

    t.step(8, "Endpoint service", "create-endpoint-service")
    service = t.add(
        EndpointService(
            *("service", PROVIDER, p.service_name),
            load_balancer=balancer,
            consumer_accounts=tuple(filter(None, s.consumer_accounts.values())),
            consumer_region=s.consumer_region,
            is_alone=s.side == PROVIDER,
        )
    )
    allowed: dict[str, AllowedPrincipal] = {}
    for number, account in enumerate(s.consumer_accounts.values(), 1):
        if account and account not in allowed:
            allowed[account] = t.add(
                AllowedPrincipal(*(numbered("principal", number), PROVIDER, account), service=service, account=account)
            )

    # The consumers: VPCs that know only the name of the provider's service, all with the same addresses.

    customers = [customer(t, s, number, service, allowed, key) for number in s.customer_numbers]

    t.step(16, "Test", "test")  # checks.py

    t.step(17, "Delete", "destroy")
    t.delete(web, *(one.instance for one in customers))
    t.delete(*(one.endpoint for one in customers))
    t.delete(service)
    t.delete(balancer)
    t.delete(targets)
    t.delete_what_they_stood_on()

    return Demo(
        steps=t.steps_of(s.side),
        teardown=t.teardown,
        web=web,
        balancer=balancer,
        listener=listener,
        targets=targets,
        registration=registration,
        service=service,
        customers=customers,
    )


def customer(
    t: Script,
    s: Settings,
    number: int,
    service: EndpointService,
    allowed: Mapping[str, AllowedPrincipal],
    provider_key: KeyPair,
) -> Customer:
    """Steps 9 to 15 for one customer.  The keys and names of the first are the tutorial's; the others' end with their
    number.  ``allowed``: the principals by account.  ``provider_key`` is the customer's too, if it has its name."""
    c, party = s.consumer, s.party_of(number)

    def its(word: str) -> str:
        return numbered(word, number)

    t.step(9, "Consumer VPC", "create-consumer")
    vpc = t.add(Vpc(its("customer-vpc"), party, its(c.vpc_name), cidr=c.vpc_cidr))

    t.step(10, "Internet gateway", "create-consumer")
    gateway = t.add(InternetGateway(its("customer-gateway"), party, its(c.gateway_name)))
    attachment = t.add(
        GatewayAttachment(its("customer-attachment"), party, its(c.gateway_name), gateway=gateway, vpc=vpc)
    )

    t.step(11, "Public subnet", "create-consumer")
    subnet = t.add(
        Subnet(
            its("customer-subnet"),
            party,
            its(c.subnet_name),
            vpc=vpc,
            cidr=c.subnet_cidr,
            zone_id=s.consumer_zone_id,
        )
    )

    t.step(12, "Route table", "create-consumer")
    table = t.add(RouteTable(its("customer-routes"), party, its(c.route_table_name), vpc=vpc))
    routing = t.add(SubnetRouting(its("customer-routing"), party, its(c.route_table_name), table=table, subnet=subnet))

    t.step(13, "Default route", "create-consumer")
    route = t.add(InternetRoute(its("customer-route"), party, ANYWHERE, table=table, attachment=attachment))

    t.step(14, "Consumer instance", "create-consumer")
    is_here = s.by_hand and not s.consumer_accounts[party] and not s.consumer_region
    if is_here and its(c.key_name) == provider_key.name:
        key = provider_key
    else:
        key = t.add(KeyPair(its("customer-key"), party, its(c.key_name), public_key=s.public_key))
    inbound = {"ssh": (22, s.ssh_source), "http": (80, ANYWHERE)}
    group = t.add(
        SecurityGroup(
            its("customer-group"),
            party,
            its(c.group_name),
            vpc=vpc,
            description=c.group_description,
            inbound=tuple(inbound.values()),
        )
    )
    for rule, (port, source) in inbound.items():
        t.add(IngressRule(its(f"customer-rule-{rule}"), party, f"tcp/{port}", group=group, port=port, source=source))
    instance = t.add(
        Instance(
            its("customer"),
            party,
            its(c.instance_name),
            subnet=subnet,
            group=group,
            key_pair=key,
            image=s.consumer_image,
            type=s.instance_type,
            after=(route, routing),  # ssh to it comes in through the gateway
        )
    )

    t.step(15, "VPC endpoint", "create-consumer")
    endpoint = t.add(
        VpcEndpoint(
            its("endpoint"),
            party,
            its(c.endpoint_name),
            vpc=vpc,
            subnet=subnet,
            group=group,
            service=service,
            allowed=allowed.get(s.consumer_accounts[party]),
            service_region=s.service_region,
        )
    )

    t.step(15, "Acceptance", "accept")
    acceptance = t.add(
        Acceptance(its("acceptance"), PROVIDER, its(c.endpoint_name), service=service, endpoint=endpoint)
    )

    return Customer(number, vpc, group, instance, endpoint, acceptance)


INSTALL_PAUSES = (10, 20, 30, 60)
"""Seconds between one try to install httpd and the next, at boot."""


def web_server(page: str, demo_id: str) -> str:
    """User data that installs httpd and writes the page, as cloud-config: declared, not scripted.

    cloud-init itself tries once and goes on.  At the first boot another program may hold the rpm lock, and a repository
    may not answer in time, so the installation is tried again, a bounded number of times.
    """
    install = "rpm -q httpd || yum install -y httpd"
    config = {
        "packages": ["httpd"],
        "write_files": [
            {"path": f"{WEB_ROOT}/index.html", "content": f"{page}\n"},
            *([{"path": f"{WEB_ROOT}/{DEMO_ID_PAGE}", "content": f"{demo_id}\n"}] if demo_id else []),
        ],
        "runcmd": [
            *(f"{install} || sleep {pause}" for pause in INSTALL_PAUSES),
            install,
            "systemctl enable --now httpd",
        ],
    }
    return "#cloud-config\n" + yaml.safe_dump(config, sort_keys=False, width=1000, allow_unicode=True)


@dataclass(frozen=True)
class Step:
    """A step of the tutorial, or of a chapter beside it; ``command`` is the command that runs it."""

    number: int
    title: str
    command: str
    resources: list[Resource] = field(default_factory=list)
    main: Resource | None = None
    chapter: str = TUTORIAL

    @property
    def head(self) -> Resource:
        """The resource that stands for the step: ``main``, or the one that takes longest."""
        return self.main if self.main in self.resources else max(self.resources, key=lambda r: r.usual_seconds)


@dataclass(frozen=True)
class Customer:
    """A customer of the service: what steps 9 to 15 make for it.  ``number`` is 1 for the tutorial's own."""

    number: int
    vpc: Vpc
    group: SecurityGroup
    instance: Instance
    endpoint: VpcEndpoint
    acceptance: Acceptance

    @property
    def title(self) -> str:
        return f"Customer {self.number}"

    @property
    def party(self) -> str:
        return self.vpc.party

    @property
    def account(self) -> str:
        """Its account, where it is not the provider's own."""
        return self.endpoint.allowed.account if self.endpoint.allowed else ""


@dataclass(frozen=True)
class Demo:
    """The whole demo, and the resources that the checks ask about.  ``teardown`` is the order of deletion, in
    groups."""

    steps: Sequence[Step]
    teardown: Sequence[Sequence[Resource]]
    web: Instance
    balancer: LoadBalancer
    listener: Listener
    targets: TargetGroup
    registration: Registration
    service: EndpointService
    customers: Sequence[Customer]
    chapter: str = TUTORIAL
    """What checks and causes are about: the tutorial, or a chapter beside it."""

    @property
    def customer(self) -> Instance:
        """The first customer's instance."""
        return self.customers[0].instance

    @property
    def customer_group(self) -> SecurityGroup:
        return self.customers[0].group

    @property
    def endpoint(self) -> VpcEndpoint:
        return self.customers[0].endpoint

    @property
    def acceptance(self) -> Acceptance:
        return self.customers[0].acceptance

    @property
    def logins(self) -> Sequence[Instance]:
        """The instances that the checks log in to, in the order of the way: the consumer's; or a chapter's, the private
        one through the public one."""
        if self.chapter == TUTORIAL:
            return [self.customer]
        return sorted((r for r in self.resources if isinstance(r, Instance)), key=lambda r: not r.is_public)

    @property
    def instances(self) -> Sequence[Instance]:
        """The instances on which the checks depend."""
        return [*([self.web] if self.chapter == TUTORIAL else []), *self.logins]

    def alone(self, customer: Customer) -> Demo:
        """The same demo with this customer only."""

        def without_others(resources: Sequence[Resource]) -> list[Resource]:
            return [r for r in resources if customer_of(r.key) in (0, customer.number)]

        return replace(
            self,
            steps=[replace(step, resources=without_others(step.resources)) for step in self.steps],
            teardown=[without_others(group) for group in self.teardown],
            customers=[customer],
        )

    def of_customer(self, customer: Customer) -> list[Resource]:
        """What steps 9 to 15 make for this customer."""
        return [r for r in self.resources if customer_of(r.key) == customer.number]

    @property
    def rows(self) -> Sequence[Step]:
        """The steps as screens show them: of several customers, each is one row."""
        theirs = [step for step in self.steps if any(customer_of(r.key) for r in step.resources)]
        if len(self.customers) == 1 or not theirs:
            return self.steps
        at, first = self.steps.index(theirs[0]), theirs[0]
        each = [
            Step(first.number, one.title, first.command, self.of_customer(one), main=one.endpoint)
            for one in self.customers
        ]
        return [*self.steps[:at], *each, *self.steps[at + len(theirs) :]]

    @property
    def resources(self) -> list[Resource]:
        """Every resource, in the tutorial's order."""
        return [r for step in self.steps for r in step.resources]

    def only(self, chapter: str) -> Demo:
        """The same demo with the tutorial's steps only, or with those of one chapter."""
        return replace(self, steps=[step for step in self.steps if step.chapter == chapter], chapter=chapter)

    def in_chapter(self, chapter: str) -> list[Resource]:
        """The resources of the tutorial, or of a chapter beside it."""
        return [r for step in self.steps if step.chapter == chapter for r in step.resources]

    def part(self, key: str) -> Resource:
        """The resource with this key."""
        return next(r for r in self.resources if r.key == key)

    def of(self, *commands: str) -> list[Resource]:
        """The resources that these commands create."""
        return [r for step in self.steps if step.command in commands for r in step.resources]

    def step_of(self, resource: Resource) -> Step:
        """The step that creates the resource."""
        return next(step for step in self.steps if any(r.key == resource.key for r in step.resources))

    def with_gateways(self, live: Mapping[str, Live]) -> dict[str, Live]:
        """The same by resource key, with the state of each internet gateway, which AWS keeps at its attachment."""
        states = dict(live)
        for r in self.resources:
            if isinstance(r, GatewayAttachment) and (gateway := live.get(r.gateway.key)):
                word = live[r.key].word if r.key in live else "detached"
                states[r.gateway.key] = replace(gateway, word=word)
        return states


R = TypeVar("R", bound=Resource)


class Script:
    """Collects the steps of the tutorial, or of a chapter."""

    def __init__(self, chapter: str = TUTORIAL) -> None:
        self.chapter = chapter
        self.steps: list[Step] = []
        self.teardown: list[list[Resource]] = []
        self._step: Step | None = None

    def step(self, number: int, title: str, command: str) -> None:
        """What is added from here on belongs to this step, which may have been begun before."""
        self._step = next((one for one in self.steps if (one.number, one.title) == (number, title)), None)
        if self._step is None:
            self._step = Step(number, title, command, chapter=self.chapter)
            self.steps.append(self._step)

    def steps_of(self, side: str | None) -> list[Step]:
        """All steps, or those of one side with its resources, but for the acceptance, which needs both."""
        if side is None:
            return self.steps
        own = [
            replace(step, resources=[r for r in step.resources if r.side == side and not isinstance(r, Acceptance)])
            for step in self.steps
        ]
        return [mine for mine, step in zip(own, self.steps, strict=True) if mine.resources or not step.resources]

    def add(self, resource: R) -> R:
        assert self._step is not None
        self._step.resources.append(resource)
        return resource

    def delete(self, *resources: Resource) -> None:
        self.teardown.append(list(resources))

    def delete_what_they_stood_on(self) -> None:
        named = {r.key for group in self.teardown for r in group}
        self.teardown.append([r for step in self.steps for r in step.resources if r.key not in named])
