"""The story of the chat: rooms, invitations, friends.

Ten thousand people at once and a thousand messages a second are the benchmarks' to tell. Not told yet, as it
hangs on time: quiet hours in each person's zone.
"""

from __future__ import annotations

import asyncio

import pytest

from carillon.errors import ActionAlreadyTakenError
from tests.systems.everyday import check_catch_up, check_reading, check_two_devices, device
from tests.systems.everyone import broadcast
from tests.systems.person import Person, decided, laid_over, plain
from tests.systems.telling import Told, check_told
from tests.systems.told_chat import TOLD
from tests.systems.world import World

CATALOG = "chat"
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def open_room(world: World, name: str, *members: Person) -> str:
    """A room is a topic of the application's making."""
    topic = f"room/{name}"
    await world.system.put_topic(topic={"name": topic})
    await world.system.add_topic_members(
        topic=topic, members=[{"recipient_id": member.name} for member in members]
    )
    return topic


async def say(world: World, room: str, sender: Person, words: str) -> int:
    """How many were told."""
    about = {"room_id": room, "sender_username": sender.name, "message_preview": words}
    data = laid_over(world.sample("new_message"), about)
    return (
        await broadcast(world, "new_message", topic=f"room/{room}", actor_id=sender.name, data=data)
    ).notified_count


@pytest.mark.parametrize("told", TOLD, ids=str)
async def test_every_type_is_told_in_the_language_of_its_reader(world: World, told: Told) -> None:
    await check_told(world, told)


async def test_a_message_reaches_everyone_in_the_room_but_its_sender(world: World) -> None:
    mira, jonas, bernd, stranger = await asyncio.gather(*(world.person() for _ in range(4)))
    await open_room(world, "12", mira, jonas, bernd)

    async with device(jonas) as phone:
        assert await say(world, "12", mira, "Who brings the rope?") == 2
        (shown,) = await phone.created(1)
        assert plain(shown.content.body) == "Who brings the rope?"
        assert shown.actor_id == mira.name

    assert await bernd.titles() == [f"{mira.name} in Climbing on Thursday"]
    assert await mira.inbox() == await stranger.inbox() == []
    assert await world.delivered(jonas) == await world.delivered(bernd) == {"PUSH": 1}
    (push,) = jonas.pushes
    assert push["data"] == {"room_id": "12", "message_id": "msg-90210"}
    assert push["url"] == "https://app.example.com/rooms/12?message=msg-90210"


async def test_who_leaves_a_room_hears_nothing_more(world: World) -> None:
    mira, jonas, bernd = await asyncio.gather(*(world.person() for _ in range(3)))
    topic = await open_room(world, "13", mira, jonas, bernd)

    await say(world, "13", mira, "First")
    await world.system.remove_topic_members(topic=topic, recipient_ids=[bernd.name])
    await say(world, "13", jonas, "Second")

    assert [each.content.body for each in await bernd.inbox()] == ["First"]
    assert [each.content.body for each in await mira.inbox()] == ["Second"]


async def test_a_room_is_one_thread_and_can_be_muted(world: World) -> None:
    mira, jonas = await world.person(), await world.person()
    await open_room(world, "14", mira, jonas)
    await open_room(world, "15", mira, jonas)
    await jonas.client.mute(target={"thread_key": "room/14"})

    await say(world, "14", mira, "Muted")
    await say(world, "15", mira, "Heard")
    await say(world, "15", mira, "Heard as well")

    assert len(await jonas.inbox(thread_key="room/15")) == 2
    assert await jonas.inbox(thread_key="room/14") == []


async def test_a_friend_request_is_accepted(world: World) -> None:
    mira, jonas = await world.person("de"), await world.person()
    sent = await world.send("friend_request", mira, actor_id=jonas.name)
    (request,) = await mira.inbox()
    assert [each.label for each in request.content.actions] == ["Annehmen", "Ablehnen"]

    await mira.client.record_action(id=request.id, action_id="accept")
    with pytest.raises(ActionAlreadyTakenError):
        await mira.client.record_action(id=request.id, action_id="decline")

    answer = await world.system.get(id=sent.results[0].notification_id)
    assert answer.notification.action_taken.action_id == "accept"
    await world.send("friend_request_accepted", jonas, actor_id=mira.name)
    assert await jonas.titles() == ["You and mira are friends now"]


async def test_the_same_invitation_again_takes_the_place_of_the_first(world: World) -> None:
    mira = await world.person()

    await world.send("room_invitation", mira)
    await world.send(
        "room_invitation", mira, data=laid_over(world.sample("room_invitation"), {"members_count": 9})
    )

    (invitation,) = await mira.inbox()
    assert plain(invitation.content.body) == "9 people are there already."
    assert [each.id for each in invitation.content.actions] == ["join", "decline"]
    assert invitation.HasField("expire_time")


async def test_filtering_counting_and_deleting_by_type(world: World) -> None:
    mira = await world.person()
    for kind in ("friend_request", "room_invitation", "friend_request_accepted"):
        await world.send(kind, mira)

    (invitation,) = await mira.inbox(types=["room_invitation"])
    assert len(await mira.inbox(types=["friend_request", "friend_request_accepted"])) == 2
    assert len(await mira.inbox(category="friends")) == 2
    assert (await mira.client.mark_read(all=True, filter={"category": "friends"})).changed_count == 2
    assert await mira.unread() == {"room_invitation": 1}
    await mira.client.delete(all=True, filter={"types": ["friend_request"]})
    assert [each.id for each in await mira.inbox(unread=True)] == [invitation.id]
    assert len(await mira.inbox()) == 2


async def test_pushes_are_switched_off_and_mails_on(world: World) -> None:
    mira = await world.person()
    await mira.client.update_preferences(
        preferences={
            "channels": [{"channel": "PUSH", "enabled": False}],
            "rules": [{"type": "new_message", "channel": "EMAIL", "enabled": True}],
        }
    )

    decisions = decided((await world.send("new_message", mira)).results[0])

    assert decisions["PUSH"] == "SUPPRESS CHANNEL_SWITCH"
    assert decisions["EMAIL"] == "SEND TYPE_RULE"
    assert await world.delivered(mira) == {"EMAIL": 1}


async def test_reading(world: World) -> None:
    await check_reading(world, "new_message", "room_invitation")


async def test_two_devices(world: World) -> None:
    await check_two_devices(world, "new_message")


async def test_who_was_away_catches_up(world: World) -> None:
    await check_catch_up(world, "new_message", missed=50)
