"""How each type of the mail client reads."""

from __future__ import annotations

from tests.systems.telling import Told

TOLD = [
    Told(
        "message.new",
        "IN_APP PUSH",
        "Ben Weber: Minutes of Tuesday",
        "Ben Weber: Minutes of Tuesday",
        {"sender": "Zoe Frei", "subject": "", "preview": None},
        "Zoe Frei wrote to you: (no subject)",
        "Zoe Frei hat Ihnen geschrieben: (kein Betreff)",
    ),
    Told(
        "sync.complete",
        "IN_APP",
        "Inbox is up to date",
        "Inbox ist auf dem neuesten Stand",
        {"folder": "Archive", "new_messages": 0},
        "Archive of anna@example.com is up to date",
        "Archive von anna@example.com ist auf dem neuesten Stand",
    ),
    Told(
        "sync.failed",
        "IN_APP EMAIL PUSH",
        "Inbox could not be synced",
        "Inbox konnte nicht synchronisiert werden",
        {"folder": "Archive", "retry_at": None},
        "Archive of anna@example.com could not be synced",
        "Archive von anna@example.com konnte nicht synchronisiert werden",
    ),
    Told(
        "error.occurred",
        "IN_APP PUSH",
        "There is a problem with anna@example.com",
        "Es gibt ein Problem mit anna@example.com",
        {"account": "zoe@example.org"},
        "There is a problem with zoe@example.org",
        "Es gibt ein Problem mit zoe@example.org",
    ),
    Told(
        "message.sent",
        "IN_APP",
        "Sent to ben@example.com",
        "Gesendet an ben@example.com",
        {"subject": ""},
        "Sent: (no subject)",
        "Gesendet: (kein Betreff)",
    ),
    Told(
        "attachment.downloaded",
        "IN_APP",
        "minutes.pdf downloaded",
        "minutes.pdf heruntergeladen",
        {"filename": "plan.png", "size_bytes": 2048},
        "plan.png is on your device",
        "plan.png ist auf Ihrem Gerät",
    ),
    Told(
        "quota.warning",
        "IN_APP EMAIL PUSH",
        "Your mailbox is 92% full",
        "Ihr Postfach ist zu 92 % voll",
        {"percent_used": 95, "account": "zoe@example.org"},
        "Your mailbox zoe@example.org is 95% full",
        "Ihr Postfach zoe@example.org ist zu 95 % voll",
    ),
]
