"""The settings file: whatever stands in it, it is taken or refused with file and reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vpce_demo.cli import run_command
from vpce_demo.config.load import LARGEST_FILE, load
from vpce_demo.config.model import Config
from vpce_demo.errors import ConfigError

from .cases import MANY, TEXTS, almost, everything_in, only, torn, values, within_bounds

EXAMPLE = (Path(__file__).parents[2] / "config.example.yaml").read_bytes()
DOCUMENT = yaml.safe_load(EXAMPLE)
KEYS = st.sampled_from([*Config.model_fields, *Config().provider.model_fields_set, "vpc_name", "subnet_cidr", "<<"])
BOMB = "\n".join(
    ["a0: &a0 [x,x,x,x,x,x,x,x,x]"] + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
)
MERGES = "\n".join(["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)])


def taken_or_refused(path: Path) -> None:
    before = everything_in(path.parent)
    with only(ConfigError) as refused:
        load(path, {"region": "us-east-1"})
    for error in refused:
        assert str(path) in error.message
    assert everything_in(path.parent) == before


@MANY
@given(st.binary(max_size=300) | torn(EXAMPLE) | TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "demo.yaml"
    path.write_bytes(content)
    taken_or_refused(path)


@pytest.mark.extended
@MANY
@given(almost(DOCUMENT) | st.dictionaries(KEYS, values(KEYS), max_size=6), st.booleans())
def test_any_settings(tmp_path: Path, document: Any, flow: bool) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text(yaml.dump(document, default_flow_style=flow, allow_unicode=False))
    taken_or_refused(path)


CORPUS: dict[str, tuple[str | bytes, str]] = {
    "a bomb of aliases": (BOMB + "\npage: *a11", "an alias (*name) is not taken here"),
    "a bomb of merges": (MERGES + "\nprovider: *a11", "an alias (*name) is not taken here"),
    "an alias of itself": ("provider: &a [*a]", "an alias"),
    "deep": ("page: " + "[" * 5000, "is nested too deeply"),
    "deep keys": ("? " * 3000, "is nested too deeply"),
    "deep blocks": ("\n".join(" " * n + "a:" for n in range(300)), "no setting 'a'"),
    "a key twice": ("name: a\nzone: us-east-1a\nname: b", "demo.yaml:3:1: is not valid YAML: name stands"),
    "a key twice further in": ("provider:\n  vpc_name: a\n  vpc_name: b", "demo.yaml:3:3:"),
    "a NUL": ("name: a\0b", "not valid YAML"),
    "an escaped NUL": ('provider: {vpc_name: "a\\0b"}', "an unprintable character"),
    "an escape for the terminal": ('"\\e[31mred": 1', "there is no setting '?[31mred'"),
    "an escape in a value": ('zone: "\\e]0;x\\a"', "is not a valid zone, such as us-east-1a"),
    "half a character": ('provider: {vpc_name: "\\ud800"}', "provider.vpc_name"),
    "half a character in a key": ('"\\udfff": 1', "unable to parse raw data as a unicode string"),
    "a huge number": ("health_check_seconds: " + "9" * 5000, "as which it cannot be read"),
    "a huge hexadecimal": ("health_check_seconds: 0x" + "f" * 9000, "health_check_seconds: 0xfff"),
    "a huge number of hours": ("health_check_seconds: 1" + ":1" * 9000, "as a huge int"),
    "no number": ("health_check_seconds: .nan", "health_check_seconds"),
    "infinite": ("health_check_seconds: .inf", "health_check_seconds"),
    "no date": ("name: 2026-99-99", "demo.yaml"),
    "a long value": ("name: " + "x" * 90_000, "name: 'xxx"),
    "a long key": ("x" * 1000 + ": 1", "no setting 'xxx"),
    "a long file": ("# " + "x" * LARGEST_FILE, f"larger than {LARGEST_FILE} bytes"),
    "many mistakes": ("\n".join(f"k{n}: 1" for n in range(5000)), "and 4980 more"),
    "a constructor": ("page: !!python/object/apply:os.system [id]", "could not determine a constructor"),
    "a binary": ("name: !!binary ////", "name"),
    "a set": ("name: !!set {a, b}", "name"),
    "two documents": ("name: a\n---\nname: b", "not valid YAML"),
    "another encoding": ("name: a".encode("utf-16"), "cannot be read"),
    "no text": (bytes(range(256)), "cannot be read"),
}


@pytest.mark.parametrize("case", CORPUS)
def test_a_known_trick(tmp_path: Path, capfd: pytest.CaptureFixture[str], case: str) -> None:
    content, words = CORPUS[case]
    path = tmp_path / "demo.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = everything_in(tmp_path)
    with within_bounds():
        code = run_command(["--sandbox", "up", "-c", str(path)])
    out, err = capfd.readouterr()
    assert (code, out) == (2, ""), err
    assert words in err
    assert "Traceback" not in err
    assert len(err) < 12_000
    assert everything_in(tmp_path) == before


def test_what_never_ends_is_not_read_to_its_end(capfd: pytest.CaptureFixture[str]) -> None:
    with within_bounds():
        assert run_command(["plan", "--sandbox", "-c", "/dev/zero"]) == 2
    assert "/dev/zero cannot be read: it is not a file but a device" in capfd.readouterr().err
