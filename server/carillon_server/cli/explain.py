"""Turns what a command ran into into a few lines for a person. Imported only when something went wrong."""

from __future__ import annotations

from collections import defaultdict

from carillon import errors
from carillon_server.cli.failure import CommandError, ExitCode
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.embedded.errors import EmbeddedError

_RUNNING = "Is the service running? `carillon doctor` looks at this machine."
_ADDRESS = "Check the address, and that the server is running."
_TRACEBACK = "CARILLON_TRACEBACK=1 shows where it happened."

# Words in braces are taken from the refusal's metadata.
_ADVICE: tuple[tuple[type[errors.CarillonError], str], ...] = (
    (
        errors.CredentialsInvalidError,
        "Pass a valid token with CARILLON_TOKEN; for development, `carillon token` makes one.",
    ),
    (errors.ScopeMissingError, "This call needs the scope `{scope}`: choose who you are with --as."),
    (
        errors.NotFoundError,
        "It does not exist, or not for you: check the id, and who you are (--as, --recipient).",
    ),
    (
        errors.RequestIdReusedError,
        "The same --request-id was used with other contents: choose a new one.",
    ),
    (
        errors.CursorInvalidError,
        "The cursor is of another inbox: without --cursor you start with a snapshot.",
    ),
    (
        errors.DeliveryNotRetryableError,
        "`carillon deliveries show ID` tells where it stands.",
    ),
    (errors.UnavailableError, _RUNNING),
    (errors.DeadlineExceededError, _RUNNING),
    (errors.InternalError, "The service's log has it under the error id {error_id}."),
)


def explain(error: Exception) -> CommandError:
    """The exit code, what happened, and what to do."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, errors.CarillonError):
        return _explain_call(error)
    if isinstance(error, Refusal):
        code = ExitCode.UNAVAILABLE if error.reason is Reason.UNAVAILABLE else ExitCode.REFUSED
        return CommandError(code, f"{error.message} ({error.reason})")
    return _explain_local(error)


def _explain_local(error: Exception) -> CommandError:
    """What went wrong on this machine."""
    if isinstance(error, EmbeddedError):
        return CommandError(ExitCode.USAGE, str(error))
    if isinstance(error, OSError):
        advice = [_ADDRESS] if isinstance(error, ConnectionError | TimeoutError) else []
        return CommandError(ExitCode.UNAVAILABLE, str(error), *advice)
    what = str(error).partition("\n")[0]
    return CommandError(ExitCode.FAULT, f"{type(error).__name__}: {what}", _TRACEBACK)


def _explain_call(error: errors.CarillonError) -> CommandError:
    """What the service, or the way to it, answered."""
    if error.field_violations:
        violations = (f"{found.field}: {found.description}" for found in error.field_violations)
        return CommandError(ExitCode.REFUSED, "The request is not valid.", *violations)
    if isinstance(error, errors.UnavailableError) and not error.reason:
        cause = str(error).rpartition(": ")[2]
        return CommandError(ExitCode.UNAVAILABLE, f"The service cannot be reached: {cause}", _RUNNING)
    reason = error.reason or error.code.name
    what = str(error) if reason in str(error) else f"{error} ({reason})"
    return CommandError(_exit_code(error), what, *_advice(error))


def _exit_code(error: errors.CarillonError) -> ExitCode:
    if isinstance(error, errors.UnavailableError | errors.DeadlineExceededError | errors.OverloadedError):
        return ExitCode.UNAVAILABLE
    if isinstance(error, errors.InternalError):
        return ExitCode.FAULT
    return ExitCode.REFUSED


def _advice(error: errors.CarillonError) -> list[str]:
    words = defaultdict(lambda: "?", error.metadata)
    return [advice.format_map(words) for kind, advice in _ADVICE if isinstance(error, kind)]
