"""Lets calls in, as many as can be served in time; two stages, one before the message is read, one after.

The first spares reading and checking what has no chance. The second takes the place: nobody holds one by
being slow to send the message.
"""

from __future__ import annotations

import asyncio
from typing import Any

from carillon_server.transport.admission import Admission
from carillon_server.transport.call import Call
from carillon_server.transport.method import Method, Proceed

# Those whose time does not depend on how much is asked for.
_TELLING = frozenset(
    {
        "Send",
        "Get",
        "List",
        "GetCounts",
        "MarkRead",
        "MarkSeen",
        "Ack",
        "Reconcile",
        "GetPreferences",
        "GetRecipient",
        "UpsertRecipient",
        "PutEndpoint",
        "ListEndpoints",
    }
)


def _is_admitted(method: Method) -> bool:
    """Unary calls of ours. Health checks and reflection are never refused, streams are bounded otherwise."""
    return method.takes_call and not method.long_lived


class Shedding:
    """The first stage."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        if not _is_admitted(method):
            return proceed

        async def checked(call: Call) -> Any:
            self._admission.check(call.principal.tenant)
            return await proceed(call)

        return checked


class Entrance:
    """The second stage."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        if not _is_admitted(method):
            return proceed
        admission = self._admission
        tells = method.path.rpartition("/")[2] in _TELLING

        async def admitted(call: Call) -> Any:
            tenant = call.principal.tenant
            if not admission.enter_at_once(tenant):
                await admission.enter(tenant)
            clock = asyncio.get_running_loop().time
            start = clock()
            try:
                return await proceed(call)
            finally:
                admission.leave(tenant, clock() - start if tells else None)

        return admitted
