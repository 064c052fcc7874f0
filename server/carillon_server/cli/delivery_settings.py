"""`carillon delivery-settings`: what a tenant decided about its deliveries as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carillon_server.cli import fallbacks, output
from carillon_server.cli.session import Session, calls_service
from carillon_server.cli.values import split_list

if TYPE_CHECKING:
    from carillon.v1.delivery_service_pb2 import DeliverySettings

MAILS = "What mails have in common"
TEXTS = "What text messages may cost"
ORDER = "Where to and in which order"

settings = typer.Typer(help="Keep what holds for all deliveries of a tenant.", no_args_is_help=True)


def _option(name: str, panel: str, meaning: str, **more: Any) -> Any:
    return typer.Option(name, help=meaning, rich_help_panel=panel, **more)


@dataclass(frozen=True, slots=True)
class BrandingOptions:
    """What mails have in common; an empty text takes one away."""

    from_name: Annotated[str | None, _option("--from-name", MAILS, "Whom mails are from.")] = None
    reply_to: Annotated[str | None, _option("--reply-to", MAILS, "Where answers go.")] = None
    footer: Annotated[str | None, _option("--footer", MAILS, "The text under every mail.")] = None
    logo_url: Annotated[str | None, _option("--logo-url", MAILS, "An https picture above every mail.")] = None

    def apply(self, held: DeliverySettings) -> None:
        """Changes what was named."""
        for name in ("from_name", "reply_to", "footer", "logo_url"):
            value = getattr(self, name)
            if value is not None:
                setattr(held.branding, name, value)


@dataclass(frozen=True, slots=True)
class SmsOptions:
    """What text messages may cost."""

    country: Annotated[
        list[str] | None,
        _option("--country", TEXTS, "Where they may go: CH; repeatable. `any` lifts the limit."),
    ] = None
    max_segments: Annotated[
        int | None, _option("--max-segments", TEXTS, "Into how many a text may be split.")
    ] = None
    daily_cap_micros: Annotated[
        int | None,
        _option("--daily-cap-micros", TEXTS, "What a day may cost, in millionths; 0: no cap."),
    ] = None

    def apply(self, held: DeliverySettings) -> None:
        """Changes what was named."""
        if self.country:
            named = [] if self.country == ["any"] else split_list(self.country)
            del held.sms.allowed_countries[:]
            held.sms.allowed_countries.extend(country.upper() for country in named)
        if self.max_segments is not None:
            held.sms.max_segments = self.max_segments
        if self.daily_cap_micros:
            held.sms.daily_spend_cap_micros = self.daily_cap_micros
        elif self.daily_cap_micros is not None:
            held.sms.ClearField("daily_spend_cap_micros")


@settings.command("show")
@calls_service("operator")
async def show_settings(session: Session) -> None:
    """Show them."""
    _print(session, (await session.client.get_delivery_settings()).settings)


@settings.command("set")
@calls_service("operator")
async def set_settings(
    session: Session,
    branding: BrandingOptions,
    sms: SmsOptions,
    sandbox: Annotated[
        bool | None,
        _option("--sandbox/--no-sandbox", ORDER, "Whether nothing leaves: it is written to files."),
    ] = None,
    fallback: Annotated[
        list[str] | None,
        _option(
            "--fallback",
            ORDER,
            f"{fallbacks.HELP} `none` takes all away.",
        ),
    ] = None,
) -> None:
    """Change them; what is not named stays as it is."""
    held = (await session.client.get_delivery_settings()).settings
    branding.apply(held)
    sms.apply(held)
    if sandbox is not None:
        held.sandbox = sandbox
    if fallback:
        del held.fallbacks[:]
        held.fallbacks.extend(fallbacks.parse_fallback(text) for text in fallback if text != "none")
    response = await session.client.update_delivery_settings(settings=held, update_mask=["*"])
    _print(session, response.settings)


def _print(session: Session, held: DeliverySettings) -> None:
    if session.as_json:
        output.print_json(held)
        return
    table = output.table("what", "value", ids=())
    table.show_header = False
    for name, value in _facts(output.as_document(held)):
        table.add_row(name, output.plain(value))
    output.show(table if table.row_count else "Nothing decided: everything is as by default.")


def _facts(document: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    facts = []
    for name, value in document.items():
        if isinstance(value, dict):
            facts += _facts(value, f"{prefix}{name}.")
        else:
            facts.append((prefix + name, output.as_text(value)))
    return facts
