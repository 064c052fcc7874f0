"""`carillon templates preview` and `carillon templates test`: how a type reads, and a real one to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from carillon_server.cli import output
from carillon_server.cli.catalog_arguments import ChannelsOption, DataOption, TypeArgument
from carillon_server.cli.session import Session, calls_service


@calls_service("operator")
async def preview(
    session: Session,
    kind: TypeArgument,
    data: DataOption = None,
    locale: Annotated[str, typer.Option("--locale", help="In this language.")] = "",
    time_zone: Annotated[str, typer.Option("--time-zone", help="In this zone, such as Europe/Zurich.")] = "",
    recipient: Annotated[str, typer.Option("--recipient", help="As this recipient would see it.")] = "",
    channel: ChannelsOption = None,
    version: Annotated[
        int,
        typer.Option("--version", min=0, help="This version of the one channel. Default: the one in use."),
    ] = 0,
    open_page: Annotated[
        bool, typer.Option("--open", help="Show it in a browser, mails as they look.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the page for browsers there.", dir_okay=False)
    ] = None,
) -> None:
    """Show how a type reads, on every channel side by side."""
    response = await session.client.preview_template(
        type=kind,
        data=data,
        locale=locale,
        time_zone=time_zone,
        recipient_id=recipient,
        channels=_names(channel),
        version=version,
    )
    if session.as_json:
        output.print_json(response)
    else:
        from carillon_server.cli.preview_view import show_preview

        show_preview(response.renderings)
    if page is not None or open_page:
        from carillon_server.cli.preview_page import open_in_browser, write_page

        path = write_page(kind, response, page)
        typer.echo(f"The page is {path}.", err=True)
        if open_page:
            open_in_browser(path)


@calls_service("operator")
async def send_test(
    session: Session,
    kind: TypeArgument,
    recipient: Annotated[str, typer.Option("--to", "--recipient", help="To whom.")],
    data: DataOption = None,
    channel: ChannelsOption = None,
    locale: Annotated[str, typer.Option("--locale", help="In this language.")] = "",
) -> None:
    """Send one real notification of a type, whatever the recipient's preferences say."""
    response = await session.client.send_test(
        type=kind, recipient_id=recipient, data=data, channels=_names(channel), locale=locale
    )
    if session.as_json:
        output.print_json(response.result)
        return
    from carillon.v1.notification_service_pb2 import SendResponse
    from carillon_server.cli.decisions import show_send

    show_send(SendResponse(results=[response.result]))


def _names(channels: Any) -> list[str]:
    return [each.name for each in channels or ()]
