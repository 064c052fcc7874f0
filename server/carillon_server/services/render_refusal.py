"""Why a Send is refused whose content cannot be made."""

from __future__ import annotations

from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldsInvalid, Reason, Refusal
from carillon_server.domain.rendering import RenderFailure

_UNDEFINED = "undefined"
_INVALID = "invalid"
_NOT_DATA = ("recipient", "notification")


def refuse(failure: RenderFailure, locale: str) -> Refusal:
    """What the sender forgot in `data` is their field; everything else is the template's fault."""
    root = failure.variable.partition(".")[0]
    if failure.problem == _UNDEFINED and root and root not in _NOT_DATA:
        path = failure.variable if root == "data" else f"data.{failure.variable}"
        return FieldsInvalid.of(path, "is required by a template")
    return template_failed(failure, locale)


def template_failed(failure: RenderFailure, locale: str) -> Refusal:
    """Names the template and what is wrong with what it gave; nothing of the data."""
    channel = failure.channel.name if failure.channel else ""
    metadata = {
        "channel": channel,
        "part": failure.part,
        "locale": locale,
        "problem": failure.problem,
        "variable": failure.variable,
    }
    where = " ".join(filter(None, (channel, failure.part)))
    return Refusal(
        Reason.TEMPLATE_FAILED,
        f"the template {where} gave nothing that can be sent: {failure.detail}",
        metadata={name: value for name, value in metadata.items() if value},
    )


def invalid_part(channel: Channel, part: str, description: str, locale: str) -> Refusal:
    """A part that breaks a limit of what can be sent."""
    return template_failed(RenderFailure(_INVALID, description, channel, part), locale)


def invalid_rule(rule: str, description: str) -> Refusal:
    """A rule of a type that gave no key."""
    return template_failed(RenderFailure(_INVALID, description, part=rule), "")
