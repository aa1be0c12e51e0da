"""User data is somebody's text: the useful is understood, the hostile becomes a warning."""

from __future__ import annotations

import base64
import gzip
import json
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpce_demo.sandbox.machines.disk import Disk
from vpce_demo.sandbox.machines.user_data import LARGEST_FILE, File, Orders, read

from .world import PAGE, USER_DATA


def cloud_config(body: str) -> Orders:
    return read(f"#cloud-config\n{body}")


def test_the_tutorials_user_data() -> None:
    orders = read(USER_DATA)
    assert orders == Orders(
        files=[File("/var/www/html/index.html", PAGE.encode())],
        packages=["httpd"],
        commands=["systemctl enable --now httpd"],
    )


def test_lists_are_commands_word_by_word() -> None:
    assert cloud_config("runcmd:\n - [echo, 'a b', c]\n").commands == ["echo 'a b' c"]


def test_a_package_may_have_a_version() -> None:
    assert cloud_config("packages: [[httpd, 2.4], vim]").packages == ["httpd", "vim"]


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("b64", base64.b64encode(b"page").decode()),
        ("base64", base64.b64encode(b"page").decode()),
        ("gz+b64", base64.b64encode(gzip.compress(b"page", mtime=0)).decode()),
        ("gzip+base64", base64.b64encode(gzip.compress(b"page", mtime=0)).decode()),
        ("text/plain", "page"),
        ("''", "page"),
    ],
)
def test_encodings(encoding: str, content: str) -> None:
    orders = cloud_config(f"write_files: [{{path: /a, encoding: {encoding}, content: '{content}'}}]")
    assert (orders.files, orders.warnings) == ([File("/a", b"page")], [])


def test_permissions_and_append() -> None:
    orders = cloud_config("write_files: [{path: /a, content: x, permissions: '0755', append: true}]")
    assert orders.files == [File("/a", b"x", 0o755, append=True)]


@pytest.mark.parametrize(
    "first",
    ["#!/bin/bash", "#!/bin/sh", "#! /bin/bash -xe ", "#!/usr/bin/env bash", "#!/usr/bin/bash -e -x"],
)
def test_a_script_is_for_the_instance_s_shell(first: str) -> None:
    script = f"{first}\nyum install -y httpd\n"
    assert read(script) == Orders(scripts=[script])


@pytest.mark.parametrize(
    ("script", "warning"),
    [
        ("#!/usr/bin/python3\nprint(1)\n", "user data is a script for '/usr/bin/python3': only bash and sh are known"),
        ("#!/bin/bash -o pipefail\n", "only bash and sh are known"),
        ("#!/bin/bash\r\nyum install -y httpd\r\n", "line ends of Windows"),
        (" #!/bin/bash\necho\n", "begins neither with"),
    ],
)
def test_a_script_that_is_not_run_is_named(script: str, warning: str) -> None:
    orders = read(script)
    assert orders == Orders(warnings=orders.warnings)
    assert warning in orders.warnings[0]


def multipart(*parts: str) -> str:
    """As cloud-init's own tool, or Terraform's ``cloudinit_config``, writes it."""
    message = MIMEMultipart(boundary="MIMEBOUNDARY")
    for part in parts:
        kind = "cloud-config" if part.startswith("#cloud") else "x-shellscript"
        message.attach(MIMEText(part, kind, "utf-8"))
    return message.as_string()


def test_mime_multipart() -> None:
    script = "#!/bin/bash\necho é\n"
    assert read(multipart("#cloud-config\npackages: [httpd]\n", script, "#!/bin/sh\n")) == Orders(
        packages=["httpd"], scripts=[script, "#!/bin/sh\n"]
    )
    plain = f'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="//"\n\n--//\n\n{script}--//--\n'
    assert read(plain).scripts == [script.removesuffix("\n")]


NESTED = "".join(f"Content-Type: multipart/a; boundary=b{n}\n\n--b{n}\n" for n in range(5000))


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("Content-Type: multipart/mixed\n\n", "not valid MIME multipart"),
        ("Content-Type: text/x-shellscript\n\n#!/bin/bash\n", "not valid MIME multipart"),
        (multipart(*["#!/bin/sh\n"] * 30), "only the first 20 parts"),
        (multipart("#!/bin/sh\n", "hello"), "begins neither with"),
        (NESTED, "valid MIME"),
    ],
    ids=["no boundary", "one part", "many", "other", "deep"],
)
def test_what_of_mime_is_not_obeyed_is_named(text: str, warning: str) -> None:
    assert any(warning in each for each in read(text).warnings)


BOMB = "\n".join(
    ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    + ["packages: *a11", "runcmd: [*a11]", "write_files: [*a11]"]
)


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        ("packages: [", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        ("a: !!python/object/apply:os.system [id]\n", "does not know this module"),
        ("packages: !!int ''\n", "packages: should be a list"),
        ("packages: httpd", "packages: should be a list"),
        ("packages: [{a: b}]", "packages, number 1: a package should be text"),
        ("runcmd: [[echo, [x]]]", "runcmd, number 1: every word of a command should be text"),
        ("write_files: [/a]", "should be a mapping"),
        ("write_files: [{content: x}]", "path should be text"),
        ("write_files: [{path: a/b}]", "path should be absolute"),
        ('write_files: [{path: "/a\\0b"}]', "path should be absolute"),
        ("write_files: [{path: /a, permissions: rwx}]", "octal"),
        ("write_files: [{path: /a, encoding: rot13}]", "'rot13' is unknown"),
        ("write_files: [{path: /a, encoding: b64, content: '%'}]", "content is not b64"),
        ("write_files: [{path: /a, encoding: gz+b64, content: aGFsbG8=}]", "content is not gz+b64"),
        ("users: [root]", "'users': the sandbox does not know this module"),
        ("- httpd", "no mapping"),
        (BOMB, "should be text"),
        (f"runcmd: [{','.join(['echo'] * 200)}]", "only the first 100"),
    ],
)
def test_what_is_not_understood_is_said(body: str, warning: str) -> None:
    orders = cloud_config(body)
    assert any(warning in each for each in orders.warnings), orders.warnings
    assert all(len(each) < 300 for each in orders.warnings)
    assert not orders.files


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"\0" * (LARGEST_FILE + 1), mtime=0), gzip.compress(b"page", mtime=0)[:-9]],
    ids=["a gzip bomb", "half a gzip"],
)
def test_bad_gzip(packed: bytes) -> None:
    content = base64.b64encode(packed).decode()
    orders = cloud_config(f"write_files: [{{path: /a, encoding: gz+b64, content: {content}}}]")
    assert not orders.files
    assert len(orders.warnings) == 1


def test_other_formats_are_named() -> None:
    assert "not obeyed" in read("#include\nhttp://example.com/\n").warnings[0]
    assert read("  \n") == Orders()


ANYTHING = st.recursive(
    st.none() | st.text() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.text() | st.dictionaries(st.sampled_from(["packages", "runcmd", "write_files"]), ANYTHING))
@settings(max_examples=150, deadline=None)
def test_reading_never_fails(wanted: object) -> None:
    orders = cloud_config(wanted if isinstance(wanted, str) else json.dumps(wanted))
    assert all(file.path.startswith("/") for file in orders.files)


@given(st.text(alphabet="./ab\\~\u2024", max_size=30))
def test_no_path_leads_out_of_the_disk(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    disk = Disk(tmp_path_factory.getbasetemp() / "disk")
    assert disk.path(path).resolve().is_relative_to(disk.root.resolve())
