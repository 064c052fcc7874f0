"""The answers to sends, as bytes: the same decisions are encoded once, however often they are given."""

from __future__ import annotations

from functools import lru_cache

from google.rpc.status_pb2 import Status

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.decide import Decision
from carillon_server.domain.send import RecipientResult, SendOutcome
from carillon_server.transport.convert.sends import to_decision
from carillon_server.transport.wire import field, repeated, tag

_MAX_REMEMBERED = 1_024
_RESULTS = tag(pb.SendResponse.RESULTS_FIELD_NUMBER)
_RECIPIENT_ID = tag(pb.SendResult.RECIPIENT_ID_FIELD_NUMBER)
_NOTIFICATION_ID = tag(pb.SendResult.NOTIFICATION_ID_FIELD_NUMBER)
_DECISIONS = tag(pb.SendResult.DECISIONS_FIELD_NUMBER)
_BATCH_RESULTS = tag(pb.SendBatchResponse.RESULTS_FIELD_NUMBER)
_BATCH_RESPONSE = tag(pb.SendBatchResult.RESPONSE_FIELD_NUMBER)
_BATCH_ERROR = tag(pb.SendBatchResult.ERROR_FIELD_NUMBER)
_STREAM_RESPONSE = tag(pb.SendStreamResponse.RESPONSE_FIELD_NUMBER)
_STREAM_ERROR = tag(pb.SendStreamResponse.ERROR_FIELD_NUMBER)


def encode_send_response(outcome: SendOutcome) -> bytes:
    """A serialized `SendResponse`, in the order of the request."""
    results = b"".join([field(_RESULTS, _encode_result(result)) for result in outcome.results])
    if not outcome.replayed and outcome.broadcast is None:
        return results
    rest = pb.SendResponse(replayed=outcome.replayed)
    if outcome.broadcast is not None:
        rest.broadcast_id = str(outcome.broadcast.broadcast_id or "")
        rest.audience_count = outcome.broadcast.audience_count
    return results + rest.SerializeToString()


def encode_batch_response(outcomes: list[bytes | Status]) -> bytes:
    """A serialized `SendBatchResponse` around answers that are serialized already."""
    return repeated(
        _BATCH_RESULTS, [_encode_choice(outcome, _BATCH_RESPONSE, _BATCH_ERROR) for outcome in outcomes]
    )


def encode_stream_response(index: int, outcome: bytes | Status) -> bytes:
    """A serialized `SendStreamResponse` around an answer that is serialized already."""
    head = pb.SendStreamResponse(index=index).SerializeToString()
    return head + _encode_choice(outcome, _STREAM_RESPONSE, _STREAM_ERROR)


def _encode_choice(outcome: bytes | Status, response: bytes, error: bytes) -> bytes:
    if isinstance(outcome, Status):
        return field(error, outcome.SerializeToString())
    return field(response, outcome)


def _encode_result(result: RecipientResult) -> bytes:
    encoded = field(_RECIPIENT_ID, result.recipient_id.encode()) + _encode_decisions(result.decisions)
    if result.notification_id is None:
        return encoded
    return encoded + field(_NOTIFICATION_ID, str(result.notification_id).encode())


@lru_cache(_MAX_REMEMBERED)
def _encode_decisions(decisions: tuple[Decision, ...]) -> bytes:
    return repeated(_DECISIONS, [to_decision(decision).SerializeToString() for decision in decisions])
