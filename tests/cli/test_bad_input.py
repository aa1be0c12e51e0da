"""What people get wrong: each has its exit code and says what is wrong, and nothing is changed by it."""

from __future__ import annotations

import errno
import http.server
import json
import os
import pty
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from vpce_demo.cli import run_command
from vpce_demo.sandbox import client

from .program import Done, Program, World, good

SSH_FROM = "ssh_from: 198.51.100.7/32\n"


def refused(done: Done, code: int, *words: str) -> None:
    """It ended with this code, and says these words on lines of their own, as talk."""
    assert done.code == code, done.text
    for word in words:
        assert word in done.err
    assert any(line.startswith(("✗ ", "Error: ")) for line in done.err.splitlines()), done.err
    assert done.out == ""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The command line in this process, in an empty directory: for what ends before any call to AWS."""
    monkeypatch.chdir(tmp_path)
    for name, value in Program(tmp_path).environment.items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Done:
        code = run_command(list(words))
        return Done(code, *capfd.readouterr())

    return run


# --- settings ------------------------------------------------------------------------

CONFIGS = [
    ("helth_check_seconds: 3\n", "demo.yaml:1:1: there is no setting 'helth_check_seconds'", "'health_check_seconds'?"),
    ("name: a\nprovider:\n  vpc_nmae: x\n", "demo.yaml:3:3: there is no setting 'provider.vpc_nmae'", "'vpc_name'?"),
    ("consumer:\n  load_balancer_name: x\n", "demo.yaml:2:3:", "no setting 'consumer.load_balancer_name'"),
    ("zzz: 1\n", "demo.yaml:1:1: there is no setting 'zzz'", ""),
    ("sandbox:\n  port: 70000\n", "demo.yaml:2:9: sandbox.port: 70000", "less than or equal to 65535"),
    ("sandbox:\n  prot: 1\n", "demo.yaml:2:3: there is no setting 'sandbox.prot'", "'port'"),
    ('health_check_seconds: "10"\n', "demo.yaml:1:23: health_check_seconds", "integer"),
    ("health_check_seconds: 4\n", "demo.yaml:1:23: health_check_seconds", "greater than or equal to 5"),
    ("page: 5\n", "demo.yaml:1:7: page", "YAML reads 5 as a number"),
    ("page: ''\n", "demo.yaml:1:7: page", "is empty"),
    ("name: yes\n", "demo.yaml:1:7: name", "YAML reads yes as true"),
    ("provider: 5\n", "demo.yaml:1:11: provider", "must be a mapping"),
    ("provider: [vpc_cidr]\n", "demo.yaml:1:11: provider", "must be a mapping"),
    ("1: 2\n", "demo.yaml:1:1:", "in quotes"),
    ("provider:\n  vpc_cidr: nonsense\n", "demo.yaml:2:13: provider.vpc_cidr: 'nonsense'", "not a valid IPv4 range"),
    ("provider:\n  vpc_cidr: 10.0.0.1/16\n", "demo.yaml:2:13: provider.vpc_cidr", "host bits"),
    ("provider:\n  vpc_cidr: 10.0.0.0/8\n", "demo.yaml:2:13: provider.vpc_cidr", "/16 and /28"),
    ("provider:\n  subnet_cidr: 20.0.1.0/29\n", "demo.yaml:2:16: provider.subnet_cidr", "/16 and /28"),
    ("consumer:\n  subnet_cidr: 30.0.0.0/24\n", "demo.yaml:2:3: consumer", "does not lie in vpc_cidr 10.0.0.0/16"),
    (
        "consumer:\n  region: eu-west-1\nprovider:\n  second_subnet_cidr: 30.0.0.0/24\n",
        "demo.yaml",
        "second_subnet_cidr 30.0.0.0/24 does not lie in vpc_cidr 20.0.0.0/16",
    ),
    (
        "consumer:\n  region: eu-west-1\nprovider:\n  second_subnet_cidr: 20.0.0.0/20\n",
        "demo.yaml",
        "second_subnet_cidr 20.0.0.0/20 overlaps subnet_cidr 20.0.1.0/24",
    ),
    ("ssh_from: everywhere\n", "demo.yaml:1:11: ssh_from: 'everywhere'", "my-ip"),
    ("ssh_from: ::/0\n", "demo.yaml:1:11: ssh_from", "IPv4"),
    ("name: My_Demo\n", "demo.yaml:1:7: name: 'My_Demo'", "lower-case letters"),
    ("provider:\n  load_balancer_name: my_lb\n", "demo.yaml:2:23: provider.load_balancer_name", "32 letters"),
    ("provider:\n  target_group_name: internal-x\n", "demo.yaml:2:22: provider.target_group_name", "internal-"),
    ("provider:\n  group_name: sg-1\n", "demo.yaml:2:15: provider.group_name", "not 'sg-...'"),
    ("zone: moon\n", "demo.yaml:1:7: zone: 'moon'", "us-east-1a"),
    ("instance_type: big\n", "demo.yaml:1:16: instance_type: 'big'", "t3.micro"),
    ("tags: CostCenter\n", "demo.yaml:1:7: tags", "must be a mapping"),
    ("tags:\n  CostCenter: 4711\n", "demo.yaml:2:15: tags.CostCenter: YAML reads 4711 as a number", "in quotes"),
    ("tags: {Name: x}\n", "demo.yaml:1:8: tags.Name: is one of the demo's own tags", ""),
    ("tags:\n  vpce-demo:x: y\n", "demo.yaml:2:3: tags.vpce-demo:x: is one of the demo's own tags", ""),
    ("tags:\n  Aws:x: y\n", "demo.yaml:2:3: tags.Aws:x: begins with 'aws:'", ""),
    ("tags:\n  a: aws:y\n", "demo.yaml:2:6: tags.a: 'aws:y' begins with 'aws:'", ""),
    ("tags:\n  a&b: c\n", "demo.yaml:2:3: tags.a&b: must be 1 to 128 letters, digits", "+ - = . _ : / @"),
    (f"tags:\n  {'k' * 129}: c\n", "demo.yaml:2:3:", "must be 1 to 128"),
    (f"tags:\n  a: {'v' * 257}\n", "demo.yaml:2:6: tags.a:", "must be 1 to 256"),
    ("tags:\n  a: ''\n", "demo.yaml:2:6: tags.a: '' must be 1 to 256", ""),
    ("tags:\n  a: 'b '\n", "demo.yaml:2:6: tags.a: 'b ' must be", "no space at an end"),
    ("tags:\n" + "".join(f"  k{n}: v\n" for n in range(45)), "demo.yaml:2:3: tags: has 45 tags", "43 can be set"),
    ("a: [1\n", "demo.yaml:2:1: is not valid YAML", ""),
    ("\ta: 1\n", "demo.yaml:1:1: is not valid YAML", "cannot start any token"),
    ("? [x]\n: 1\n", "not valid YAML", ""),
    ("a: !!python/object:os.system 1\n", "not valid YAML", ""),
    ("- name\n", "demo.yaml:1:1: must hold 'key: value' lines", ""),
    ("just words\n", "demo.yaml:1:1: must hold 'key: value' lines", ""),
]


@pytest.mark.parametrize(("text", "where", "what"), CONFIGS)
def test_config_that_is_wrong(here: Callable[..., Done], tmp_path: Path, text: str, where: str, what: str) -> None:
    (tmp_path / "demo.yaml").write_text(text)
    refused(here("--sandbox", "up", "-c", "demo.yaml"), 2, where, what, "Nothing was changed.")
    assert [path.name for path in tmp_path.iterdir()] == ["demo.yaml"]


def test_every_mistake_is_told_at_once(here: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "demo.yaml").write_text("zone: moon\nprovider:\n  vpc_nmae: x\n  subnet_cidr: y\n")
    refused(here("plan", "-c", "demo.yaml"), 2, "demo.yaml:1:7:", "demo.yaml:3:3:", "demo.yaml:4:16:")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "There is no config file demo.yaml"),
        (Path.mkdir, "is a directory"),
        (lambda path: path.write_bytes(bytes(range(256))), "cannot be read"),
    ],
)
def test_config_file_that_is_none(program: Program, make: Callable[[Path], object], words: str) -> None:
    make(program.directory / "demo.yaml")
    done = program.run("plan", "--sandbox", VPCE_DEMO_CONFIG="demo.yaml")
    assert words.lower() in done.err.lower()
    refused(done, 2, "demo.yaml", "Nothing was changed.")


def test_an_empty_config_is_the_defaults(program: Program) -> None:
    (program.directory / "demo.yaml").write_text("# nothing set\n")
    assert program.run("plan", "--sandbox", "-c", "demo.yaml").code == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Bad_Name", "lower-case letters"),
        ("-", "lower-case letters"),
        ("../../etc", "lower-case letters"),
        ("a" * 31, "at most 19 of them; with a shorter load_balancer_name, at most 30"),
        ("a" * 20, "AWS allows 32; choose a demo name of at most 19"),
    ],
)
def test_demo_name_that_will_not_do(here: Callable[..., Done], tmp_path: Path, name: str, words: str) -> None:
    refused(here("--sandbox", "up", f"--name={name}"), 2, words, "Nothing was changed.")
    assert list(tmp_path.iterdir()) == []


BAD_GB = ("-1", "much", "nan", "inf", "1e3", "1_000", ".5", "5.", "0.0001", "1000000.1", "１", "9" * 100)


# --- options -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--nonsense", "No such option '--nonsense'"),
        ("up --untl accept", "--until"),
        ("up --until tomorrow", "'create-provider'"),
        ("up --timeout 0", "--timeout"),
        ("up --timeout soon", "--timeout"),
        ("up now", "unexpected extra argument"),
        ("-o xml status", "'json'"),
        ("status --progress fancy", "'plain'"),
        ("plna", "Did you mean 'plan'?"),
        ("sandbox strat", "'start'"),
        ("sandbox start --speed fast", "a number above 0, or max"),
        ("sandbox start --speed 0", "a number above 0, or max"),
        ("sandbox start --speed -5", "a number above 0, or max"),
        ("sandbox start --speed nan", "a number above 0, or max"),
        ("sandbox start --latency -1", "--latency"),
        *((f"cost --gb {gb}", "a valid number of GB, from 0 to 1000000") for gb in BAD_GB),
        ("sandbox start --port 70000", "--port"),
        ("sandbox run --proxy-port x", "--proxy-port"),
        ("sandbox env --shell csh", "'fish'"),
        ("sandbox proxy 192.0.2.1", "HOST needs a PORT."),
    ],
)
def test_options_that_are_wrong(here: Callable[..., Done], tmp_path: Path, line: str, words: str) -> None:
    done = here(*line.split())
    refused(done, 2, words)
    assert "--help" in done.err
    assert list(tmp_path.iterdir()) == []


# --- signing in ----------------------------------------------------------------------------


def test_no_region_and_no_credentials(program: Program) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    refused(program.run("up", **keys), 2, "No AWS region is set", "--region", "Nothing was changed.")
    done = program.run("up", "--region", "us-east-1")
    refused(done, 4, "no AWS credentials", "aws configure", "vpce-demo --sandbox up", "Nothing was changed.")
    refused(program.run("status", "--profile", "nope"), 2, "nope", "aws configure list-profiles")
    assert list(program.directory.iterdir()) == []


@pytest.mark.parametrize("line", ["status", "test", "down", "up --yes", "report", "plan --name vpce-demo"])
def test_the_sandbox_is_offered_where_the_demo_is_there(here: Callable[..., Done], tmp_path: Path, line: str) -> None:
    command = line.split()[0]
    assert "Did you mean" not in here(*line.split()).err
    record = tmp_path / ".vpce-demo" / "sandbox" / "vpce-demo" / "state.json"
    record.parent.mkdir(parents=True)
    record.touch()
    name = " --name vpce-demo" * ("--name" in line)
    done = here(*line.split())
    assert f"is in the sandbox. Did you mean:\n    vpce-demo --sandbox {line}\n" in done.err
    assert done.err.count("Did you mean") == 1
    if command != "report":
        refused(done, 2, "No AWS region is set.", f"Give one:  vpce-demo{name} {command} --region us-east-1 ")


@contextmanager
def answering(code: str) -> Iterator[str]:
    """Something in AWS's place that refuses every call with this code; its address."""
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>no more of this</Message></Error></ErrorResponse>"

    class Refusing(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("ExpiredToken", 4, "set fresh keys in the environment"),
        ("InvalidClientTokenId", 4, "does not accept your sign-in"),
        ("AccessDenied", 1, "You may not call sts:GetCallerIdentity"),
    ],
)
def test_credentials_that_aws_refuses(program: Program, answer: str, code: int, words: str) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}
    with answering(answer) as address:
        done = program.run("up", "--yes", AWS_ENDPOINT_URL=address, **keys)
    refused(done, code, words, f"{answer}: no more of this")
    assert list(program.directory.iterdir()) == []


# --- nobody to say yes -------------------------------------------------------------------------


def test_on_aws_without_a_yes(world: World) -> None:
    config = world.config(SSH_FROM)
    with world.nothing_changes():
        done = world.run("up", "-c", config, **world.as_aws())
    refused(done, 5, "Confirmation needed", "about $0.0", "an hour", "--yes", "Nothing was changed.")
    assert "account 123456789012" in done.err
    assert not (world.directory / world.state / "aws").exists()


def at_the_prompt(world: World, typed: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command on AWS in a terminal where somebody types this."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed.encode())
        return subprocess.run(
            [sys.executable, "-m", "vpce_demo", *words],
            cwd=world.directory,
            env={**world.environment, **world.as_aws()},
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_no_at_the_prompt(world: World) -> None:
    with world.nothing_changes():
        done = at_the_prompt(world, "n\n", "up", "-c", world.config(SSH_FROM))
    assert done.returncode == 3, done.stderr
    assert "Make 32 resources, about $0.07 an hour" in done.stderr
    assert "Cancelled." in done.stderr
    assert not (world.directory / world.state / "aws").exists()


def test_a_delete_on_aws_wants_the_name(world: World) -> None:
    on_aws = ["-c", world.config(SSH_FROM)]
    assert world.run("up", "--until", "create-provider", *on_aws).code == 0
    with world.nothing_changes():
        done = world.run("down", *on_aws, **world.as_aws())
        refused(done, 5, "Delete 17 resources", "an hour", "--confirm vpce-demo")
        refused(world.run("down", "--confirm", "other", *on_aws, **world.as_aws()), 3, "not the demo's name, vpce-demo")
        for typed in ("\n", "y\n", "vpce-dem\n"):
            at_prompt = at_the_prompt(world, typed, "down", *on_aws)
            assert at_prompt.returncode == 3, at_prompt.stderr
        assert "an hour ($" in at_prompt.stderr
        assert "Type its name (vpce-demo): " in at_prompt.stderr
    # A delete on AWS waits as long as AWS takes: what takes it longest is gone before.
    (balancer,) = world.elb.describe_load_balancers()["LoadBalancers"]
    world.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    world.ec2.terminate_instances(InstanceIds=[world.recorded()["web"]])
    at_prompt = at_the_prompt(world, "vpce-demo\n", "down", *on_aws)
    assert at_prompt.returncode == 0, at_prompt.stderr
    assert "nothing left." in at_prompt.stdout


# --- the machine -------------------------------------------------------------------------------


@pytest.mark.extended
def test_no_openssh(world: World) -> None:
    empty = world.directory / "empty"
    empty.mkdir(exist_ok=True)
    with world.nothing_changes():
        refused(world.run("up", PATH=str(empty)), 1, "no ssh-keygen on this machine", "openssh-client")
    assert not world.demo_directory().exists()
    assert world.run("up", "--skip-test").code == 0
    with world.nothing_changes():
        done = world.run("test", PATH=str(empty))
    assert done.code == 1
    assert "no ssh on this machine" in done.err
    assert "openssh-client" in done.err


@pytest.mark.extended
@pytest.mark.parametrize("option", ["--port", "--proxy-port"])
def test_a_port_that_is_taken(program: Program, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = program.run("sandbox", "start", option, str(port))
    assert f"port {port}" in done.err.lower()
    refused(done, 1, "in use", option)
    assert client.running(program.directory / ".vpce-demo" / "emulator") is None


def test_a_sandbox_that_died(program: Program) -> None:
    emulator = program.directory / ".vpce-demo" / "emulator"
    emulator.mkdir(parents=True)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    told = {"endpoint_url": url, "proxy_url": url, "boot_id": "x", "pid": 999999, "token": "x"}
    for text in (json.dumps(told), "{", ""):
        (emulator / "server.json").write_text(text)
        status = program.run("sandbox", "status")
        assert (status.code, "does not run" in status.out) == (0, True), status.text
        refused(program.run("sandbox", "reset"), 1, "does not run", "vpce-demo sandbox start")
        stop = program.run("sandbox", "stop")
        assert (stop.code, stop.out) == (0, "It does not run.\n")


def test_a_state_file_that_is_not_valid(world: World) -> None:
    """What else may stand in it, and what is said of it: ``core/test_state.py`` and ``hostile/test_state_file.py``."""
    path = world.demo_directory() / "state.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with world.nothing_changes():
        for command in ("up", "down"):
            refused(world.run(command), 1, "cannot be used", "not JSON", "state.json.aside", "Nothing was changed.")
    assert path.read_text() == "{"


@pytest.mark.parametrize("line", ["--sandbox up", "--sandbox test", "sandbox start"])
def test_a_file_in_the_place_of_the_state_directory(program: Program, line: str) -> None:
    (program.directory / "taken").write_text("a file")
    done = program.run(*line.split(), "--state-dir", "taken")
    assert done.code in (1, 5), done.text
    if done.code == 1:
        refused(done, 1, "taken", os.strerror(errno.ENOTDIR))
    assert (program.directory / "taken").read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_state_directory_that_cannot_be_written(program: Program) -> None:
    closed = program.directory / "closed"
    closed.mkdir(mode=0o500)
    try:
        refused(program.run("--sandbox", "up", "--state-dir", "closed"), 1, "closed", os.strerror(errno.EACCES))
    finally:
        closed.chmod(0o700)


# --- what AWS does not have ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("zone: us-east-1z\n", 5, "Zone us-east-1z does not offer t3.micro"),
        ("instance_type: t3.nonexistent\n", 5, "offers t3.nonexistent"),
        ("image_parameter: /no/such/image\n", 2, "no such SSM parameter"),
    ],
)
def test_settings_that_aws_cannot_meet(world: World, text: str, code: int, words: str) -> None:
    config = world.config(text)
    with world.nothing_changes():
        refused(world.run("up", "-c", config), code, words)
    assert not world.demo_directory().exists()


def test_a_name_that_is_somebody_elses(world: World) -> None:
    subnet = world.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    world.elb.create_load_balancer(Name="MyNetwork-LB", Type="network", Scheme="internal", Subnets=[subnet])
    with world.nothing_changes():
        done = world.run("up")
    refused(done, 5, "The name MyNetwork-LB is taken", "--name", "Nothing was changed.")
    assert not world.demo_directory().exists()


def test_a_lost_key_is_noticed(world: World) -> None:
    """Not bad input but bad luck: without the key nobody gets in, so the instances are made anew."""
    assert world.run("up", "--skip-test").code == 0
    shutil.rmtree(world.demo_directory())
    done = good(world.run("up"))
    assert "PASSED  8 of 8" in done.out
