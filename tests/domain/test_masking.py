"""Addresses are shown without what would let others send there."""

from __future__ import annotations

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.masking import mask_address


@pytest.mark.parametrize(
    ("channel", "address", "shown"),
    [
        (Channel.EMAIL, "ada@example.com", "ada@example.com"),
        (Channel.SMS, "+41446681800", "+41446681800"),
        (Channel.PUSH, "fcm-token:abc", "fcm-token:abc"),
        (Channel.CHAT, "https://hooks.chat.example/services/T0/B0/S3CRET", "https://hooks.chat.example/…"),
        (Channel.CHAT, "https://user:S3CRET@chat.example:8443/x", "https://chat.example:8443/…"),
        (Channel.CHAT, "slack://S3CRET/S3CRET/S3CRET", "slack://…"),
        (Channel.CHAT, "S3CRET", "…"),
        (Channel.CHAT, "https://[S3CRET", "…"),
        (Channel.WEBHOOK, "https://a.example/hooks/7", "https://a.example/hooks/7"),
        (Channel.WEBHOOK, "https://me:S3CRET@a.example/h?key=S3CRET#S3CRET", "https://a.example/h?…"),
        (
            Channel.PUSH,
            '{"endpoint": "https://push.example/send/S3CRET", "keys": {"auth": "S3CRET"}}',
            "https://push.example/…",
        ),
        (Channel.PUSH, '{"keys": {"auth": "S3CRET"}}', "…"),
        (Channel.PUSH, '{"endpoint": 7, "auth": "S3CRET"}', "…"),
        (Channel.PUSH, "{S3CRET", "…"),
        (Channel.PUSH, "https://push.example/send/S3CRET", "https://push.example/…"),
    ],
)
def test_what_is_shown_of_an_address(channel: Channel, address: str, shown: str) -> None:
    assert mask_address(channel, address) == shown
    assert "S3CRET" not in mask_address(channel, address)
