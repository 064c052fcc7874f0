"""Turns what a command ran into into a few lines for a person. Imported only when something went wrong."""

from __future__ import annotations

from carillon import errors
from carillon_server.cli.failure import CommandError, ExitCode
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.embedded.errors import EmbeddedError


class _Metadata(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


_ADVICE: tuple[tuple[tuple[type[errors.CarillonError], ...], tuple[str, ...]], ...] = (
    (
        (errors.CredentialsInvalidError,),
        ("Pass a valid token with CARILLON_TOKEN; for development, `carillon token` makes one.",),
    ),
    (
        (errors.ScopeMissingError,),
        ("This call needs the scope `{scope}`: choose who you are with --as.",),
    ),
    (
        (errors.NotFoundError,),
        ("It does not exist, or not for you: check the id, and who you are (--as, --recipient).",),
    ),
    (
        (errors.RequestIdReusedError,),
        ("The same --request-id was used with other contents: choose a new one.",),
    ),
    (
        (errors.CursorInvalidError,),
        ("The cursor is of another inbox: without --cursor you start with a snapshot.",),
    ),
    (
        (errors.UnavailableError, errors.DeadlineExceededError, errors.OverloadedError),
        ("Is the service running? `carillon doctor` looks at this machine.",),
    ),
    ((errors.InternalError,), ("The service's log has it under the error id {error_id}.",)),
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
    if isinstance(error, OSError):
        return CommandError(
            ExitCode.UNAVAILABLE, str(error), "Check the address, and that the server is running."
        )
    if isinstance(error, EmbeddedError):
        return CommandError(ExitCode.USAGE, str(error))
    what = str(error).partition("\n")[0]
    return CommandError(
        ExitCode.FAULT, f"{type(error).__name__}: {what}", "CARILLON_TRACEBACK=1 shows where it happened."
    )


def _explain_call(error: errors.CarillonError) -> CommandError:
    violations = tuple(f"{found.field}: {found.description}" for found in error.field_violations)
    if violations:
        return CommandError(ExitCode.REFUSED, "The request is not valid.", *violations)
    if isinstance(error, errors.UnavailableError) and not error.reason:
        cause = str(error).rpartition(": ")[2]
        return CommandError(ExitCode.UNAVAILABLE, f"The service cannot be reached: {cause}", *_advice(error))
    reason = error.reason or error.code.name
    what = str(error) if reason in str(error) else f"{error} ({reason})"
    return CommandError(_exit_code(error), what, *_advice(error))


def _exit_code(error: errors.CarillonError) -> ExitCode:
    if isinstance(error, errors.UnavailableError | errors.DeadlineExceededError | errors.OverloadedError):
        return ExitCode.UNAVAILABLE
    if isinstance(error, errors.InternalError):
        return ExitCode.FAULT
    return ExitCode.REFUSED


def _advice(error: errors.CarillonError) -> tuple[str, ...]:
    for kinds, lines in _ADVICE:
        if isinstance(error, kinds):
            return tuple(line.format_map(_Metadata(error.metadata)) for line in lines)
    return ()
