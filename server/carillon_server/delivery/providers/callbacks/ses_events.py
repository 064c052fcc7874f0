"""What Amazon SES tells of mails, over SNS.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html; the older
notifications have the same shape. Mails are told by the Message-ID that we gave them: SES sends its own, but
shows the original among the headers (for notifications, have the original headers included).

`Delivery` → delivered. `Bounce`: permanent → bounced, which retires the endpoint; any other → failed.
`Reject`, `Rendering Failure` → failed. `Complaint` → complained, unless it says "not spam". `Open` → opened,
`Click` → clicked. Everything else (`Send`, `DeliveryDelay`, `Subscription`) tells nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from carillon_server.delivery.providers.callbacks.signed_events import CallbackSettings, read_signed_events
from carillon_server.delivery.providers.callbacks.sns import (
    TOPIC_ARN,
    SnsMessage,
    confirm_subscription,
    read_sns,
)
from carillon_server.delivery.providers.provider import CallbackRefusedError, Workshop
from carillon_server.domain.provider_event import Callback, EventKind, ProviderEvent
from carillon_server.telemetry import get_logger

_SNS_HEADER = "x-amz-sns-message-type"
_PARTS = {
    "Delivery": "delivery",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Reject": "reject",
    "Rendering Failure": "failure",
    "Open": "open",
    "Click": "click",
}
_KINDS = {
    "Delivery": EventKind.DELIVERED,
    "Bounce": EventKind.FAILED,
    "Complaint": EventKind.COMPLAINED,
    "Reject": EventKind.FAILED,
    "Rendering Failure": EventKind.FAILED,
    "Open": EventKind.OPENED,
    "Click": EventKind.CLICKED,
}
_TIME = TypeAdapter[datetime](AwareDatetime)


class MailCallbackSettings(CallbackSettings):
    """What kinds for mail need to take callbacks: those of SES, and signed events."""

    sns_topic_arn: str | None = Field(
        default=None,
        pattern=TOPIC_ARN,
        description="The SNS topic that SES tells its events to. None: messages of SNS are refused.",
    )
    sns_certificate: str = Field(
        default="",
        max_length=16_384,
        description="PEM of the certificate that messages are signed under, where it cannot be fetched from "
        "SNS. Empty: it is fetched.",
    )


class _Header(BaseModel):
    name: str
    value: str


class _Mail(BaseModel):
    timestamp: AwareDatetime
    message_id: str = Field(default="", alias="messageId")
    headers: tuple[_Header, ...] = ()


class _Event(BaseModel):
    model_config = ConfigDict(extra="allow")

    event_type: str = Field(default="", alias="eventType")
    notification_type: str = Field(default="", alias="notificationType")
    mail: _Mail


async def read_mail_callback(
    settings: MailCallbackSettings, callback: Callback, workshop: Workshop
) -> Sequence[ProviderEvent]:
    """Messages of SNS, or signed events; raises `CallbackRefusedError`, `Unavailable`."""
    if _SNS_HEADER not in callback.headers:
        return await read_signed_events(settings, callback, workshop)
    if settings.sns_topic_arn is None:
        raise CallbackRefusedError("no topic is configured")
    message = await read_sns(settings.sns_topic_arn, settings.sns_certificate, callback.body, workshop)
    if message.type == "Notification":
        return _read_event(message)
    if message.type == "SubscriptionConfirmation":
        await confirm_subscription(message, workshop)
    get_logger().info("sns.subscription", topic=message.topic_arn, type=message.type)
    return ()


def _read_event(message: SnsMessage) -> Sequence[ProviderEvent]:
    try:
        event = _Event.model_validate_json(message.message)
    except ValidationError as error:
        if message.message.startswith("Successfully validated SNS topic"):
            # SES says so once, when it is given the topic.
            return ()
        raise CallbackRefusedError("the message is no event of SES") from error
    name = event.event_type or event.notification_type
    part = (event.model_extra or {}).get(_PARTS.get(name, ""), {})
    if name not in _KINDS or not isinstance(part, dict) or part.get("complaintFeedbackType") == "not-spam":
        return ()
    permanent = name == "Bounce" and part.get("bounceType") == "Permanent"
    kind = EventKind.BOUNCED if permanent else _KINDS[name]
    return [
        ProviderEvent(
            event_id=message.message_id,
            provider_message_id=_message_id(event.mail),
            kind=kind,
            event_time=_time(part, event.mail.timestamp),
            reason=f"ses_{name.lower().replace(' ', '_')}" if kind is EventKind.FAILED else "",
            detail=_detail(part),
        )
    ]


def _message_id(mail: _Mail) -> str:
    ours = (header.value.strip() for header in mail.headers if header.name.lower() == "message-id")
    return next(ours, "") or mail.message_id


def _time(part: Mapping[str, Any], otherwise: datetime) -> datetime:
    try:
        return _TIME.validate_python(part.get("timestamp"))
    except ValidationError:
        return otherwise


def _detail(part: Mapping[str, Any]) -> str:
    """Types and codes; the sentences of mail servers quote addresses."""
    recipients = part.get("bouncedRecipients")
    first = recipients[0] if isinstance(recipients, list) and recipients else {}
    words = [part.get(name) for name in ("bounceType", "bounceSubType", "complaintFeedbackType", "reason")]
    words.append(first.get("status") if isinstance(first, dict) else None)
    return " ".join(word for word in words if isinstance(word, str))
