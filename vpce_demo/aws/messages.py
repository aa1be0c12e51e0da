"""The messages for errors of AWS and botocore: one table that maps them to the program's own errors.

An error says what happened, the facts and what to do.  Its class gives the exit code.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore import exceptions as boto
from botocore.exceptions import ClientError

from ..changes import is_reading
from ..errors import ConfigError, DemoError, SandboxError, SignInError
from ..packages import install
from ..untrusted import only_printable
from .access_denied import denial
from .answers import SpoiltAnswer
from .error_codes import ErrorKind, error_code, error_kind, error_message
from .iam_policy import TAGGING, actions

LOCALLY = "No AWS account at hand? Try it all locally:  vpce-demo --sandbox up"
HOW_TO_SIGN_IN = f"Sign in, then repeat the command:\n    aws sso login      or:  aws configure\n{LOCALLY}"
_GO_ON = "then repeat the command: it continues from here."
_AFTER_DOWN = "in the config file, after:  <demo> down"
"""For a setting that a demo keeps: its zone, its instance type, its image."""
_SUPPORT = "https://console.aws.amazon.com/support/home"
_MEANWHILE = "What has been created is billed meanwhile. To delete it:  <demo> down"

_KEY = (
    "The demo encrypts with AWS's own key, alias/aws/ebs. If image_parameter names an image of your own, it may be\n"
    "that image's key, which is disabled or does not let you use it: ask whoever manages it, or leave\n"
    f"image_parameter out {_AFTER_DOWN}"
)


@dataclass(frozen=True)
class MessageRow:
    """One row: matches an error with one of these codes or classes whose message contains ``says``.

    ``message`` may name the call as ``{call}``.
    """

    kind: type[DemoError]
    code: str
    message: str
    hint: str = ""
    codes: tuple[str, ...] = ()
    classes: tuple[type[Exception], ...] = ()
    says: str = ""


# aws-behaviours.md sections 5 and 6; the exceptions are those of botocore.exceptions.
TABLE: Sequence[MessageRow] = (
    # Signing in
    MessageRow(
        SignInError,
        "VPCE026",
        "There are no AWS credentials.",
        HOW_TO_SIGN_IN,
        classes=(boto.NoCredentialsError, boto.NoAuthTokenError),
    ),
    MessageRow(
        SignInError,
        "VPCE027",
        "Your AWS credentials are incomplete.",
        HOW_TO_SIGN_IN,
        classes=(boto.PartialCredentialsError,),
    ),
    MessageRow(
        SignInError,
        "VPCE029",
        "Your AWS sign-in has expired.",
        HOW_TO_SIGN_IN,
        classes=(boto.TokenRetrievalError, boto.LoginRefreshRequired),
        says="has expired",
    ),
    MessageRow(
        SignInError,
        "VPCE031",
        "You may not renew your AWS sign-in.",
        "Ask for signin:CreateOAuth2Token (AWS's policy SignInLocalDevelopmentAccess allows it), " + _GO_ON,
        classes=(boto.LoginInsufficientPermissions,),
    ),
    MessageRow(
        SignInError,
        "VPCE032",
        "The session of the role has expired, and its MFA device was asked already.",
        "Repeat the command: it asks for a new code, and continues from here.",
        classes=(boto.RefreshWithMFAUnsupportedError,),
    ),
    MessageRow(
        SignInError,
        "VPCE033",
        "This way of signing in needs a package that is not installed.",
        f"Install it, then repeat the command:\n    {install('botocore[crt]')}",
        classes=(boto.MissingDependencyException,),
    ),
    MessageRow(
        SignInError,
        "VPCE034",
        "AWS did not accept the code of the MFA device.",
        "AWS takes each code only once: wait for the next one, then repeat the command.",
        codes=("AccessDenied",),
        says="invalid MFA one time pass code",
    ),
    MessageRow(
        SignInError,
        "VPCE035",
        "AWS could not check the code of the MFA device.",
        "See whether mfa_serial in the profile names a device of yours, then repeat the command.",
        codes=("AccessDenied",),
        says="MultiFactorAuthentication failed",
    ),
    MessageRow(
        SignInError,
        "VPCE038",
        "AWS does not accept the web identity token.",
        HOW_TO_SIGN_IN,
        codes=("InvalidIdentityToken",),
    ),
    MessageRow(
        SignInError,
        "VPCE039",
        "AWS gives no sessions (STS) in this region to this account.",
        "An administrator of the account can activate the region for STS in the IAM console (Account settings).\n"
        "Or choose another one (--region).",
        codes=("RegionDisabledException",),
    ),
    MessageRow(
        SignInError,
        "VPCE040",
        "This machine's clock is wrong.",
        "AWS allows a difference of five minutes. Set the clock, best by NTP, then repeat the command:\n"
        "    timedatectl set-ntp true",
        codes=("SignatureDoesNotMatch", "InvalidSignatureException"),
        says="Signature ",  # "Signature expired", "Signature not yet current"; of a wrong key, "The request signature"
    ),
    MessageRow(
        SignInError,
        "VPCE029",
        "Your AWS sign-in has expired.",
        HOW_TO_SIGN_IN + "\nIf it is fresh, look at this machine's clock: AWS allows a difference of five minutes.",
        codes=("RequestExpired", "ExpiredToken", "ExpiredTokenException"),
    ),
    MessageRow(
        SignInError,
        "VPCE041",
        "AWS does not know this region for your account, or your keys are wrong.",
        "Check the keys (aws sts get-caller-identity), and that the region is enabled for the account.",
        codes=("AuthFailure",),
    ),
    # What AWS does not let this account do.  Nothing of it is mended by another try.
    MessageRow(
        DemoError,
        "VPCE044",
        "The image is sold in the AWS Marketplace, and this account has not accepted its terms.",
        f"Accept them at the address that AWS names. Or leave image_parameter out {_AFTER_DOWN}",
        codes=("OptInRequired",),
        says="Marketplace",
    ),
    MessageRow(
        SignInError,
        "VPCE045",
        "This account is not activated for the service.",
        "A new account is activated once its telephone number and its payment method are confirmed, in up to 24\n"
        "hours; on the free plan it does without some services. See what is missing:\n"
        f"    https://console.aws.amazon.com/billing/home\n{_MEANWHILE}",
        codes=("OptInRequired", "SubscriptionRequiredException"),
    ),
    MessageRow(
        SignInError,
        "VPCE046",
        "AWS is still verifying this account, and launches no instance for it in this region.",
        "AWS sends an email when it has finished: usually within minutes, at most after 4 hours. If none comes,\n"
        f"open a case about the account's verification:\n    {_SUPPORT}\n{_MEANWHILE}",
        codes=("PendingVerification",),
    ),
    MessageRow(
        SignInError,
        "VPCE047",
        "AWS has blocked this account: it launches no instance.",
        f"Only AWS can lift that. Open a case about the account:\n    {_SUPPORT}\n{_MEANWHILE}",
        codes=("Blocked",),
    ),
    MessageRow(
        SignInError,
        "VPCE048",
        "This account is closed or suspended.",
        f"Its root user can open a case about it:\n    {_SUPPORT}",
        codes=("AccountDisabled",),
    ),
    MessageRow(
        DemoError,
        "VPCE049",
        "AWS does not let this account create load balancers.",
        "This holds for some new accounts. It is neither a missing permission nor a quota, and only AWS can lift it.\n"
        f"Open a case about the account:\n    {_SUPPORT}\n{_MEANWHILE}",
        codes=("OperationNotPermitted", "OperationNotPermittedException"),
        says="creating load balancers",
    ),
    MessageRow(
        DemoError,
        "VPCE050",
        "The account's quota of vCPUs is too small for another instance.",
        "The demo has two instances, and one of type t3.micro has 2 vCPUs. Stop instances that you do not need, or\n"
        "ask for more in the Service Quotas console; AWS sends an email when it has decided. How many are used, and\n"
        f"the command that asks for more:  <demo> doctor\n{_MEANWHILE}",
        codes=("VcpuLimitExceeded", "InstanceLimitExceeded"),
    ),
    MessageRow(
        SignInError,
        "VPCE042",
        "AWS does not accept your sign-in.",
        HOW_TO_SIGN_IN + "\nThe keys of GovCloud, of China and of the European sovereign cloud are known in their own "
        "regions only (--region).",
        codes=("InvalidClientTokenId", "UnrecognizedClientException"),
    ),
    MessageRow(
        SignInError,
        "VPCE042",
        "AWS does not accept your sign-in.",
        HOW_TO_SIGN_IN,
        codes=("SignatureDoesNotMatch", "InvalidSignatureException"),
    ),
    # Settings of the machine
    MessageRow(
        ConfigError,
        "VPCE017",
        "No AWS region is set.",
        "Give one:  <command> --region us-east-1    or set it for good:  aws configure",
        classes=(boto.NoRegionError,),
    ),
    MessageRow(
        ConfigError,
        "VPCE018",
        "This AWS region does not exist.",
        "Its regions:  aws account list-regions    or see the AWS console",
        classes=(boto.InvalidRegionError, boto.UnknownRegionError),
    ),
    MessageRow(
        ConfigError,
        "VPCE020",
        "There is no such AWS profile.",
        "Profiles of this machine:  aws configure list-profiles",
        classes=(boto.ProfileNotFound,),
    ),
    MessageRow(
        ConfigError,
        "VPCE021",
        "The AWS settings of this machine cannot be used.",
        "Correct them, then repeat the command. They are in the variables AWS_*, ~/.aws/config and ~/.aws/credentials.",
        classes=(
            boto.ConfigParseError,
            boto.ConfigNotFound,
            boto.InvalidChecksumConfigError,
            boto.InvalidConfigError,
            boto.InvalidDefaultsMode,
            boto.InvalidEndpointDiscoveryConfigurationError,
            boto.InvalidIMDSEndpointError,
            boto.InvalidIMDSEndpointModeError,
            boto.InvalidProxiesConfigError,
            boto.InvalidRetryConfigurationError,
            boto.InvalidS3AddressingStyleError,
            boto.InvalidS3UsEast1RegionalEndpointConfigError,
            boto.InvalidSTSRegionalEndpointsConfigError,
        ),
    ),
    # The way to AWS
    MessageRow(
        DemoError,
        "VPCE059",
        "AWS's certificate could not be checked.",
        "A proxy in between? Name its certificate in AWS_CA_BUNDLE, then repeat the command.",
        classes=(boto.SSLError,),
    ),
    MessageRow(
        SandboxError,
        "VPCE116",
        "The sandbox has stopped; what was in it is gone.",
        "Start it again:  <demo> sandbox start",
        classes=(boto.EndpointConnectionError,),
        says='"http://127.0.0.1:',
    ),
    MessageRow(
        SandboxError,
        "VPCE117",
        "The sandbox does not answer: it is stopped or stuck.",
        "What is in it stands. Its process:  <demo> sandbox status    To end it:  <demo> sandbox stop",
        classes=(boto.ReadTimeoutError,),
        says='"http://127.0.0.1:',
    ),
    MessageRow(
        DemoError,
        "VPCE060",
        "The answer to {call} is not a valid answer of AWS.",
        "A proxy or a portal (a company's, a hotel's) may stand in between. Sign in there with a web browser, or use "
        "another network, " + _GO_ON,
        classes=(SpoiltAnswer,),
    ),
    MessageRow(
        DemoError,
        "VPCE061",
        "AWS cannot be reached.",
        "Check the network and the region, " + _GO_ON,
        classes=(boto.ConnectionError, boto.HTTPClientError),
    ),
    # What AWS refuses
    MessageRow(
        DemoError,
        "VPCE054",
        "This account may not use the image.",
        f"It is on the free plan, which takes Amazon Linux: leave image_parameter out {_AFTER_DOWN}",
        codes=("InvalidParameterCombination",),
        says="image is not eligible for Free Tier",
    ),
    MessageRow(
        DemoError,
        "VPCE055",
        "This account may not use the instance type.",
        "An account on the free plan takes t3.micro, t3.small, t4g.micro and a few others. Set\n"
        f"    instance_type: t3.micro        {_AFTER_DOWN}",
        codes=("InvalidParameterCombination",),
        says="Free Tier",
    ),
    MessageRow(
        DemoError,
        "VPCE056",
        "An account on the free plan may not do this.",
        "Upgrade it to the paid plan; its credits stay:  https://console.aws.amazon.com/billing/home",
        codes=("FreeTierRestrictionError",),
    ),
    MessageRow(
        DemoError,
        "VPCE066",
        "The zone does not offer the instance type.",
        f"Leave zone out and one is chosen, or set another zone or instance_type {_AFTER_DOWN}",
        codes=("Unsupported",),
        says="Availability Zone",
    ),
    MessageRow(
        DemoError,
        "VPCE068",
        "AWS has no capacity for the instance in this zone at the moment.",
        f"Wait a while and repeat the command. Or set another zone or instance_type {_AFTER_DOWN}",
        codes=("InsufficientInstanceCapacity", "InsufficientCapacity", "InsufficientAddressCapacity"),
    ),
    MessageRow(
        DemoError,
        "VPCE069",
        "AWS could not use the key that the instance's volume is encrypted with.",
        _KEY,
        codes=("InternalError",),
        says="lient error",  # "Client error on launch", or "A client error caused the instance to terminate"
    ),
    MessageRow(
        DemoError,
        "VPCE069",
        "AWS could not use the key that the instance's volume is encrypted with.",
        _KEY,
        codes=("InvalidKMSKey.InvalidState", "InvalidKMSKey.NotFound"),
    ),
    MessageRow(
        DemoError,
        "VPCE070",
        "The image cannot be used here.",
        "It belongs to another region, or your account allows certain images only. Set another\n"
        f"image_parameter {_AFTER_DOWN}",
        codes=("InvalidAMIID.NotFound",),
    ),
    MessageRow(
        ConfigError,
        "VPCE022",
        "There is no such SSM parameter for the image.",
        "Correct image_parameter in the config file, or leave it out, and the usual image is taken.\n"
        "If it is not set, this region lacks the usual image: choose another region, or name a parameter of your own.",
        codes=("ParameterNotFound",),
    ),
    MessageRow(
        DemoError,
        "VPCE057",
        "Your organization's tag policy does not allow the demo's tags.",
        "AWS names the tags. Those under tags: are yours to correct in the config file. For vpce-demo:* and Name, ask\n"
        "whoever manages the policy.",
        codes=("TagPolicyViolation",),
    ),
)

_BY_MEANING = {
    ErrorKind.SIGN_IN: MessageRow(
        SignInError,
        "VPCE043",
        "AWS does not let you sign in: {call} was refused.",
        "Signing in again does not help. See whether the profile names the right account and role, and how long the\n"
        "session may last; if it is right, ask whoever manages the role to let you use it. Then repeat the command.",
    ),
    ErrorKind.BUSY: MessageRow(
        DemoError,
        "VPCE062",
        "AWS throttles the requests.",
        "Other callers may be busy in this account and region. Wait a minute, " + _GO_ON,
    ),
    ErrorKind.QUOTA: MessageRow(
        DemoError,
        "VPCE051",
        "A quota of your account is reached.",
        "Delete what you do not need, or request an increase in the Service Quotas console.",
    ),
    ErrorKind.UNSURE: MessageRow(
        DemoError, "VPCE063", "AWS failed at {call}.", "This is temporary. Wait a minute, " + _GO_ON
    ),
}
_REFUSED = MessageRow(DemoError, "VPCE064", "AWS refused {call}.")
_NO_CREDENTIALS = MessageRow(SignInError, "VPCE030", "Your AWS sign-in has expired or cannot be used.", HOW_TO_SIGN_IN)
_OTHERWISE = MessageRow(DemoError, "VPCE065", "The call to AWS failed.")


def understood(error: BaseException, decode: Callable[[str], str] | None = None) -> DemoError | None:
    """The error as a ``DemoError`` with a hint; None for an unexpected error, which is a bug.

    ``decode`` asks STS to decode an encoded authorization message.
    """
    if isinstance(error, DemoError):
        return error
    ours = _understood(error, decode)
    if isinstance(ours, SignInError):
        ours.profile = getattr(error, "profile", None)
    return ours


def _understood(error: BaseException, decode: Callable[[str], str] | None) -> DemoError | None:
    if isinstance(error, ClientError):
        if error_kind(error) is ErrorKind.DENIED:
            return _denied(error, decode)
        told = _row(error)
        call = error.operation_name
        facts = {"call": call, "AWS said": f"{error_code(error)}: {error_message(error)}"}
        return told.kind(told.message.format(call=call), code=told.code, facts=facts, hint=told.hint)
    if isinstance(error, boto.BotoCoreError):
        row = next((row for row in TABLE if isinstance(error, row.classes) and row.says in str(error)), None)
        row = row or (_NO_CREDENTIALS if error_kind(error) is ErrorKind.SIGN_IN else _OTHERWISE)
        call = getattr(error, "operation_name", "")
        who = "what came" if isinstance(error, SpoiltAnswer) else "botocore said"
        facts = {"call": call, who: only_printable(str(error.kwargs.get("error_msg") or error).strip())}
        return row.kind(row.message.format(call=call), code=row.code, facts=facts, hint=row.hint)
    return None


def _row(error: ClientError) -> MessageRow:
    row = next((row for row in TABLE if error_code(error) in row.codes and row.says in error_message(error)), None)
    return row or _BY_MEANING.get(error_kind(error), _REFUSED)


def advice(reason: str) -> str:
    """The hint for AWS's reason why a resource has ended, such as ``Client.InternalError: Client error on launch``.

    It is an error code and a message, with whose fault it is before them.  Empty if there is nothing to say.
    """
    code, _, message = reason.partition(": ")
    said = {"Error": {"Code": code.removeprefix("Client.").removeprefix("Server."), "Message": message}}
    return _row(ClientError(said, "")).hint  # type: ignore[arg-type]


@contextlib.contextmanager
def as_demo_errors() -> Iterator[None]:
    """Raise the errors of AWS and botocore inside as ``DemoError``."""
    try:
        yield
    except (ClientError, boto.BotoCoreError) as error:
        ours = understood(error)
        assert ours is not None
        raise ours from error


def _denied(error: ClientError, decode: Callable[[str], str] | None) -> DemoError:
    denied = denial(error, decode)
    hint = "Ask for this permission, " + _GO_ON
    if denied.action in actions():
        hint += "\nAll that are needed:  <demo> iam-policy"
    because = ""
    if denied.is_above:
        because = f"no {denied.policy} allows it"
        if denied.explicit:
            because = f"a policy denies it{f' ({denied.policy})' if denied.policy else ''}"
        hint = f"A further permission does not help. Ask whoever manages the {denied.policy or 'policy'}, {_GO_ON}"
    if denied.action in (action for action, _ in TAGGING.values()) or (
        denied.explicit and not is_reading(error.operation_name)
    ):
        hint += "\nWhere certain tags are demanded, set them under tags: in the config file."
    return DemoError(
        f"You may not call {denied.action}.",
        code="VPCE058",
        facts={
            "call": error.operation_name,
            "on": denied.resource,
            "because": because,
            "AWS said": f"{error_code(error)}: {error_message(error)}",
        },
        hint=hint,
    )
