"""What recipients have, and everything that points at it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from carillon.v1 import notification_service_pb2 as pb
from carillon_server.domain.identity import Role
from tests.transport.caller import Caller
from tests.transport.conftest import House
from tests.transport.requests import build
from tests.transport.rpcs import request_type


@dataclass
class Belongings:
    """One recipient's own; `canary` is in all of its content."""

    house: House
    tenant: str
    recipient_id: str
    canary: str
    id: str = ""
    scheduled_id: str = ""
    endpoint_id: str = ""
    delivery_id: str = ""
    """Empty: nothing goes out in this house."""
    cursor: str = ""
    page_token: str = ""
    request_id: str = ""

    @property
    def user(self) -> Caller:
        return self.house.user(self.recipient_id, self.tenant)

    async def fill(self) -> Belongings:
        self.request_id = f"request-{self.canary}"
        self.id = await self._send()
        self.scheduled_id = await self._send(
            request_id=self.request_id, deliver_time={"seconds": int(time.time()) + 3600}
        )
        await self._send()
        put = build(
            "PutEndpoint", {"recipient_id": None, "endpoint": {"address": f"{self.canary}@example.com"}}
        )
        self.endpoint_id = (await self.user.call("PutEndpoint", put)).endpoint.id
        page = await self.user.call("List", pb.ListRequest(page_size=1))
        self.cursor, self.page_token = page.cursor, page.next_page_token
        return self

    async def _send(self, **changes: Any) -> str:
        content = {"title": self.canary, "actions": [{"id": "open", "label": "Open"}]}
        changes = {"recipient_ids": [self.recipient_id], "content": content, **changes}
        producer = self.house.caller(Role.PRODUCER, subject="billing", tenant=self.tenant)
        return str((await producer.call("Send", build("Send", changes))).results[0].notification_id)

    async def state(self) -> tuple[Any, ...]:
        """Everything that another caller must not have changed."""
        producer = self.house.caller(Role.PRODUCER, subject="billing", tenant=self.tenant)
        return (
            (await self.user.call("List", pb.ListRequest())).notifications[:],
            (await self.user.call("GetCounts", pb.GetCountsRequest())).counts,
            (await self.user.call("ListEndpoints", request_type("ListEndpoints")())).endpoints[:],
            (await self.user.call("GetPreferences", request_type("GetPreferences")())).preferences,
            (await producer.call("Get", pb.GetRequest(id=self.scheduled_id))).notification,
        )
