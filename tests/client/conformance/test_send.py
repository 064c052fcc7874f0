from __future__ import annotations

import uuid

import pytest

from carillon import AsyncClient, error_from_status, errors
from carillon.v1 import types_pb2

CONTENT = {"title": "Scan done", "body": "All good.", "action_url": "/scans/7"}


async def test_a_sent_notification_reads_as_it_was_sent(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    response = await producer.send(
        recipient_ids=[ada],
        type="scan.completed",
        content={**CONTENT, "actions": [{"id": "open", "label": "Open", "url": "https://example.org/7"}]},
        data={"score": 87.5, "tags": ["a", None, True], "nested": {"deep": {}}},
        priority="HIGH",
        category="scans",
        thread_key="project-1",
        actor_id="someone",
        labels={"project": "1"},
    )
    [result] = response.results
    shown = (await gateway.get(id=result.notification_id, recipient_id=ada)).notification
    assert (shown.id, shown.recipient_id, shown.type) == (result.notification_id, ada, "scan.completed")
    assert (shown.content.title, shown.content.body, shown.content.action_url) == tuple(CONTENT.values())
    assert [action.id for action in shown.content.actions] == ["open"]
    assert shown.data["score"] == 87.5
    assert list(shown.data["tags"]) == ["a", None, True]
    assert (shown.priority, shown.category) == (types_pb2.PRIORITY_HIGH, "scans")
    assert (shown.thread_key, shown.actor_id, dict(shown.labels)) == (
        "project-1",
        "someone",
        {"project": "1"},
    )
    assert shown.create_time == shown.deliver_time
    assert not shown.HasField("read_time")
    assert not shown.HasField("expire_time")


async def test_priority_is_normal_where_none_was_named(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    await producer.send(recipient_ids=[ada], type="t", content=CONTENT)
    [shown] = (await gateway.list(recipient_id=ada)).notifications
    assert shown.priority == types_pb2.PRIORITY_NORMAL


async def test_repeated_recipients_count_once_and_keep_their_order(
    producer: AsyncClient, ada: str, bob: str
) -> None:
    response = await producer.send(
        recipient_ids=[bob, ada, bob], recipients=[{"recipient_id": ada}], type="t", content=CONTENT
    )
    assert [result.recipient_id for result in response.results] == [bob, ada]


async def test_the_same_request_again_returns_the_first_answer(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    request_id = uuid.uuid4().hex
    first = await producer.send(recipient_ids=[ada], type="t", content=CONTENT, request_id=request_id)
    again = await producer.send(recipient_ids=[ada], type="t", content=CONTENT, request_id=request_id)
    assert not first.replayed
    assert again.replayed
    assert list(again.results) == list(first.results)
    assert (await gateway.list(recipient_id=ada)).total_count == 1


async def test_another_body_under_the_same_request_id_is_refused(producer: AsyncClient, ada: str) -> None:
    request_id = uuid.uuid4().hex
    await producer.send(recipient_ids=[ada], type="t", content=CONTENT, request_id=request_id)
    with pytest.raises(errors.RequestIdReusedError):
        await producer.send(recipient_ids=[ada], type="other", content=CONTENT, request_id=request_id)


async def test_a_refusal_does_not_use_the_request_id_up(producer: AsyncClient, ada: str) -> None:
    request_id = uuid.uuid4().hex
    with pytest.raises(errors.FieldInvalidError):
        await producer.send(recipient_ids=[ada], type="t", content={"title": ""}, request_id=request_id)
    response = await producer.send(recipient_ids=[ada], type="t", content=CONTENT, request_id=request_id)
    assert not response.replayed


async def test_a_dry_run_decides_but_stores_nothing(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    request_id = uuid.uuid4().hex
    dry = await producer.send(
        recipient_ids=[ada], type="t", content=CONTENT, request_id=request_id, dry_run=True
    )
    assert dry.results[0].notification_id == ""
    assert dry.results[0].decisions[0].verdict == types_pb2.VERDICT_SEND
    assert (await gateway.list(recipient_id=ada)).total_count == 0
    real = await producer.send(recipient_ids=[ada], type="t", content=CONTENT, request_id=request_id)
    assert not real.replayed


async def test_one_bad_item_of_a_batch_fails_alone(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    good = {"recipient_ids": [ada], "type": "t", "content": CONTENT}
    response = await producer.send_batch(requests=[good, {**good, "type": "not a type"}, good])
    assert [result.WhichOneof("outcome") for result in response.results] == ["response", "error", "response"]
    error = error_from_status(response.results[1].error)
    assert isinstance(error, errors.FieldInvalidError)
    assert [violation.field for violation in error.field_violations] == ["type"]
    assert (await gateway.list(recipient_id=ada)).total_count == 2


async def test_the_bulk_lane_answers_each_item_in_order(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    good = {"recipient_ids": [ada], "type": "t", "content": CONTENT}
    items = [good, {**good, "content": {"title": ""}}, good]
    results = [result async for result in producer.send_stream(requests=items)]
    assert [result.index for result in results] == [0, 1, 2]
    assert [result.WhichOneof("outcome") for result in results] == ["response", "error", "response"]
    assert (await gateway.list(recipient_id=ada)).total_count == 2


async def test_recipients_named_with_a_profile_come_into_being_with_it(
    producer: AsyncClient, ada: str
) -> None:
    profile = {
        "recipient_id": ada,
        "locale": "de-CH",
        "time_zone": "Europe/Zurich",
        "email": "ada@example.org",
    }
    await producer.send(recipients=[profile], type="t", content=CONTENT)
    recipient = (await producer.get_recipient(recipient_id=ada)).recipient
    assert (recipient.locale, recipient.time_zone) == ("de-CH", "Europe/Zurich")
    [endpoint] = (await producer.list_endpoints(recipient_id=ada)).endpoints
    assert (endpoint.channel, endpoint.address) == (types_pb2.CHANNEL_EMAIL, "ada@example.org")


async def test_producers_get_what_they_sent_and_nothing_else(producer: AsyncClient, ada: str) -> None:
    response = await producer.send(recipient_ids=[ada], type="t", content=CONTENT)
    sent = await producer.get(id=response.results[0].notification_id)
    assert sent.notification.recipient_id == ada
    with pytest.raises(errors.NotificationNotFoundError):
        await producer.get(id="ntf_none")


async def test_files_are_part_of_a_request_and_nothing_that_readers_see(
    producer: AsyncClient, gateway: AsyncClient, ada: str
) -> None:
    file = {"filename": "a.pdf", "content_type": "application/pdf", "content": b"%PDF"}
    request_id = uuid.uuid4().hex
    values = {"recipient_ids": [ada], "type": "invoice.paid", "content": CONTENT, "request_id": request_id}
    first = await producer.send(**values, attachments=[file])
    assert (await producer.send(**values, attachments=[file])).replayed
    with pytest.raises(errors.RequestIdReusedError):
        await producer.send(**values, attachments=[{**file, "content": b"%PDF-2"}])
    shown = await gateway.get(id=first.results[0].notification_id, recipient_id=ada)
    assert b"a.pdf" not in shown.SerializeToString()
