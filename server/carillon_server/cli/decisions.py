"""What became of a Send, for people."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from carillon.v1.notification_service_pb2 import SendResponse
from carillon.v1.types_pb2 import Channel, Decision, DecisionReason, Verdict
from carillon_server.cli import output
from carillon_server.cli.names import readable

_STYLES = {Verdict.VERDICT_SEND: "green", Verdict.VERDICT_DEFER: "cyan", Verdict.VERDICT_SUPPRESS: "yellow"}


def show_send(response: SendResponse) -> None:
    """One row per recipient, with what is done on each channel and why."""
    table = output.table("id", "recipient", "channels")
    for result in response.results:
        table.add_row(
            result.notification_id or "-", output.plain(result.recipient_id), _channels(result.decisions)
        )
    output.show(table)
    if response.replayed:
        output.show("Sent before under the same request id; nothing was sent now.")


def _channels(decisions: Iterable[Decision]) -> Text:
    return Text("\n").join(_channel(decision) for decision in decisions)


def _channel(decision: Decision) -> Text:
    verdict = readable(Verdict, decision.verdict)
    why = decision.rule or readable(DecisionReason, decision.reason).replace("_", " ")
    if decision.reason == DecisionReason.DECISION_REASON_MANDATORY:
        why = f"mandatory, in spite of {decision.rule}"
    if decision.verdict == Verdict.VERDICT_DEFER:
        why = f"until {output.short_time(decision.until_time)}"
    line = Text(f"{readable(Channel, decision.channel)}: ")
    return line.append(verdict, _STYLES.get(decision.verdict, "")).append(f" ({output.plain(why)})", "dim")
