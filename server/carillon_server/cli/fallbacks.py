"""Fallbacks, as people type them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from carillon_server.cli.values import parse_duration, split_list

if TYPE_CHECKING:
    from carillon.v1.types_pb2 import Fallback

HELP = "Channels to try in order, and how long to wait for each: push,sms or push,sms:5m; repeatable."


def parse_fallback(text: str) -> Fallback:
    """`push,sms`, `push,sms:5m`."""
    from carillon.v1.types_pb2 import Channel, Fallback

    names, colon, wait = text.partition(":")
    try:
        numbers = [Channel.Value(f"CHANNEL_{name.upper()}") for name in split_list([names])]
    except ValueError:
        raise typer.BadParameter(
            f"{names!r} are no channels: write push,sms.", param_hint="--fallback"
        ) from None
    made = Fallback(channels=numbers)
    if colon:
        made.after.FromTimedelta(parse_duration(wait))
    return made
