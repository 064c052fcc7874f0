"""A setting that says where a vendor's API is, for those who reach it in another place."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from carillon_server.domain.web_address import WebAddress


def _check(value: str) -> str:
    """Raises ValueError; whether the address may be reached is asked with each connection."""
    if value and ("?" in value or "#" in value):
        raise ValueError("must end with its path")
    if value:
        WebAddress.parse(value)
    return value.rstrip("/")


ServiceUrl: TypeAlias = Annotated[str, AfterValidator(_check), Field(max_length=2_048)]
"""An absolute URL, or nothing; without a slash at its end."""
