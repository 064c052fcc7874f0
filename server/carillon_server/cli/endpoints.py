"""`carillon endpoints`: where a recipient can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.filters import RecipientOption
from carillon_server.cli.names import ChannelName, PlatformName, readable
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carillon.types import Endpoint as EndpointDict
    from carillon.v1.recipient_service_pb2 import Endpoint

endpoints = typer.Typer(help="Keep where recipients can be reached.", no_args_is_help=True)


@endpoints.command("put")
@calls_service("user-a")
async def put_endpoint(
    session: Session,
    channel: Annotated[ChannelName, typer.Argument(help="The channel.")],
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="A mail address, number, URL or token.")],
    label: Annotated[str, typer.Option(help="What the person calls it: work.")] = "",
    platform: Annotated[
        PlatformName | None, typer.Option(help="For push: whose token it is; left out, its look tells.")
    ] = None,
    verified: Annotated[
        bool | None,
        typer.Option(
            "--verified/--failed",
            help="It was checked: it is theirs, or it is not. Left out, it stays as it was. What users say "
            "of their own is not believed.",
        ),
    ] = None,
    recipient: RecipientOption = "",
) -> None:
    """Add an address, or change the label of one that is there."""
    endpoint: EndpointDict = {"channel": channel.name, "address": address, "label": label}
    if platform is not None:
        endpoint["platform"] = platform.name
    if verified is not None:
        endpoint["verification"] = "VERIFIED" if verified else "FAILED"
    response = await session.client.put_endpoint(recipient_id=recipient, endpoint=endpoint)
    _print(session, [response.endpoint])


@endpoints.command("list")
@calls_service("user-a")
async def list_endpoints(session: Session, recipient: RecipientOption = "") -> None:
    """List the addresses of a recipient, oldest first."""
    response = await session.client.list_endpoints(recipient_id=recipient)
    _print(session, response.endpoints)


@endpoints.command("delete")
@calls_service("user-a")
async def delete_endpoint(
    session: Session,
    endpoint_id: Annotated[
        str, typer.Argument(metavar="ID", help="The endpoint, as `endpoints list` shows it.")
    ],
    recipient: RecipientOption = "",
) -> None:
    """Remove an address."""
    await session.client.delete_endpoint(id=endpoint_id, recipient_id=recipient)
    typer.echo(f"{endpoint_id} is gone.", err=True)


def _print(session: Session, held: Sequence[Endpoint]) -> None:
    if session.as_json:
        output.print_json_lines(held)
        return
    from carillon.v1.recipient_service_pb2 import VerificationState
    from carillon.v1.types_pb2 import Channel, PushPlatform

    table = output.table("id", "channel", "platform", "address", "label", "verification")
    for endpoint in held:
        table.add_row(
            endpoint.id,
            readable(Channel, endpoint.channel),
            readable(PushPlatform, endpoint.platform) if endpoint.platform else "",
            output.plain(endpoint.address),
            output.plain(endpoint.label),
            readable(VerificationState, endpoint.verification),
        )
    output.show(table)
