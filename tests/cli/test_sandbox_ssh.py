"""``sandbox ssh`` and ``sandbox proxy``: ways to any instance of the sandbox, without a ProxyCommand of one's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from vpce_demo.sandbox.server import Sandbox

from .program import PAGE, Program
from .stage import Stage


def test_an_instance_by_each_of_its_names(stage: Stage) -> None:
    (found,) = stage.ec2.describe_instances(InstanceIds=[stage.ids["web"]])["Reservations"][0]["Instances"]
    code, document, _ = stage.run("sandbox", "ssh", "Webserver1", "--", "hostname")
    assert (code, document["instance"], document["address"]) == (0, stage.ids["web"], found["PublicIpAddress"])
    assert document["printed"].strip() == found["PrivateDnsName"]
    for name in (found["InstanceId"], found["PublicIpAddress"], found["PrivateIpAddress"]):
        code, document, _ = stage.run("sandbox", "ssh", name, "--", "exit", "3")
        assert (code, document["instance"]) == (3, stage.ids["web"]), name


def test_with_a_key_of_one_s_own(stage: Stage, tmp_path: Path) -> None:
    key = next(stage.directory.rglob("key.pem"))
    aside = key.with_suffix(".pem.pub").rename(key.with_name("aside"))
    try:
        code, document, _ = stage.run("sandbox", "ssh", "Webserver1", "--", "hostname")
        assert (code, document["error"]["code"]) == (1, "VPCE104")
        assert "--key FILE" in document["error"]["hint"]
        assert stage.run("sandbox", "ssh", "--key", str(key), "Webserver1", "--", "hostname")[0] == 0
    finally:
        aside.rename(key.with_suffix(".pem.pub"))


def test_a_name_that_none_has_or_two_have(stage: Stage) -> None:
    code, document, _ = stage.run("sandbox", "ssh", "nobody")
    assert (code, document["error"]["message"]) == (2, "No instance that runs is named nobody.")
    assert stage.ids["web"] in document["error"]["facts"]
    name = [{"Key": "Name", "Value": "Customer_EC2"}]
    stage.ec2.create_tags(Resources=[stage.ids["web"]], Tags=name)
    try:
        code, document, _ = stage.run("sandbox", "ssh", "Customer_EC2")
    finally:
        stage.ec2.create_tags(Resources=[stage.ids["web"]], Tags=[{"Key": "Name", "Value": "Webserver1"}])
    assert (code, document["error"]["message"]) == (2, "2 instances are named Customer_EC2.")


def test_the_proxy_is_told_and_connects(stage: Stage, module_sandbox: Sandbox, program: Program) -> None:
    assert stage.run("sandbox", "proxy")[1]["proxy_url"] == module_sandbox.proxy_url
    (found,) = stage.ec2.describe_instances(InstanceIds=[stage.ids["web"]])["Reservations"][0]["Instances"]
    words = ("--state-dir", str(stage.directory), "sandbox", "proxy", found["PublicIpAddress"], "80")
    command, request = [sys.executable, "-m", "vpce_demo", *words], "GET / HTTP/1.0\r\n\r\n"
    done = subprocess.run(command, env=program.environment, input=request, text=True, capture_output=True)
    assert (done.returncode, PAGE in done.stdout, done.stderr) == (0, True, "")
