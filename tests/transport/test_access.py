"""Who may call what: every RPC with every role, and with no credentials at all."""

from __future__ import annotations

from collections.abc import Iterable

import grpc
import pytest

from carillon_server.domain.identity import Role
from tests.transport.caller import Caller, Refused, each
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.rpcs import RPCS, SPECIFIED, UNARY

_SENDS = {"Send", "SendBatch", "SendStream", "Cancel"}
_RECIPIENTS = {"UpsertRecipient", "GetRecipient", "PutEndpoint", "ListEndpoints", "DeleteEndpoint"}
_REFUSED = (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED)

# Said again, apart from the table in the service: a slip there must not also be one here.
_OPERATING = {
    "ListDeliveries",
    "GetDelivery",
    "RetryDelivery",
    "RedriveDeliveries",
    "CancelDelivery",
    "ExplainNotification",
    "ListProviders",
    "PutProvider",
    "DeleteProvider",
    "ListProviderKinds",
    "GetDeliverySettings",
    "UpdateDeliverySettings",
    "GetStats",
}
_CATALOG_READS = {
    "GetType",
    "ListTypes",
    "GetTemplate",
    "ListTemplates",
    "ListLayouts",
    "PreviewTemplate",
    "GetCatalogSettings",
}
_CATALOG_CHANGES = {
    "PutType",
    "DeleteType",
    "PutTemplate",
    "ActivateTemplateVersion",
    "DeleteTemplate",
    "PutLayout",
    "DeleteLayout",
    "SendTest",
    "ApplyCatalog",
    "ExportCatalog",
    "UpdateCatalogSettings",
}
_TOPICS = {
    "GetBroadcast",
    "ListBroadcasts",
    "CancelBroadcast",
    "PutTopic",
    "ListTopics",
    "DeleteTopic",
    "AddTopicMembers",
    "RemoveTopicMembers",
    "ListTopicMembers",
}
_NOT_FOR_INBOX_READERS = {
    *_SENDS,
    *_OPERATING,
    *_TOPICS,
    *_CATALOG_READS,
    *_CATALOG_CHANGES,
    "ListRecipients",
    "BatchUpsertRecipients",
    "DeleteRecipient",
    "ExportRecipient",
}
ALLOWED: dict[Role, set[str]] = {
    Role.PRODUCER: {
        *_SENDS,
        *_RECIPIENTS,
        *_TOPICS,
        *_CATALOG_READS,
        "Get",
        "ListRecipients",
        "BatchUpsertRecipients",
    },
    Role.USER: RPCS.keys() - _NOT_FOR_INBOX_READERS - {"RecordProviderEvent"},
    Role.GATEWAY: RPCS.keys() - _NOT_FOR_INBOX_READERS,
    Role.OPERATOR: set(RPCS),
}


async def _refusal(caller: Caller, rpc: str) -> Refused | None:
    try:
        if rpc in UNARY:
            await caller.call(rpc, build(rpc))
        else:
            requests = each([build(rpc)]) if RPCS[rpc].client_streaming else build(rpc)
            await anext(caller.stream(rpc, requests))
    except Refused as refused:
        return refused
    return None


def test_everything_specified_is_served() -> None:
    assert SPECIFIED.keys() - RPCS.keys() == set()


@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_its_rpcs_and_no_others(house: House, role: Role) -> None:
    caller = house.caller(role)
    for rpc in RPCS:
        refused = await _refusal(caller, rpc)
        if rpc in ALLOWED[role]:
            assert refused is None or refused.code not in _REFUSED, rpc
        else:
            assert refused is not None, rpc
            assert (refused.code, refused.reason) == (_REFUSED[0], "SCOPE_MISSING"), rpc


async def test_a_caller_without_any_of_our_scopes_may_call_nothing(house: House) -> None:
    for rpc in RPCS:
        refused = await _refusal(house.caller(), rpc)
        assert refused is not None, rpc
        assert refused.reason == "SCOPE_MISSING", rpc


@pytest.mark.parametrize("token", ["", "nonsense", "crn_nokeynokey11_" + "x" * 43])
async def test_without_credentials_nothing_is_answered(house: House, token: str) -> None:
    await _assert_unauthenticated(Caller(house.channel, token), RPCS)


async def test_credentials_count_only_as_one_bearer_header(house: House) -> None:
    token = house.issuer.token("acme", "root", [Role.OPERATOR])
    for metadata in (
        [("authorization", f"Basic {token}")],
        [("authorization", token)],
        [("x-authorization", f"Bearer {token}")],
        [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")],
    ):
        refused = await house.nobody.refusal("GetCounts", build("GetCounts"), metadata=metadata)
        assert refused.code is grpc.StatusCode.UNAUTHENTICATED, metadata


async def test_several_roles_add_up(house: House) -> None:
    caller = house.caller(Role.PRODUCER, Role.USER, subject="ada")
    for rpc in ALLOWED[Role.PRODUCER] | ALLOWED[Role.USER]:
        refused = await _refusal(caller, rpc)
        assert refused is None or refused.code not in _REFUSED, rpc


async def _assert_unauthenticated(caller: Caller, rpcs: Iterable[str]) -> None:
    for rpc in rpcs:
        refused = await _refusal(caller, rpc)
        assert refused is not None, rpc
        assert (refused.code, refused.reason) == (_REFUSED[1], "CREDENTIALS_INVALID"), rpc
