"""User data: what is in it is obeyed or noted in the boot log, as cloud-init does, and harms nobody."""

from __future__ import annotations

import base64
import contextlib
import gzip
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vpce_demo.sandbox.limits import LARGEST_DISK
from vpce_demo.sandbox.machines.disk import Disk
from vpce_demo.sandbox.machines.syntax import BadLine, parse
from vpce_demo.sandbox.machines.user_data import LARGEST_FILE, Orders, read
from vpce_demo.sandbox.store.snapshot import LARGEST_USER_DATA, _user_data

from .cases import MANY, TEXTS, almost, torn, values, within_bounds
from .test_settings import BOMB, MERGES

DOCUMENT = {
    "packages": ["httpd", ["vim", "9"]],
    "write_files": [
        {"path": "/var/www/html/index.html", "content": "page", "permissions": "0644", "append": True},
        {"path": "/a", "encoding": "gz+b64", "content": base64.b64encode(gzip.compress(b"x", mtime=0)).decode()},
    ],
    "runcmd": ["systemctl enable --now httpd", ["echo", "a b"]],
}
TEXT = ("#cloud-config\n" + yaml.safe_dump(DOCUMENT)).encode()
KEYS = st.sampled_from([*DOCUMENT, "path", "content", "encoding", "permissions", "append", "users", "<<"])


def obeyed_or_noted(text: str, directory: Path) -> Orders:
    """Read it, and write the files it asks for where an instance would."""
    orders = read(text)
    assert all(0 < len(each) < 300 for each in orders.warnings), orders.warnings
    disk = Disk(directory / "disk")
    for file in orders.files:
        assert len(file.content) <= LARGEST_FILE
        assert 0 <= file.mode <= 0o777
        try:
            place = disk.path(file.path)
            assert place.resolve().is_relative_to(disk.root.resolve())
            disk.write(file.path, file.content)
        except (OSError, ValueError):
            pass  # what the machine notes: could not write
    for command in (*orders.scripts, *orders.commands):
        understood_or_not(command)
    assert {path.name for path in directory.iterdir()} <= {"disk"}
    return orders


def understood_or_not(line: str) -> None:
    with contextlib.suppress(BadLine):
        assert all(line.pipelines for line in parse(line))


@MANY
@given(st.binary(max_size=300) | torn(TEXT) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    """As RunInstances was given them, and as they are or in gzip."""
    for encoded in (base64.b64encode(content), base64.b64encode(gzip.compress(content, mtime=0)), content):
        obeyed_or_noted(_user_data(encoded), tmp_path)


@pytest.mark.extended
@MANY
@given(almost(DOCUMENT) | st.dictionaries(KEYS, values(KEYS), max_size=4), st.booleans())
def test_any_orders(tmp_path: Path, document: Any, flow: bool) -> None:
    text = yaml.dump(document, default_flow_style=flow, allow_unicode=False)
    obeyed_or_noted("#cloud-config\n" + text, tmp_path)


@MANY
@given(st.text(st.sampled_from("ab '\"\\;&|<>$`(){}#\n\0\ud800é"), max_size=40) | TEXTS)
def test_any_command(line: str) -> None:
    understood_or_not(line)


CORPUS = {
    "a bomb of aliases": (BOMB + "\nruncmd: [*a11]\npackages: *a11\n", "should be text"),
    "a bomb of merges": (MERGES + "\nwrite_files: [*a11]\n", "path should be text"),
    "an alias of itself": ("packages: &a [*a]", "not valid YAML"),
    "deep": ("[" * 16_000, "not valid YAML"),
    "a NUL": ("packages: [a\0]", "not valid YAML"),
    "half a character": ('write_files: [{path: /a, content: "\\ud800"}]', "content is not Unicode"),
    "huge permissions": (f"write_files: [{{path: /a, permissions: '{'7' * 9000}'}}]", "octal"),
    "many orders": ("runcmd: [" + "a," * 5000 + "]", "only the first 100"),
    "many unknown ones": ("\n".join(f"m{n}: 1" for n in range(1500)), "'m1499'"),
    "a key twice": ("packages: a\npackages: b", "should be a list"),
    "no mapping in a key": ("? [a]\n: b", "not valid YAML"),
}


@pytest.mark.parametrize("case", CORPUS)
def test_a_known_trick(tmp_path: Path, case: str) -> None:
    body, words = CORPUS[case]
    with within_bounds():
        orders = obeyed_or_noted(f"#cloud-config\n{body}", tmp_path)
    assert any(words in each for each in orders.warnings), orders.warnings
    assert not orders.files


def test_a_small_document_does_not_fill_the_host_s_disk(tmp_path: Path) -> None:
    packed = base64.b64encode(gzip.compress(b"x" * LARGEST_FILE, mtime=0)).decode()
    file = f"{{encoding: gz+b64, content: {packed}, append: true, path: "
    text = "#cloud-config\nwrite_files:\n" + "".join(f"- {file}/a{number}}}\n" for number in range(100))
    with within_bounds():
        orders = obeyed_or_noted(text, tmp_path)
        assert sum(len(one.content) for one in orders.files) <= LARGEST_DISK
        assert any("the files before it fill the disk" in one for one in orders.warnings)
    assert sum(path.lstat().st_blocks * 512 for path in tmp_path.rglob("*")) <= LARGEST_DISK


@pytest.mark.extended
def test_a_full_disk(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "disk")
    with pytest.raises(OSError, match="No space left"):
        disk.append("/var/log/more", "x" * LARGEST_DISK)
    with contextlib.suppress(OSError):
        for number in range(10_000):  # empty files and folders take room too
            disk.write(f"/many/{number}/file", b"")
    assert LARGEST_DISK / 2 < sum(path.lstat().st_blocks * 512 for path in tmp_path.rglob("*")) <= LARGEST_DISK
    with pytest.raises(OSError, match="No space left"):
        disk.write("/many/more/files", b"")
    disk.write("/many/0/file", b"")  # one that is there already


def test_gzip_that_unpacks_to_gigabytes(tmp_path: Path) -> None:
    packed = gzip.compress(b"#cloud-config\n" + b"#" * 50 * LARGEST_USER_DATA, mtime=0)
    with within_bounds():
        text = _user_data(base64.b64encode(packed))
    assert len(text) <= len(packed)
    assert obeyed_or_noted(text, tmp_path).warnings
