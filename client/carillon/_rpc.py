"""A call as a value: its address, its messages, and how its request is built out of keyword arguments.

Each call is described once, in `carillon._rpcs`. Both clients turn the descriptions into methods, so that a
signature and its documentation exist in one place and the two clients cannot drift apart.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

from google.protobuf.message import Message

P = ParamSpec("P")
Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)

SUBSCRIBE = "/carillon.v1.NotificationService/Subscribe"
EXPORT_RECIPIENT = "/carillon.v1.RecipientService/ExportRecipient"
SEND_STREAM = "/carillon.v1.NotificationService/SendStream"


@dataclass(frozen=True, slots=True)
class Rpc(Generic[P, Request, Response]):
    """One unary call of one service."""

    service: str
    name: str
    build: Callable[P, Request]
    response: type[Response]

    @property
    def path(self) -> str:
        """What gRPC calls the method."""
        return f"/{self.service}/{self.name}"


def rpc(
    service: str, name: str, response: type[Response]
) -> Callable[[Callable[P, Request]], Rpc[P, Request, Response]]:
    """Describes the call whose request the decorated function builds."""

    def describe(build: Callable[P, Request]) -> Rpc[P, Request, Response]:
        return Rpc(service, name, build, response)

    return describe


def adopt_documentation(method: Callable[..., object], described: Rpc[P, Request, Response]) -> None:
    """Makes `help()` and `inspect.signature` show the method as its builder reads."""
    signature = inspect.signature(described.build)
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__name__ = _snake_case(described.name)
    method.__doc__ = described.build.__doc__
    method.__signature__ = signature.replace(  # type: ignore[attr-defined]  # functions take attributes
        parameters=[this, *signature.parameters.values()], return_annotation=described.response.__name__
    )


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
