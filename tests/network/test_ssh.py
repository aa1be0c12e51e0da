"""The tutorial's last step with the real OpenSSH client: ssh to the customer, curl the endpoint."""

from __future__ import annotations

import gc
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vpce_demo.sandbox import connect
from vpce_demo.sandbox.store.view import Endpoint, Group, Instance, LoadBalancer, TargetGroup

from ..ports import free_port
from .world import (
    BALANCER,
    BALANCER_NAME,
    CUSTOMER,
    CUSTOMER_ADDRESS,
    CUSTOMER_PUBLIC,
    ENDPOINT_ADDRESS,
    ENDPOINT_NAME,
    PAGE,
    TARGETS,
    WEB_ADDRESS,
    WEB_PUBLIC,
    Lab,
    rule,
)

MakeLab = Callable[..., Lab]
URL = f"http://{ENDPOINT_ADDRESS}/"


@pytest.mark.parametrize("host", [ENDPOINT_ADDRESS, ENDPOINT_NAME, BALANCER_NAME])
def test_the_page_comes_back(lab: Lab, host: str) -> None:
    done = lab.ssh("curl", "-sS", f"http://{host}/")
    assert (done.returncode, done.stdout, done.stderr) == (0, PAGE, "")


def test_what_curl_tells_about_the_way(lab: Lab) -> None:
    done = lab.ssh(
        "curl -sS -m 5 -o page"
        " -w '%{http_code} %{local_ip} %{remote_ip}:%{remote_port} %{size_download} %{exitcode}\\n' "
        f"{URL}; cat page"
    )
    assert done.stdout == f"200 10.0.1.15 10.0.1.87:80 {len(PAGE)} 0\n{PAGE}"


@pytest.mark.parametrize(
    ("kind", "key", "changes", "code", "words"),
    [
        (Endpoint, "vpce-1", {"state": "pendingAcceptance"}, 28, "Connection timed out after 5000 milliseconds"),
        (Group, "sg-customer", {"ingress": (rule(22, "0.0.0.0/0"),)}, 28, "timed out"),
        (LoadBalancer, BALANCER, {"listeners": {}}, 28, "timed out"),
        (TargetGroup, TARGETS, {"targets": ()}, 7, "Failed to connect to 10.0.1.87 port 80"),
    ],
)
def test_a_broken_link_is_what_curl_says(
    lab: Lab, kind: type, key: str, changes: dict[str, object], code: int, words: str
) -> None:
    lab.world.change(kind, key, **changes)
    done = lab.ssh("curl", "-sS", "-m", "5", URL)
    assert (done.returncode, done.stdout) == (code, "")
    assert f"curl: ({code}) " in done.stderr
    assert words in done.stderr


def test_a_hang_takes_its_time_on_the_sandboxs_clock(make_lab: MakeLab) -> None:
    lab = make_lab(speed=100)
    lab.booted(CUSTOMER)
    done = lab.ssh(f"curl -s --connect-timeout 60 -w '%{{http_code}} %{{time_total}}' http://{WEB_ADDRESS}/")
    assert done.returncode == 28
    status, seconds = done.stdout.split()
    assert status == "000"
    assert 60 <= float(seconds) < 300


@pytest.mark.parametrize(
    ("command", "code", "out", "err"),
    [
        (f"curl -sS {URL}no", 0, "404 Not Found", ""),
        (f"curl -sSf {URL}no", 22, "", "curl: (22) The requested URL returned error: 404"),
        (f"curl -s -f {URL}no", 22, "", ""),
        (f"curl -sI {URL}", 0, "HTTP/1.1 200 OK\n", ""),
        (f"curl -si {URL}", 0, "Content-Length: 53\n", ""),
        (f"curl -sv {URL}", 0, PAGE, "> GET / HTTP/1.1\n"),
        (f"curl -s -o /dev/null {URL}", 0, "", ""),
        (f"curl -s {URL} {URL}", 0, PAGE + PAGE, ""),
        (f"curl -s -X POST {URL}", 0, "405 Method Not Allowed", ""),
        ("curl -sS http://example.com/", 6, "", "curl: (6) Could not resolve host: example.com"),
        ("curl -sS http://10.0.1.15:81/", 28, "", "timed out"),
        ("curl -s http://10.0.1.15/", 7, "", ""),
        ("curl -sS https://10.0.1.87/", 28, "", "timed out"),
        (f"curl -sS https://{ENDPOINT_ADDRESS}:80/", 35, "", "curl: (35) TLS connect error"),
        ("curl -sS ftp://10.0.1.87/", 1, "", "not supported"),
        (f"curl -sS ssh:22 http://{CUSTOMER_PUBLIC}:22/", 1, "", "HTTP/0.9"),
        ("curl -sS http://:80/", 3, "", "curl: (3)"),
        ("curl", 2, "", "no URL"),
        (f"curl --wrong {URL}", 2, "", "curl: option --wrong not recognized"),
        (f"curl -m nan {URL}", 2, "", "proper numerical parameter"),
        (f"curl -s -o /etc {URL}", 23, "", ""),
        ("curl -s http://checkip.amazonaws.com", 0, CUSTOMER_PUBLIC, ""),
        ("whoami", 0, "ec2-user\n", ""),
        ("sudo whoami", 0, "root\n", ""),
        ("sudo sh -c 'echo a; whoami; exit 3'", 3, "a\nroot\n", ""),
        ("hostname", 0, "ip-10-0-1-15.ec2.internal\n", ""),
        ("hostname -I", 0, "10.0.1.15\n", ""),
        ("ip addr", 0, "inet 10.0.1.15/24", ""),
        ("ip route", 255, "", "only"),
        ("echo -n a; echo b", 0, "ab\n", ""),
        ("echo hi > f && echo ho >> f && cat f", 0, "hi\nho\n", ""),
        ("ls /", 0, "etc\nhome\nopt\nroot\nsrv\ntmp\nusr\nvar\n", ""),
        ("ls /nowhere", 2, "", "No such file"),
        ("cat /etc/passwd", 1, "", "cat: /etc/passwd: No such file or directory"),
        ("cat ../../../../../../etc/passwd", 1, "", "No such file"),
        ("uname -a", 127, "", "uname: command not found"),
        ("nonsense || echo $?", 0, "127\n", "-bash: nonsense: command not found"),
        ("curl -s http://169.254.169.254/latest/meta-data/local-ipv4", 0, "10.0.1.15", ""),
        ("curl -s http://169.254.169.254/latest/meta-data/", 0, "hostname\ninstance-id\nlocal-hostname\n", ""),
        ("curl -sf http://169.254.169.254/latest/meta-data/iam", 22, "", ""),
        ("curl -sf -H 'X-aws-ec2-metadata-token: no' http://169.254.169.254/latest/meta-data/hostname", 22, "", ""),
        ("python3 -m http.server 80", 1, "", "Permission denied"),
        ("echo up > index.html; python3 -m http.server 8080 & sleep 1; curl -s http://10.0.1.15:8080/", 28, "", ""),
        ("exit 7; echo no", 7, "", ""),
        ("echo 'a", 2, "", "unexpected end"),
        (f"nc -zv {ENDPOINT_ADDRESS} 80", 0, "", "Ncat: Connected to 10.0.1.87:80."),
        (f"nc -z {ENDPOINT_ADDRESS} 81", 1, "", "Ncat: TIMEOUT."),
        ("nc -z 10.0.1.15 80", 1, "", "Ncat: Connection refused."),
        ("nc -z example.com 80", 2, "", "Could not resolve"),
        ("nc 10.0.1.15 80", 2, "", "only -z"),
        ("systemctl status httpd", 4, "", "Unit httpd.service could not be found."),
        ("dnf install -y httpd", 1, "", "superuser"),
        (
            "sudo dnf install -y httpd && sudo systemctl start httpd; systemctl is-active httpd; curl -s http://10.0.1.15/",
            0,
            "active\n",
            "",
        ),
    ],
)
@pytest.mark.sampled(3)
def test_commands(lab: Lab, command: str, code: int, out: str, err: str) -> None:
    done = lab.ssh(command)
    assert done.returncode == code
    assert out in done.stdout if out else done.stdout == ""
    assert err in done.stderr if err else done.stderr == ""


def test_the_web_server_under_systemctl(lab: Lab) -> None:
    def web(command: str) -> str:
        done = lab.ssh(command, address=WEB_PUBLIC)
        return f"{done.returncode} {done.stdout}{done.stderr}"

    assert "Active: active (running)" in web("systemctl status httpd.service")
    assert web("sudo systemctl stop httpd; systemctl is-active httpd") == "3 inactive\n"
    assert "Connection refused" in lab.get(WEB_PUBLIC)
    assert web("systemctl status httpd").startswith("3 ")
    assert web("sudo systemctl restart httpd; systemctl is-active httpd") == "0 active\n"
    assert lab.get(WEB_PUBLIC).endswith(PAGE)
    assert web("sudo systemctl disable --now httpd; systemctl status httpd").startswith("3 ○ httpd.service")


def test_lines_from_standard_input_run_one_by_one(lab: Lab) -> None:
    done = lab.ssh(said="whoami\n\nnonsense\necho $? # a comment\nexit 5\necho never\n")
    assert (done.returncode, done.stdout) == (5, "ec2-user\n127\n")
    assert lab.ssh(said="echo the end").stdout == "the end\n"


@pytest.mark.parametrize(
    ("make_key", "user"), [(True, "ec2-user"), (False, "root"), (False, "somebody")], ids=["key", "root", "other"]
)
def test_only_ec2_user_with_the_instances_key_gets_in(lab: Lab, tmp_path: Path, make_key: bool, user: str) -> None:
    if make_key:
        lab.key = tmp_path / "other"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(lab.key)], check=True)
    command = lab.ssh_command(CUSTOMER_PUBLIC, "whoami")
    command = [word.replace("ec2-user@", f"{user}@") for word in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout) == (255, "")
    assert "Permission denied (publickey)" in done.stderr


def test_the_host_key_is_the_one_in_the_boot_log(lab: Lab, tmp_path: Path) -> None:
    log = lab.network.console(CUSTOMER)
    public = next(line.split("] ", 1)[1] for line in log.splitlines() if "] ssh-ed25519 " in line)
    known = tmp_path / "known_hosts"
    known.write_text(f"{CUSTOMER_PUBLIC} {public}\n")
    command = lab.ssh_command(CUSTOMER_PUBLIC, "whoami")
    command = [word.replace("StrictHostKeyChecking=no", "StrictHostKeyChecking=yes") for word in command]
    command = [word.replace("UserKnownHostsFile=/dev/null", f"UserKnownHostsFile={known}") for word in command]
    assert subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout == "ec2-user\n"


@pytest.mark.parametrize(
    ("mac", "code"), [("hmac-sha1", 255), ("hmac-sha1-etm@openssh.com", 255), ("hmac-sha2-256", 0)]
)
def test_nothing_is_proved_by_sha1(lab: Lab, mac: str, code: int) -> None:
    command = lab.ssh_command(CUSTOMER_PUBLIC, "whoami")
    command[1:1] = ["-o", f"MACs={mac}", "-o", "Ciphers=aes128-ctr"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ("127.0.0.1:22", "Connection timed out"),
        (f"{WEB_PUBLIC}:81", "Connection timed out"),
        (f"{WEB_PUBLIC}:443", "Connection refused"),
        ("nowhere.example.com:22", "Name or service not known"),
    ],
)
def test_a_forwarded_connection_leaves_from_the_instance(lab: Lab, there: str, words: str) -> None:
    command = lab.ssh_command(CUSTOMER_PUBLIC)
    command = [word.replace("LogLevel=ERROR", "LogLevel=INFO") for word in command]
    done = subprocess.run(
        [*command[:-1], "-W", there, command[-1]], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode != 0
    assert f"open failed: connect failed: {words}" in done.stderr


def test_a_forwarded_connection_ends_with_its_client(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is not collected as garbage before, since nothing else holds what carries it."""
    lost: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lost.append)
    command = lab.ssh_command(CUSTOMER_PUBLIC)
    for _ in range(3):
        words = [*command[:-1], "-W", f"{CUSTOMER_ADDRESS}:22", command[-1]]
        session = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with session:
            assert session.stdout is not None
            assert session.stdout.readline().startswith(b"SSH-2.0-")
            session.kill()
        for _ in range(20):
            gc.collect(1)  # what is older is much, and none of it is meant
    assert lost == []


def test_no_files_and_no_subsystems(lab: Lab) -> None:
    command = lab.ssh_command(CUSTOMER_PUBLIC)
    subsystem = subprocess.run([*command[:-1], "-s", command[-1], "sftp"], capture_output=True, timeout=30, check=False)
    assert subsystem.returncode != 0


def test_a_shut_security_group_hangs_ssh_and_an_instance_that_goes_ends_it(lab: Lab) -> None:
    session = subprocess.Popen(
        lab.ssh_command(CUSTOMER_PUBLIC), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert session.stdin is not None
    assert session.stdout is not None
    session.stdin.write(b"whoami\n")
    session.stdin.flush()
    assert session.stdout.readline() == b"ec2-user\n"
    lab.world.change(Instance, CUSTOMER, state="terminated", running_since=None)
    lab.network.changed()
    session.communicate(timeout=20)
    assert session.returncode == 255
    command = lab.ssh_command(CUSTOMER_PUBLIC, "whoami")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(command, capture_output=True, timeout=0.5, check=False, stdin=subprocess.PIPE)


def test_a_prompt_on_a_terminal_and_ctrl_c(make_lab: MakeLab) -> None:
    lab = make_lab(speed=20)
    lab.booted(CUSTOMER)
    terminal, far_end = pty.openpty()
    session = subprocess.Popen(
        lab.ssh_command(CUSTOMER_PUBLIC), stdin=far_end, stdout=far_end, stderr=far_end, start_new_session=True
    )
    os.close(far_end)

    def until(awaited: str) -> str:
        seen, end = "", time.monotonic() + 10
        while awaited not in seen:
            assert time.monotonic() < end, seen
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 4096).decode()
        return seen

    try:
        prompt = "[ec2-user@ip-10-0-1-15 ~]$ "
        assert until(prompt) == prompt
        os.write(terminal, b"whoami\r")
        assert "ec2-user\r\n" in until(f"\n{prompt}")
        os.write(terminal, f"curl http://{WEB_ADDRESS}/\r".encode())
        until(WEB_ADDRESS)
        os.write(terminal, b"\x03")
        until(f"^C\r\n{prompt}")
        os.write(terminal, b"half a line\x03")
        until(f"^C\r\n{prompt}")
        os.write(terminal, b"echo $?; exit 4\r")
        until("\n130\r\n")
        assert session.wait(timeout=10) == 4
    finally:
        session.kill()
        session.wait()
        os.close(terminal)


def test_connect_says_what_is_wrong(lab: Lab) -> None:
    def say(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(Path(connect.__file__).resolve()), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.PIPE)

    port = str(lab.network.proxy_port)
    done = say(port, "example.com", "22")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Could not resolve host: example.com" in done.stderr
    done = say(port, CUSTOMER_PUBLIC, "80")
    assert done.returncode == 1
    assert "nothing listens on tcp/80" in done.stderr
    assert say("nonsense").returncode == 2
    unused = str(free_port())  # one that was just given up may be another process's by now
    done = say(unused, CUSTOMER_PUBLIC, "22")
    assert done.returncode == 1
    assert f"proxy on port {unused}" in done.stderr
