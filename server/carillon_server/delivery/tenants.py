"""Whose providers a worker had better know before it claims."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection
from contextlib import suppress

from carillon_server.delivery.routing.route import Routes

_REMEMBERED_SECONDS = 60.0
_MAX_REMEMBERED = 1_000
_STRANGER_SECONDS = 1.0


class RecentTenants:
    """Keeps what is known of the tenants of recent claims fresh, outside of any transaction.

    A tenant that was not met lately is found out about while its rows are locked, in bounded time: until then
    it has no providers, and its deliveries wait a moment.
    """

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._met: OrderedDict[str, float] = OrderedDict()

    async def refresh(self) -> None:
        """Before a claim."""
        oldest = time.monotonic() - _REMEMBERED_SECONDS
        while self._met and (len(self._met) > _MAX_REMEMBERED or next(iter(self._met.values())) < oldest):
            self._met.popitem(last=False)
        if self._met:
            await self._routes.refresh(tuple(self._met))

    async def meet(self, tenants: Collection[str]) -> None:
        """Those of a claim, in its transaction."""
        strangers = [tenant for tenant in tenants if tenant not in self._met]
        if strangers:
            with suppress(TimeoutError):
                async with asyncio.timeout(_STRANGER_SECONDS):
                    await self._routes.refresh(strangers)
        now = time.monotonic()
        for tenant in tenants:
            self._met[tenant] = now
            self._met.move_to_end(tenant)
