"""The catalogs that are shipped, as folders and as bundles."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from carillon_server.bundle.loader import load_catalog

ROOT = Path(__file__).parents[2] / "catalogs"
CHANNELS = ("in_app", "email", "push", "sms", "webhook", "chat")
OWN_NAMES = {
    "audit": [
        "SCAN_STARTED", "SCAN_COMPLETED", "SCAN_FAILED", "CREDIT_LOW_WARNING", "CREDIT_DEPLETED",
        "SUBSCRIPTION_EXPIRING", "SUBSCRIPTION_RENEWED", "PAYMENT_FAILED", "CONTENT_GENERATED",
        "ANALYSIS_READY", "REPORT_AVAILABLE", "EMAIL_VERIFIED", "PASSWORD_CHANGED", "PROFILE_UPDATED",
        "USER_INVITED", "USER_JOINED", "ROLE_CHANGED",
    ],
    "mail": [
        "NEW_MESSAGE", "SYNC_COMPLETE", "SYNC_FAILED", "ERROR_OCCURRED", "MESSAGE_SENT",
        "ATTACHMENT_DOWNLOADED", "QUOTA_WARNING",
    ],
    "chat": [
        "new_message", "room_invitation", "friend_request", "friend_request_accepted",
    ],
    "issues": [
        "ISSUE_CREATED", "ISSUE_ASSIGNED", "ISSUE_STATUS_CHANGED", "ISSUE_RESOLVED", "ISSUE_COMMENT_ADDED",
        "HIGH_PRIORITY_ISSUE", "AUTO_ISSUE_DETECTED", "ISSUE_OVERDUE", "DAILY_ISSUE_SUMMARY",
        "WEEKLY_ISSUE_REPORT", "SYSTEM_ERROR_SPIKE",
    ],
    "jobs": [
        "job_status_change", "application_update", "interview_reminder", "new_job_match",
        "application_deadline", "skill_gap_report", "system_announcement", "morning_briefing",
        "evening_update",
    ],
}  # fmt: skip
"""What each system calls its types."""
NAMES = tuple(OWN_NAMES)


@cache
def bundle_of(name: str) -> dict[str, Any]:
    """The catalog as a bundle; fails for one with problems."""
    loaded = load_catalog(ROOT / name)
    assert loaded.is_good, loaded.notes.problems
    return loaded.bundle


def types_of(name: str) -> dict[str, dict[str, Any]]:
    """The types of a catalog by name."""
    return {kind["name"]: kind for kind in bundle_of(name)["types"]}


def channel_of(template: dict[str, Any]) -> str:
    return next(channel for channel in CHANNELS if channel in template)
