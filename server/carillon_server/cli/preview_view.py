"""How a type reads, side by side on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.columns import Columns
from rich.panel import Panel
from rich.text import Text

from carillon.v1.catalog_service_pb2 import Rendering
from carillon.v1.types_pb2 import Channel
from carillon_server.cli import output
from carillon_server.cli.bundle_document import to_document
from carillon_server.cli.names import readable

_CARD_WIDTH = 44
_HEADLINES = ("title", "subject")
_LEFT_OUT = ("html",)


def show_preview(renderings: Iterable[Rendering]) -> None:
    """One card for each channel."""
    cards = [_card(each) for each in renderings]
    output.show(Columns(cards) if cards else Text("Nothing tells how it reads: it has no template.", "dim"))


def _card(rendering: Rendering) -> Panel:
    lines = Text()
    if rendering.problem:
        lines.append(output.plain(rendering.problem), "red")
    for name, text in _parts(rendering):
        lines.append("\n" if lines else "")
        if name in _HEADLINES:
            lines.append(output.plain(text), "bold")
        elif name in ("body", "text", "payload"):
            lines.append(output.plain_lines(text))
        else:
            lines.append(f"{name}: ", "dim").append(output.plain(text))
    return Panel(
        lines,
        title=readable(Channel, rendering.channel),
        subtitle=_origin(rendering),
        width=_CARD_WIDTH,
        border_style="red" if rendering.problem else "dim",
    )


def _origin(rendering: Rendering) -> str:
    if not rendering.locale:
        return "as in the inbox"
    return (
        f"{rendering.locale} version {rendering.version}"
        if rendering.version
        else f"{rendering.locale} draft"
    )


def _parts(rendering: Rendering) -> Iterator[tuple[str, str]]:
    field = rendering.content.WhichOneof("content")
    if field is None:
        return
    for name, value in to_document(getattr(rendering.content, field)).items():
        if name == "actions":
            yield "buttons", ", ".join(action["label"] for action in value)
        elif isinstance(value, dict):
            yield from value.items()
        elif name not in _LEFT_OUT:
            yield name, value
