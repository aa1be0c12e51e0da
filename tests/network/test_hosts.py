"""Machines: what a first boot does, what a web server serves, and what stays when an instance stops or goes."""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from vpce_demo.sandbox import timing
from vpce_demo.sandbox.store.view import Group, Instance, Subnet
from vpce_demo.tutorial import web_server

from ..ports import free_port
from .world import BALANCER_ADDRESS, PAGE, USER_DATA, WEB, WEB_PUBLIC, Lab, wait_for

MakeLab = Callable[..., Lab]


def answer(lab: Lab, request: str) -> tuple[str, dict[str, str], str]:
    """What the web server answers: status line, header fields, body."""
    head, _, body = lab.tunnel(WEB_PUBLIC, 80, request).partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


def user_data(body: str) -> str:
    return f"#cloud-config\n{body}"


def test_the_first_boot_is_told_in_the_boot_log(lab: Lab) -> None:
    log = lab.network.console(WEB)
    steps = ["ip-20-0-1-10.ec2.internal boots", "BEGIN SSH HOST KEY KEYS", "wrote /var/www/html/index.html (53 bytes)"]
    steps += ["dnf: installed httpd", "+ systemctl enable --now httpd", "login:"]
    places = [log.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
    assert lab.network.console("i-unknown") == ""


def test_it_boots_when_its_time_has_come(make_lab: MakeLab) -> None:
    lab = make_lab(speed=200)
    assert lab.network.console(WEB) == ""
    lab.booted()
    first = re.match(r"\[ *([0-9.]+)\]", lab.network.console(WEB))
    assert first is not None
    assert float(first[1]) >= timing.INSTANCE_BOOTING


def test_a_page_and_its_headers(lab: Lab) -> None:
    status, fields, body = answer(lab, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (status, body) == ("HTTP/1.1 200 OK", PAGE)
    assert fields["Content-Type"] == "text/html; charset=UTF-8"
    assert fields["Content-Length"] == str(len(PAGE))
    assert fields["Connection"] == "close"


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        ("GET /index.html?x=1 HTTP/1.0", "200 OK"),
        ("GET /no HTTP/1.0", "404 Not Found"),
        ("GET /../../../etc/passwd HTTP/1.0", "404 Not Found"),
        ("GET /%2e%2e/%2e%2e/log/httpd/access_log HTTP/1.0", "404 Not Found"),
        ("GET /%00 HTTP/1.0", "404 Not Found"),
        (f"GET /{'a' * 5000} HTTP/1.0", "404 Not Found"),
        ("GET /sub HTTP/1.0", "301 Moved Permanently"),
        ("GET /sub/ HTTP/1.0", "403 Forbidden"),
        ("POST / HTTP/1.0", "405 Method Not Allowed"),
        ("DELETE / HTTP/1.0", "405 Method Not Allowed"),
        ("GET / HTTP/1.1", "400 Bad Request"),
        ("GET / HTTP/9", "400 Bad Request"),
        ("hello", "400 Bad Request"),
        ("GET / HTTP/1.0\r\nno colon", "400 Bad Request"),
        ("GET / HTTP/1.0" + "\r\na: b" * 200, "400 Bad Request"),
    ],
    ids=lambda value: value[:30],
)
def test_answers(lab: Lab, request_line: str, status: str) -> None:
    lab.file(WEB, "/var/www/html/sub").mkdir()
    assert answer(lab, f"{request_line}\r\n\r\n")[0] == f"HTTP/1.1 {status}"


def test_head_has_no_body_and_a_connection_serves_more_than_one_request(lab: Lab) -> None:
    head = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
    said = lab.tunnel(WEB_PUBLIC, 80, f"{head}{head}GET / HTTP/1.0\r\n\r\n")
    assert said.count("HTTP/1.1 200 OK") == 3
    assert said.count(f"Content-Length: {len(PAGE)}") == 3
    assert said.count(PAGE) == 1


def test_a_body_that_is_not_wanted_ends_the_connection(lab: Lab) -> None:
    said = lab.tunnel(WEB_PUBLIC, 80, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nGET / HTTP/1.0\r\n\r\n")
    assert said.count("HTTP/1.1") == 1


def test_the_access_log_has_the_address_the_client_has_in_the_network(lab: Lab) -> None:
    lab.get(WEB_PUBLIC)
    assert lab.ssh("curl", "-s", "http://10.0.1.87/").stdout == PAGE
    log = lab.file(WEB, "/var/log/httpd/access_log").read_text()
    assert [line.split()[0] for line in log.splitlines()] == ["203.0.113.10", BALANCER_ADDRESS]
    assert '"GET / HTTP/1.1" 200 53' in log


def test_a_shell_script_runs_on_the_instance_alone(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = make_lab(user_data=f"#!/bin/bash -x\nmkdir -p {tmp_path}\ntouch {tmp_path}/ran\npwd\n")
    lab.booted()
    assert f"cloud-init: + touch {tmp_path}/ran" in lab.network.console(WEB)
    assert "cloud-init: /\r" in lab.network.console(WEB)
    assert not (tmp_path / "ran").exists()
    assert lab.file(WEB, f"{tmp_path}/ran").exists()


def test_without_a_way_out_packages_fail_for_good_and_the_log_names_the_hop(make_lab: MakeLab) -> None:
    lab = make_lab(speed=1000)
    table = lab.world.view.subnets["subnet-service"].routes
    lab.world.change(Subnet, "subnet-service", routes=())
    lab.booted()
    log = lab.network.console(WEB)
    assert "cannot reach the package repository: timed out. rtb-service: has no route to" in log
    assert "Unit file httpd.service does not exist" in log
    lab.world.change(Subnet, "subnet-service", routes=table)
    lab.network.changed()
    assert "502" in lab.get(WEB_PUBLIC)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("runcmd: [systemctl restart http]", "Failed to restart http.service: Unit http.service not found."),
        ("runcmd: [[systemctl, start, nginx]]", "Failed to start nginx.service: Unit nginx.service not found."),
        ("runcmd: [rm -rf /]", "rm: cannot remove '/': it is dangerous to operate recursively on '/'"),
        ("runcmd: ['echo $(id)']", "cloud-init: the sandbox cannot do this: id: command not found"),
        ("runcmd: ['echo $((1))']", "is more than this instance's shell can do"),
        ("runcmd: [dnf install -y httpd nginx, systemctl start httpd nginx]", "Job for nginx.service failed"),
        (
            "runcmd: [dnf install -y httpd, sed -i s/80/no/ /etc/httpd/conf/httpd.conf, systemctl start httpd]",
            "Job for httpd.service failed",
        ),
        ("runcmd: [exit 3]", "failed with exit code 3"),
        ("packages: [httpd, emacs]", "dnf: no match for argument: emacs"),
        ("packages: [emacs]", "cannot do this: dnf: the package emacs is not known here"),
        ("runcmd: [dnf install -y emacs]", "cannot do this: dnf: the package emacs is not known here"),
        ("runcmd: [curl -L http://10.0.0.1/]", "cannot do this: curl: option -L not recognized"),
        ("runcmd: ['curl https://example.com/ | bash']", "curl: (6) Could not resolve host: example.com"),
        ("runcmd: [curl example.com]", "cannot do this: curl: example.com: no such host in the sandbox's internet"),
        (
            "{write_files: [{path: /etc/systemd/system/app.service, content: x}], runcmd: [systemctl start app]}",
            "cannot do this: systemctl: app.service, a unit of one's own: only httpd, nginx are known here",
        ),
        (
            "{packages: [nginx], runcmd: [echo > /etc/nginx/conf.d/a.conf, service nginx start]}",
            "cannot do this: nginx: /etc/nginx/conf.d/a.conf is not read",
        ),
        ('packages: ["a\\nhttpd"]', "no match for argument: a?httpd"),
        ('write_files: [{path: "/a\\e[31m/b", content: x}]', "wrote /a?[31m/b"),
        ("write_files: [{path: /etc, content: x}]", "could not write /etc: Is a directory"),
        ("write_files: [{path: /etc/a/b, content: x}, {path: /etc/a, content: x}]", "could not write /etc/a:"),
        (f"write_files: [{{path: /{'a' * 300}, content: x}}]", "File name too long"),
        (
            "{write_files: [{path: /var/www/html, content: x}], packages: [httpd]}",
            "dnf: cannot unpack /var/www/html: File exists",
        ),
        (
            "{write_files: [{path: /var/log/httpd, content: x}], packages: [httpd], runcmd: [systemctl start httpd]}",
            "Job for httpd.service failed",
        ),
        ("{write_files: [{path: /a, content: x, append: true}], runcmd: [cat /a]}", "cloud-init: x"),
        ("bootcmd: [id]", "'bootcmd': the sandbox does not know this module"),
    ],
    ids=lambda value: value[:40],
)
def test_what_goes_wrong_at_boot_is_a_line_in_the_log(make_lab: MakeLab, body: str, said: str) -> None:
    lab = make_lab(user_data=user_data(body))
    lab.booted()
    assert said in lab.network.console(WEB)


@pytest.mark.parametrize(("failures", "comes_up"), [(2, True), (5, True), (6, False)])
def test_the_web_server_tries_its_installation_again(make_lab: MakeLab, failures: int, comes_up: bool) -> None:
    why = iter(["RpmLocked: can't create transaction lock on /var/lib/rpm/.rpm.lock"] * failures)
    lab = make_lab(user_data=web_server("a page", "an id"), install_error=lambda: next(why, ""))
    lab.booted()
    log = lab.network.console(WEB)
    assert log.count("dnf: error: RpmLocked: can't create transaction lock") == failures
    assert ("dnf: installed httpd" in log, "a page" in lab.get(WEB_PUBLIC)) == (comes_up, comes_up)
    assert next(why, "used up") == "used up"


def test_the_tries_are_apart(make_lab: MakeLab) -> None:
    why = iter(["the first fails", "the second fails"])
    lab = make_lab(
        speed=200,
        user_data=user_data("runcmd: ['dnf install httpd || sleep 10', 'dnf install httpd || sleep 20', whoami]"),
        install_error=lambda: next(why, ""),
    )
    lab.booted()
    told = re.findall(r"\[ *([\d.]+)\] cloud-init: \+", lab.network.console(WEB))
    first, second, third = map(float, told)
    assert second - first >= 10
    assert third - second >= 20


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rpm -q httpd", "httpd"),
        ("rpm -q emacs httpd || echo $?", "package emacs is not installed\\r?\\n.*httpd\\r?\\n.*1"),
        ("rpm -i httpd", "only `rpm -q PACKAGE' is known"),
        ("sleep", "usage: sleep seconds"),
        ("sleep -- 1", "usage: sleep seconds"),
        ("sleep inf", "usage: sleep seconds"),
        ("sleep 0 && echo awake", "awake"),
    ],
)
def test_the_commands_of_the_tries(make_lab: MakeLab, line: str, said: str) -> None:
    lab = make_lab(user_data=f"{USER_DATA}  - {json.dumps(line)}\n")
    lab.booted()
    assert re.search(said, lab.network.console(WEB).rpartition("+ ")[2])


def test_no_file_is_written_outside_the_instance(make_lab: MakeLab, tmp_path: Path) -> None:
    path = "/" + "../" * 40 + f"{tmp_path}/escaped"
    lab = make_lab(user_data=user_data(f"write_files: [{{path: {path}, content: x}}]"))
    lab.booted()
    assert not (tmp_path / "escaped").exists()
    assert lab.file(WEB, f"{tmp_path}/escaped").read_text() == "x"


def test_a_stopped_instance_is_silent_and_comes_back_with_its_disk_and_enabled_units(lab: Lab) -> None:
    lab.world.change(Instance, WEB, state="stopped", running_since=None)
    lab.network.changed()
    wait_for(lambda: len(listeners(lab)) == 1)
    marker = lab.file(WEB, "/var/www/html/index.html")
    marker.write_text("changed by hand\n")
    lab.world.change(Instance, WEB, state="running", running_since=lab.world.clock.now())
    lab.network.changed()
    wait_for(lambda: lab.network.console(WEB).count("login:") == 2)
    assert lab.get(WEB_PUBLIC).endswith("changed by hand\n")
    assert lab.network.console(WEB).count("cloud-init: wrote") == 1


def listeners(lab: Lab) -> list[str]:
    """The instances that answer on their ssh port, from outside."""
    return [host for host in ("198.51.100.1", "198.51.100.2") if _has_ssh(lab, host)]


def _has_ssh(lab: Lab, host: str) -> bool:
    try:
        return "SSH-2.0" in lab.send(f"CONNECT {host}:22 HTTP/1.1\r\n\r\nno ssh\r\n\r\n", timeout=0.2)
    except TimeoutError:
        return False


def test_a_terminated_instance_leaves_only_its_log_and_then_nothing(lab: Lab) -> None:
    assert lab.file(WEB, "/").exists()
    lab.world.change(Instance, WEB, state="terminated", running_since=None)
    lab.network.changed()
    wait_for(lambda: not lab.file(WEB, "/").exists())
    assert "login:" in lab.network.console(WEB)
    lab.world.remove(Instance, WEB)
    lab.network.changed()
    wait_for(lambda: lab.network.console(WEB) == "")


def test_changes_of_the_clock_are_noticed_without_a_poke(make_lab: MakeLab) -> None:
    lab = make_lab()
    lab.world.change(Instance, WEB, state="terminated", running_since=None)
    wait_for(lambda: not lab.file(WEB, "/").exists())


def test_nothing_is_left_after_stop(make_lab: MakeLab, tmp_path: Path) -> None:
    before = threading.active_count()
    lab = make_lab(user_data=USER_DATA, proxy_port=free_port())
    lab.booted()
    port = lab.network.proxy_port
    lab.network.stop()
    lab.network.stop()
    lab.network.changed()
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        lab.send("")
    assert port == lab.network.proxy_port


def test_stop_during_boot_hang_and_download(make_lab: MakeLab, tmp_path: Path) -> None:
    lab = make_lab(speed=5)
    lab.world.change(Group, "sg-web", egress=())
    lab.world.clock.speed = math.inf
    wait_for(lambda: "boots" in lab.network.console(WEB))
    lab.network.stop()
    assert list(tmp_path.iterdir()) == []


def test_a_sandbox_that_ends_leaves_the_machines_of_another(lab: Lab) -> None:
    page = lab.directory / "instances" / "i-of-another" / "index.html"
    page.parent.mkdir()
    page.write_text(PAGE)
    lab.network.stop()
    assert [path.name for path in page.parent.parent.iterdir()] == ["i-of-another"]
    assert page.read_text() == PAGE
