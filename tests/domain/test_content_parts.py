"""The content that readers get, out of the words of any channel."""

from __future__ import annotations

import pytest

from carillon_server.domain.channel import Channel
from carillon_server.domain.content_parts import (
    MAX_BODY_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    find_source,
    find_unstorable,
    to_content_parts,
)


def test_the_inbox_tells_where_it_has_a_template() -> None:
    assert find_source({Channel.EMAIL, Channel.IN_APP, Channel.PUSH}) is Channel.IN_APP
    assert find_source({Channel.EMAIL, Channel.PUSH}) is Channel.PUSH
    assert find_source({Channel.SMS, Channel.EMAIL}) is Channel.EMAIL
    assert find_source({Channel.WEBHOOK}) is None


def test_the_inbox_keeps_its_words_as_they_are() -> None:
    parts = {"title": "x" * 500, "body": "", "actions[0].label": "Open"}
    assert to_content_parts(Channel.IN_APP, parts) == {"title": "x" * 500, "actions[0].label": "Open"}


@pytest.mark.parametrize(
    ("channel", "parts", "content"),
    [
        (
            Channel.PUSH,
            {"title": "Done", "body": "97 points", "icon": "check", "data.scan": "7"},
            {"title": "Done", "body": "97 points", "icon": "check"},
        ),
        (
            Channel.CHAT,
            {"body": "Done\nwith 97 points", "action_url": "/7"},
            {"title": "Done with 97 points", "body": "Done\nwith 97 points", "action_url": "/7"},
        ),
        (
            Channel.EMAIL,
            {"subject": "Done", "text": "All of it", "html": "<p>All of it</p>"},
            {"title": "Done", "body": "All of it"},
        ),
        (Channel.SMS, {"text": "Done"}, {"title": "Done"}),
    ],
)
def test_other_channels_lend_theirs(channel: Channel, parts: dict[str, str], content: dict[str, str]) -> None:
    assert to_content_parts(channel, parts) == content


def test_borrowed_words_are_cut_to_what_fits() -> None:
    content = to_content_parts(Channel.EMAIL, {"subject": "s" * 999, "text": "t" * 99_999})
    assert len(content["title"]) == MAX_TITLE_CHARACTERS
    assert len(content["body"]) == MAX_BODY_CHARACTERS
    assert content["title"].endswith("…")


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800"])
def test_what_nobody_can_store_is_found(bad: str) -> None:
    assert find_unstorable({"title": "fine", "body": bad}) == "body"
    assert find_unstorable({"title": "fine\n\tß🎉"}) is None
