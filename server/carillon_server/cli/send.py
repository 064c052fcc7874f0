"""`carillon send`: one notification to some people. `carillon cancel`: stop what is still to come."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli import fallbacks, output
from carillon_server.cli.broadcasts import watch
from carillon_server.cli.names import ChannelName, PriorityName
from carillon_server.cli.session import Session, calls_service
from carillon_server.cli.values import (
    instant_after,
    parse_duration,
    parse_instant,
    parse_object,
    parse_pairs,
    split_list,
)

if TYPE_CHECKING:
    from carillon.types import Attachment, Content
    from carillon.v1.notification_service_pb2 import SendResponse

CONTENT = "What the person sees"
RULES = "How it is handled"
TIMES = "When"


def _content(name: str, meaning: str) -> Any:
    return typer.Option(name, help=meaning, rich_help_panel=CONTENT)


def _rule(name: str, meaning: str, **more: Any) -> Any:
    return typer.Option(name, help=meaning, rich_help_panel=RULES, **more)


def _time(name: str, meaning: str, parser: Any) -> Any:
    return typer.Option(name, help=meaning, parser=parser, rich_help_panel=TIMES)


@dataclass(frozen=True, slots=True)
class AudienceOptions:
    """To whom: one of the first three."""

    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="RECIPIENT", help="To whom; repeatable, or a,b,c.")
    ] = None
    topic: Annotated[str, typer.Option("--topic", help="To all members of this topic.")] = ""
    everyone: Annotated[bool, typer.Option("--everyone", help="To all recipients of the tenant.")] = False
    watch: Annotated[
        bool, typer.Option("--watch", help="With --topic or --everyone: follow it until it ends.")
    ] = False


@dataclass(frozen=True, slots=True)
class ContentOptions:
    """What the person sees. Without all of it the templates of the type tell."""

    title: Annotated[
        str | None, _content("--title", "One line. Without it the templates of the type tell, with --data.")
    ] = None
    body: Annotated[str, _content("--body", "The text.")] = ""
    url: Annotated[
        str, _content("--url", "Where a click leads: an https URL, or a path such as /applications/7.")
    ] = ""
    icon: Annotated[str, _content("--icon", "The name of an icon, or an https URL.")] = ""
    attach: Annotated[
        list[Path] | None,
        typer.Option(
            "--attach",
            help="A file for those who get a mail; repeatable. Its ending says what it is.",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            rich_help_panel=CONTENT,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class HandlingOptions:
    """How the notification is handled."""

    data: Annotated[
        dict[str, Any] | None,
        _rule(
            "--data",
            "The variables of the templates, and your own values for readers: a JSON object.",
            parser=parse_object,
            metavar="JSON",
        ),
    ] = None
    channel: Annotated[list[ChannelName] | None, _rule("--channel", "Only on this channel; repeatable.")] = (
        None
    )
    fallback: Annotated[list[str] | None, _rule("--fallback", fallbacks.HELP, metavar="CHANNELS")] = None
    priority: Annotated[
        PriorityName | None, _rule("--priority", "How urgent it is. Default: as the type says.")
    ] = None
    label: Annotated[list[str] | None, _rule("--label", "A tag; repeatable.", metavar="KEY=VALUE")] = None
    category: Annotated[
        str, _rule("--category", "The group of types it belongs to. Default: as the type says.")
    ] = ""
    thread: Annotated[str, _rule("--thread", "The conversation it belongs to.")] = ""
    collapse: Annotated[str, _rule("--collapse", "Replaces older unread ones with the same key.")] = ""
    actor: Annotated[str, _rule("--actor", "Who caused it; they are not notified of it.")] = ""
    request_id: Annotated[str, _rule("--request-id", "Makes it safe to send again. Default: a new one.")] = ""
    dry_run: Annotated[bool, _rule("--dry-run", "Decide and answer, but store nothing.")] = False


@dataclass(frozen=True, slots=True)
class TimeOptions:
    """When the notification comes and goes."""

    deliver_in: Annotated[
        timedelta | None, _time("--deliver-in", "Not before: 10m, 2h, 1d.", parse_duration)
    ] = None
    deliver_at: Annotated[
        datetime | None, _time("--deliver-at", "Not before: 2026-03-01T09:00.", parse_instant)
    ] = None
    expire_in: Annotated[
        timedelta | None, _time("--expire-in", "Taken away after: 10m, 2h, 1d.", parse_duration)
    ] = None


@calls_service("producer")
async def send(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="What kind of thing happened: scan.completed.")],
    audience: AudienceOptions,
    content: ContentOptions,
    handling: HandlingOptions,
    times: TimeOptions,
) -> None:
    """Send a notification to one or more recipients, to a topic, or to everyone."""
    from carillon.errors import CarillonError

    try:
        response = await _call(session, kind, audience, content, handling, times)
    except CarillonError as error:
        from carillon_server.cli.unknown_type import explain_type

        raise await explain_type(session.client, kind, error) from error
    if audience.watch and response.broadcast_id:
        await watch(session, response.broadcast_id)
    elif session.as_json:
        output.print_json(response)
    else:
        _show(response, audience)


async def _call(
    session: Session,
    kind: str,
    audience: AudienceOptions,
    content: ContentOptions,
    handling: HandlingOptions,
    times: TimeOptions,
) -> SendResponse:
    return await session.client.send(
        recipient_ids=split_list(audience.to or ()),
        topic=audience.topic,
        everyone=audience.everyone,
        type=kind,
        content=_content_of(content),
        data=handling.data,
        channels=[channel.name for channel in handling.channel or ()],
        fallbacks=[fallbacks.parse_fallback(text) for text in handling.fallback or ()],
        priority=handling.priority.name if handling.priority else 0,
        category=handling.category,
        thread_key=handling.thread,
        collapse_key=handling.collapse,
        actor_id=handling.actor,
        labels=parse_pairs(handling.label or ()),
        deliver_time=instant_after(times.deliver_in, times.deliver_at, "--deliver-in / --deliver-at"),
        expire_time=instant_after(times.expire_in, None, "--expire-in"),
        dry_run=handling.dry_run,
        attachments=[_read_attachment(path) for path in content.attach or ()],
        request_id=handling.request_id,
    )


def _show(response: SendResponse, audience: AudienceOptions) -> None:
    from carillon_server.cli.broadcast_view import show_begun
    from carillon_server.cli.decisions import show_send

    if audience.topic or audience.everyone:
        show_begun(response)
    else:
        show_send(response)


def _content_of(options: ContentOptions) -> Content | None:
    """None: none of it was given."""
    if options.title is None and not (options.body or options.url or options.icon):
        return None
    return {
        "title": options.title or "",
        "body": options.body,
        "action_url": options.url,
        "icon": options.icon,
    }


def _read_attachment(path: Path) -> Attachment:
    guessed, encoding = mimetypes.guess_type(path.name)
    # A compressed file is not what its first ending says.
    content_type = guessed if guessed and not encoding else "application/octet-stream"
    return {"filename": path.name, "content_type": content_type, "content": path.read_bytes()}


@calls_service("producer")
async def cancel(
    session: Session,
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Notifications that you sent.")
    ] = None,
    request_id: Annotated[str, typer.Option(help="All that was sent under this request id.")] = "",
    collapse: Annotated[str, typer.Option(help="All with this collapse key in the inboxes of --to.")] = "",
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="RECIPIENT", help="With --collapse: whose.")
    ] = None,
) -> None:
    """Stop what has not happened yet: scheduled notifications and undelivered mails."""
    response = await session.client.cancel(
        ids=ids or (), request_id=request_id, collapse_key=collapse, recipient_ids=split_list(to or ())
    )
    if session.as_json:
        output.print_json(response)
    else:
        notifications = output.number_of(response.cancelled_notification_count, "notification")
        deliveries = output.number_of(response.cancelled_delivery_count, "delivery", "deliveries")
        output.show(f"{notifications} will not appear, {deliveries} will not be sent.")
