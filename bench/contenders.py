"""Who takes part: vpce-demo, and every other tool whose program is found on this machine.

The other tools' files, the same tutorial written for each, are in ``peers``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = Path(__file__).with_name("peers")
OURS = "vpce-demo"
TERRAFORM, AWS_CLI, ANSIBLE, CLOUDFORMATION = "Terraform", "aws CLI script", "Ansible", "CloudFormation"

MIRRORS = ("~/.terraform.d/plugins", "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/*")
"""Where an administrator may have put a mirror of Terraform's providers."""

ANSIBLE_ENVIRONMENT = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "vpce-demo-bench" / "ansible"
"""Where ``--install-ansible`` puts it: outside the repository, once."""


class NotHere(Exception):
    """A tool that cannot take part on this machine; the message says why."""


@dataclass(frozen=True)
class Contender:
    """A tool and its commands, run in a directory of their own with a copy of ``files`` in it.

    That directory is their home too, with the files of ``home`` in it, by name.  ``setup`` is run once before the
    clock; ``directories`` go in front of PATH.  ``status`` shows what is there, where that is measured.
    """

    name: str
    version: str
    up: tuple[str, ...]
    down: tuple[str, ...]
    files: Path | None = None
    setup: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    directories: tuple[Path, ...] = ()
    home: Mapping[str, str] = field(default_factory=dict)
    status: tuple[str, ...] = ()

    def prepare(self, directory: Path, environment: Mapping[str, str]) -> None:
        """Prepare the run; this is not measured.  Raises NotHere if it fails."""
        if self.files:
            shutil.copytree(self.files, directory, dirs_exist_ok=True)
            for path in [directory, *directory.rglob("*")]:
                path.chmod(path.stat().st_mode | 0o700)
        for name, text in self.home.items():
            (directory / name).write_text(text)
        if self.setup:
            done = subprocess.run(self.setup, cwd=directory, env=environment, capture_output=True, text=True)
            if done.returncode:
                raise NotHere(f"`{' '.join(self.setup)}` failed: {last_line(done.stderr or done.stdout)}")

    def all_environment(self, directory: Path, endpoint_url: str) -> dict[str, str]:
        """The environment: PATH, and the address of the sandbox."""
        path = os.pathsep.join([*map(str, self.directories), os.environ["PATH"]])
        return {
            "PATH": path,
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            **to_the_sandbox(endpoint_url),
            **self.environment,
        }


def to_the_sandbox(endpoint_url: str) -> dict[str, str]:
    """The environment that sends any AWS tool to the sandbox, and keeps it from the user's own settings."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_PAGER": "",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def last_line(text: str) -> str:
    """The last line that is not empty."""
    return next((line.strip(" │╵╷") for line in reversed(text.splitlines()) if line.strip(" │╵╷")), "(it said nothing)")


def everybody() -> tuple[list[Contender], dict[str, str]]:
    """The contenders on this machine, vpce-demo first, and why each other tool is missing."""
    found, missing = [vpce_demo()], {CLOUDFORMATION: "it has no resource type that accepts a connection"}
    for name, make in ((TERRAFORM, terraform), (AWS_CLI, aws_cli), (ANSIBLE, ansible)):
        try:
            found.append(make())
        except NotHere as why:
            missing[name] = str(why)
    return found, missing


def vpce_demo() -> Contender:
    """This program, from this repository.  It takes the sandbox of its state directory."""
    sys.path.insert(0, str(ROOT))
    from vpce_demo import __version__

    command = (sys.executable, "-m", "vpce_demo", "--sandbox", "--state-dir", ".")
    up = (*command, "up", "--skip-test")
    environment = {"PYTHONPATH": str(ROOT)}
    return Contender(OURS, __version__, up, (*command, "down"), environment=environment, status=(*command, "status"))


def terraform() -> Contender:
    """Terraform with its AWS provider, from a local mirror if there is one."""
    said = output(program("terraform"), "version", "-json")
    command = ("terraform", "-chdir=terraform")
    flags = ("-auto-approve", "-input=false", "-no-color")
    environment = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    home = {}
    if mirror := provider_mirror():
        home[".terraformrc"] = f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n'
    return Contender(
        TERRAFORM,
        str(json.loads(said)["terraform_version"]),
        up=(*command, "apply", *flags),
        down=(*command, "destroy", *flags),
        files=PEERS,
        setup=(*command, "init", "-input=false", "-no-color"),
        environment=environment,
        home=home,
    )


def aws_cli() -> Contender:
    """A shell script of the aws CLI."""
    aws = program("aws")
    version = output(aws, "--version").split()[0].partition("/")[2]
    demo = ("bash", "aws-cli/demo.sh")
    return Contender(AWS_CLI, version, (*demo, "up"), (*demo, "down"), PEERS, directories=(aws.parent,))


def ansible() -> Contender:
    """Ansible with the collections amazon.aws and community.aws, and the aws CLI for what they lack."""
    own = ANSIBLE_ENVIRONMENT / "bin" / "ansible-playbook"
    playbook = own if own.exists() else program("ansible-playbook", "`python -m bench --install-ansible` installs it")
    collections = output(playbook.with_name("ansible-galaxy"), "collection", "list")
    if not all(name in collections for name in ("amazon.aws", "community.aws")):
        raise NotHere("its collections amazon.aws and community.aws are not installed")
    version = output(playbook, "--version").splitlines()[0].rpartition(" ")[2].strip("]")
    own_python = "ansible_python_interpreter={{ansible_playbook_python}}"
    command = (str(playbook), "-i", "localhost,", "ansible/demo.yml", "-e", own_python, "-e")
    aws = program("aws")
    return Contender(
        ANSIBLE,
        version,
        (*command, "want=up"),
        (*command, "want=down"),
        PEERS,
        directories=(aws.parent, playbook.parent),
    )


def install_ansible() -> None:
    """Install Ansible from PyPI into its own environment, about half a gigabyte."""
    if not (ANSIBLE_ENVIRONMENT / "bin" / "ansible-playbook").exists():
        subprocess.run([sys.executable, "-m", "venv", ANSIBLE_ENVIRONMENT], check=True)
        pip = ANSIBLE_ENVIRONMENT / "bin" / "pip"
        subprocess.run([pip, "install", "--quiet", "--disable-pip-version-check", "ansible", "boto3"], check=True)


# --- where things are -------------------------------------------------------------


def program(name: str, hint: str = "") -> Path:
    """The program itself, not a version manager's wrapper, which costs time.  Raises NotHere."""
    found = shutil.which(name)
    if found and Path(found).parent.name == "shims" and (manager := shutil.which("pyenv")):
        found = subprocess.run([manager, "which", name], capture_output=True, text=True).stdout.strip()
    if not found:
        raise NotHere("; ".join(filter(None, (f"{name} is not installed", hint))))
    return Path(found)


def provider_mirror() -> Path | None:
    """A directory with Terraform's AWS provider in it, if there is one."""
    return next((found for found in _places() if any(found.glob("registry.terraform.io/hashicorp/aws/*/*/*"))), None)


def _places() -> Iterator[Path]:
    for place in MIRRORS:
        path = Path(place).expanduser()
        yield from sorted(path.parent.glob(path.name))


def output(*words: str | Path) -> str:
    """The version that a program prints.  Raises NotHere if it fails."""
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise NotHere(f"{Path(words[0]).name} does not run: {last_line(done.stderr)}")
    return done.stdout or done.stderr
