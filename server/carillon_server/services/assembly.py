"""From what a renderer answers to the variants of a Send. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from carillon_server.domain.channel import Channel
from carillon_server.domain.content_parts import find_source, find_unstorable, to_content_parts
from carillon_server.domain.errors import NotFound, Reason, Refusal
from carillon_server.domain.notification import Draft
from carillon_server.domain.rendering import Rendered, RenderFailure
from carillon_server.services.composition import Variant
from carillon_server.services.ports import PayloadChange, PayloadEditor
from carillon_server.services.render_refusal import invalid_part, invalid_rule, refuse
from carillon_server.services.wordings import Wording

COLLAPSE, THREAD = "collapse", "thread"
_MAX_KEY_CHARACTERS = 200

Assembled = tuple[tuple[Variant, ...], dict[str, int], dict[str, Refusal]]
"""Variants, who gets which, and who gets none for which reason."""


def assemble(
    payloads: PayloadEditor, draft: Draft, answers: Iterable[tuple[Wording, Rendered | RenderFailure]]
) -> Assembled:
    """`draft`: what all variants have in common."""
    variants: list[Variant] = []
    chosen: dict[str, int] = {}
    failures: dict[str, Refusal] = {}
    for wording, answer in answers:
        outcome = _vary(payloads, draft, wording, answer)
        if isinstance(outcome, Variant):
            chosen.update(dict.fromkeys(wording.recipient_ids, len(variants)))
            variants.append(outcome)
        else:
            failures.update(dict.fromkeys(wording.recipient_ids, outcome))
    return tuple(variants), chosen, failures


def _vary(
    payloads: PayloadEditor, draft: Draft, wording: Wording, answer: Rendered | RenderFailure
) -> Variant | Refusal:
    locales = {sheet.channel: sheet.locale for sheet in wording.sheets}
    if isinstance(answer, RenderFailure):
        return refuse(answer, locales.get(answer.channel, "") if answer.channel else "")
    for channel, said in answer.parts.items():
        if (name := find_unstorable(said)) is not None:
            return invalid_part(channel, name, "has characters that are none", locales[channel])
    source = find_source(answer.parts)
    if source is None:
        return NotFound(Reason.TEMPLATE_NOT_FOUND)
    content = to_content_parts(source, answer.parts[source])
    if violations := payloads.content_violations(content):
        first = violations[0]
        return invalid_part(source, first.field, first.description, locales[source])
    payload = payloads.amend(draft.payload, PayloadChange(content=content))
    parts = dict(answer.parts)
    parts.pop(Channel.IN_APP, None)
    return Variant(replace(draft, payload=payload), parts, wording.key)


def add_keys(payloads: PayloadEditor, draft: Draft, answer: Rendered | RenderFailure) -> Draft:
    """The draft with the keys that the rules of its type gave. Raises what `refuse` gives."""
    if isinstance(answer, RenderFailure):
        raise refuse(answer, "")
    keys = {rule: _to_key(rule, text) for rule, text in answer.rules.items()}
    change = PayloadChange(thread_key=keys.get(THREAD, ""), collapse_key=keys.get(COLLAPSE, ""))
    return replace(
        draft,
        payload=payloads.amend(draft.payload, change),
        thread_key=change.thread_key or draft.thread_key,
        collapse_key=change.collapse_key or draft.collapse_key,
    )


def _to_key(rule: str, text: str) -> str:
    key = " ".join(text.split())
    if len(key) > _MAX_KEY_CHARACTERS or not key.isprintable():
        raise invalid_rule(f"{rule}_rule", f"is no key of at most {_MAX_KEY_CHARACTERS} characters")
    return key
