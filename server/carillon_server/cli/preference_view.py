"""Preferences, for people."""

from __future__ import annotations

from rich.text import Text

from carillon.v1.preference_service_pb2 import ActiveMute, MuteTarget, Preferences
from carillon.v1.types_pb2 import Channel
from carillon_server.cli import output
from carillon_server.cli.names import readable


def show_preferences(held: Preferences) -> None:
    """One row per switch, rule and mute."""
    table = output.table("what", "is", ids=())
    for switch in held.channels:
        table.add_row(f"channel {readable(Channel, switch.channel)}", _state(switch.enabled))
    for rule in held.rules:
        table.add_row(
            f"type {output.plain(rule.type)} on {readable(Channel, rule.channel)}", _state(rule.enabled)
        )
    for mute in held.mutes:
        table.add_row(_target(mute.target), _until(mute))
    output.show(
        table if table.row_count else Text("Nothing set: the sender's and the default choices hold.", "dim")
    )


def _state(enabled: bool) -> Text:  # noqa: FBT001 - a value to show
    return Text("on", "green") if enabled else Text("off", "yellow")


def _target(target: MuteTarget) -> str:
    kind = target.WhichOneof("target")
    value = (
        f"{target.label.key}={target.label.value}"
        if kind == "label"
        else str(getattr(target, kind or "type"))
    )
    return output.plain(f"{(kind or 'type').removesuffix('_key')} {value}")


def _until(mute: ActiveMute) -> Text:
    return Text(
        f"muted until {output.short_time(mute.until_time)}" if mute.HasField("until_time") else "muted"
    )
