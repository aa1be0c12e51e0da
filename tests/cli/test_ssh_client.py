"""The real ssh client with what people have on their own machines: the checks over ssh pass all the same."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vpce_demo.aws.environment import Environment
from vpce_demo.errors import Diagnosis
from vpce_demo.model import Side
from vpce_demo.sandbox import client
from vpce_demo.sandbox.client import Running
from vpce_demo.sandbox.server import Sandbox
from vpce_demo.session.run import Run
from vpce_demo.ssh import NO_CONFIGURATION, Ssh, SshFailure, proxy_command
from vpce_demo.verify import checks
from vpce_demo.verify.checks import CheckContext, Result
from vpce_demo.verify.diagnosis.table import Symptom

from ..ports import free_port
from .stage import Stage, write_server_file

OVER_SSH = (5, 6, 7, 8)


# --- a user's configuration ---------------------------------------------------------------


def lab(run: Run, ssh: Ssh) -> CheckContext:
    return CheckContext(run.demo, run.sides, ssh, run.environment.pace, run.settings.page, run.facts, patient=False)


def results(run: Run, ssh: Ssh) -> list[Result]:
    """The results of the checks over ssh, after those that they need."""
    run.look()
    return [one for one in checks.run(lab(run, ssh)) if one.number in OVER_SSH]


def failures(run: Run, ssh: Ssh) -> list[str]:
    return [f"{one.number}: {one.evidence}" for one in results(run, ssh) if not one.passed]


def configured(run: Run, directory: Path, *lines: str, way: str = "") -> Ssh:
    """As on AWS, with a user's configuration whose way out leads into the sandbox."""
    way = way or run.environment.ssh_options[-1].replace("=", " ", 1)
    file = directory / "config"
    file.write_text("\n".join([*lines, "Host *", *(f"  {line}" for line in (*lines, way)), ""]))
    return replace(run.ssh(), options=("-F", str(file)))


SETTINGS = (
    "RemoteCommand tmux attach",
    "RequestTTY force",
    "SessionType none",
    "ForkAfterAuthentication yes",
    "StdinNull yes",
    "LocalForward {port} localhost:80\nExitOnForwardFailure yes",
    "RemoteForward 2222 localhost:22\nExitOnForwardFailure yes",
    "DynamicForward {port}\nExitOnForwardFailure yes",
    "UseKeychain yes",
    "NoSuchOption 1",
    "PreferredAuthentications password",
    "PubkeyAuthentication no",
    "PubkeyAcceptedAlgorithms rsa-sha2-512",
    "HostKeyAlgorithms ssh-rsa",
    "Ciphers aes128-cbc",
    "KexAlgorithms diffie-hellman-group1-sha1",
    "MACs hmac-md5",
    "User root",
    "Port 2222",
    "HostName 192.0.2.1",
    "AddressFamily inet6",
    "KnownHostsCommand /bin/false",
    "GlobalKnownHostsFile /nowhere\nUserKnownHostsFile /nowhere",
    "StrictHostKeyChecking yes",
    "CheckHostIP yes",
    "VerifyHostKeyDNS yes",
    "RevokedHostKeys /nowhere",
    "UpdateHostKeys ask",
    "HostKeyAlias other",
    "PermitLocalCommand yes\nLocalCommand echo hello",
    "PermitLocalCommand yes\nLocalCommand printf 'a\\nb\\n'; exit 3",
    "ControlMaster auto\nControlPath /nowhere/%C\nControlPersist yes",
    "IdentityFile /nowhere/key\nIdentitiesOnly no\nIdentityAgent /nowhere/agent\nAddKeysToAgent confirm",
    "CertificateFile /nowhere/cert",
    "PKCS11Provider /nowhere/pkcs11.so",
    "ForwardAgent yes\nForwardX11 yes",
    "BatchMode no\nNumberOfPasswordPrompts 3",
    "LogLevel QUIET",
    "LogLevel DEBUG3",
    "VisualHostKey yes",
    "ConnectTimeout 1\nConnectionAttempts 3",
    "Compression yes\nServerAliveInterval 1\nServerAliveCountMax 1",
    "SetEnv LANG=tlh\nSendEnv *",
    "IdentityFile none",
    "CanonicalizeHostname always\nCanonicalDomains example.com\nCanonicalizeFallbackLocal no",
    "Match final\nRemoteCommand other\nPort 2222",
    "RekeyLimit 1K 1s\nRequiredRSASize 16384",
    "NoHostAuthenticationForLocalhost yes\nHashKnownHosts yes",
)
ORDINARY = 0, 6, 29
"""Of the rows, those that ``make test`` tries one by one; ``make test-extended`` tries all others together."""


def lines(setting: str) -> list[str]:
    return setting.format(port=free_port()).splitlines() if "{port}" in setting else setting.splitlines()


@pytest.mark.parametrize(
    "setting", [pytest.param(one, marks=[] if i in ORDINARY else [pytest.mark.slow]) for i, one in enumerate(SETTINGS)]
)
def test_a_setting_for_all_hosts(made_run: Run, tmp_path: Path, setting: str) -> None:
    assert failures(made_run, configured(made_run, tmp_path, *lines(setting))) == []


@pytest.mark.extended
def test_each_setting_reaches_the_instance(made_run: Run, tmp_path: Path) -> None:
    """One command for each row: what the checks get from it is the instance's own."""
    failed = {}
    for setting in SETTINGS:
        answer = lab(made_run, configured(made_run, tmp_path, *lines(setting))).on_customer("echo", "a", "b")
        if (answer.exit_code, answer.out) != (0, "a b\n"):
            failed[setting] = answer
    assert failed == {}


@pytest.mark.parametrize("shell", ["/usr/sbin/nologin", "/bin/false", "/usr/bin/fish", "/nowhere", ""])
def test_the_users_shell_is_not_asked_in_the_sandbox(
    made_run: Run, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setenv("SHELL", shell)
    assert lab(made_run, made_run.ssh()).on_customer("echo", "a").out == "a\n"


def test_ssh_gets_no_variable_of_aws(made_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    seen = tmp_path / "seen"
    way = made_run.environment.ssh_options[-1].partition("=")[2]
    ssh = configured(made_run, tmp_path, way=f"ProxyCommand sh -c {shlex.quote(f'env >{seen}; exec {way}')}")
    assert lab(made_run, ssh).on_customer("true").failure is None
    assert "AWS_" not in seen.read_text()


def test_modules_in_the_directory_are_not_run(made_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("socket", "threading", "os", "vpce_demo"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert lab(made_run, made_run.ssh()).on_customer("echo", "a").out == "a\n"


# --- what failed, and why -----------------------------------------------------------------


SAYS = "sh -c 'echo {} >&2; exit 1'"
"""A way out that says this, and ends."""
BROKEN = (
    ("Ciphers nonsense", "nonsense"),
    ("Port many", "Bad port"),
    ("SessionType", "argument"),
)


def cause(run: Run, ssh: Ssh) -> tuple[Result, Diagnosis]:
    """The first check over ssh that fails, and its diagnosis."""
    failed = next(one for one in results(run, ssh) if one.failure)
    return failed, checks.explain(lab(run, ssh), failed)


@pytest.mark.parametrize(("line", "said"), BROKEN)
@pytest.mark.sampled(3)
def test_a_configuration_that_ssh_refuses_is_the_cause(made_run: Run, tmp_path: Path, line: str, said: str) -> None:
    failed, told = cause(made_run, configured(made_run, tmp_path, line))
    assert (failed.number, told.key, told.ruled_out) == (5, "local-ssh", [])
    text = "\n".join(told.evidence)
    assert said in text
    assert str(tmp_path / "config") in text
    assert not any(fix.deletes for fix in told.fixes)


@pytest.mark.extended
@pytest.mark.parametrize("way", ["ProxyCommand /nowhere/program", "ProxyCommand exit 1"])
@pytest.mark.sampled(2)
def test_a_way_out_that_cannot_be_run_is_the_cause(made_run: Run, tmp_path: Path, way: str) -> None:
    failed, told = cause(made_run, configured(made_run, tmp_path, way=way))
    assert (failed.number, told.key, told.ruled_out) == (5, "local-ssh", [])


def test_a_key_that_ssh_will_not_read_is_the_cause(made_run: Run) -> None:
    key = made_run.state.key_file
    key.chmod(0o644)
    try:
        failed, told = cause(made_run, made_run.ssh())
    finally:
        key.chmod(0o600)
    assert (failed.number, told.key) == (5, "local-ssh")
    assert any("bad permissions" in line for line in told.evidence)
    assert told.likely == "ssh refuses the demo's key, since others may read it."
    assert [fix.command for fix in told.fixes] == [f"chmod 600 {key}"]
    assert failed.evidence.count("ec2-user@") == 1


def test_a_failure_that_goes_with_the_configuration(made_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the check passes, so the web server is not to blame."""
    plain = made_run.ssh()
    monkeypatch.setattr(Ssh, "without_configuration", lambda self: plain)
    ssh = replace(plain, options=("-F", "/dev/null", "-o", f"ProxyCommand={SAYS.format('Connection refused')}"))
    failed, told = cause(made_run, ssh)
    assert failed.failure
    assert (failed.failure.symptom, told.key, told.ruled_out) == (Symptom.LOCAL_SSH, "local-ssh", [])
    assert "the check passes" in told.evidence[-1]


def test_no_fix_deletes_on_what_only_the_users_way_shows(made_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another page answers; without the user's configuration nothing does, so that is not proved."""
    nowhere = replace(made_run.ssh(), options=(*NO_CONFIGURATION, "-o", f"ProxyCommand={SAYS.format('timed out')}"))
    run_there = Ssh.run

    def run(self: Ssh, address: str, alias: str, command: list[str], seconds: float) -> object:
        answer = run_there(self, address, alias, command, seconds)
        return replace(answer, out="another\n") if "-f" in command else answer

    monkeypatch.setattr(Ssh, "run", run)
    monkeypatch.setattr(Ssh, "reads_configuration", True)
    same = made_run.ssh()
    monkeypatch.setattr(Ssh, "without_configuration", lambda self: same)
    _, proved = cause(made_run, same)
    monkeypatch.setattr(Ssh, "without_configuration", lambda self: nowhere)
    failed, unproved = cause(made_run, same)
    assert (failed.number, proved.key, unproved.key) == (7, "other-page", "other-page")
    assert [fix.deletes for fix in proved.fixes] == [True]
    assert unproved.fixes == []
    assert "timed out" in unproved.evidence[-1]


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("ssh: connect to host 192.0.2.1 port 22: Connection timed out", SshFailure.ON_THE_WAY),
        ("ssh: connect to host 192.0.2.1 port 22: No route to host", SshFailure.ON_THE_WAY),
        ("kex_exchange_identification: Connection closed by remote host", SshFailure.ON_THE_WAY),
        ("Connection closed by 192.0.2.1 port 22", SshFailure.ON_THE_WAY),
        ("ec2-user@192.0.2.1: Permission denied (publickey).", SshFailure.DENIED),
        ('Load key "key": bad permissions\nec2-user@192.0.2.1: Permission denied (publickey).', SshFailure.HERE),
        ("/etc/ssh/ssh_config: line 3: Bad configuration option: x", SshFailure.HERE),
        ("command-line: line 0: Bad configuration option: x", SshFailure.HERE),
        ("No user exists for uid 54321", SshFailure.HERE),
        ("/bin/sh: 1: exec: nc: Permission denied\nConnection closed by UNKNOWN port 65535", SshFailure.HERE),
        ("Connection closed by UNKNOWN port 65535", SshFailure.HERE),
        ("banner exchange: Connection to UNKNOWN port 65535: Broken pipe", SshFailure.HERE),
        (
            "kex_exchange_identification: read: Connection reset by peer\nConnection reset by UNKNOWN port 65535",
            SshFailure.HERE,
        ),
        ("x: Connection timed out\nConnection closed by UNKNOWN port 65535", SshFailure.ON_THE_WAY),
        ("", SshFailure.HERE),
    ],
)
def test_where_ssh_failed(said: str, where: SshFailure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\nprintf %s {shlex.quote(said)} >&2\nexit 255\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    answer = Ssh(tmp_path / "key", tmp_path / "hosts").run("192.0.2.1", "i-1", ["true"], 10)
    told = said or "ssh ended with 255, and said no reason"
    assert (answer.failure, answer.exit_code, answer.out, answer.err) == (where, 255, "", told)


def test_an_ssh_that_is_killed_is_this_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ssh"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    answer = Ssh(tmp_path / "key", tmp_path / "hosts", NO_CONFIGURATION).run("192.0.2.1", "i-1", ["true"], 10)
    assert (answer.failure, answer.reason) == (SshFailure.HERE, "ssh was killed by signal 9, and said no reason")


@pytest.mark.parametrize("shell", ["sh", "fish"])
def test_only_what_is_between_the_marks_is_the_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    """A client that repeats the command, and prints before and after it, as a chatty shell over there does."""
    if not shutil.which(shell):
        pytest.skip(f"no {shell} on this machine")
    program = tmp_path / "ssh"
    program.write_text(
        f'#!/bin/sh\nfor last; do :; done\necho hello; echo "+ $last"; {shell} -c "$last"; echo bye; exit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    ssh = Ssh(tmp_path / "key", tmp_path / "hosts")
    answer = ssh.run("192.0.2.1", "i-1", ["sh", "-c", "printf a; echo 'b c' >&2; exit 7"], 10)
    assert (answer.exit_code, answer.out, answer.failure) == (7, "ab c\n", None)


@pytest.mark.parametrize("code", [0, 1, 127])
def test_an_instance_that_does_not_do_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Its login shell says something else, and ends: not this machine's failure, and no answer either."""
    program = tmp_path / "ssh"
    program.write_text(f"#!/bin/sh\necho This account is not available; exit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    answer = Ssh(tmp_path / "key", tmp_path / "hosts").run("192.0.2.1", "i-1", ["true"], 10)
    assert (answer.exit_code, answer.out, answer.failure) == (255, "", SshFailure.ON_THE_WAY)


# --- paths --------------------------------------------------------------------------------


PATHS = (
    "50%off",
    "%h %p %d",
    "${HOME}",
    "$HOME",
    "~x",
    "with space",
    "it's",
    'a "quote"',
    "#hash",
    "back\\slash",
    "new\nline",
    "semi;colon && `id`",
    "ünïcödé 日本",
    "-dash",
    "a=b,c",
    "!*?[x]",
)


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> Path:
    """A directory of this name, in which are the interpreter, the package and the home."""
    directory = tmp_path / name
    (directory / "home").mkdir(parents=True)
    python, package = directory / "python", directory / "package"
    python.symlink_to(sys.executable)
    package.symlink_to(Path(client.__file__).parent)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(client, "__file__", str(package / "client.py"))
    monkeypatch.setenv("HOME", str(directory / "home"))
    return directory


@pytest.mark.parametrize("name", PATHS)
def test_ssh_from_a_path(made_run: Run, place: Environment, odd: Path) -> None:
    state = odd / "state"
    state.mkdir()
    for file in ("key.pem", "key.pem.pub"):
        (state / file).write_bytes((made_run.state.directory / file).read_bytes())
        (state / file).chmod(0o600)
    running = Running("", place.proxy, "", 0, "", 1.0)
    options = (*NO_CONFIGURATION, "-o", f"ProxyCommand={proxy_command([*running.connect, '%h', '%p'])}")
    answer = lab(made_run, Ssh(state / "key.pem", state / "known_hosts", options)).on_customer("echo", "a")
    assert (answer.out, answer.failure) == ("a\n", None), answer
    assert (state / "known_hosts").read_text().startswith("i-")


@pytest.mark.parametrize(
    "name", ['50%h ${HOME} ~x it\'s "q" #x\\y ü', *(pytest.param(one, marks=pytest.mark.slow) for one in PATHS)]
)
@pytest.mark.slow
def test_the_whole_life_in_a_path(
    module_sandbox: Sandbox, place: Environment, odd: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_server_file(module_sandbox, odd / "state")
    stage = Stage(odd / "state", place.clients[Side.PROVIDER], {}, capsys, ["--sandbox", "--name", "odd"])
    for command in ("up", "test", "status", "down"):
        code, out, err = stage.text(command, *(["--yes"] if command == "down" else []))
        assert code == 0, (command, out, err)


# --- the user's network -------------------------------------------------------------------


def test_what_remains_of_a_hanging_ssh_is_the_user_s_network(made_run: Run) -> None:
    """A demo in which nothing keeps ssh out, and ssh hangs."""
    made_run.look()
    failure = checks.CheckFailed("timed out", Symptom.SSH_HANGS)
    hanging = Result(5, "ssh to the consumer instance", False, "timed out", failure=failure)
    found = checks.explain(lab(made_run, made_run.ssh()), hanging)
    assert (found.key, found.likely) == ("own-network", "your own network may block tcp/22.")
    assert "routes" in found.ruled_out
    assert "your own network" not in found.ruled_out
    assert not any(fix.deletes for fix in found.fixes)
