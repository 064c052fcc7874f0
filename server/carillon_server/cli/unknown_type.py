"""What to do where the type of a send is refused: names that are like it, and where its data is told."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from carillon.errors import CarillonError, FieldInvalidError, TypeNotFoundError
from carillon_server.cli.explain import explain
from carillon_server.cli.failure import CommandError

if TYPE_CHECKING:
    from carillon import AsyncClient

_MAX_COMPARED = 1_000
_MAX_NAMED = 3
_LIST = "`carillon types list` shows those that there are, `carillon catalog apply` brings others."


async def explain_type(client: AsyncClient, name: str, error: CarillonError) -> CommandError:
    """The refusal of a send of this type, with what to do."""
    told = explain(error)
    if isinstance(error, TypeNotFoundError):
        close = await _close_names(client, name)
        meant = [f"Did you mean {' or '.join(close)}?"] if close else []
        return CommandError(told.exit_code, f"There is no type {name} (TYPE_NOT_FOUND).", *meant, _LIST)
    if isinstance(error, FieldInvalidError) and any(
        _is_of_data(each.field) for each in error.field_violations
    ):
        shown = f"`carillon types show {name}` shows what its data must hold, with an example."
        return CommandError(told.exit_code, str(told), *told.advice, shown)
    return told


def _is_of_data(field: str) -> bool:
    return field == "data" or field.startswith(("data.", "data["))


async def _close_names(client: AsyncClient, name: str) -> list[str]:
    """Best first. None where the caller may not see the types."""
    names: list[str] = []
    try:
        async for kind in client.list_all_types(page_size=_MAX_COMPARED):
            names.append(kind.name)
            if len(names) == _MAX_COMPARED:
                break
    except CarillonError:
        return []
    # Other systems write SCAN_COMPLETED.
    for spelled in (name.lower(), name.lower().replace("_", ".")):
        if spelled in names:
            return [spelled]
    return get_close_matches(spelled, names, _MAX_NAMED)
