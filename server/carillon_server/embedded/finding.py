"""What a check of this machine found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """WARN: works, but not as it should. FAIL: something does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """The answer of one check; `hint` says what to do where something is wrong."""

    status: Status
    subject: str
    detail: str
    hint: str = ""


def ok(subject: str, detail: str) -> Finding:
    """All is well."""
    return Finding(Status.OK, subject, detail)


def warn(subject: str, detail: str, hint: str) -> Finding:
    """Works, but not as it should."""
    return Finding(Status.WARN, subject, detail, hint)


def fail(subject: str, detail: str, hint: str) -> Finding:
    """Does not work."""
    return Finding(Status.FAIL, subject, detail, hint)
