"""How each type of the chat reads."""

from __future__ import annotations

from tests.systems.telling import Told

TOLD = [
    Told(
        "new_message",
        "IN_APP PUSH",
        "mira in Climbing on Thursday",
        "mira in Climbing on Thursday",
        {"sender_username": "jonas", "room_name": None},
        "jonas wrote",
        "jonas hat geschrieben",
    ),
    Told(
        "room_invitation",
        "IN_APP PUSH EMAIL",
        "mira invites you to Climbing on Thursday",
        "mira lädt dich zu Climbing on Thursday ein",
        {"room_name": "Chess", "inviter_username": "jonas", "members_count": 1},
        "jonas invites you to Chess",
        "jonas lädt dich zu Chess ein",
    ),
    Told(
        "friend_request",
        "IN_APP PUSH EMAIL",
        "jonas would like to be friends",
        "jonas möchte mit dir befreundet sein",
        {"sender_username": "mira", "greeting": None},
        "mira would like to be friends",
        "mira möchte mit dir befreundet sein",
    ),
    Told(
        "friend_request_accepted",
        "IN_APP PUSH",
        "You and mira are friends now",
        "Du und mira seid jetzt befreundet",
        {"friend_username": "jonas"},
        "You and jonas are friends now",
        "Du und jonas seid jetzt befreundet",
    ),
]
