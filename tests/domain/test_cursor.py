"""A cursor cannot be forged, and survives the rotation of keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon_server.domain.cursor import Cursor, CursorSealer
from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.inbox import derive_inbox_id

OLD, NEW = b"o" * 32, b"n" * 32
ANN, BOB = derive_inbox_id("acme", "ann"), derive_inbox_id("acme", "bob")
numbers = st.integers(min_value=0, max_value=2**63 - 1)


@given(installation=st.integers(0, 2**32 - 1), epoch=numbers, version=numbers)
def test_what_is_sealed_can_be_opened(installation: int, epoch: int, version: int) -> None:
    cursor = Cursor(ANN, installation, epoch, version)
    sealer = CursorSealer([NEW, OLD])
    assert sealer.open(sealer.seal(cursor), ANN) == cursor
    assert sealer.open(CursorSealer([OLD]).seal(cursor), ANN) == cursor


@given(position=st.integers(0, 59), letter=st.sampled_from("ABCxyz019-_=\n é"))
def test_no_changed_token_opens(position: int, letter: str) -> None:
    token = CursorSealer([NEW]).seal(Cursor(ANN, 1, 2, 3))
    changed = token[:position] + letter + token[position + 1 :]
    if changed != token:
        with pytest.raises(Refusal) as refusal:
            CursorSealer([NEW]).open(changed, ANN)
        assert refusal.value.reason is Reason.CURSOR_INVALID


@pytest.mark.parametrize("key", [OLD, b"x" * 32])
def test_a_token_of_another_key_does_not_open(key: bytes) -> None:
    token = CursorSealer([key]).seal(Cursor(ANN, 1, 2, 3))
    with pytest.raises(Refusal):
        CursorSealer([NEW]).open(token, ANN)


def test_a_token_of_another_inbox_does_not_open() -> None:
    sealer = CursorSealer([NEW])
    with pytest.raises(Refusal):
        sealer.open(sealer.seal(Cursor(BOB, 1, 2, 3)), ANN)


@given(st.text(max_size=80))
def test_rubbish_does_not_open(text: str) -> None:
    with pytest.raises(Refusal):
        CursorSealer([NEW]).open(text, ANN)
