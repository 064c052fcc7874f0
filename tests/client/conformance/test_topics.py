"""Topics: who is in them, by the service and by the fake."""

from __future__ import annotations

import uuid

import pytest

from carillon import AsyncClient, errors


@pytest.fixture
def news() -> str:
    """A topic that no other test knows."""
    return f"news/{uuid.uuid4().hex}"


async def _members(producer: AsyncClient, topic: str) -> dict[str, str]:
    return {
        member.recipient_id: member.condition
        async for member in producer.list_all_topic_members(topic=topic, page_size=2)
    }


async def test_a_topic_keeps_its_members_when_it_is_described_anew(
    producer: AsyncClient, news: str, ada: str
) -> None:
    created = (await producer.put_topic(topic={"name": news, "display_name": "News"})).topic
    await producer.add_topic_members(topic=news, members=[{"recipient_id": ada}])
    changed = (await producer.put_topic(topic={"name": news, "description": "All of it"})).topic
    assert (changed.display_name, changed.description, changed.member_count) == ("", "All of it", 1)
    assert changed.create_time == created.create_time


async def test_members_are_counted_exactly(producer: AsyncClient, news: str, ada: str, bob: str) -> None:
    await producer.put_topic(topic={"name": news})
    both = [{"recipient_id": ada}, {"recipient_id": bob, "condition": "score > 1"}]
    assert (await producer.add_topic_members(topic=news, members=both)).added_count == 2
    again = [{"recipient_id": ada, "condition": "draft"}, {"recipient_id": ada, "condition": "not draft"}]
    assert (await producer.add_topic_members(topic=news, members=again)).added_count == 0
    assert await _members(producer, news) == {ada: "not draft", bob: "score > 1"}
    removal = await producer.remove_topic_members(topic=news, recipient_ids=[bob, bob, "nobody"])
    assert removal.removed_count == 1
    [topic] = [each async for each in producer.list_all_topics(recipient_id=ada)]
    assert (topic.name, topic.member_count) == (news, 1)
    assert [each async for each in producer.list_all_topics(recipient_id=bob)] == []


async def test_members_come_into_being_and_leave_when_they_are_erased(
    producer: AsyncClient, operator: AsyncClient, news: str, ada: str
) -> None:
    await producer.put_topic(topic={"name": news})
    await producer.add_topic_members(topic=news, members=[{"recipient_id": ada}])
    assert (await producer.get_recipient(recipient_id=ada)).recipient.recipient_id == ada
    await operator.delete_recipient(recipient_id=ada)
    assert await _members(producer, news) == {}
    topics = {topic.name: topic.member_count async for topic in producer.list_all_topics()}
    assert topics[news] == 0


async def test_pages_go_by_name_and_by_id(producer: AsyncClient, news: str) -> None:
    names = [f"{news}/{number}" for number in range(5)]
    for name in reversed(names):
        await producer.put_topic(topic={"name": name})
    listed = [topic.name async for topic in producer.list_all_topics(page_size=2)]
    assert [name for name in listed if name.startswith(news)] == names
    ids = sorted(f"{uuid.uuid4().hex}-{mark}" for mark in ("ö", "Z", "a", "0", "~"))
    await producer.add_topic_members(topic=names[0], members=[{"recipient_id": id_} for id_ in ids])
    assert list(await _members(producer, names[0])) == ids
    page = await producer.list_topic_members(topic=names[0], page_size=2)
    with pytest.raises(errors.PageTokenInvalidError):
        await producer.list_topic_members(topic=names[1], page_token=page.next_page_token)


async def test_a_topic_that_is_gone_is_not_found_and_leaves_nobody_behind(
    producer: AsyncClient, news: str, ada: str
) -> None:
    await producer.put_topic(topic={"name": news})
    await producer.add_topic_members(topic=news, members=[{"recipient_id": "somebody"}])
    await producer.delete_topic(name=news)
    await producer.delete_topic(name=news)
    with pytest.raises(errors.TopicNotFoundError):
        await producer.add_topic_members(topic=news, members=[{"recipient_id": ada}])
    with pytest.raises(errors.TopicNotFoundError):
        await producer.remove_topic_members(topic=news, recipient_ids=[ada])
    with pytest.raises(errors.TopicNotFoundError):
        await producer.list_topic_members(topic=news)
    with pytest.raises(errors.RecipientNotFoundError):
        await producer.get_recipient(recipient_id=ada)
    again = await producer.put_topic(topic={"name": news})
    assert again.topic.member_count == 0


@pytest.mark.parametrize(
    "condition", ["a ==", "a = 1", "1 < a < 3", "f(a)", "a[0]", "a + 1", "a if b else c"]
)
async def test_what_is_no_condition_is_refused(
    producer: AsyncClient, news: str, ada: str, condition: str
) -> None:
    await producer.put_topic(topic={"name": news})
    with pytest.raises(errors.FieldInvalidError) as raised:
        await producer.add_topic_members(topic=news, members=[{"recipient_id": ada, "condition": condition}])
    assert [violation.field for violation in raised.value.field_violations] == ["members[0].condition"]


async def test_people_do_not_keep_topics(gateway: AsyncClient, user_a: AsyncClient, news: str) -> None:
    for client in (gateway, user_a):
        with pytest.raises(errors.ScopeMissingError):
            await client.put_topic(topic={"name": news})
        with pytest.raises(errors.ScopeMissingError):
            await client.list_topics()
