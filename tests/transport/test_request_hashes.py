"""What makes two requests the same: all of their words but the id, however they came."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import pytest

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.transport.convert.sends import to_draft
from tests.transport.requests import SEND

_LABELS = {f"key-{number}": "value" for number in range(20)}


def _hash(**changes: Any) -> bytes:
    return to_draft(pb.SendRequest(**{**SEND, **changes})).request_hash


@pytest.mark.parametrize("request_id", ["r", "r" * 127, "r" * 128])
def test_it_is_the_hash_of_the_request_without_its_id(request_id: str) -> None:
    """Records of earlier versions of the service were made so; a repeat after an update must find them."""
    canonical = pb.SendRequest(**{**SEND, "labels": _LABELS}).SerializeToString(deterministic=True)
    expected = blake2b(canonical, digest_size=32).digest()
    assert _hash(request_id=request_id, labels=_LABELS) == expected


def test_labels_have_no_order() -> None:
    reversed_labels = dict(reversed(_LABELS.items()))
    assert _hash(request_id="r", labels=_LABELS) == _hash(request_id="r", labels=reversed_labels)


def test_another_word_is_another_request() -> None:
    assert _hash(request_id="r") != _hash(request_id="r", category="scans")
