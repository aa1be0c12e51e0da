"""``support``: an archive for those who help, in which nothing tells whose it is."""

from __future__ import annotations

import json
import socket
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from vpce_demo.cli import run_command
from vpce_demo.masking import MASK
from vpce_demo.report import support

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
IN_FILES = "Zx9hunter2/EXAMPLE+hunter2EXAMPLEsecret0"
TOKEN = "5f0c1e-token-of-the-control-port"
PASSWORD = "pa55-w0rd-of-the-proxy"
PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"
TOLD = (
    "arn:aws:sts::111122223333:assumed-role/Admin/hanako at 203.0.113.77 and 2001:db8:0:1::7f, vpc-0abc123def4567890, "
    "vpce-0abc123def4567890-x1y2z3.vpce-svc-0abc123def4567890.us-east-1.vpce.amazonaws.com; AKIAIOSFODNN7EXAMPLE; "
    "tanaka.hanako on hanako-laptop of Acme-Payroll by acme-admin: proxy.acme.example"
)
PLANTED = (
    *(SECRET, IN_FILES, TOKEN, PASSWORD, "b3BlbnNzaC1rZXktdjEAAAAA", "AAAAC3NzaC1lZDI1NTE5", "AKIAIOSFODNN7EXAMPLE"),
    *("111122223333", "0abc123def4567890", "x1y2z3", "203.0.113.77", "2001:db8", "assumed-role"),
    *("hanako", "tanaka", "acme", "Acme", "Payroll", "Grundstueck", "first-customer", "second-customer"),
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory, of a user with a name on a host with a name, and with credentials."""
    home = tmp_path / "home" / "tanaka.hanako"
    home.mkdir(parents=True)
    (home / "credentials").write_text(f"[acme-admin]\naws_secret_access_key = {IN_FILES}\n")
    monkeypatch.setattr(support, "user_name", lambda uid: "tanaka.hanako")
    monkeypatch.setattr(socket, "gethostname", lambda: "hanako-laptop.acme.example")
    variables = {
        "HOME": str(home),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_PROFILE": "acme-admin",
        "HTTPS_PROXY": f"http://me:{PASSWORD}@proxy.acme.example:3128",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    work = home / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    yield work
    MASK.begin({})


def files(archive: Path) -> dict[str, str]:
    with zipfile.ZipFile(archive) as found:
        return {name: found.read(name).decode() for name in found.namelist()}


def plant(here: Path, *, damaged: bool) -> None:
    """Write all that there may be of a demo, with what must not be seen in every place."""
    (here / "vpce-demo.yaml").write_text(
        "profile: acme-admin\ntags:\n  CostCenter: Acme-Payroll\n"
        "provider:\n  vpc_name: Grundstueck\n  key_name: acme key\npage: <h1>Acme</h1>\n"
        "consumer:\n  profile: [first-customer, second-customer]\n"
    )
    said = {"said": f"{TOLD} {SECRET} {IN_FILES}", TOLD: "as a key", "settings": {"tags": {"Who": "Acme-Payroll"}}}
    state = json.dumps(
        {**said, "settings": {"vpc_name": "Grundstueck", "public_key": f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 {TOLD}"}}
    )
    for place in ("aws", "sandbox"):
        directory = here / ".vpce-demo" / place / "vpce-demo"
        directory.mkdir(parents=True)
        (directory / "state.json").write_text(state[:-2] if damaged else state)
        (directory / "key.pem").write_text(PEM)
        (directory / "key.pem").chmod(0o600)
        logs = here / ".vpce-demo" / "logs" / place / "vpce-demo"
        logs.mkdir(parents=True)
        head = {"type": "run", "at": 1.0, "version": 1, "command": "up", "demo": "vpce-demo", "demo_id": "7f3a9c"}
        rest = {"place": "AWS", "accounts": {"provider": {"account": "111122223333", "region": "us-east-1"}}}
        lines = [{**head, **rest, "program": "1", "settings": {}}, {"type": "page", "at": 2.0, "text": said["said"]}]
        (logs / "20261124T145500Z-up-4711.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    emulator = here / ".vpce-demo" / "emulator"
    emulator.mkdir()
    (emulator / "server.json").write_text(json.dumps({"token": TOKEN}))
    (emulator / "sandbox.log").write_text(f"{TOLD}\n{TOKEN} {SECRET}\n{PEM}\n")


@pytest.mark.parametrize("damaged", [False, True])
def test_nothing_that_tells_whose_it_is_gets_in(here: Path, damaged: bool, capsys: pytest.CaptureFixture[str]) -> None:
    plant(here, damaged=damaged)
    assert run_command(["support", "--to", "x.zip"]) == 0
    out, err = capsys.readouterr()
    found = files(here / "x.zip")
    assert {name.partition("Z-up")[0] for name in found} == {
        *("README.txt", "machine.json", "checks.json", "settings.json", "sandbox.log"),
        *(f"{place}/{name}" for place in ("aws", "sandbox") for name in ("state.json", "runs/20261124T145500")),
    }
    for name, text in found.items():
        assert [one for one in PLANTED if one in name + text] == [], name
    assert "as a key" in found["aws/state.json"], "or this would prove nothing"
    assert "xxxxxxxx" in found["sandbox.log"]
    assert '"type": "page"' in found["aws/runs/20261124T145500Z-up-4711.jsonl"]
    assert stat.S_IMODE((here / "x.zip").stat().st_mode) == 0o600
    assert "Nothing was sent anywhere" in err
    assert all(name in out and name in found["README.txt"] for name in found.keys() - {"README.txt"})


def test_it_works_with_nothing_there_and_overwrites_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["support", "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parts"] == ["README.txt", "machine.json", "checks.json", "settings.json"]
    (written,) = here.glob("vpce-demo-support-*Z.zip")
    assert document["file"] == written.name
    assert run_command(["support", "--to", written.name]) == 2
    assert f"There is a {written.name} already.  VPCE013" in capsys.readouterr().err
    machine = json.loads(files(written)["machine.json"])
    assert {"boto3", "botocore", "click"} <= machine["packages"].keys()
    assert "HTTPS_PROXY" in machine["environment variables that are set"]


def test_settings_that_are_not_valid_are_told_in_their_place(here: Path) -> None:
    (here / "vpce-demo.yaml").write_text("nam: x\n")
    assert run_command(["support", "--to", "x.zip"]) == 0
    assert files(here / "x.zip")["settings.json"].startswith("VPCE011 vpce-demo.yaml:1:1: ")
