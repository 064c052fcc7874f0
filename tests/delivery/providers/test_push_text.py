"""Texts are shortened as little as they must be, and to whole characters."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from carillon_server.delivery.providers.push.push_text import fit, to_json

# No spaces and joiners: where those stand at a cut, more goes than must.
_WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Zs", "Cc", "Zl", "Zp"]), max_size=300)


def render(body: str) -> bytes:
    return to_json({"title": "Ünvoice", "body": body})


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(0, 400))
def test_what_fits_is_valid_and_within_the_limit(body: str, limit: int) -> None:
    payload = fit([render], body, limit)
    if payload is None:
        assert len(render("")) > limit
        return
    assert len(payload) <= limit
    shown = json.loads(payload)["body"]
    assert body.startswith(shown.removesuffix("…"))


@given(_WORDS, st.integers(0, 100))
def test_no_more_is_cut_than_must_be(body: str, missing: int) -> None:
    limit = max(len(render(body)) - missing, len(render("")))
    payload = fit([render], body, limit)
    assert payload is not None
    shown = json.loads(payload)["body"]
    if shown != body:
        kept = len(shown.removesuffix("…"))
        longer = next((body[:end] for end in range(kept + 1, len(body)) if not joins(body[end - 1])), body)
        assert len(render(f"{longer}…")) > limit


def joins(character: str) -> bool:
    return character in "\u200d\ufe0e\ufe0f\u20e3" or character.isspace()


def test_trimmings_go_before_the_message_does() -> None:
    def trimmed(body: str) -> bytes:
        return to_json({"body": body, "image": "x" * 100})

    assert fit([trimmed, render], "Hello", 50) == render("Hello")
    assert fit([trimmed, render], "Hello" * 100, 300) == fit([render], "Hello" * 100, 300)
    assert fit([trimmed, render], "Hello" * 100, 500) == fit([trimmed], "Hello" * 100, 500)
    assert fit([trimmed, render], "Hello", 5) is None
