"""What became, or would become, of a catalog, for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from carillon.v1.catalog_service_pb2 import ApplyCatalogResponse, CatalogChangeKind
from carillon_server.cli import output
from carillon_server.cli.names import readable

_STYLES = {
    CatalogChangeKind.CATALOG_CHANGE_KIND_CREATED: "green",
    CatalogChangeKind.CATALOG_CHANGE_KIND_CHANGED: "yellow",
    CatalogChangeKind.CATALOG_CHANGE_KIND_REMOVED: "red",
}


def show_changes(answers: Sequence[tuple[str, ApplyCatalogResponse]], *, would: bool) -> None:
    """One row for each change, and a line for each catalog; `would`: nothing was changed."""
    table = output.table("catalog", "change", "what", "name", "fields", ids=("name",))
    for name, answer in answers:
        for change in answer.changes:
            kind = Text(readable(CatalogChangeKind, change.kind), _STYLES.get(change.kind, ""))
            table.add_row(
                name, kind, change.noun, output.plain(change.name), output.plain(", ".join(change.fields))
            )
    if table.row_count:
        output.show(table)
    for name, answer in answers:
        count = output.number_of(len(answer.changes), "change")
        done = "would be made" if would else "made"
        output.show(f"{name}: {count} {done}, {answer.unchanged_count:,} unchanged.")
