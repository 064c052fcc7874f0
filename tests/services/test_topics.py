"""Counts of members stay exact whatever happens at once."""

from __future__ import annotations

import asyncio
from random import Random

from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.topic import Topic, TopicMember
from carillon_server.services.topics import TopicService
from tests.services.conftest import Core

TOPICS = ("all", "some", "few")
PEOPLE = [f"r{number}" for number in range(30)]
_RECOUNT = """
SELECT t.name, t.member_count, (SELECT count(*) FROM topic_member m WHERE m.topic = t.name) AS members,
    (SELECT count(*) FROM topic_member m LEFT JOIN recipient r USING (inbox_id)
     WHERE m.topic = t.name AND r.inbox_id IS NULL) AS ghosts
FROM topic t ORDER BY t.name
"""


async def test_counts_are_exact_while_members_come_go_and_are_erased(core: Core) -> None:
    topics = TopicService(core.database)
    for name in TOPICS:
        await topics.put("acme", Topic(name), timeout=None)

    async def storm(seed: int) -> None:
        rng = Random(seed)
        for _ in range(10):
            topic, chosen = rng.choice(TOPICS), rng.sample(PEOPLE, 8)
            match rng.randrange(3):
                case 0:
                    members = [TopicMember(each, rng.choice(["", "draft"])) for each in chosen]
                    await topics.add_members("acme", topic, members, timeout=None)
                case 1:
                    await topics.remove_members("acme", topic, set(chosen), timeout=None)
                case _:
                    await core.recipients.delete(InboxAddress("acme", chosen[0]), timeout=None)

    await asyncio.gather(*(storm(seed) for seed in range(6)))
    for row in await core.database.fetch(_RECOUNT):
        assert (row["member_count"], row["ghosts"]) == (row["members"], 0), row["name"]


async def test_an_erased_member_who_is_named_again_comes_into_being_again(core: Core) -> None:
    topics = TopicService(core.database)
    await topics.put("acme", Topic("all"), timeout=None)
    ada = InboxAddress("acme", "ada")
    for _ in range(2):
        assert await topics.add_members("acme", "all", [TopicMember("ada")], timeout=None) == 1
        await core.recipients.delete(ada, timeout=None)
