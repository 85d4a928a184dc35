"""Words for what is wrong with a request itself, with who sent it, or with what the registry stands on."""

from __future__ import annotations

from typing import Final

from wharfinger.api.words.words import INVALID, Table, Words
from wharfinger.domain import faults as f

_SIGNATURE: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


_UNFIT: Final = "SignatureDoesNotMatch"


def _parameter(fault: f.InvalidParameter) -> str:
    return f"Invalid parameter at '{fault.path}' failed to satisfy constraint: '{fault.constraint}'"


def _expired(fault: f.SignatureExpired) -> str:
    if fault.ahead:
        how, reckoned = "Signature not yet current: {} is still later than", "+"
    else:
        how, reckoned = "Signature expired: {} is now earlier than", "-"
    return f"{how.format(fault.signed)} {fault.limit} ({fault.now} {reckoned} {fault.minutes} min.)"


def _denied(fault: f.Denied) -> str:
    if not fault.principal:
        return f"Not authorized to perform {fault.action}"
    who = f"User: {fault.principal} is not authorized to perform: {fault.action} on resource: {fault.resource}"
    if fault.action.startswith("sts:"):
        # whether there is such a role is not told
        return who
    an = "an" if fault.source[0] in "aeiou" else "a"
    why = (
        f"with an explicit deny in {an} {fault.source} policy"
        if fault.is_explicit
        else f"because no {fault.source} policy allows the {fault.action} action"
    )
    return f"{who} {why}"


WORDS: Final[Table] = {
    # --- what was sent
    f.InvalidParameter: Words(INVALID, "UNSUPPORTED", 400, _parameter),
    f.Malformed: Words("SerializationException", "UNSUPPORTED", 400, "{reason}", sts="MalformedInput"),
    f.ContentTypeUnsupported: Words(
        "MalformedHttpRequestException",
        "UNSUPPORTED",
        400,
        "The content type has to be application/x-amz-json-1.1 and not '{content_type}'",
    ),
    f.BodyTooLarge: Words(
        "RequestEntityTooLargeException",
        "SIZE_INVALID",
        413,
        "The body is over the limit of {limit} bytes",
        413,
        sts="RequestEntityTooLarge",
        sts_status=413,
    ),
    f.BodyCutOff: Words(
        "RequestAbortedException",
        "BLOB_UPLOAD_INVALID",
        400,
        "The body ended before all of it had come",
        sts="RequestAborted",
    ),
    f.UnknownOperation: Words(
        "UnknownOperationException",
        "UNSUPPORTED",
        400,
        "'{target}' is no operation of Amazon ECR or of Wharfinger, and none of AWS STS that is here",
        sts="InvalidAction",
    ),
    f.NotBuilt: Words(
        "NotImplementedException",
        "UNSUPPORTED",
        501,
        "{operation} is an operation of Amazon ECR that this version of Wharfinger does not have yet",
        501,
    ),
    f.UnknownRoute: Words(INVALID, "UNSUPPORTED", 404, "There is no endpoint {path}"),
    f.MethodNotAllowed: Words(INVALID, "UNSUPPORTED", 405, "This endpoint takes {allowed}"),
    # --- who sent it
    f.AuthenticationMissing: Words(
        "MissingAuthenticationTokenException",
        "UNAUTHORIZED",
        401,
        "Missing Authentication Token",
        sts="MissingAuthenticationToken",
        sts_status=403,
    ),
    f.AuthenticationIncomplete: Words(
        "IncompleteSignatureException", "UNAUTHORIZED", 401, "{reason}", sts="IncompleteSignature"
    ),
    f.KeyUnknown: Words(
        "UnrecognizedClientException",
        "UNAUTHORIZED",
        401,
        "The security token included in the request is invalid.",
        sts="InvalidClientTokenId",
        sts_status=403,
    ),
    f.SignatureMismatch: Words(
        "InvalidSignatureException", "UNAUTHORIZED", 401, _SIGNATURE, sts=_UNFIT, sts_status=403
    ),
    f.SignatureUnfit: Words("InvalidSignatureException", "UNAUTHORIZED", 401, "{reason}", sts=_UNFIT, sts_status=403),
    f.SignatureExpired: Words("InvalidSignatureException", "UNAUTHORIZED", 401, _expired, sts=_UNFIT, sts_status=403),
    f.TokenInvalid: Words(
        "UnrecognizedClientException",
        "UNAUTHORIZED",
        401,
        "The user has to be AWS and the password an authorization token of this server: "
        "aws ecr get-login-password | docker login --username AWS --password-stdin <address>",
    ),
    f.TokenExpired: Words(
        "ExpiredTokenException",
        "DENIED",
        403,
        "Your authorization token has expired. Reauthenticate and try again.",
    ),
    f.SessionExpired: Words(
        "ExpiredTokenException",
        "DENIED",
        403,
        "The security token included in the request is expired",
        sts="ExpiredToken",
        sts_status=403,
    ),
    f.DownloadExpired: Words(
        "AccessDeniedException",
        "DENIED",
        403,
        "This address has expired or was changed: ask GetDownloadUrlForLayer for a new one",
    ),
    f.Denied: Words("AccessDeniedException", "DENIED", 403, _denied, sts="AccessDenied", sts_status=403),
    f.Throttled: Words("ThrottlingException", "TOOMANYREQUESTS", 429, "Rate exceeded", sts="Throttling"),
    # --- what the registry stands on
    f.Unavailable: Words(
        "ServerException",
        "UNKNOWN",
        503,
        "The registry cannot do this now; try again later",
        500,
        sts="ServiceUnavailable",
        sts_status=503,
    ),
}
