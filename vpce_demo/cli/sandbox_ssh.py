"""``sandbox ssh`` and ``sandbox proxy``: the ways to the addresses in the sandbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..aws import environment as places
from ..aws.messages import as_demo_errors
from ..errors import ConfigError, DemoError
from ..ssh import USER, Ssh, public_line
from .app import App
from .group import WholeNumber, command, pass_app
from .sandbox import running_sandbox
from .ssh import session

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


@command("ssh")
@click.argument("instance")
@click.argument("words", metavar="[-- COMMAND...]", nargs=-1)
@click.option(
    "--key",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The private key.  [default: that of the demo here whose key pair the instance has]",
)
@click.option("--user", metavar="NAME", default=USER, show_default=True, help="Who logs in there.")
@pass_app
def sandbox_ssh(app: App, instance: str, words: tuple[str, ...], key: Path | None, user: str) -> None:
    """Open a shell on an instance in the sandbox, or run a COMMAND there.

    INSTANCE is its id, its Name tag or one of its addresses, in the region and the accounts of the settings.

    \b
    Example:
      vpce-demo sandbox ssh Webserver1
      vpce-demo sandbox ssh Webserver1 -- cat /var/www/html/index.html
    """
    running = running_sandbox(app)
    environment = places.in_sandbox(app.where().config, running)
    with as_demo_errors():
        clients = {id(one): one.ec2 for one in environment.clients.values()}
        ec2, found = _found([(ec2, one) for ec2 in clients.values() for one in _running(ec2)], instance)
        key = key or _key(app, ec2, found)
    address = found.get("PublicIpAddress", "")
    if not address:
        raise DemoError(
            f"{found['InstanceId']} has no public address.",
            code="VPCE103",
            hint="Go by way of another instance of its VPC, with ssh -J.",
        )
    known_hosts = app.sandbox_directory / "known_hosts"
    ssh = Ssh(key.resolve(), known_hosts.resolve(), environment.ssh_options, user)
    session(app, ssh, address, found["InstanceId"], words)


def _running(ec2: EC2Client) -> list[Any]:
    asked = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])
    return [one for reservation in asked["Reservations"] for one in reservation["Instances"]]


def _names(instance: Any) -> list[str]:
    """By what an instance can be named."""
    tags = [tag["Value"] for tag in instance.get("Tags", []) if tag["Key"] == "Name"]
    addresses = [instance.get(f"{kind}IpAddress", "") for kind in ("Public", "Private")]
    return list(filter(None, [instance["InstanceId"], *tags, *addresses]))


def _found(there: list[tuple[EC2Client, Any]], name: str) -> tuple[EC2Client, Any]:
    """The one instance of this name.  Raises ConfigError if there is none, or more than one."""
    found = [(ec2, one) for ec2, one in there if name in _names(one)]
    if len(found) == 1:
        return found[0]
    raise ConfigError(
        f"{len(found)} instances are named {name}." if found else f"No instance that runs is named {name}.",
        code="VPCE141",
        facts={one["InstanceId"]: " ".join(_names(one)[1:]) for _, one in found or there},
        hint="Give the id of an instance.",
    )


def _key(app: App, ec2: EC2Client, instance: Any) -> Path:
    """The key of a demo in this state directory that the instance lets in.  Raises DemoError if there is none."""
    named = [{"Name": "key-name", "Values": [instance.get("KeyName", "")]}]
    pairs = ec2.describe_key_pairs(Filters=named, IncludePublicKey=True)["KeyPairs"]  # type: ignore[arg-type]
    wanted = {tuple(pair["PublicKey"].split()[:2]) for pair in pairs}
    for file in sorted((app.state_directory / "sandbox").glob("*/key.pem")):
        if tuple(public_line(file).split()[:2]) in wanted:
            return file
    raise DemoError(
        f"The key for {instance['InstanceId']} is not in this state directory.",
        code="VPCE104",
        facts={"key pair": instance.get("KeyName", "none")},
        hint="Name its file:  --key FILE",
    )


@command("proxy")
@click.argument("host", required=False)
@click.argument("port", required=False, type=WholeNumber(1, 65535))
@pass_app
def sandbox_proxy(app: App, host: str | None, port: int | None) -> None:
    """Print the URL of the proxy to the addresses in it, or connect to one.

    With HOST and PORT, standard input and output are connected to them, as a
    ProxyCommand of ssh has to do:
    ssh -o "ProxyCommand=vpce-demo sandbox proxy %h %p" -i KEY ec2-user@ADDRESS

    \b
    Example:
      vpce-demo sandbox proxy
    """
    if host and port is None:
        raise click.UsageError("HOST needs a PORT.")
    running = running_sandbox(app)
    if host:
        command = [*running.connect, host, str(port)]
        os.execv(command[0], command)
    if not app.json:
        click.echo(running.proxy_url)
    app.document.update(proxy_url=running.proxy_url)
