"""Refuses callers whose scopes do not allow the method."""

from __future__ import annotations

from typing import Any

from carillon_server.domain.errors import Reason, Refusal
from carillon_server.domain.identity import Role
from carillon_server.transport.call import Call
from carillon_server.transport.method import Method, Proceed


class Authorisation:
    """Compares the principal's roles with the method's row of the table."""

    def wrap(self, method: Method, proceed: Proceed) -> Proceed:
        roles = method.roles
        if roles is None:
            return proceed

        async def authorised(call: Call) -> Any:
            if roles.isdisjoint(call.principal.roles):
                raise _scope_missing(roles)
            return await proceed(call)

        return authorised


def _scope_missing(roles: frozenset[Role]) -> Refusal:
    scopes = " ".join(sorted(roles))
    return Refusal(
        Reason.SCOPE_MISSING, f"the call needs one of the scopes: {scopes}", metadata={"scope": scopes}
    )
