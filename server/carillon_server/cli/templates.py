"""`carillon templates`: how types read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from carillon_server.cli import output
from carillon_server.cli.catalog_arguments import (
    ChannelArgument,
    FileArgument,
    LimitOption,
    LocaleArgument,
    TypeArgument,
    YesOption,
    read_text,
    refuse_notes,
)
from carillon_server.cli.names import ChannelName
from carillon_server.cli.preview import preview, send_test
from carillon_server.cli.question import confirm
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from carillon.catalog_types import Template as TemplateDict
    from carillon.v1.catalog_service_pb2 import Template

templates = typer.Typer(help="Keep how types read.", no_args_is_help=True)

VersionOption = Annotated[
    int, typer.Option("--version", min=0, help="Which version. Default: the one in use.")
]


@templates.command("list")
@calls_service("operator")
async def list_templates(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="Only those of this type.")] = "",
    channel: Annotated[ChannelName | None, typer.Option("--channel", help="Only this channel.")] = None,
    locale: Annotated[str, typer.Option("--locale", help="Only this language.")] = "",
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="Also the versions that are not in use.")
    ] = False,
    limit: LimitOption = 1_000,
) -> None:
    """List templates by type, channel and locale."""
    found: list[Template] = []
    token = ""
    while True:
        page = await session.client.list_templates(
            type=kind,
            channel=channel and channel.name,
            locale=locale,
            all_versions=all_versions,
            page_size=min(limit - len(found), 1_000),
            page_token=token,
        )
        found.extend(page.templates)
        token = page.next_page_token
        if not token or len(found) >= limit:
            break
    if session.as_json:
        output.print_json_lines(found)
        return
    from carillon_server.cli.type_view import show_templates

    show_templates(found)


@templates.command("show")
@calls_service("operator")
async def show_template(
    session: Session,
    kind: TypeArgument,
    channel: ChannelArgument,
    locale: LocaleArgument,
    version: VersionOption = 0,
) -> None:
    """Show what a template says, as it was written."""
    response = await session.client.get_template(
        type=kind, channel=channel.name, locale=locale, version=version
    )
    _print(session, response.template)


@templates.command("put")
@calls_service("operator")
async def put_templates(
    session: Session,
    file: FileArgument,
    kind: Annotated[str, typer.Option("--type", help="The type. Default: as the folder is called.")] = "",
    locale: Annotated[
        str, typer.Option("--locale", help="The language. Default: as the file is called.")
    ] = "",
    inactive: Annotated[
        bool, typer.Option("--inactive", help="Leave the versions in use as they are.")
    ] = False,
) -> None:
    """Add versions from a file, written like those of a catalog: TYPE/LOCALE.yaml or TYPE/LOCALE.email.md."""
    from carillon_server.bundle.single import load_templates

    loaded, notes = load_templates(file, read_text(file), kind, locale)
    refuse_notes(notes, as_json=session.as_json)
    for each in loaded:
        response = await session.client.put_template(template=cast("TemplateDict", each), inactive=inactive)
        _print_version(session, response.template)


@templates.command("activate")
@calls_service("operator")
async def activate(
    session: Session,
    kind: TypeArgument,
    channel: ChannelArgument,
    locale: LocaleArgument,
    version: Annotated[int, typer.Argument(min=1, help="The version to use from now on.")],
) -> None:
    """Use a version: a newer one, or an earlier one again."""
    response = await session.client.activate_template_version(
        type=kind, channel=channel.name, locale=locale, version=version
    )
    _print_version(session, response.template)


@templates.command("delete")
@calls_service("operator")
async def delete(
    session: Session,
    kind: TypeArgument,
    channel: ChannelArgument,
    locale: LocaleArgument,
    yes: YesOption = False,
) -> None:
    """Remove a template with all its versions."""
    if not yes:
        confirm(f"Remove {kind} {channel} {locale} with all its versions?")
    await session.client.delete_template(type=kind, channel=channel.name, locale=locale)
    typer.echo(f"{kind} {channel} {locale} is gone.", err=True)


templates.command("preview")(preview)
templates.command("test")(send_test)


def _print(session: Session, template: Template) -> None:
    if session.as_json:
        output.print_json(template)
        return
    from carillon_server.cli import type_view

    type_view.show_template(template)


def _print_version(session: Session, template: Template) -> None:
    if session.as_json:
        output.print_json(template)
        return
    channel = template.WhichOneof("content")
    state = "in use" if template.active else "not in use"
    output.show(f"{template.type} {channel} {template.locale}: version {template.version}, {state}.")
