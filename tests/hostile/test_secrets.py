"""Secrets are planted in each way in which they can come in, and looked for in all that is said and written; malformed
settings of AWS end in words of ours, in every thread."""

from __future__ import annotations

import http.server
import io
import json
import re
import shlex
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from vpce_demo.aws import environment
from vpce_demo.cli import main, run_command
from vpce_demo.errors import DemoError
from vpce_demo.journal.run_log import RunLog
from vpce_demo.masking import MASK, Mask
from vpce_demo.untrusted import printable, write_text

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDplantedtoken" * 4
PASSWORD = "pa55-w0rd-of-the-endpoint"
KEYS = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
PLANTED = [
    form for one in (SECRET, TOKEN[:40], TOKEN[-40:], PASSWORD) for form in (one, quote(one), quote(one, ""), one[5:25])
]
NOBODY = "http://127.0.0.1:9"
ROLE = "role_arn = arn:aws:iam::111122223333:role/demo\n"
LINES = ("status", "-o json doctor", "--progress plain -v up --yes", "cost --refresh")


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No call is repeated, nothing is listened to, and what is known of secrets is forgotten afterwards."""
    monkeypatch.setattr(environment, "_BOTO", environment._BOTO.merge(environment._ONCE))
    for name, value in {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": NOBODY}.items():
        monkeypatch.setenv(name, value)
    yield
    MASK.begin({})


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What ended a thread."""
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    return seen


def files(directory: Path) -> str:
    """All that was written, but for what the test itself planted."""
    mine = {"config", "credentials", "process"}
    return "".join(
        path.read_text(errors="replace") for path in directory.rglob("*") if path.is_file() and path.name not in mine
    )


def said(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = run_command(line.split())
    return code, "".join(capsys.readouterr())


def set_up(
    directory: Path, monkeypatch: pytest.MonkeyPatch, *, config: str = "", credentials: str = "", **variables: str
) -> None:
    for name, text in (("config", config), ("credentials", credentials)):
        (directory / name).write_text(text, newline="")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(directory / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(directory / "credentials"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def process(program: str) -> str:
    """A profile with a program that gives the credentials."""
    return f"[default]\ncredential_process = sh -c {shlex.quote(program)}\n"


def printing(**given: object) -> str:
    """The same with a program that prints these."""
    told = {"Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": TOKEN, **given}
    return process(f"echo {shlex.quote(json.dumps(told).replace(chr(92), chr(92) * 2))}")


KEY_LINES = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n"


# --- what comes in and must not come out ------------------------------------------------------------


class Echo(http.server.BaseHTTPRequestHandler):
    """Refuses every call, and says in its message all that it was sent: in headers, repr, JSON and a signed URL."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        headers = dict(self.headers)
        token = headers.get("X-Amz-Security-Token", "")
        told = (
            f"{headers!r} {json.dumps(headers)} {token} {SECRET} {SECRET!r} {str(self.headers)!r}"
            f" https://x/?X-Amz-Security-Token={quote(token, '')}&X-Amz-Signature={'0123456789abcdef' * 4}&other=1"
        )
        escaped = told.replace("&", "&amp;").replace("<", "&lt;")
        body = f"<ErrorResponse><Error><Code>Odd</Code><Message>{escaped}</Message></Error></ErrorResponse>".encode()
        if "X-Amz-Target" in headers:
            body = json.dumps({"__type": "Odd", "message": told}).encode()
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    """The address of something in AWS's place, with a password in it."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://user:{PASSWORD}@127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


WAYS: Mapping[str, tuple[str, str, Mapping[str, str]]] = {
    "environment": ("", "", KEYS),
    "credentials file": ("", f"[default]\n{KEY_LINES}", {}),
    "config file": (f"[default]\n{KEY_LINES}", "", {}),
    "credential_process": (printing(), "", {}),
    "source of a role": (f"[default]\n{ROLE}source_profile = keys\n[profile keys]\n{KEY_LINES}", "", {}),
    "credentials that expire": (printing(Expiration="2999-01-01T00:00:00Z"), "", {}),
}


@pytest.mark.extended
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.sampled(2)
def test_what_is_echoed_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], echo: str, way: str
) -> None:
    config, credentials, variables = WAYS[way]
    monkeypatch.setenv("AWS_ENDPOINT_URL", echo)
    set_up(tmp_path, monkeypatch, config=config, credentials=credentials, **variables)
    for line in LINES:
        code, text = said(line, capsys)
        assert code in (1, 4), (line, text)
        assert "***" in text
        assert "0123456789abcdef" not in text
        assert [one for one in PLANTED if one in text + files(tmp_path)] == [], (line, text)


MALFORMED = {
    "carriage return": ("\r", "ends in a carriage return"),
    "line feed": ("\n", "ends in a line feed"),
    "tab": ("\t", "ends in a tab"),
    "blank": (" ", "ends in a blank"),
    "quote": ('"', "ends in a quotation mark"),
    "control": ("\x01", "ends in a control character (U+0001)"),
    "letter": ("é", "ends in a character that is not ASCII (U+00E9)"),
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("end", MALFORMED)
@pytest.mark.sampled(2)
def test_a_credential_with_more_at_its_end_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, end: str
) -> None:
    more, words = MALFORMED[end]
    set_up(tmp_path, monkeypatch, **{**KEYS, name: KEYS[name] + more})
    for line in LINES[:2]:
        code, text = said(line, capsys)
        assert (f"{name} {words}." in text, code) == (True, 1 if "doctor" in line else 4), text
        assert [one for one in [*PLANTED, KEY_ID] if one in text] == []


@pytest.mark.parametrize(
    ("config", "variables", "words"),
    [
        (
            printing(SessionToken=TOKEN + "\r"),
            {},
            "The session token of the credentials (custom-process) ends in a carr",
        ),
        (printing(SecretAccessKey=f"{SECRET}\n"), {}, "The secret access key of the credentials (custom-process) ends"),
        (
            printing(AccessKeyId=f"{KEY_ID}\nX-Forged: 1"),
            {},
            "The access key id of the credentials (custom-process) con",
        ),
        (
            f"[default]\n{KEY_LINES.replace(SECRET, chr(39) + SECRET)}",
            {},
            "aws_secret_access_key of the profile 'default' be",
        ),
        (
            f"[default]\n{ROLE}source_profile = keys\n[profile keys]\n{KEY_LINES.replace(TOKEN, TOKEN + chr(34))}",
            {},
            "aws_session_token of the profile 'keys' ends in a quotation mark.",
        ),
        (
            f"[default]\n{ROLE}credential_source = Environment\n",
            {"AWS_PROFILE": "default", **KEYS, "AWS_SESSION_TOKEN": f"{TOKEN}\r"},
            "AWS_SESSION_TOKEN ends in a carriage return.",
        ),
    ],
    ids=range(6),
)
def test_malformed_credentials_from_elsewhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    config: str,
    variables: Mapping[str, str],
    words: str,
) -> None:
    set_up(tmp_path, monkeypatch, config=config, **variables)
    profile = "--profile default " if variables else ""
    code, text = said(f"{profile}status", capsys)
    assert (words in text, code) == (True, 4), text
    assert [one for one in PLANTED if one in text] == []


@pytest.mark.extended
@pytest.mark.parametrize(
    "url",
    [
        "http://user:{}@127.0.0.1:9",
        "http://user:x/{}@h",
        "http://{}:@h:99999",
        "gopher:{}",
        "user:{}@127.0.0.1:9",
        "http://127.0.0.1:9/?token={}",
        "http://127.0.0.1:9/x?a=b&c={}%20",
    ],
)
def test_a_password_in_an_endpoint_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    if url.startswith("gopher"):
        url = "gopher://user:{}@h"
    where = url.format(PASSWORD)
    for config, variables in (
        ("", {**KEYS, "AWS_ENDPOINT_URL": where}),
        (f"[default]\nendpoint_url = {where}\n", KEYS),
    ):
        if config:
            monkeypatch.delenv("AWS_ENDPOINT_URL")
        set_up(tmp_path, monkeypatch, config=config, **variables)
        for line in LINES[:2]:
            code, text = said(line, capsys)
            assert code in (1, 2), text
            assert [one for one in [*PLANTED, PASSWORD[:8]] if one in text] == [], text


@pytest.mark.extended
def test_a_password_in_another_url_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"https://user:x/{PASSWORD}@127.0.0.1/start"
    sso = f"sso_start_url = {url}\nsso_region = us-east-1\n"
    account = "sso_account_id = 111122223333\nsso_role_name = r\n"
    for config, variables in (
        (f"[default]\n{sso}{account}", {}),
        (f"[default]\nsso_session = s\n{account}[sso-session s]\n{sso}", {}),
        ("", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url}),
        ("", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{NOBODY}/?token={PASSWORD}"}),
    ):
        set_up(tmp_path, monkeypatch, config=config, **variables)
        code, text = said("status", capsys)
        assert code in (1, 4), text
        assert [one for one in [*PLANTED, PASSWORD[:8]] if one in text] == [], text


# --- the mask itself ----------------------------------------------------------------------------------


def test_a_secret_is_masked_however_it_is_written() -> None:
    odd = f"{SECRET[:20]}\r\n\x01é<&{SECRET[20:]}"
    mask = Mask()
    mask.add(odd, SECRET)
    forms = [odd, repr(odd), json.dumps(odd), json.dumps(repr(odd)), repr(odd.encode()), quote(odd), quote(odd, "")]
    for form in [*forms, f"…{odd[:15]}", f"{odd[-20:]}…", *re.findall(".{15}", SECRET)]:
        shown = mask.text(f"before {form} after")
        assert re.fullmatch(r"before b?\W*\*\*\*\W* after|before .?\*\*\*.? after", shown), (form, shown)
    assert mask.text("what is not secret stays: " + "x" * 99) == "what is not secret stays: " + "x" * 99


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://u:p@h/x http://h/@x", "http://***@h/x http://h/@x"),
        ("{'Authorization': b'AWS4-HMAC-SHA256 Credential=A/b, Signature=cd'}", "{'Authorization': b'***'}"),
        ('{"authorization": "Bearer abc.def"}', '{"authorization": "***"}'),
        ("Authorization: Basic dTpw", "Authorization: ***"),
        ("?X-Amz-Credential=AKIA%2Fb&X-Amz-Signature=00112233&z=1", "?X-Amz-Credential=***&X-Amz-Signature=***&z=1"),
        ("Invalid header value b'abc def\\r' here", "Invalid header value *** here"),
        ("export AWS_SECRET_ACCESS_KEY=sandbox", "export AWS_SECRET_ACCESS_KEY=sandbox"),
        ("Encoded authorization failure message: abcdefgh", "Encoded authorization failure message: abcdefgh"),
    ],
)
def test_what_has_the_shape_of_a_secret_is_masked(text: str, shown: str) -> None:
    assert Mask().text(text) == shown
    assert Mask().text(shown) == shown


def test_what_is_cut_written_or_logged_is_masked(tmp_path: Path) -> None:
    MASK.begin({"AWS_SESSION_TOKEN": TOKEN, "HTTPS_PROXY": f"http://me:{PASSWORD}@proxy"})
    assert printable(f"it is {TOKEN}", 30) == "it is ***"
    write_text(tmp_path / "page", f"{TOKEN} {PASSWORD} {quote(TOKEN, '')}")
    assert (tmp_path / "page").read_text() == "*** *** ***"
    with (tmp_path / "log").open("w") as file:
        log = RunLog.__new__(RunLog)
        log._file = file
        log._write("end", message=f"{TOKEN}\r", other={"a": [PASSWORD, DemoError(TOKEN)]})
    line = json.loads((tmp_path / "log").read_text())
    assert (line["message"], line["other"]) == ("***\r", {"a": ["***", "***"]})


def test_a_traceback_is_masked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(_: object) -> int:
        MASK.begin({"AWS_SECRET_ACCESS_KEY": SECRET})
        raise RuntimeError(f"{SECRET}\r and {quote(SECRET, '')}")

    monkeypatch.setattr("vpce_demo.cli.boundary.run_command", fail)
    with pytest.raises(SystemExit, match="1"):
        main()
    err = capsys.readouterr().err
    assert "RuntimeError: ***? and ***" in err
    assert [one for one in PLANTED if one in err] == []


# --- settings that are malformed ----------------------------------------------------------------------


SETTINGS: Mapping[str, tuple[str, Mapping[str, str], int, str]] = {
    "a port out of range": ("", {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:99999"}, 2, "AWS_ENDPOINT_URL"),
    "no port": ("", {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:x"}, 2, "AWS_ENDPOINT_URL"),
    "a port of one service": (
        "",
        {**KEYS, "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:99999"},
        2,
        "AWS_ENDPOINT_URL_EC2",
    ),
    "half an address": ("", {**KEYS, "AWS_ENDPOINT_URL": "http://[::1"}, 2, "AWS_ENDPOINT_URL"),
    "no address": ("", {**KEYS, "AWS_ENDPOINT_URL": "nonsense"}, 2, "Invalid endpoint"),
    "a region of two lines": ("", {**KEYS, "AWS_REGION": "us-east-1\nx"}, 2, "region"),
    "a region that is none": (f"[default]\nregion = us east\n{KEY_LINES}", {"AWS_REGION": ""}, 2, "region"),
    "a file that is garbage": ("[[[\x00", KEYS, 2, "cannot be used"),
    "a file without sections": ("region = us-east-1\n", KEYS, 2, "cannot be used"),
    "half a key": (f"[default]\naws_access_key_id = {KEY_ID}\n", {}, 4, "incomplete"),
    "no such profile": ("", {"AWS_PROFILE": "nobody"}, 2, "no such AWS profile"),
    "a process that prints no JSON": (process(f"echo {SECRET}"), {}, 4, "printed no JSON"),
    "a process that prints nothing": (process("true"), {}, 4, "printed no JSON"),
    "a process that prints a list": (process("echo []"), {}, 4, "not as it should be"),
    "a process that prints no keys": (process("echo '{\"Version\": 1}'"), {}, 4, "Missing required key"),
    "a process of another version": (
        process(f'echo \'{{"Version": "{SECRET}"}}\''),
        {},
        4,
        "credential_process failed",
    ),
    "a process that gives null": (printing(AccessKeyId=None), {}, 4, "left a key empty"),
    "a process that gives a number": (printing(SecretAccessKey=7), {}, 4, "is not a text"),
    "a process that gives a list": (printing(SessionToken=[SECRET]), {}, 4, "is not a text"),
    "a process that gives no date": (printing(Expiration=SECRET), {}, 4, "cannot be used"),
    "a process that fails": (process(f"echo {SECRET} >&2; echo {TOKEN}; exit 3"), {}, 4, "credential_process failed"),
    "a process that fails in bytes": (process("printf '\\377' >&2; exit 3"), {}, 4, "cannot be used"),
    "a process that is not there": ("[default]\ncredential_process = /no/such/thing\n", {}, 4, "/no/such/thing"),
    "a process with half a quote": ("[default]\ncredential_process = sh -c 'echo\n", {}, 4, "quotation"),
    "a source that is not there": (f"[default]\n{ROLE}source_profile = nobody\n", {}, 2, "nobody"),
    "a role without a source": (f"[default]\n{ROLE}", {}, 4, "incomplete"),
    "roles in a circle": (
        f"[default]\n{ROLE}source_profile = b\n[profile b]\n{ROLE}source_profile = default\n",
        {},
        2,
        "cannot be used",
    ),
    "a role that is none": (f"[default]\nrole_arn = x\nsource_profile = k\n[profile k]\n{KEY_LINES}", {}, 4, "RoleArn"),
    "a source of no kind": (f"[default]\n{ROLE}credential_source = Nowhere\n", {}, 2, "cannot be used"),
    "half a sign-in by SSO": ("[default]\nsso_start_url = https://x/start\nsso_account_id = 1\n", {}, 2, "sso"),
    "a session of SSO that is not there": (
        "[default]\nsso_session = nothing\nsso_account_id = 1\nsso_role_name = r\n",
        {},
        2,
        "nothing",
    ),
    "a web identity that is not there": (f"[default]\n{ROLE}web_identity_token_file = /no/token\n", {}, 4, "/no/token"),
    "the code of an MFA device, at the end of the input": (
        f"[default]\n{ROLE}mfa_serial = arn:aws:iam::111122223333:mfa/me\nsource_profile = k\n[profile k]\n{KEY_LINES}",
        {},
        4,
        "the input has ended",
    ),
}


@pytest.mark.filterwarnings("ignore::getpass.GetPassWarning")
@pytest.mark.parametrize("case", SETTINGS)
def test_malformed_settings_end_in_words_of_ours(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    in_threads: Sequence[object],
    case: str,
) -> None:
    config, variables, code, words = SETTINGS[case]

    def no_terminal(*_: object) -> int:
        raise OSError

    monkeypatch.setattr("getpass.os", SimpleNamespace(open=no_terminal, O_RDWR=0, O_NOCTTY=0))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    set_up(tmp_path, monkeypatch, config=config, **variables)
    before = threading.active_count()
    ended, text = said("status", capsys)
    for thread in threading.enumerate()[before:]:
        thread.join(10)
    assert (ended, words in text) == (code, True), text
    assert "Traceback" not in text
    assert [one for one in PLANTED if one in text] == []
    assert list(in_threads) == []
