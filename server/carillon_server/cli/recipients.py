"""`carillon recipients`: people, and what is known of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli import output
from carillon_server.cli.question import confirm
from carillon_server.cli.recipients_export import export_recipient
from carillon_server.cli.recipients_import import import_recipients
from carillon_server.cli.session import Session, calls_service
from carillon_server.cli.values import parse_object

if TYPE_CHECKING:
    from carillon.types import Endpoint, Recipient
    from carillon.v1.recipient_service_pb2 import Recipient as HeldRecipient

_LARGEST_PAGE = 1_000

recipients = typer.Typer(help="Keep the people of a tenant.", no_args_is_help=True)

RecipientArgument = Annotated[str, typer.Argument(metavar="RECIPIENT", help="The recipient, by your own id.")]


@recipients.command("upsert")
@calls_service("producer")
async def upsert_recipient(
    session: Session,
    recipient_id: RecipientArgument,
    locale: Annotated[str, typer.Option(help="Language and region: de-CH.")] = "",
    time_zone: Annotated[str, typer.Option(help="IANA name: Europe/Zurich.")] = "",
    email: Annotated[list[str] | None, typer.Option(help="A mail address to add; repeatable.")] = None,
    attributes: Annotated[
        dict[str, Any] | None,
        typer.Option(parser=parse_object, metavar="JSON", help="Your own values: a JSON object."),
    ] = None,
) -> None:
    """Create or change a recipient; what is not named stays as it is."""
    recipient: Recipient = {"recipient_id": recipient_id, "locale": locale, "time_zone": time_zone}
    if attributes is not None:
        recipient["attributes"] = attributes
    endpoints: list[Endpoint] = [{"channel": "EMAIL", "address": address} for address in email or ()]
    response = await session.client.upsert_recipient(recipient=recipient, endpoints=endpoints)
    _print(session, response.recipient)


@recipients.command("get")
@calls_service("producer")
async def get_recipient(session: Session, recipient_id: RecipientArgument) -> None:
    """Show a recipient."""
    response = await session.client.get_recipient(recipient_id=recipient_id)
    _print(session, response.recipient)


@recipients.command("list")
@calls_service("producer")
async def list_recipients(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at the most.")] = 100,
) -> None:
    """List the recipients of the tenant, by id."""
    page_size = min(limit, _LARGEST_PAGE)
    listed: list[HeldRecipient] = []
    async for recipient in session.client.list_all_recipients(page_size=page_size):
        listed.append(recipient)
        if len(listed) == limit:
            break
    if session.as_json:
        output.print_json_lines(listed)
        return
    table = output.table("recipient", "locale", "time zone", "since", ids=("recipient",))
    for held in listed:
        table.add_row(
            output.plain(held.recipient_id), held.locale, held.time_zone, output.short_time(held.create_time)
        )
    output.show(table)


@recipients.command("delete")
@calls_service("operator")
async def delete_recipient(
    session: Session,
    recipient_id: RecipientArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Erase a recipient and everything held of them. There is no way back."""
    if not yes:
        confirm(f"Erase {recipient_id} with profile, endpoints, preferences and inbox?")
    await session.client.delete_recipient(recipient_id=recipient_id)
    typer.echo(f"Nothing is held of {recipient_id} any more.", err=True)


recipients.command("import")(import_recipients)
recipients.command("export")(export_recipient)


def _print(session: Session, held: HeldRecipient) -> None:
    if session.as_json:
        output.print_json(held)
        return
    table = output.table("what", "value", ids=())
    for name, value in output.as_document(held).items():
        table.add_row(name, output.plain(output.as_text(value)))
    output.show(table)
