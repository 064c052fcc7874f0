"""What an outcome says about the provider, not about the one message that it came for."""

from __future__ import annotations

import re
from enum import Enum

from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Rejected, Retry, Throttled

_SICK = frozenset({"timeout", "unreachable", "tls", "disconnected", "protocol", "smtp_protocol"})
_LOCKED_OUT = frozenset({"credentials_refused"})
# RFC 5321 and 4954: 421 closes the channel; the others refuse our login.
_CODES = re.compile(r"http_(408|5\d\d)|smtp_(421|454|530|534|535|538)")


class Sign(Enum):
    """Of life, of sickness, or of nothing."""

    WELL = "well"
    """It answered for this message: yes or no."""
    SICK = "sick"
    NOTHING = "nothing"


def read_sign(outcome: Outcome) -> Sign:
    """A refusal is an answer. Being asked to slow down, or a failure of the one message, tells nothing."""
    match outcome:
        case Delivered() | Rejected() | EndpointGone():
            return Sign.WELL
        case Throttled():
            return Sign.NOTHING
        case Retry(error_class):
            return Sign.SICK if blames_provider(error_class) else Sign.NOTHING
        case _:
            return Sign.SICK if blames_provider(outcome.error_class) else Sign.NOTHING


def blames_provider(error_class: str) -> bool:
    """Whether the next message would most likely meet the same."""
    return error_class in _SICK or error_class in _LOCKED_OUT or _CODES.fullmatch(error_class) is not None
