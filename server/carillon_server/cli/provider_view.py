"""Providers and their kinds, for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from carillon.v1.delivery_service_pb2 import Provider, ProviderHealth, ProviderKind, ProviderStatus
from carillon.v1.types_pb2 import Channel
from carillon_server.cli import output
from carillon_server.cli.names import readable

_STYLES = {
    ProviderHealth.BREAKER_CLOSED: "green",
    ProviderHealth.BREAKER_HALF_OPEN: "yellow",
    ProviderHealth.BREAKER_OPEN: "red",
}
_WORDS = {
    ProviderHealth.BREAKER_CLOSED: "well",
    ProviderHealth.BREAKER_HALF_OPEN: "on trial",
    ProviderHealth.BREAKER_OPEN: "left alone",
}


def show_providers(statuses: Iterable[ProviderStatus]) -> None:
    """One row per provider, in the order of channels and priorities."""
    table = output.table("name", "kind", "channel", "priority", "health", "last error", ids=("name",))
    for status in sorted(statuses, key=_order):
        provider, health = status.provider, status.health
        table.add_row(
            provider.name,
            output.plain(provider.kind),
            readable(Channel, provider.channel),
            f"{provider.priority}/{provider.weight}" if provider.enabled else Text("disabled", "dim"),
            _health(health),
            _last_error(health),
        )
    output.show(table if table.row_count else Text("No providers of the tenant's own.", "dim"))


def show_provider(provider: Provider) -> None:
    """Everything but the secrets."""
    table = output.table("what", "value", ids=())
    table.show_header = False
    for name, value in output.as_document(provider).items():
        table.add_row(Text(name, "dim"), output.plain(output.as_text(value)))
    output.show(table)


def show_kinds(kinds: Iterable[ProviderKind]) -> None:
    """One table per kind; a star marks what is required."""
    for kind in kinds:
        channels = ", ".join(readable(Channel, channel) for channel in kind.channels)
        output.show(Text.assemble((kind.name, "bold"), f"  {channels}"))
        table = output.table("", "setting", "type", "meaning", ids=("setting",))
        for field in kind.fields:
            marks = ("*" if field.required else "") + ("secret" if field.secret else "")
            meaning = output.plain(field.description)
            if field.default_value:
                meaning += f" Default: {output.plain(field.default_value)}"
            table.add_row(marks, field.name, field.type, meaning)
        output.show(table if kind.fields else Text("Nothing to set.", "dim"), "")
    output.show("* is required; secrets are never shown again.")


def _order(status: ProviderStatus) -> tuple[int, int, str]:
    return status.provider.channel, status.provider.priority, status.provider.name


def _health(health: ProviderHealth) -> Text:
    if health.defect:
        return Text(output.plain(health.defect), "red")
    word = Text(_WORDS.get(health.breaker, "not used lately"), _STYLES.get(health.breaker, "dim"))
    if health.HasField("paused_until_time"):
        word.append(f", paused until {output.precise_time(health.paused_until_time)}", "yellow")
    return word


def _last_error(health: ProviderHealth) -> str:
    if not health.HasField("last_error_time"):
        return ""
    return f"{output.plain(health.last_error_class)} {output.short_time(health.last_error_time)}"
