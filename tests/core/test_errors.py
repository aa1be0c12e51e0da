"""The one table of AWS error codes, and what the user is told of each exception."""

from __future__ import annotations

import re

import pytest
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from vpce_demo import errors
from vpce_demo.aws.error_codes import (
    ErrorKind,
    error_code,
    error_kind,
    error_message,
    is_rejection,
    raise_unsuccessful,
)
from vpce_demo.aws.messages import TABLE, MessageRow, advice, understood
from vpce_demo.engine.failures import code_and_message
from vpce_demo.errors import DemoError, SignInError

from .fake_resources import refusal

# aws-behaviours.md sections 1.2, 2.1 and 6.
CODES = {
    ErrorKind.MISSING: """
        InvalidVpcID.NotFound InvalidVpcId.NotFound InvalidInternetGatewayID.NotFound Gateway.NotAttached
        InvalidSubnetID.NotFound InvalidSubnetId.NotFound InvalidRouteTableID.NotFound InvalidRouteTableId.NotFound
        InvalidRoute.NotFound InvalidAssociationID.NotFound InvalidGroup.NotFound InvalidSecurityGroupID.NotFound
        InvalidPermission.NotFound InvalidKeyPair.NotFound InvalidInstanceID.NotFound LoadBalancerNotFound
        TargetGroupNotFound ListenerNotFound InvalidVpcEndpointId.NotFound InvalidVpcEndpoint.NotFound
        InvalidVpcEndpointServiceId.NotFound InvalidVpcEndpointService.NotFound InvalidNetworkInterfaceID.NotFound
        InvalidNetworkLoadBalancerArn.NotFound NetworkLoadBalancerNotFoundException InvalidGatewayID.NotFound
        InvalidID ParameterNotFound""",
    ErrorKind.IN_USE: """
        DependencyViolation ResourceInUse InvalidGroup.InUse ExistingVpcEndpointConnections IncorrectState""",
    ErrorKind.NOT_YET: "Unavailable ServiceUnavailable InvalidServiceName InvalidTarget",
    ErrorKind.THERE_ALREADY: """
        RouteAlreadyExists Resource.AlreadyAssociated InvalidPermission.Duplicate InvalidGroup.Duplicate
        InvalidKeyPair.Duplicate InvalidSubnet.Conflict DuplicateListener DuplicateLoadBalancerName
        DuplicateTargetGroupName""",
    ErrorKind.TOKEN_USED_UP: "IdempotentInstanceTerminated IdempotentParameterMismatch",
    ErrorKind.DENIED: "UnauthorizedOperation AccessDenied AccessDeniedException",
    ErrorKind.SIGN_IN: """
        AuthFailure InvalidClientTokenId SignatureDoesNotMatch InvalidSignatureException RequestExpired
        ExpiredToken ExpiredTokenException OptInRequired""",
    ErrorKind.QUOTA: """
        VpcLimitExceeded InternetGatewayLimitExceeded VpcEndpointLimitExceeded SecurityGroupLimitExceeded
        RulesPerSecurityGroupLimitExceeded SubnetLimitExceeded RouteTableLimitExceeded VcpuLimitExceeded
        InstanceLimitExceeded TooManyLoadBalancers TooManyTargetGroups""",
    ErrorKind.BUSY: """
        RequestLimitExceeded Throttling ThrottlingException RequestThrottled EC2ThrottledException SlowDown""",
    ErrorKind.OTHER: """
        InvalidAMIID.NotFound InsufficientInstanceCapacity Unsupported InvalidParameterCombination TagPolicyViolation
        OperationNotPermitted InvalidParameter InvalidParameterValue CannotDelete InvalidSubnet""",
}


@pytest.mark.parametrize(("word", "meaning"), [(word, f) for f, listed in CODES.items() for word in listed.split()])
def test_what_a_code_means(word: str, meaning: ErrorKind) -> None:
    assert error_kind(refusal(word, status=400)) is meaning


def test_a_new_service_that_does_not_know_its_zones_yet_is_told_by_its_words() -> None:
    text = "The VPC endpoint service com.x does not support the availability zone of the subnet: subnet-1."
    assert error_kind(refusal("InvalidParameter", text, 400)) is ErrorKind.NOT_YET
    assert error_kind(refusal("InvalidParameterValue", text, 400)) is ErrorKind.OTHER


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (refusal("InternalError", status=500), ErrorKind.UNSURE),
        (refusal("InternalFailure", status=500), ErrorKind.UNSURE),
        (refusal("", status=502), ErrorKind.UNSURE),
        (refusal("InsufficientInstanceCapacity", status=500), ErrorKind.OTHER),
        (refusal("RequestLimitExceeded", status=503), ErrorKind.BUSY),
        (refusal("Unavailable", status=503), ErrorKind.NOT_YET),
        (boto.ConnectionClosedError(endpoint_url="https://x"), ErrorKind.UNSURE),
        (boto.ReadTimeoutError(endpoint_url="https://x"), ErrorKind.UNSURE),
        (boto.EndpointConnectionError(endpoint_url="https://x"), ErrorKind.UNSURE),
        (boto.SSLError(endpoint_url="https://x", error=OSError("x")), ErrorKind.OTHER),
        (boto.NoCredentialsError(), ErrorKind.SIGN_IN),
        (errors.Refused("no"), ErrorKind.OTHER),
    ],
    ids=str,
)
def test_what_fails_on_the_way_may_have_been_done(error: Exception, meaning: ErrorKind) -> None:
    assert error_kind(error) is meaning


def test_an_answer_without_a_code_means_nothing() -> None:
    bare = ClientError({}, "DescribeVpcs")
    assert (error_code(bare), error_message(bare), error_kind(bare)) == ("", "", ErrorKind.OTHER)


def test_hidden_failures_are_raised_with_their_code() -> None:
    raise_unsuccessful({}, "DeleteVpcEndpoints")
    raise_unsuccessful({"Unsuccessful": []}, "DeleteVpcEndpoints")
    item = {"ResourceId": "vpce-1", "Error": {"Code": "InvalidVpcEndpoint.NotFound", "Message": "gone"}}
    with pytest.raises(ClientError) as caught:
        raise_unsuccessful({"Unsuccessful": [item]}, "DeleteVpcEndpoints")
    assert error_kind(caught.value) is ErrorKind.MISSING
    assert caught.value.operation_name == "DeleteVpcEndpoints"


FREE = "The specified instance type is not eligible for Free Tier."
CREDENTIALS = re.compile("credential|token|sso|login", re.IGNORECASE)
NO_ZONE = "Your requested instance type (t3.micro) is not supported in your requested Availability Zone (us-east-1e)."
SIGN_IN_FAILURES: list[tuple[Exception, str]] = [
    (boto.NoCredentialsError(), "no AWS credentials"),
    (boto.NoAuthTokenError(), "no AWS credentials"),
    (boto.PartialCredentialsError(provider="env", cred_var="x"), "incomplete"),
    (boto.CredentialRetrievalError(provider="sso", error_msg="x"), "expired or cannot be used"),
    (boto.UnauthorizedSSOTokenError(), "expired or cannot be used"),
    (boto.SSOTokenLoadError(error_msg="x"), "expired or cannot be used"),
    (boto.TokenRetrievalError(provider="sso", error_msg="x"), "expired or cannot be used"),
    (boto.TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"), "has expired."),
    (boto.LoginError(), "expired or cannot be used"),
    (boto.LoginRefreshRequired(), "has expired."),
    (boto.LoginInsufficientPermissions(), "may not renew"),
    (boto.LoginTokenLoadError(error_msg="x"), "expired or cannot be used"),
    (boto.RefreshWithMFAUnsupportedError(), "its MFA device was asked already"),
    (boto.MissingDependencyException(msg="x"), "needs a package"),
    (boto.MetadataRetrievalError(error_msg="x"), "expired or cannot be used"),
    *((refusal(one, status=400), "has expired") for one in ("RequestExpired", "ExpiredToken", "ExpiredTokenException")),
    *(
        (refusal(one, status=403), "does not accept")
        for one in ("InvalidClientTokenId", "SignatureDoesNotMatch", "InvalidSignatureException")
    ),
    *(
        (refusal("SignatureDoesNotMatch", words, 403), "clock is wrong")
        for words in (
            "Signature expired: 20261127T170000Z is now earlier than 20261127T171000Z (20261127T171500Z - 5 min.)",
            "Signature not yet current: 20261127T173000Z is still later than 20261127T172000Z (...)",
        )
    ),
    (
        refusal("SignatureDoesNotMatch", "The request signature we calculated does not match ...", 403),
        "does not accept",
    ),
    (refusal("InvalidIdentityToken", "No OpenIDConnect provider found", 400), "web identity token"),
    (
        refusal("RegionDisabledException", "STS is not activated in this region", 403),
        "no sessions (STS) in this region",
    ),
    (refusal("AuthFailure", status=401), "region"),
    (refusal("OptInRequired", "You are not subscribed to this service.", 401), "not activated for the service"),
    (refusal("PendingVerification", status=400), "still verifying this account"),
    (refusal("Blocked", status=400), "has blocked this account"),
    (refusal("AccountDisabled", status=400), "closed or suspended"),
]
NO_BALANCERS = (
    "This AWS account currently does not support creating load balancers. For more information, please contact AWS "
    "Support."
)
MARKETPLACE = "In order to use this AWS Marketplace product you need to accept terms and subscribe."
FREE_IMAGE = "The specified image is not eligible for Free Tier."
OF_ACCOUNTS: list[tuple[Exception, str]] = [
    *SIGN_IN_FAILURES[-4:],
    (refusal("OperationNotPermitted", NO_BALANCERS, 400), "does not let this account create load balancers"),
    (refusal("OperationNotPermittedException", NO_BALANCERS, 400), "does not let this account create load balancers"),
    (refusal("VcpuLimitExceeded", status=400), "quota of vCPUs is too small"),
    (refusal("InstanceLimitExceeded", status=400), "quota of vCPUs is too small"),
    (refusal("SubscriptionRequiredException", status=400), "not activated for the service"),
    (refusal("OptInRequired", MARKETPLACE, 401), "sold in the AWS Marketplace"),
    (refusal("InvalidParameterCombination", FREE, 400), "may not use the instance type"),
    (refusal("InvalidParameterCombination", FREE_IMAGE, 400), "may not use the image"),
    (refusal("FreeTierRestrictionError", status=400), "on the free plan may not do this"),
]
"""What AWS does not let an account do: new ones, ones on the free plan, ones that are not in order."""


@pytest.mark.parametrize(("error", "message"), OF_ACCOUNTS, ids=lambda value: value if isinstance(value, str) else "")
def test_what_an_account_may_not_do_is_not_mended_by_another_try(error: Exception, message: str) -> None:
    told = understood(error)
    assert told is not None
    assert message in told.message
    assert told.hint
    assert not re.search("again|repeat|wait", told.hint, re.IGNORECASE)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.message)
def test_what_a_demo_keeps_is_set_after_down(row: MessageRow) -> None:
    """A demo that stands in part keeps its zone, its instance type and its image: a new setting alone is refused, or is
    without effect.  What names the image is asked before anything stands."""
    kept = re.search("zone|instance_type|image_parameter", row.hint)
    if kept and row.codes != ("ParameterNotFound",):
        assert "after:  <demo> down" in row.hint


def test_the_command_for_more_vcpus_is_doctor_s_which_knows_how_many_there_are() -> None:
    """AWS refuses to raise a quota to less than it is."""
    told = understood(refusal("VcpuLimitExceeded", status=400))
    assert told is not None
    assert "<demo> doctor" in told.hint
    assert "--desired-value" not in told.hint


def test_another_thing_that_is_not_permitted_is_told_as_aws_says_it() -> None:
    told = understood(refusal("OperationNotPermitted", "The instance may not be terminated.", 400))
    assert told is not None
    assert told.message == "AWS refused SomeCall."


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("Client.InternalError: Client error on launch", "alias/aws/ebs"),
        ("Client.InternalError: A client error caused the instance to terminate during launch.", "alias/aws/ebs"),
        ("Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state", "alias/aws/ebs"),
        ("Server.InsufficientInstanceCapacity: There is not enough capacity", "another zone"),
        ("Client.VolumeLimitExceeded: Volume limit exceeded", "Service Quotas"),
        ("Server.InternalError: Internal error on launch", ""),
        ("Client.UserInitiatedShutdown: User initiated shutdown", ""),
        ("", ""),
    ],
)
def test_what_to_do_about_an_instance_that_ended_by_itself(reason: str, hint: str) -> None:
    assert hint in advice(reason)
    assert bool(advice(reason)) is bool(hint)


@pytest.mark.parametrize(
    ("error", "exit_code", "message"),
    [
        *((error, 4, error_message) for error, error_message in SIGN_IN_FAILURES),
        (refusal("UnauthorizedOperation", status=403), 1, "You may not call "),
        (refusal("AccessDenied", status=403), 1, "You may not call "),
        (refusal("VpcLimitExceeded", status=400), 1, "quota"),
        (refusal("TooManyLoadBalancers", status=400), 1, "quota"),
        (refusal("InvalidParameterCombination", FREE, 400), 1, "may not use the instance type"),
        (refusal("InvalidParameterCombination", "else", 400), 1, "AWS refused SomeCall"),
        (refusal("Unsupported", NO_ZONE, 400), 1, "zone does not offer"),
        (refusal("InsufficientInstanceCapacity", status=500), 1, "no capacity"),
        (refusal("InvalidAMIID.NotFound", status=400), 1, "image"),
        (refusal("TagPolicyViolation", status=400), 1, "tag policy"),
        (refusal("ParameterNotFound", status=400), 2, "no such SSM parameter"),
        (refusal("RequestLimitExceeded", status=503), 1, "throttles"),
        (refusal("TooManyRequestsException", status=429, operation="GetRoleCredentials"), 1, "throttles"),
        (refusal("InternalError", status=500), 1, "AWS failed at SomeCall"),
        (refusal("InvalidParameterValue", status=400), 1, "AWS refused SomeCall"),
        (boto.ProfileNotFound(profile="nobody"), 2, "no such AWS profile"),
        (boto.NoRegionError(), 2, "No AWS region"),
        (boto.InvalidRegionError(region_name="x y"), 2, "does not exist"),
        (boto.ConfigParseError(path="x"), 2, "settings of this machine"),
        (boto.InvalidDefaultsMode(mode="x", valid_modes=""), 2, "settings of this machine"),
        (boto.InvalidRetryModeError(provided_retry_mode="x", valid_modes=""), 2, "settings of this machine"),
        (boto.InvalidSTSRegionalEndpointsConfigError(sts_regional_endpoints_config="x"), 2, "settings of this machine"),
        (boto.InvalidChecksumConfigError(config_key="x", config_value="x", valid_options=""), 2, "settings of this"),
        (boto.InvalidIMDSEndpointModeError(mode="x", valid_modes=""), 2, "settings of this machine"),
        (boto.EndpointConnectionError(endpoint_url="https://x"), 1, "cannot be reached"),
        (boto.ConnectTimeoutError(endpoint_url="https://x"), 1, "cannot be reached"),
        (boto.ReadTimeoutError(endpoint_url="https://x"), 1, "cannot be reached"),
        (boto.ReadTimeoutError(endpoint_url="http://127.0.0.1:1/"), 1, "The sandbox does not answer"),
        (boto.SSLError(endpoint_url="https://x", error=OSError("x")), 1, "certificate"),
        (boto.ParamValidationError(report="x"), 1, "The call to AWS failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_the_user_is_told(error: Exception, exit_code: int, message: str) -> None:
    told = understood(error)
    assert told is not None
    assert told.exit_code == exit_code
    assert message in told.message


ALICE = "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: "
ASK = "Ask for this permission, then repeat the command: it continues from here."
THE_POLICY = "All that are needed:  <demo> iam-policy"
NO_HELP = (
    "A further permission does not help. Ask whoever manages the {}, then repeat the command: it continues from here."
)
TAGS = "Where certain tags are demanded, set them under tags: in the config file."


@pytest.mark.parametrize(
    ("words", "because", "hint"),
    [
        ("ec2:CreateVpc because no identity-based policy allows the ec2:CreateVpc action", "", [ASK, THE_POLICY]),
        (
            "ec2:CreateTags because no identity-based policy allows the ec2:CreateTags action",
            "",
            [ASK, THE_POLICY, TAGS],
        ),
        ("pricing:GetProducts because no identity-based policy allows the pricing:GetProducts action", "", [ASK]),
        (
            "ec2:CreateVpc with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/p-1",
            "a policy denies it (service control policy)",
            [NO_HELP.format("service control policy"), TAGS],
        ),
        (
            "ec2:CreateVpc because no permissions boundary allows the ec2:CreateVpc action",
            "no permissions boundary allows it",
            [NO_HELP.format("permissions boundary")],
        ),
    ],
)
def test_whose_policy_has_to_change_for_what_is_denied(words: str, because: str, hint: list[str]) -> None:
    words = f"{ALICE}{words}"
    error = refusal("UnauthorizedOperation", f"{words}. Encoded authorization failure message: abc", 403, "CreateVpc")
    told = understood(error)
    assert told is not None
    assert told.facts["because"] == because
    assert told.facts["AWS said"] == code_and_message(error) == f"UnauthorizedOperation: {words}."
    assert told.hint.split("\n") == hint


def of_credentials() -> list[type[boto.BotoCoreError]]:
    """Every exception of botocore whose name, or a class that it inherits from, says that it is about credentials."""
    classes = [one for one in vars(boto).values() if isinstance(one, type) and issubclass(one, boto.BotoCoreError)]
    return [one for one in classes if any(CREDENTIALS.search(base.__name__) for base in one.__mro__)]


@pytest.mark.parametrize(
    "kind",
    [
        *of_credentials(),
        boto.RefreshWithMFAUnsupportedError,
        boto.MetadataRetrievalError,
        boto.MissingDependencyException,
    ],
)
def test_every_way_in_which_credentials_fail_ends_the_run(kind: type[boto.BotoCoreError]) -> None:
    words = dict.fromkeys(re.findall(r"{(\w+)}", kind.fmt), "x")
    error = kind(**words)
    assert error_kind(error) is ErrorKind.SIGN_IN
    assert is_rejection(error)
    told = understood(error)
    assert isinstance(told, SignInError)
    assert told.exit_code == 4


def test_the_exceptions_of_botocore_are_found() -> None:
    assert {boto.CredentialRetrievalError, boto.SSOTokenLoadError, boto.LoginRefreshRequired} <= {*of_credentials()}


@pytest.mark.parametrize(
    ("call", "code", "status", "kind"),
    [
        ("AssumeRole", "AccessDenied", 403, ErrorKind.SIGN_IN),
        ("GetRoleCredentials", "UnauthorizedException", 401, ErrorKind.SIGN_IN),
        ("GetRoleCredentials", "ResourceNotFoundException", 404, ErrorKind.SIGN_IN),
        ("AssumeRole", "Throttling", 400, ErrorKind.BUSY),
        ("AssumeRole", "InternalFailure", 500, ErrorKind.UNSURE),
        ("CreateVpc", "UnauthorizedOperation", 403, ErrorKind.DENIED),
    ],
)
def test_what_is_refused_where_credentials_are_got(call: str, code: str, status: int, kind: ErrorKind) -> None:
    error = refusal(code, status=status, operation=call)
    assert error_kind(error) is kind
    assert isinstance(understood(error), SignInError) is (kind is ErrorKind.SIGN_IN)


def test_aws_s_own_words_are_shown() -> None:
    told = understood(refusal("VpcLimitExceeded", "The maximum number of VPCs has been reached."))
    assert told is not None
    assert told.facts == {
        "call": "SomeCall",
        "AWS said": "VpcLimitExceeded: The maximum number of VPCs has been reached.",
    }


def test_ours_stay_what_they_are_and_bugs_are_nobody_s() -> None:
    ours = errors.Refused("no")
    assert understood(ours) is ours
    assert understood(KeyError("VpcId")) is None
    assert understood(OSError("no space")) is None


def test_each_error_has_the_exit_code_that_its_table_says() -> None:
    doc = errors.__doc__ or ""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, DemoError)]
    assert len(kinds) == 14
    for kind in kinds:
        line = next(line for line in doc.splitlines() if f" {kind.__name__} " in line)
        assert f"exit {kind.exit_code} " in line
