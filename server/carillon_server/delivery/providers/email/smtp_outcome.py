"""What the answers of a mail relay mean (RFC 5321, RFC 3463).

What a relay says about the address or the mail is final when it says 5xx. What it says about us (the
greeting, the login, the sender) is not: a wrong password must not throw mails away, and someone will mend it.
`421` and `450` do not tell a relay that wants fewer mails from one that is being mended, so they are Retry.
"""

from __future__ import annotations

import re
import ssl

from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from carillon_server.domain.outcome import EndpointGone, Outcome, Rejected, Retry

_ENHANCED_CODE = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
# RFC 3463: no such mailbox, no such system, bad syntax, moved, null MX, mailbox disabled.
_GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_PROTOCOL = Retry("protocol", "the relay does not speak SMTP")


class RelayUnfitError(Exception):
    """The relay cannot be used as configured; somebody will mend that."""

    def __init__(self, error_class: str, detail: str) -> None:
        super().__init__(detail)
        self.error_class = error_class
        self.detail = detail


def classify(error: Exception) -> Outcome:
    """The outcome of a mail that was not taken."""
    match error:
        case SMTPNotSupported():
            return Rejected("smtputf8_unsupported", "the relay takes no such addresses")
        case SMTPRecipientRefused():
            return _of_recipient(error)
        case SMTPDataError():
            return _of_code(error)
        case SMTPAuthenticationError():
            return Retry("credentials_refused", _text(error))
        case SMTPResponseException():
            return _of_us(error)
        case _:
            return _of_silence(error)


def _of_silence(error: Exception) -> Retry:
    cause = error.__cause__ or error
    match error:
        case _ if isinstance(cause, ssl.SSLError):
            return Retry("tls", str(getattr(cause, "verify_message", None) or cause.reason))
        case TimeoutError():
            return Retry("timeout", "the relay did not answer in time")
        case SMTPServerDisconnected():
            return Retry("disconnected", "the relay hung up")
        case OSError():
            return Retry("unreachable", type(cause).__name__)
        case _:
            return _PROTOCOL


def _of_us(error: SMTPResponseException) -> Retry:
    return Retry(f"smtp_{error.code}", _text(error)) if _is_answer(error) else _PROTOCOL


def _of_recipient(error: SMTPRecipientRefused) -> Outcome:
    found = _ENHANCED_CODE.search(error.message)
    if error.code >= 500 and found and found.group(1) in _GONE:
        return EndpointGone(f"smtp_{found.group(1)}", _text(error))
    return _of_code(error)


def _of_code(error: SMTPResponseException) -> Outcome:
    if not _is_answer(error):
        return _PROTOCOL
    kind = Rejected if error.code >= 500 else Retry
    return kind(f"smtp_{error.code}", _text(error))


def _is_answer(error: SMTPResponseException) -> bool:
    return 200 <= error.code < 600


def _text(error: SMTPResponseException) -> str:
    return f"{error.code} {error.message}"
