"""`carillon providers`: by whom a tenant's messages are delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.names import ChannelName
from carillon_server.cli.provider_options import ProviderOptions, SettingOptions
from carillon_server.cli.question import confirm
from carillon_server.cli.session import Session, calls_service

if TYPE_CHECKING:
    from carillon.v1 import types_pb2
    from carillon.v1.delivery_service_pb2 import Provider

providers = typer.Typer(help="Keep by whom messages are delivered.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The provider, by its name.")]


@providers.command("list")
@calls_service("operator")
async def list_providers(session: Session) -> None:
    """List the tenant's providers, and how they are doing."""
    response = await session.client.list_providers()
    if session.as_json:
        output.print_json_lines(response.providers)
        return
    from carillon_server.cli.provider_view import show_providers

    show_providers(response.providers)


@providers.command("put")
@calls_service("operator")
async def put_provider(
    session: Session,
    name: NameArgument,
    options: ProviderOptions,
    values: SettingOptions,
    kind: Annotated[str, typer.Option(help="Which code talks to it; see `providers kinds`.")] = "",
    channel: Annotated[
        ChannelName | None, typer.Option(help="Whose messages it takes, where its kind leaves a choice.")
    ] = None,
) -> None:
    """Add a provider, or change one: what is not named stays as it is.

    Secrets come from files, the standard input or the environment, and are never shown again.
    """
    from carillon.v1.delivery_service_pb2 import Provider

    held = {each.provider.name: each.provider for each in (await session.client.list_providers()).providers}
    provider = held.get(name, Provider(name=name))
    if kind and kind != provider.kind:
        provider = Provider(name=name, kind=kind)
    kinds = {each.name: each for each in (await session.client.list_provider_kinds()).kinds}
    known = kinds.get(provider.kind)
    if known is None:
        names = ", ".join(sorted(kinds)) or "none"
        raise typer.BadParameter(f"Name one of those that there are: {names}.", param_hint="--kind")
    if channel is not None:
        provider.channel = _number_of(channel)
    elif not provider.channel and len(known.channels) == 1:
        provider.channel = known.channels[0]
    options.apply(provider)
    values.apply(provider, known)
    response = await session.client.put_provider(provider=provider)
    _print(session, response.provider)


@providers.command("delete")
@calls_service("operator")
async def delete_provider(
    session: Session,
    name: NameArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a provider with its secrets."""
    if not yes:
        confirm(f"Remove {name} with its secrets?")
    await session.client.delete_provider(name=name)
    typer.echo(f"{name} is gone.", err=True)


@providers.command("kinds")
@calls_service("operator")
async def list_kinds(session: Session) -> None:
    """List the kinds of providers that there are, with their settings."""
    response = await session.client.list_provider_kinds()
    if session.as_json:
        output.print_json_lines(response.kinds)
        return
    from carillon_server.cli.provider_view import show_kinds

    show_kinds(response.kinds)


def _number_of(channel: ChannelName) -> types_pb2.Channel.ValueType:
    from carillon.v1.types_pb2 import Channel

    return Channel.Value(f"CHANNEL_{channel.name}")


def _print(session: Session, provider: Provider) -> None:
    if session.as_json:
        output.print_json(provider)
        return
    from carillon_server.cli.provider_view import show_provider

    show_provider(provider)
