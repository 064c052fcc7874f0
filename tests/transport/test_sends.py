"""Send, SendBatch and SendStream over the socket: one answer per request, one bad item fails alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict

from carillon.v1 import notification_service_pb2 as pb
from carillon.v1 import recipient_service_pb2, types_pb2
from carillon_server.domain.identity import Role
from carillon_server.transport.addressing import known_notification
from carillon_server.transport.send_lane import MAX_ITEMS_AHEAD
from tests.eventually import eventually
from tests.running import Issuer, make_settings, running_server
from tests.transport.caller import Caller, Refused, each
from tests.transport.conftest import House
from tests.transport.requests import SEND
from tests.transport.trouble import connected, locked, somebody_waits


def send(**changes: Any) -> pb.SendRequest:
    return pb.SendRequest(**{**SEND, **changes})


def item(**changes: Any) -> pb.SendStreamRequest:
    return pb.SendStreamRequest(request=send(**changes))


async def _titles(house: House, user: str = "ada") -> list[str]:
    page = await house.user(user).call("List", pb.ListRequest(page_size=100))
    return [notification.content.title for notification in page.notifications]


async def test_readers_get_what_was_sent_word_for_word(house: House) -> None:
    sent = send(
        data={"score": 0.5, "tags": ["a", None, True], "nested": {"deep": {}}},
        content={
            "title": "Scan done",
            "body": "line\n\tline",
            "action_url": "/scans/7",
            "icon": "check",
            "image_url": "https://a.example/i.png",
            "actions": [{"id": "open", "label": "Open", "url": "/scans/7"}],
        },
        priority=types_pb2.PRIORITY_URGENT,
        category="scans",
        thread_key="scan-7",
        collapse_key="scan-7",
        actor_id="bob",
        labels={"folder": "inbox", "empty": ""},
        expire_time={"seconds": 4_000_000_000, "nanos": 5_000},
    )
    id_ = (await house.producer.call("Send", sent)).results[0].notification_id
    got = (await house.user().call("Get", pb.GetRequest(id=id_))).notification
    shared = (
        "type",
        "content",
        "data",
        "priority",
        "category",
        "thread_key",
        "collapse_key",
        "actor_id",
        "labels",
    )
    for name in (*shared, "expire_time"):
        assert getattr(got, name) == getattr(sent, name), name
    assert (got.id, got.recipient_id) == (id_, "ada")
    assert got.create_time == got.deliver_time
    listed = (await house.user().call("List", pb.ListRequest())).notifications
    assert MessageToDict(listed[0]) == MessageToDict(got)


async def test_recipients_count_once_in_the_order_of_the_request(house: House) -> None:
    request = send(recipient_ids=["b", "a", "b"], recipients=[{"recipient_id": "c"}, {"recipient_id": "a"}])
    answer = await house.producer.call("Send", request)
    assert [result.recipient_id for result in answer.results] == ["b", "a", "c"]


async def test_a_profile_is_stored_before_the_notification(house: House) -> None:
    profiles = [
        {"recipient_id": "zoe", "locale": "de-CH", "email": "Zoe@EXAMPLE.com"},
        {"recipient_id": "zoe", "time_zone": "Europe/Zurich"},
    ]
    await house.producer.call("Send", send(recipient_ids=[], recipients=profiles))
    get = recipient_service_pb2.GetRecipientRequest(recipient_id="zoe")
    stored = (await house.producer.call("GetRecipient", get)).recipient
    assert (stored.locale, stored.time_zone) == ("de-CH", "Europe/Zurich")
    listing = recipient_service_pb2.ListEndpointsRequest(recipient_id="zoe")
    endpoints = (await house.producer.call("ListEndpoints", listing)).endpoints
    assert [endpoint.address for endpoint in endpoints] == ["Zoe@example.com"]


async def test_a_dry_run_stores_nothing(house: House) -> None:
    profile = {"recipient_id": "zoe", "email": "zoe@example.com"}
    answer = await house.producer.call("Send", send(recipient_ids=[], recipients=[profile], dry_run=True))
    assert answer.results[0].notification_id == ""
    get = recipient_service_pb2.GetRecipientRequest(recipient_id="zoe")
    assert (await house.producer.refusal("GetRecipient", get)).reason == "RECIPIENT_NOT_FOUND"


async def test_a_request_id_answers_for_one_request_alone(house: House) -> None:
    labels = {f"k{number}": "v" for number in range(20)}
    first = await house.producer.call("Send", send(request_id="r-1", labels=labels))
    again = await house.producer.call("Send", send(request_id="r-1", labels=dict(reversed(labels.items()))))
    assert (again.replayed, again.results) == (True, first.results)
    refused = await house.producer.refusal("Send", send(request_id="r-1", type="other"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "REQUEST_ID_REUSED")


async def test_fields_that_this_version_does_not_know_are_not_stored(house: House) -> None:
    unknown = b"\xfa\x7d\x06secret"
    content = types_pb2.Content(title="Hi").SerializeToString() + unknown
    tag = bytes([pb.SendRequest.CONTENT_FIELD_NUMBER << 3 | 2, len(content)])
    raw = pb.SendRequest(recipient_ids=["ada"], type="a.b").SerializeToString() + tag + content + unknown
    id_ = (await house.producer.call("Send", raw)).results[0].notification_id
    got = await house.user().call("Get", pb.GetRequest(id=id_))
    assert got.notification.content.title == "Hi"
    assert b"secret" not in got.SerializeToString()


async def test_one_bad_item_of_a_batch_fails_alone(house: House) -> None:
    good, bad = send(), send(content={"title": ""})
    reused = [send(request_id="r", type="a"), send(request_id="r", type="b")]
    await house.producer.call("Send", reused[0])
    answer = await house.producer.call(
        "SendBatch", pb.SendBatchRequest(requests=[good, bad, good, reused[1]])
    )
    kinds = [result.WhichOneof("outcome") for result in answer.results]
    assert kinds == ["response", "error", "response", "error"]
    assert Refused.of_item(answer.results[1].error).fields == ["content.title"]
    assert Refused.of_item(answer.results[3].error).reason == "REQUEST_ID_REUSED"
    assert await _titles(house) == ["Scan done"] * 3


async def test_items_of_a_batch_keep_what_they_do_not_share(house: House) -> None:
    """Filters ask the columns, which are written once for all items that are alike."""

    def traits(number: int) -> dict[str, Any]:
        name = f"kind-{number}"
        return {"type": name, "category": name, "labels": {"kind": name}, "thread_key": name}

    requests = [send(**traits(n % 3), content={"title": f"{n}"}) for n in range(6)]
    await house.producer.call("SendBatch", pb.SendBatchRequest(requests=requests))
    for number in range(3):
        alike = traits(number)
        for wanted in ({"types": [alike.pop("type")]}, *({name: value} for name, value in alike.items())):
            page = await house.user().call("List", pb.ListRequest(filter=types_pb2.Filter(**wanted)))
            titles = [notification.content.title for notification in page.notifications]
            assert titles == [f"{number + 3}", f"{number}"], wanted


async def test_the_bulk_lane_answers_in_the_order_of_the_requests(house: House) -> None:
    count = 3 * MAX_ITEMS_AHEAD
    requests = [item(recipient_ids=[f"r{number}"]) for number in range(count)]
    requests[7] = item(type="")
    answers = [answer async for answer in house.producer.stream("SendStream", each(requests))]
    assert [answer.index for answer in answers] == list(range(count))
    refused = answers.pop(7)
    assert Refused.of_item(refused.error).fields == ["type"]
    expected = [f"r{number}" for number in range(count) if number != 7]
    assert [answer.response.results[0].recipient_id for answer in answers] == expected


async def test_the_bulk_lane_keeps_the_order_of_an_inbox(house: House) -> None:
    count = MAX_ITEMS_AHEAD + 7
    requests = [item(content={"title": str(number)}) for number in range(count)]
    answers = [answer async for answer in house.producer.stream("SendStream", each(requests))]
    ids = [answer.response.results[0].notification_id for answer in answers]
    seqs = [known_notification(id_).seq for id_ in ids]
    assert seqs == list(range(1, count + 1))


async def test_what_arrives_on_the_bulk_lane_while_it_writes_goes_together(
    house: House, postgres_url: str
) -> None:
    """The first item is under way alone; those behind it make one more transaction, not one each."""
    offered = 0

    async def requests() -> AsyncIterator[pb.SendStreamRequest]:
        nonlocal offered
        for offered in range(1, 51):
            yield item(recipient_ids=[f"r{offered}"])

    await house.producer.call("Send", send(recipient_ids=[f"r{number}" for number in range(1, 51)]))
    async with locked(postgres_url, "notification") as connection:
        stream = house.producer.stream("SendStream", requests())
        first = asyncio.create_task(anext(stream))
        await somebody_waits(connection)
        assert await _at_rest(lambda: offered) == 50
    answers = [await first, *[answer async for answer in stream]]
    assert [answer.index for answer in answers] == list(range(50))
    async with connected(postgres_url) as connection:
        written = "SELECT count(DISTINCT xmin::text) FROM notification WHERE seq = 2"
        assert await connection.fetchval(written) <= 3


async def test_an_empty_bulk_lane_ends_at_once(house: House) -> None:
    assert [answer async for answer in house.producer.stream("SendStream", each([]))] == []


async def test_the_bulk_lane_reads_no_further_than_its_window(house: House, postgres_url: str) -> None:
    """While nothing can be written, the caller is made to wait, not the service to remember."""
    offered = 0

    async def flood() -> AsyncIterator[pb.SendStreamRequest]:
        nonlocal offered
        for _ in range(50 * MAX_ITEMS_AHEAD):
            offered += 1
            yield item(data={"filler": "x" * 30_000})

    async with locked(postgres_url, "notification") as connection:
        stream = house.producer.stream("SendStream", flood())
        first = asyncio.create_task(anext(stream))
        await somebody_waits(connection)
        at_rest = await _at_rest(lambda: offered)
    await first
    await stream.aclose()
    # 8 MiB in items of 30 KB, and what gRPC itself holds in its buffers.
    assert at_rest < 2 * MAX_ITEMS_AHEAD


async def test_a_caller_that_leaves_the_bulk_lane_leaves_nothing_behind(house: House) -> None:
    async def endless() -> AsyncIterator[pb.SendStreamRequest]:
        while True:
            yield item()
            await asyncio.sleep(0)

    stream = house.producer.stream("SendStream", endless())
    await anext(stream)
    await stream.aclose()

    async def gone() -> bool:
        return not [task for task in asyncio.all_tasks() if task.get_name().startswith("send-lane")]

    await eventually(gone)


async def test_a_draining_server_answers_what_it_took_and_sends_the_rest_elsewhere(
    postgres_url: str, redis_url: str, issuer: Issuer
) -> None:
    settings = make_settings(postgres_url, redis_url, issuer)
    token = issuer.token("acme", "billing", [Role.PRODUCER])
    answered = asyncio.Event()
    never = asyncio.Event()

    async def requests() -> AsyncIterator[pb.SendStreamRequest]:
        yield item()
        await never.wait()

    async def talk(caller: Caller) -> Refused:
        try:
            async for _ in caller.stream("SendStream", requests()):
                answered.set()
        except Refused as refused:
            return refused
        raise AssertionError("the stream ended well")

    server = running_server(settings)
    address = await server.__aenter__()
    async with grpc.aio.insecure_channel(address) as channel:
        talking = asyncio.create_task(talk(Caller(channel, token)))
        await answered.wait()
        await server.__aexit__(None, None, None)
        refused = await talking
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE")


async def _at_rest(value: Callable[[], int]) -> int:
    """The value once it stayed the same for a while."""
    last, since = value(), time.monotonic()

    async def unchanged() -> bool:
        nonlocal last, since
        if value() != last:
            last, since = value(), time.monotonic()
        return time.monotonic() - since > 0.5

    await eventually(unchanged)
    return last
