"""People, and where they can be reached."""

from __future__ import annotations

from collections.abc import Sequence

from carillon._message import message
from carillon._rpc import rpc
from carillon.types import EndpointLike, RecipientLike, UpsertRecipientLike
from carillon.v1 import recipient_service_pb2 as pb

SERVICE = "carillon.v1.RecipientService"


@rpc(SERVICE, "UpsertRecipient", pb.UpsertRecipientResponse)
def upsert_recipient(
    *,
    recipient: RecipientLike,
    update_mask: Sequence[str] = (),
    endpoints: Sequence[EndpointLike] = (),
) -> pb.UpsertRecipientRequest:
    """Creates or changes a recipient, and adds `endpoints`, at most 50.

    Replaces the fields named in `update_mask` (`locale`, `time_zone`, `attributes`, or `*`); without one,
    those that are not empty.
    """
    return message(
        pb.UpsertRecipientRequest,
        recipient=recipient,
        update_mask=update_mask or None,
        endpoints=endpoints,
    )


@rpc(SERVICE, "BatchUpsertRecipients", pb.BatchUpsertRecipientsResponse)
def batch_upsert_recipients(*, requests: Sequence[UpsertRecipientLike]) -> pb.BatchUpsertRecipientsRequest:
    """Creates or changes up to 1,000 recipients, together with at most 10,000 endpoints. One bad item fails
    alone.

    The results are in the order of the requests; turn the `error` of one into an exception with
    `carillon.error_from_status`. Items that name the same recipient are applied in their order.
    """
    return message(pb.BatchUpsertRecipientsRequest, requests=requests)


@rpc(SERVICE, "GetRecipient", pb.GetRecipientResponse)
def get_recipient(*, recipient_id: str = "") -> pb.GetRecipientRequest:
    """Returns a recipient."""
    return message(pb.GetRecipientRequest, recipient_id=recipient_id)


@rpc(SERVICE, "ListRecipients", pb.ListRecipientsResponse)
def list_recipients(*, page_size: int = 0, page_token: str = "") -> pb.ListRecipientsRequest:
    """Returns a page of the tenant's recipients, by id.

    A page holds 1 to 1,000 recipients, 100 if `page_size` is 0. `list_all_recipients` walks through all
    pages.
    """
    return message(pb.ListRecipientsRequest, page_size=page_size, page_token=page_token)


@rpc(SERVICE, "DeleteRecipient", pb.DeleteRecipientResponse)
def delete_recipient(*, recipient_id: str) -> pb.DeleteRecipientRequest:
    """Erases a recipient and everything held of them. Idempotent."""
    return message(pb.DeleteRecipientRequest, recipient_id=recipient_id)


@rpc(SERVICE, "PutEndpoint", pb.PutEndpointResponse)
def put_endpoint(*, endpoint: EndpointLike, recipient_id: str = "") -> pb.PutEndpointRequest:
    """Adds an endpoint, or changes the label of one with the same channel and address."""
    return message(pb.PutEndpointRequest, recipient_id=recipient_id, endpoint=endpoint)


@rpc(SERVICE, "ListEndpoints", pb.ListEndpointsResponse)
def list_endpoints(*, recipient_id: str = "") -> pb.ListEndpointsRequest:
    """Returns the endpoints of a recipient, oldest first."""
    return message(pb.ListEndpointsRequest, recipient_id=recipient_id)


@rpc(SERVICE, "DeleteEndpoint", pb.DeleteEndpointResponse)
def delete_endpoint(*, id: str, recipient_id: str = "") -> pb.DeleteEndpointRequest:
    """Removes an endpoint. Idempotent."""
    return message(pb.DeleteEndpointRequest, recipient_id=recipient_id, id=id)


def export_request(recipient_id: str) -> pb.ExportRecipientRequest:
    """Asks for everything held of somebody."""
    return message(pb.ExportRecipientRequest, recipient_id=recipient_id)
