from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carillon import AsyncClient, errors

NESTED: dict[str, Any] = {}
for _ in range(17):
    NESTED = {"deeper": NESTED}

PUSH_ELSE_SMS: dict[str, Any] = {"channels": ["PUSH", "SMS"]}
SIX_ACTIONS = [{"id": f"{number}", "label": "Open"} for number in range(6)]

FILE = {"filename": "a.pdf", "content_type": "application/pdf", "content": b"%PDF"}
MEBIBYTE = b"x" * 1024 * 1024

REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("request_id", {"request_id": "x" * 129}),
    ("request_id", {"request_id": "tab\t"}),
    ("recipient_ids", {"recipient_ids": []}),
    ("recipient_ids", {"recipient_ids": [f"{number}" for number in range(1_001)]}),
    ("recipient_ids[1]", {"recipient_ids": ["ada", ""]}),
    ("recipient_ids[0]", {"recipient_ids": ["x" * 201]}),
    ("recipient_ids[0]", {"recipient_ids": ["a\nb"]}),
    ("type", {"type": ""}),
    ("type", {"type": "no spaces"}),
    ("type", {"type": "x" * 101}),
    ("content.title", {"content": {"title": ""}}),
    ("content.title", {"content": {"title": "x" * 201}}),
    ("content.title", {"content": {"title": "two\r\nlines"}}),
    ("content.body", {"content": {"title": "x", "body": "x" * 10_001}}),
    ("content.body", {"content": {"title": "x", "body": "bell\a"}}),
    ("content.action_url", {"content": {"title": "x", "action_url": "javascript:alert(1)"}}),
    ("content.action_url", {"content": {"title": "x", "action_url": "//example.org"}}),
    ("content.image_url", {"content": {"title": "x", "image_url": "data:image/png;base64,"}}),
    (
        "content.actions",
        {"content": {"title": "x", "actions": SIX_ACTIONS}},
    ),
    ("content.actions[0].label", {"content": {"title": "x", "actions": [{"id": "a"}]}}),
    ("attachments", {"attachments": [FILE] * 11}),
    ("attachments", {"attachments": [{**FILE, "content": MEBIBYTE}] * 3 + [FILE]}),
    ("attachments[0].content", {"attachments": [{**FILE, "content": MEBIBYTE * 2 + b"x"}]}),
    ("attachments[0].content", {"attachments": [{**FILE, "content": b""}]}),
    ("attachments[0].filename", {"attachments": [{**FILE, "filename": "../a.pdf"}]}),
    ("attachments[0].filename", {"attachments": [{**FILE, "filename": "a\r\nBcc: x"}]}),
    ("attachments[0].content_type", {"attachments": [{**FILE, "content_type": "pdf"}]}),
    ("attachments[0].content_type", {"attachments": [{**FILE, "content_type": "message/rfc822"}]}),
    ("attachments[0].content_id", {"attachments": [{**FILE, "content_id": "a"}]}),
    ("channels[0]", {"channels": [0]}),
    ("channels[1]", {"channels": ["EMAIL", 99]}),
    ("priority", {"priority": 99}),
    ("category", {"category": "x" * 101}),
    ("thread_key", {"thread_key": "x" * 201}),
    ("collapse_key", {"collapse_key": "x" * 201}),
    ("actor_id", {"actor_id": "x" * 201}),
    ("labels", {"labels": {f"{number}": "" for number in range(21)}}),
    ("data", {"data": NESTED}),
    ("data", {"data": {f"{number}": None for number in range(501)}}),
    ("data", {"data": {"text": "x" * 40_000}}),
    ("deliver_time", {"deliver_time": datetime.now(UTC) + timedelta(days=400)}),
    ("fallbacks", {"fallbacks": [PUSH_ELSE_SMS] * 4}),
    ("fallbacks[0].channels", {"fallbacks": [{"channels": ["PUSH"]}]}),
    ("fallbacks[0].channels", {"fallbacks": [{"channels": ["IN_APP", "EMAIL"]}]}),
    ("fallbacks[0].channels[1]", {"fallbacks": [{"channels": ["PUSH", "PUSH"]}]}),
    ("fallbacks[1].channels", {"fallbacks": [PUSH_ELSE_SMS, {"channels": ["SMS", "EMAIL"]}]}),
    ("fallbacks[0].after", {"fallbacks": [{**PUSH_ELSE_SMS, "after": timedelta(milliseconds=999)}]}),
    ("fallbacks[0].after", {"fallbacks": [{**PUSH_ELSE_SMS, "after": timedelta(hours=25)}]}),
]


@pytest.mark.parametrize(
    ("field", "change"), REFUSED, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_a_field_beyond_its_limit_is_named_and_nothing_is_stored(
    producer: AsyncClient, gateway: AsyncClient, ada: str, field: str, change: dict[str, Any]
) -> None:
    fields: dict[str, Any] = {"recipient_ids": [ada], "type": "t", "content": {"title": "x"}} | change
    with pytest.raises(errors.FieldInvalidError) as refused:
        await producer.send(**fields)
    assert {violation.field for violation in refused.value.field_violations} == {field}
    assert (await gateway.list(recipient_id=ada)).total_count == 0
