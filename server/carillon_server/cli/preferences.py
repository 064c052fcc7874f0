"""`carillon preferences`: what a recipient wants on which channel, and what is muted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from carillon_server.cli import output
from carillon_server.cli.filters import RecipientOption
from carillon_server.cli.preference_values import (
    changed_preferences,
    mute_target,
    parse_rules,
    parse_switches,
)
from carillon_server.cli.session import Session, calls_service
from carillon_server.cli.values import instant_after, parse_duration, parse_instant

if TYPE_CHECKING:
    from carillon.v1.preference_service_pb2 import Preferences

preferences = typer.Typer(help="Show and change what a recipient wants.", no_args_is_help=True)

SwitchOption = Annotated[
    list[str] | None,
    typer.Option("--channel", metavar="CHANNEL=on|off", help="Switch a whole channel; repeatable."),
]
RuleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="TYPE:CHANNEL=on|off",
        help="Switch one type on one channel; wins over --channel; repeatable.",
    ),
]
SenderOption = Annotated[str, typer.Option(help="Who causes the notifications.")]
ThreadOption = Annotated[str, typer.Option(help="A conversation.")]
LabelOption = Annotated[str, typer.Option(metavar="KEY=VALUE", help="A label, such as a folder.")]
TypeOption = Annotated[str, typer.Option("--type", help="A type.")]


@preferences.command("get")
@calls_service("user-a")
async def get_preferences(session: Session, recipient: RecipientOption = "") -> None:
    """Show the preferences."""
    response = await session.client.get_preferences(recipient_id=recipient)
    _print(session, response.preferences)


@preferences.command("set")
@calls_service("user-a")
async def set_preferences(
    session: Session, channel: SwitchOption = None, rule: RuleOption = None, recipient: RecipientOption = ""
) -> None:
    """Change switches and rules; those that are not named stay as they are."""
    if not channel and not rule:
        raise typer.BadParameter("name what to change.", param_hint="--channel or --rule")
    switches, rules = parse_switches(channel or ()), parse_rules(rule or ())
    held = (await session.client.get_preferences(recipient_id=recipient)).preferences
    response = await session.client.update_preferences(
        recipient_id=recipient,
        preferences=changed_preferences(held, switches, rules),
        update_mask=["channels", "rules"],
    )
    _print(session, response.preferences)


@preferences.command("mute")
@calls_service("user-a")
async def mute(
    session: Session,
    sender: SenderOption = "",
    thread: ThreadOption = "",
    label: LabelOption = "",
    kind: TypeOption = "",
    for_: Annotated[
        timedelta | None,
        typer.Option("--for", parser=parse_duration, help="How long: 8h, 2d. Default: for good."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=parse_instant, help="Until when: 2026-03-01T09:00.")
    ] = None,
    recipient: RecipientOption = "",
) -> None:
    """Mute a sender, a thread, a label or a type: nothing of it comes by any channel."""
    response = await session.client.mute(
        recipient_id=recipient,
        target=mute_target(sender, thread, label, kind),
        until_time=instant_after(for_, until, "--for / --until"),
    )
    _print(session, response.preferences)


@preferences.command("unmute")
@calls_service("user-a")
async def unmute(
    session: Session,
    sender: SenderOption = "",
    thread: ThreadOption = "",
    label: LabelOption = "",
    kind: TypeOption = "",
    recipient: RecipientOption = "",
) -> None:
    """Take a mute away."""
    response = await session.client.unmute(
        recipient_id=recipient, target=mute_target(sender, thread, label, kind)
    )
    _print(session, response.preferences)


def _print(session: Session, held: Preferences) -> None:
    if session.as_json:
        output.print_json(held)
        return
    from carillon_server.cli.preference_view import show_preferences

    show_preferences(held)
