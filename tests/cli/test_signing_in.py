"""Each way of signing in that botocore has: asked once a command, the right account, and the right words when not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore import tokens
from botocore.credentials import SSOProvider
from botocore.exceptions import RefreshWithMFAUnsupportedError
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from vpce_demo.aws.credentials import MfaDevices, signed_in
from vpce_demo.cli import run_command
from vpce_demo.sandbox.server import Sandbox

from .signing_in import CODE, REGION_OFF, StandIn, in_hours, session

KEYS = "aws_access_key_id = AKIA{0}\naws_secret_access_key = secret-of-{0}\n"
MFA = "mfa_serial = arn:aws:iam::111111111111:mfa/me\n"


def role(account: str) -> str:
    return f"role_arn = arn:aws:iam::{account}:role/demo\n"


def process(home: Path) -> str:
    """A program that gives credentials, and notes that it ran."""
    program = home / "process.py"
    given = {"Version": 1, "AccessKeyId": "AKIA555555555555", "SecretAccessKey": "secret-of-5"}
    program.write_text(f"open({str(home / 'ran')!r}, 'a').write('x')\nprint({json.dumps(given)!r})")
    return f"{sys.executable} {program}"


def cached(directory: Path, key: str, data: object, hash: str = "sha1") -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{hashlib.new(hash, key.encode()).hexdigest()}.json").write_text(json.dumps(data))


def sso(home: Path) -> None:
    token = {"accessToken": "sso-token", "expiresAt": in_hours(1), "startUrl": "https://x/start", "region": "us-east-1"}
    for key in ("https://x/start", "corp"):
        cached(home / ".aws/sso/cache", key, token)


def login(home: Path, hours: float) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    der = base64.b64encode(key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())).decode()
    access = {"accessKeyId": "ASIA888888888888", "secretAccessKey": "secret-of-8", "sessionToken": "token-of-8"}
    token = {
        "accessToken": {**access, "accountId": "888888888888", "expiresAt": in_hours(hours)},
        "refreshToken": "r",
        "clientId": "c",
        "dpopKey": f"-----BEGIN EC PRIVATE KEY-----\n{der}\n-----END EC PRIVATE KEY-----\n",
    }
    cached(home / ".aws/login/cache", "arn:aws:iam::888888888888:user/me", token, "sha256")


@dataclass(frozen=True)
class Way:
    """A way of signing in: what is set, whom AWS takes us for, and the calls that are made for it.

    ``refused`` are the calls that fail then, and ``words`` what is said of it.
    """

    account: str
    config: str = ""
    settings: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    asked: Mapping[str, int] = field(default_factory=dict)
    prompts: int = 0
    runs: int = 0
    refused: Mapping[str, tuple[int, str, str]] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    prepare: Callable[[Path], object] = lambda home: None


ENVIRONMENT = {"AWS_ACCESS_KEY_ID": "AKIA111111111111", "AWS_SECRET_ACCESS_KEY": "secret-of-1"}
WRONG = {"GetCallerIdentity": (403, "InvalidClientTokenId", "The security token is invalid.")}
DENIED = {"AssumeRole": (403, "AccessDenied", "User: me is not authorized to perform: sts:AssumeRole")}
SSO_ROLE = "sso_account_id = 333333333333\nsso_role_name = demo\n"
NAMED = ("--profile", "mine")

WAYS = {
    "keys in the environment": Way(
        "111111111111",
        variables=ENVIRONMENT,
        refused=WRONG,
        words=("AWS does not accept your sign-in.", "AWS_ACCESS_KEY_ID", "set fresh keys in the environment"),
    ),
    "keys beside AWS_PROFILE": Way(
        "111111111111",
        config=f"[profile mine]\n{KEYS.format('222222222222')}",
        variables={**ENVIRONMENT, "AWS_PROFILE": "mine"},
        refused=WRONG,
        words=("AWS_ACCESS_KEY_ID", "set fresh keys in the environment"),
    ),
    "a profile by option beside keys": Way(
        "222222222222",
        config=f"[profile mine]\n{KEYS.format('222222222222')}",
        variables=ENVIRONMENT,
        options=NAMED,
        refused=WRONG,
        words=("AWS does not accept your sign-in.", "profile   mine", "aws configure --profile mine"),
    ),
    "a profile of the config file beside keys": Way(
        "222222222222",
        config=f"[profile mine]\n{KEYS.format('222222222222')}",
        settings="profile: mine\n",
        variables=ENVIRONMENT,
        refused=WRONG,
        words=("profile   mine", "aws configure --profile mine"),
    ),
    "AWS_PROFILE beside a profile of the config file": Way(
        "222222222222",
        config=f"[profile mine]\n{KEYS.format('222222222222')}[profile other]\n{KEYS.format('333333333333')}",
        settings="profile: other\n",
        variables={"AWS_PROFILE": "mine"},
        refused=WRONG,
        words=("profile   mine", "aws configure --profile mine"),
    ),
    "a profile by AWS_PROFILE": Way(
        "222222222222",
        config=f"[profile mine]\n{KEYS.format('222222222222')}",
        variables={"AWS_PROFILE": "mine"},
        refused=WRONG,
        words=("profile   mine", "aws configure --profile mine"),
    ),
    "IAM Identity Center": Way(
        "333333333333",
        config=f"[profile mine]\n{SSO_ROLE}sso_start_url = https://x/start\nsso_region = us-east-1\n",
        options=NAMED,
        prepare=sso,
        asked={"GetRoleCredentials": 1},
        refused={"GetRoleCredentials": (401, "UnauthorizedException", "Session token not found or invalid")},
        words=("Your AWS sign-in has expired or cannot be used.", "aws sso login --profile mine"),
    ),
    "a session of IAM Identity Center": Way(
        "333333333333",
        config=f"[profile mine]\nsso_session = corp\n{SSO_ROLE}"
        "[sso-session corp]\nsso_start_url = https://x/start\nsso_region = us-east-1\n",
        options=NAMED,
        prepare=sso,
        asked={"GetRoleCredentials": 1},
        refused={"GetRoleCredentials": (403, "ForbiddenException", "No access")},
        words=(
            "AWS does not let you sign in: GetRoleCredentials was refused.",
            "Signing in again does not help.",
            "profile   mine (IAM Identity Center, session corp)",
        ),
    ),
    "a role with MFA": Way(
        "444444444444",
        config=f"[profile mine]\n{role('444444444444')}{MFA}source_profile = keys\n"
        f"[profile keys]\n{KEYS.format('111111111111')}",
        options=NAMED,
        asked={"AssumeRole": 1},
        prompts=1,
        refused={
            "AssumeRole": (403, "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code.")
        },
        words=("AWS did not accept the code of the MFA device.", "wait for the next one", "profile   mine (role "),
    ),
    "one profile, named in two ways": Way(
        "444444444444",
        config=f"[profile mine]\n{role('444444444444')}{MFA}source_profile = keys\n"
        f"[profile keys]\n{KEYS.format('111111111111')}",
        variables={"AWS_PROFILE": "mine"},
        options=("--consumer-profile", "mine"),
        asked={"AssumeRole": 1},
        prompts=1,
        refused={"AssumeRole": (403, "AccessDenied", "MultiFactorAuthentication failed, unable to validate MFA code.")},
        words=("AWS could not check the code of the MFA device.", "mfa_serial", "profile   mine (role "),
    ),
    "a chain of roles": Way(
        "444444444444",
        config=f"[profile mine]\n{role('444444444444')}source_profile = middle\n"
        f"[profile middle]\n{role('222222222222')}{MFA}source_profile = keys\n"
        f"[profile keys]\n{KEYS.format('111111111111')}",
        options=NAMED,
        asked={"AssumeRole": 2},
        prompts=1,
        refused=DENIED,
        words=("AWS does not let you sign in: AssumeRole was refused.", "not authorized to perform: sts:AssumeRole"),
    ),
    "a role of the environment's keys": Way(
        "444444444444",
        config=f"[profile mine]\n{role('444444444444')}credential_source = Environment\n",
        variables=ENVIRONMENT,
        options=NAMED,
        asked={"AssumeRole": 1},
        refused=DENIED,
        words=("AssumeRole was refused.", "Signing in again does not help.", "profile   mine (role "),
    ),
    "credential_process": Way(
        "555555555555",
        config="[profile mine]\ncredential_process = PROCESS\n",
        options=NAMED,
        runs=1,
        refused={"process": (3, "", "")},
        words=("the credential_process failed", "aws configure get credential_process --profile mine"),
    ),
    "web identity of the environment": Way(
        "444444444444",
        variables={
            "AWS_WEB_IDENTITY_TOKEN_FILE": "token",
            "AWS_ROLE_ARN": "arn:aws:iam::444444444444:role/demo",
            "AWS_PROFILE": "other",
        },
        config="[profile other]\n",
        prepare=lambda home: (home / "token").write_text("a token"),
        asked={"AssumeRoleWithWebIdentity": 1},
        refused={"AssumeRoleWithWebIdentity": (400, "ExpiredTokenException", "Token expired")},
        words=("Your AWS sign-in has expired.", "AWS_WEB_IDENTITY_TOKEN_FILE", "ls -l token"),
    ),
    "web identity of a profile": Way(
        "444444444444",
        config=f"[profile mine]\n{role('444444444444')}web_identity_token_file = token\n",
        options=NAMED,
        prepare=lambda home: (home / "token").write_text("a token"),
        asked={"AssumeRoleWithWebIdentity": 1},
        refused={"AssumeRoleWithWebIdentity": (400, "InvalidIdentityToken", "No OpenIDConnect provider found")},
        words=("AWS does not accept the web identity token.", "ls -l token"),
    ),
    "aws login": Way(
        "888888888888",
        config="[profile mine]\nlogin_session = arn:aws:iam::888888888888:user/me\n",
        options=NAMED,
        prepare=lambda home: login(home, 1),
        refused={"cache": (0, "", "")},
        words=("Your AWS sign-in has expired or cannot be used.", "aws login --profile mine"),
    ),
    "aws login, to be renewed": Way(
        "888888888888",
        config="[profile mine]\nlogin_session = arn:aws:iam::888888888888:user/me\n",
        options=NAMED,
        prepare=lambda home: login(home, -1),
        asked={"CreateOAuth2Token": 1},
        refused={"CreateOAuth2Token": (403, "AccessDeniedException", "TOKEN_EXPIRED")},
        words=("Your AWS sign-in has expired.", "aws login --profile mine"),
    ),
    "a container": Way(
        "666666666666",
        variables={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "URL/container"},
        asked={"container": 1},
        refused={"container": (400, "x", "no role")},
        words=("Your AWS sign-in has expired or cannot be used.", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ),
    "an instance": Way(
        "777777777777",
        variables={"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "URL/"},
        asked={"instance": 1},
        refused={"instance": (404, "x", "x")},
        words=("There are no AWS credentials.",),
    ),
}


class Stage:
    """A home with this way of signing in, and whoever types the codes."""

    def __init__(self, home: Path, aws: StandIn, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.home, self.aws, self.capsys, self.patch = home, aws, capsys, patch
        self.prompts = 0
        self.code = CODE
        patch.setenv("AWS_ENDPOINT_URL", aws.url)
        patch.setenv("AWS_CONFIG_FILE", str(home / "config"))
        patch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", str(home / ".aws/sso/cache"))
        patch.setattr(tokens.SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(home / ".aws/sso/cache"))
        patch.setattr("getpass.getpass", self._type)
        patch.setattr("botocore.utils.time.sleep", lambda seconds: None)

    def _type(self, prompt: str) -> str:
        assert threading.current_thread() is threading.main_thread(), "nobody can type there"
        assert prompt.strip() == "Enter MFA code for arn:aws:iam::111111111111:mfa/me:"
        self.prompts += 1
        return self.code

    def set_up(self, way: Way) -> None:
        (self.home / "config").write_text(way.config.replace("PROCESS", process(self.home)))
        # The two sides differ in their regions, and are of one profile all the same.
        (self.home / "demo.yaml").write_text(f"{way.settings}consumer:\n  region: us-west-2\n")
        for name, value in way.variables.items():
            self.patch.setenv(name, value.replace("URL", self.aws.url))
        way.prepare(self.home)

    def run(self, way: Way, *words: str, region: str = "us-east-1") -> tuple[int, str]:
        code = run_command([*way.options, "--region", region, "-c", "demo.yaml", *(words or ("status",))])
        out, err = self.capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out + err

    @property
    def runs(self) -> int:
        ran = self.home / "ran"
        return len(ran.read_text()) if ran.exists() else 0


@pytest.fixture
def stage(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    with StandIn(sandbox.endpoint_url) as aws:
        yield Stage(tmp_path, aws, capsys, monkeypatch)
        aws.shutdown()


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.sampled(4)
def test_it_is_asked_once_and_the_account_is_the_right_one(stage: Stage, way: Way) -> None:
    stage.set_up(way)
    code, said = stage.run(way)
    assert code == 0, said
    assert f"account {way.account}" in said
    assert stage.aws.asked == Counter({"GetCallerIdentity": 2, **way.asked})
    assert (stage.prompts, stage.runs) == (way.prompts, way.runs)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.sampled(3)
def test_what_is_said_when_it_fails(stage: Stage, way: Way) -> None:
    stage.set_up(way)
    stage.aws.refused.update(way.refused)
    if "process" in way.refused:
        (stage.home / "process.py").write_text("raise SystemExit(3)")
    if "cache" in way.refused:
        next((stage.home / ".aws/login/cache").iterdir()).unlink()
    code, said = stage.run(way)
    assert code == 4, said
    for words in way.words:
        assert words in said


# --- what comes after the first command -------------------------------------------------------------------


ROLE = WAYS["a role with MFA"]


def test_the_next_command_does_not_ask_for_the_code_again(stage: Stage) -> None:
    stage.set_up(ROLE)
    for _ in range(2):
        code, said = stage.run(ROLE)
        assert (code, stage.prompts) == (0, 1), said
    (file,) = (stage.home / ".aws/cli/cache").iterdir()
    kept = json.loads(file.read_text())["Credentials"]
    assert kept["AccessKeyId"] == "ASIA444444444444"
    for path, mode in {file: 0o600, file.parent: 0o700, file.parents[1]: 0o700}.items():
        assert stat.S_IMODE(path.stat().st_mode) == mode


def key_of_the_role() -> str:
    """As the AWS CLI names the file: botocore's key for the role, of what is sent to AssumeRole."""
    sent = {"RoleArn": "arn:aws:iam::444444444444:role/demo", "SerialNumber": "arn:aws:iam::111111111111:mfa/me"}
    return json.dumps(sent, sort_keys=True)


@pytest.mark.parametrize(
    "until",
    [
        "%Y-%m-%dT%H:%M:%SUTC",
        *(pytest.param(f"%Y-%m-%dT%H:%M:%S{zone}", marks=pytest.mark.slow) for zone in ("Z", "+00:00")),
    ],
)
def test_a_session_of_the_aws_cli_is_used(stage: Stage, until: str) -> None:
    stage.set_up(ROLE)
    kept = session("444444444444")
    kept["SessionToken"] = kept.pop("Token")
    kept["Expiration"] = (datetime.now(UTC) + timedelta(hours=1)).strftime(until)
    cached(stage.home / ".aws/cli/cache", key_of_the_role(), {"Credentials": kept, "AssumedRoleUser": {}})
    code, said = stage.run(ROLE)
    assert (code, stage.prompts, stage.aws.asked["AssumeRole"]) == (0, 0, 0), said
    assert "account 444444444444" in said


@pytest.mark.parametrize(
    "kept",
    [
        "{",
        json.dumps({"Credentials": {**session("4" * 12), "SessionToken": "x", "Expiration": in_hours(0.2)}}),
        *(
            pytest.param(kept, marks=pytest.mark.slow)
            for kept in (
                "[]",
                "{}",
                '{"Credentials": 1}',
                *(
                    json.dumps({"Credentials": {**session("4" * 12), **more}})
                    for more in (
                        {"SessionToken": 1},
                        {"SessionToken": "x", "Expiration": "soon"},
                        {"SessionToken": "x", "Expiration": "2999-01-01T00:00:00"},
                    )
                ),
            )
        ),
    ],
)
@pytest.mark.sampled(2)
def test_a_session_that_cannot_be_used_is_replaced(stage: Stage, kept: str) -> None:
    stage.set_up(ROLE)
    cached(stage.home / ".aws/cli/cache", key_of_the_role(), None)
    (file,) = (stage.home / ".aws/cli/cache").iterdir()
    file.write_text(kept)
    assert stage.run(ROLE)[0] == 0
    assert stage.prompts == 1
    assert json.loads(file.read_text())["Credentials"]["SessionToken"] == "token-of-444444444444"


def test_a_kept_session_that_aws_has_ended(stage: Stage) -> None:
    stage.set_up(ROLE)
    assert stage.run(ROLE)[0] == 0
    stage.aws.refused.update(WRONG)
    code, said = stage.run(ROLE)
    assert (code, "rm ~/.aws/cli/cache/*.json" in said) == (4, True), said


def test_a_session_is_used_until_it_expires(stage: Stage) -> None:
    """It cannot be renewed without another code, so its last minutes count too."""
    stage.set_up(ROLE)
    stage.aws.minutes = 5
    code, said = stage.run(ROLE)
    assert (code, stage.prompts) == (0, 1), said


def test_a_session_that_cannot_be_kept_is_no_obstacle(stage: Stage) -> None:
    stage.set_up(ROLE)
    (stage.home / ".aws").write_text("not a directory")
    code, said = stage.run(ROLE)
    assert code == 0, said
    assert "The session of the role cannot be kept in " in said


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("000000", "AWS did not accept the code of the MFA device."),
        ("12 456", "That is not the code of an MFA device: it has six digits."),
        ("", "That is not the code of an MFA device: it has six digits."),
    ],
)
def test_a_code_that_is_wrong(stage: Stage, typed: str, words: str) -> None:
    stage.set_up(ROLE)
    stage.code = typed
    code, said = stage.run(ROLE)
    assert (code, words in said) == (4, True), said
    assert not (stage.home / ".aws").exists()


def test_where_nobody_can_type_the_aws_cli_s_session_helps(stage: Stage) -> None:
    stage.set_up(ROLE)

    def ended(prompt: str) -> str:
        raise EOFError

    stage.patch.setattr("getpass.getpass", ended)
    code, said = stage.run(ROLE)
    assert code == 4
    assert "The code of the MFA device cannot be asked for: there is no terminal, and the input has ended." in said
    assert "aws sts get-caller-identity --profile mine" in said


def test_nobody_is_asked_once_the_sign_in_is_done(stage: Stage) -> None:
    """A thread in the middle of the work, or a view that draws, is no place to type in."""
    stage.set_up(ROLE)
    mfa = MfaDevices("mine")
    signed_in("mine", "us-east-1", mfa)
    with pytest.raises(RefreshWithMFAUnsupportedError):
        mfa("Enter MFA code for x: ")
    assert stage.prompts == 1


@pytest.mark.parametrize(
    ("region", "settings"),
    [("region = us-east-1\n", ""), ("", "provider:\n  region: us-west-2\n"), ("region =\n  x = y\n", "")],
    ids=["no region", "a region of one side", "a region of two lines"],
)
def test_both_sides_have_a_region_before_a_code_is_asked_for(stage: Stage, region: str, settings: str) -> None:
    stage.set_up(ROLE)
    (stage.home / "config").write_text(ROLE.config.replace("[profile mine]\n", f"[profile mine]\n{region}"))
    (stage.home / "demo.yaml").write_text(settings)
    code = run_command(["--profile", "mine", "-c", "demo.yaml", "status"])
    said = "".join(stage.capsys.readouterr())
    has_one = region == "region = us-east-1\n"
    assert (code, stage.prompts) == ((0, 1) if has_one else (2, 0)), said
    assert ("aws configure set region us-east-1 --profile mine" in said) is not has_one


# --- what fails before anything is asked --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["keys in the environment", "a role with MFA", "credential_process"])
def test_a_region_that_is_not_enabled(stage: Stage, name: str) -> None:
    way = WAYS[name]
    stage.set_up(way)
    code, said = stage.run(way, region=REGION_OFF)
    option = " --profile mine" if way.options else ""
    assert code == 2, said
    assert f"Region {REGION_OFF} is not enabled for account {way.account}." in said
    assert f"aws{option} account enable-region --region-name {REGION_OFF}" in said
    assert (stage.prompts, stage.runs) == (way.prompts, way.runs)


def test_doctor_knows_the_account_where_the_region_is_not_enabled(stage: Stage) -> None:
    way = WAYS["keys in the environment"]
    stage.set_up(way)
    code, said = stage.run(way, "doctor", region=REGION_OFF)
    assert code == 1
    assert re.search(r"✓ +sign-in +account 111111111111", said), said
    assert re.search(rf"✗ +region +Region {REGION_OFF} is not enabled for account 111111111111", said), said
    assert f"aws account enable-region --region-name {REGION_OFF}" in said


def test_doctor_says_whose_sign_in_fails_and_how_to_renew_it(stage: Stage) -> None:
    way = WAYS["IAM Identity Center"]
    stage.set_up(way)
    stage.aws.refused.update(way.refused)
    code, said = stage.run(way, "doctor")
    assert code == 1
    assert "(profile: mine (IAM Identity Center))" in said
    again = ["aws sso login --profile mine", "vpce-demo --profile mine --region us-east-1 -c demo.yaml doctor"]
    lines = [line.strip() for line in said.splitlines()]
    first = lines.index("Fix: Sign in, then repeat the command:")
    assert lines[first + 1 : first + 3] == again


def test_keys_that_are_wrong_everywhere_are_not_the_region_s_fault(stage: Stage) -> None:
    way = WAYS["keys in the environment"]
    stage.set_up(way)
    stage.aws.refused.update(WRONG)
    code, said = stage.run(way, region=REGION_OFF)
    assert (code, "AWS does not accept your sign-in." in said) == (4, True), said
    assert stage.aws.asked["GetCallerIdentity"] == 2


def test_aws_login_without_its_package(stage: Stage) -> None:
    way = WAYS["aws login"]
    stage.set_up(way)
    stage.patch.setattr("botocore.credentials.EC", None)
    code, said = stage.run(way)
    assert code == 4
    assert "This way of signing in needs a package that is not installed." in said
    assert "pip install 'botocore[crt]'" in said
    assert "call to AWS" not in said
