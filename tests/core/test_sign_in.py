"""What is said when AWS does not accept the user: which profile, how it signs in, what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore import exceptions as boto

from vpce_demo.aws.messages import understood
from vpce_demo.aws.sign_in import complete
from vpce_demo.changes import NOTHING_CHANGED
from vpce_demo.errors import DemoError, SignInError

from .fake_resources import refusal

CONFIG = """
[profile corp]
sso_session = corp-session
sso_account_id = 111122223333
sso_role_name = demo
[profile half]
sso_session = corp-session
[sso-session corp-session]
sso_start_url = https://example.com/start
sso_region = us-east-1
[profile old]
sso_start_url = https://example.com/start
sso_account_id = 111122223333
sso_role_name = demo
[profile web]
login_session = arn:aws:iam::111122223333:user/me
[profile tool]
credential_process = /opt/tool --for "my account"
[profile role]
role_arn = arn:aws:iam::111122223333:role/demo
source_profile = corp
[profile tool-role]
role_arn = arn:aws:iam::111122223333:role/demo
source_profile = tool
[profile pod]
role_arn = arn:aws:iam::111122223333:role/demo
web_identity_token_file = /run/token
[profile machine]
role_arn = arn:aws:iam::111122223333:role/demo
credential_source = Ec2InstanceMetadata
[profile itself]
role_arn = arn:aws:iam::111122223333:role/demo
source_profile = itself
[profile keys]
region = us-east-1
"""


@pytest.fixture(autouse=True)
def _profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


def told(error: Exception, profile: str | None = None, there: int = 0, changed: str = NOTHING_CHANGED) -> SignInError:
    said = understood(error)
    assert isinstance(said, SignInError)
    said.changed = changed
    complete(said, profile, lambda: there, "vpce-demo up")
    return said


@pytest.mark.parametrize(
    ("profile", "shown", "command"),
    [
        ("corp", "corp (IAM Identity Center, session corp-session)", "aws sso login --profile corp"),
        ("half", "half (IAM Identity Center, session corp-session)", "aws configure sso --profile half"),
        ("old", "old (IAM Identity Center)", "aws sso login --profile old"),
        ("web", "web (aws login)", "aws login --profile web"),
        ("tool", "tool (credential_process)", "aws configure get credential_process --profile tool"),
        ("role", "role (role arn:aws:iam::111122223333:role/demo)", "aws sso login --profile corp"),
        (
            "tool-role",
            "tool-role (role arn:aws:iam::111122223333:role/demo)",
            "aws configure get credential_process --profile tool",
        ),
        ("pod", "pod (role arn:aws:iam::111122223333:role/demo)", "ls -l /run/token"),
        (
            "machine",
            "machine (role arn:aws:iam::111122223333:role/demo)",
            "aws configure list --profile machine",
        ),
        ("itself", "itself (role arn:aws:iam::111122223333:role/demo)", "aws configure --profile itself"),
        ("keys", "keys", "aws configure --profile keys"),
        (None, "default", "aws configure"),
        ("nobody", "nobody", "aws configure --profile nobody"),
    ],
)
def test_the_profile_and_how_it_signs_in(profile: str | None, shown: str, command: str) -> None:
    said = told(boto.UnauthorizedSSOTokenError(), profile)
    assert said.facts["profile"] == shown
    assert f"\n    {command}\n    vpce-demo up\n" in said.hint
    assert "vpce-demo --sandbox up" in said.hint


@pytest.mark.parametrize("profile", ["corp", "old", "web", "tool", "role", "tool-role", "pod", "machine"])
def test_what_would_overwrite_the_profile_is_not_offered(profile: str) -> None:
    hint = told(boto.CredentialRetrievalError(provider="x", error_msg="x"), profile).hint
    assert not re.search(r"aws configure(?! list| get)", hint)


def test_a_credential_process_is_run_by_hand() -> None:
    hint = told(boto.CredentialRetrievalError(provider="custom-process", error_msg="no"), "tool").hint
    assert hint.startswith("Run the profile's credential_process (/opt/tool) by hand to see why it fails")
    assert "my account" not in hint, "what is on its command line may be a password"


def test_keys_of_the_environment_are_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    said = told(refusal("ExpiredToken", status=403))
    assert said.facts["credentials"] == "the environment (AWS_ACCESS_KEY_ID)"
    assert "set fresh keys" in said.hint
    assert "clock" in said.hint
    assert "AKIDEXAMPLE" not in str(said.facts)
    assert told(refusal("ExpiredToken", status=403), "corp").facts["profile"].startswith("corp"), "a flag goes first"


@pytest.mark.parametrize(
    ("profile", "shown"),
    [("role", {"profile": "role (role arn:aws:iam::111122223333:role/demo)"}), ("pod", None), ("keys", None)],
)
def test_a_role_of_another_profile_goes_before_a_web_identity(
    monkeypatch: pytest.MonkeyPatch, profile: str, shown: dict[str, str] | None
) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/token")
    monkeypatch.setenv("AWS_PROFILE", profile)
    facts = told(boto.NoCredentialsError()).facts.items()
    assert facts >= (shown or {"credentials": "the environment (AWS_WEB_IDENTITY_TOKEN_FILE)"}).items()


@pytest.mark.parametrize(
    ("profile", "call", "removed"),
    [("role", "GetCallerIdentity", True), ("role", "AssumeRole", False), ("keys", "GetCallerIdentity", False)],
)
def test_a_session_of_a_role_that_aws_refuses_is_to_be_removed(profile: str, call: str, removed: bool) -> None:
    hint = told(refusal("InvalidClientTokenId", status=403, operation=call), profile).hint
    assert ("\n    rm ~/.aws/cli/cache/*.json\n    vpce-demo up\n" in hint) is removed
    assert ("aws configure" in hint or "aws sso login" in hint) is not removed
    assert "GovCloud" in hint


@pytest.mark.parametrize(
    ("key", "token", "command"),
    [
        ("AKIDEXAMPLE", "x", "set fresh keys in the environment"),
        ("AKIAEXAMPLE", "", "set fresh keys in the environment"),
        ("AKIAEXAMPLE", "x", "unset AWS_SESSION_TOKEN"),
        ("ASIAEXAMPLE", "", "export AWS_SESSION_TOKEN=..."),
    ],
)
def test_a_session_token_that_does_not_belong_to_the_keys(
    monkeypatch: pytest.MonkeyPatch, key: str, token: str, command: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    assert f"\n    {command}\n" in told(refusal("InvalidClientTokenId", status=403)).hint


def test_what_exists_from_earlier_runs_is_said() -> None:
    assert told(boto.NoCredentialsError(), there=14).changed == (
        "Nothing was changed. 14 resources from earlier runs still exist."
    )
    assert told(boto.NoCredentialsError()).changed == "Nothing was changed."
    said = told(boto.NoCredentialsError(), there=1, changed="1 resource was created and is recorded.")
    assert said.changed == "1 resource was created and is recorded. 1 resource exists now."


def test_a_state_file_that_cannot_be_read_is_not_in_the_way() -> None:
    def unreadable() -> int:
        raise DemoError("no")

    said = understood(boto.NoCredentialsError())
    assert isinstance(said, SignInError)
    said.changed = NOTHING_CHANGED
    complete(said, None, unreadable, "vpce-demo up")
    assert said.changed == "Nothing was changed."
