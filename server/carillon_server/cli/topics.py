"""`carillon topics`: named audiences."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli import output
from carillon_server.cli.question import confirm
from carillon_server.cli.session import Session, calls_service
from carillon_server.cli.values import split_list

if TYPE_CHECKING:
    from carillon.types import TopicMember
    from carillon.v1.recipient_service_pb2 import Topic

_LARGEST_PAGE = 1_000
_AT_ONCE = 1_000

topics = typer.Typer(help="Keep named audiences, to send to.", no_args_is_help=True)

TopicArgument = Annotated[str, typer.Argument(metavar="TOPIC", help="The topic's name.")]
RecipientsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="RECIPIENT", help="By your own ids; or a,b,c.")
]
FileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", help="A file with one recipient a line.", exists=True, dir_okay=False, readable=True
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at the most.")]


@topics.command("list")
@calls_service("producer")
async def list_topics(
    session: Session,
    recipient: Annotated[str, typer.Option("--of", help="Only those that this recipient is in.")] = "",
    limit: LimitOption = 100,
) -> None:
    """List the topics of the tenant, by name."""
    pages = session.client.list_all_topics(recipient_id=recipient, page_size=min(limit, _LARGEST_PAGE))
    listed = await _take(pages, limit)
    if session.as_json:
        output.print_json_lines(listed)
        return
    table = output.table("topic", "members", "called", "catalog", "since", ids=("topic",))
    for topic in listed:
        since = output.short_time(topic.create_time)
        table.add_row(
            topic.name, f"{topic.member_count:,}", output.plain(topic.display_name), topic.catalog, since
        )
    output.show(table)


@topics.command("put")
@calls_service("producer")
async def put_topic(
    session: Session,
    topic: TopicArgument,
    display_name: Annotated[str, typer.Option("--name", help="What people call it.")] = "",
    description: Annotated[str, typer.Option(help="What it is about.")] = "",
) -> None:
    """Create a topic, or describe it anew; its members stay."""
    wanted: Any = {"name": topic, "display_name": display_name, "description": description}
    held: Topic = (await session.client.put_topic(topic=wanted)).topic
    if session.as_json:
        output.print_json(held)
    else:
        output.show(f"{held.name} has {output.number_of(held.member_count, 'member')}.")


@topics.command("delete")
@calls_service("producer")
async def delete_topic(
    session: Session,
    topic: TopicArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a topic and its memberships; broadcasts under way find nobody any more."""
    if not yes:
        confirm(f"Remove {topic} and all its memberships?")
    await session.client.delete_topic(name=topic)
    typer.echo(f"There is no topic {topic} any more.", err=True)


@topics.command("members")
@calls_service("producer")
async def list_members(session: Session, topic: TopicArgument, limit: LimitOption = 100) -> None:
    """List the members of a topic, by id."""
    pages = session.client.list_all_topic_members(topic=topic, page_size=min(limit, _LARGEST_PAGE))
    listed = await _take(pages, limit)
    if session.as_json:
        output.print_json_lines(listed)
        return
    table = output.table("recipient", "only where", "since", ids=("recipient",))
    for member in listed:
        since = output.short_time(member.create_time)
        table.add_row(output.plain(member.recipient_id), output.plain(member.condition), since)
    output.show(table)


@topics.command("add")
@calls_service("producer")
async def add_members(
    session: Session,
    topic: TopicArgument,
    recipients: RecipientsArgument = None,
    condition: Annotated[
        str, typer.Option("--where", help="Only where this holds for the data: 'project == \"x\"'.")
    ] = "",
    file: FileOption = None,
) -> None:
    """Add members to a topic, or change their condition."""
    added = 0
    for part in _parts(_named(recipients, file)):
        members: list[TopicMember] = [{"recipient_id": each, "condition": condition} for each in part]
        added += (await session.client.add_topic_members(topic=topic, members=members)).added_count
    _tell(session, "added_count", added, f"{output.number_of(added, 'new member')} in {topic}.")


@topics.command("remove")
@calls_service("producer")
async def remove_members(
    session: Session, topic: TopicArgument, recipients: RecipientsArgument = None, file: FileOption = None
) -> None:
    """Remove members from a topic."""
    removed = 0
    for part in _parts(_named(recipients, file)):
        response = await session.client.remove_topic_members(topic=topic, recipient_ids=part)
        removed += response.removed_count
    _tell(session, "removed_count", removed, f"{output.number_of(removed, 'member')} less in {topic}.")


async def _take(pages: AsyncIterator[Any], limit: int) -> list[Any]:
    taken: list[Any] = []
    async for item in pages:
        taken.append(item)
        if len(taken) == limit:
            break
    return taken


def _named(recipients: Sequence[str] | None, file: Path | None) -> list[str]:
    lines = file.read_text().splitlines() if file else []
    named = list(dict.fromkeys([*split_list(recipients or ()), *(line.strip() for line in lines)]))
    found = [recipient_id for recipient_id in named if recipient_id]
    if not found:
        raise typer.BadParameter("name a recipient, or a --file that does.", param_hint="RECIPIENT")
    return found


def _parts(recipient_ids: Sequence[str]) -> list[Sequence[str]]:
    return [recipient_ids[start : start + _AT_ONCE] for start in range(0, len(recipient_ids), _AT_ONCE)]


def _tell(session: Session, name: str, count: int, sentence: str) -> None:
    if session.as_json:
        output.print_document({name: count})
    else:
        output.show(sentence)
