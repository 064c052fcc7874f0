"""Topics and broadcasts."""

from __future__ import annotations

from collections.abc import Iterator

from tests.transport.rows.base import C1, LINE_FEED, NUL, Row, at, line, sizes


def topic_rows() -> Iterator[Row]:
    yield from _names("PutTopic", "topic.name")
    yield from line("PutTopic", "topic.display_name", 100)
    for text in ("x" * 1_000, LINE_FEED):
        yield Row("PutTopic", at("topic.description", text))
    for text in ("x" * 1_001, NUL, C1):
        yield Row("PutTopic", at("topic.description", text), "topic.description")
    yield Row("PutTopic", {"topic": None}, "topic")
    yield from _names("DeleteTopic", "name")
    for rpc in ("AddTopicMembers", "RemoveTopicMembers", "ListTopicMembers"):
        yield from _names(rpc, "topic")
    yield from _members()
    ids = [f"r{number}" for number in range(1_001)]
    yield Row("RemoveTopicMembers", {"recipient_ids": ids[:1_000]})
    for wrong in (ids, []):
        yield Row("RemoveTopicMembers", {"recipient_ids": wrong}, "recipient_ids")
    for text in ("", "x" * 201, NUL):
        yield Row("RemoveTopicMembers", {"recipient_ids": ["ada", text]}, "recipient_ids[1]")
    yield from line("ListTopics", "recipient_id", 200)
    yield from sizes("ListTopics", "page_size")
    yield from sizes("ListTopicMembers", "page_size")
    yield from sizes("ListBroadcasts", "page_size")
    for rpc in ("GetBroadcast", "CancelBroadcast"):
        yield from line(rpc, "id", 100, required=True)
    yield from _sends()


def _sends() -> Iterator[Row]:
    named, profiles = ["ada"], [{"recipient_id": "ada"}]
    for name in ("x" * 100, "a/b:c.d_E-9"):
        yield Row("Send", {"recipient_ids": None, "topic": name})
    for name in ("x" * 101, "a b", "ä", NUL, "news\n"):
        yield Row("Send", {"recipient_ids": None, "topic": name}, "topic")
    yield Row("Send", {"recipient_ids": None, "everyone": True})
    yield Row("Send", {"recipient_ids": None}, "recipient_ids")
    yield Row("Send", {"recipient_ids": None, "topic": "news", "everyone": True}, "everyone")
    yield Row("Send", {"recipient_ids": named, "topic": "news"}, "topic")
    yield Row("Send", {"recipient_ids": None, "recipients": profiles, "everyone": True}, "everyone")


def _names(rpc: str, field: str) -> Iterator[Row]:
    for name in ("x" * 100, "a/b:c.d_E-9"):
        yield Row(rpc, at(field, name))
    for name in ("", "x" * 101, "a b", "ä", NUL, "news\n"):
        yield Row(rpc, at(field, name), field)


def _members() -> Iterator[Row]:
    rpc = "AddTopicMembers"
    members = [{"recipient_id": f"r{number}"} for number in range(1_001)]
    yield Row(rpc, {"members": members[:1_000]})
    for wrong in (members, []):
        yield Row(rpc, {"members": wrong}, "members")
    for text in ("", "x" * 201, NUL):
        yield Row(rpc, {"members": [{"recipient_id": text}]}, "members[0].recipient_id")
    for condition in ("a" * 500, 'project == "x" and not draft'):
        yield Row(rpc, {"members": [{"recipient_id": "ada", "condition": condition}]})
    for condition in ("a" * 501, "a ==", "a = 1", "f(x)", NUL, LINE_FEED):
        changes = {"members": [{"recipient_id": "ada", "condition": condition}]}
        yield Row(rpc, changes, "members[0].condition")
