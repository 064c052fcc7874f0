"""Ids name one thing in one spelling."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.ids import DeliveryId, NotificationId, encode_endpoint_id, parse_endpoint_id
from carillon_server.domain.inbox import derive_inbox_id

inbox_ids = st.binary(min_size=16, max_size=16)
seqs = st.integers(0, 2**63 - 1)


@given(inbox_ids, seqs, st.integers(0, 2**15 - 1))
def test_ids_survive_the_round_trip(inbox_id: bytes, seq: int, ordinal: int) -> None:
    notification, delivery = NotificationId(inbox_id, seq), DeliveryId(inbox_id, seq, ordinal)
    assert NotificationId.parse(str(notification)) == notification
    assert DeliveryId.parse(str(delivery)) == delivery
    assert NotificationId.parse(str(delivery)) is None
    assert parse_endpoint_id(encode_endpoint_id(inbox_id)) == inbox_id


@given(st.one_of(st.text(max_size=50), st.text(max_size=40).map(lambda text: f"ntf_{text}")))
def test_only_the_canonical_spelling_is_an_id(text: str) -> None:
    parsed = NotificationId.parse(text)
    assert parsed is None or str(parsed) == text


def test_the_border_between_tenant_and_recipient_is_not_ambiguous() -> None:
    assert derive_inbox_id("acme", "corp-ann") != derive_inbox_id("acmecorp", "-ann")
    assert derive_inbox_id("a", "bc") != derive_inbox_id("ab", "c")
