"""What many recipients of a broadcast read alike is kept once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from carillon_server.domain.ids import BroadcastId
from carillon_server.services.composition import Composition, SharedContent, Variant
from carillon_server.storage.fan_out import StoredContent, dump_parts


class SharedContents:
    """The variants of one broadcast, numbered as they come up.

    A variant is known by what it says, not by its language: templates may change while a broadcast is under
    way, and who was notified before keeps what they were told.
    """

    def __init__(self, id_: BroadcastId, stored: Iterable[StoredContent]) -> None:
        self._id = id_
        self._numbers = {(each.payload, each.parts): each.variant for each in stored}

    def share(self, composition: Composition) -> tuple[Composition, Sequence[StoredContent]]:
        """The composition with its variants where they are shared, and those that are to be kept first."""
        new: dict[tuple[bytes, str], StoredContent] = {}
        variants = []
        for variant in composition.variants:
            if _is_personal(variant, composition):
                variants.append(variant)
                continue
            said = (variant.draft.payload, dump_parts(variant.parts))
            number = self._numbers.get(said, len(self._numbers) + len(new))
            if said not in self._numbers and said not in new:
                new[said] = StoredContent(number, variant.key, *said)
            place = SharedContent(self._id.raw, new[said].variant if said in new else number)
            variants.append(replace(variant, shared=place))
        return replace(composition, variants=tuple(variants)), tuple(new.values())

    def keep(self, contents: Iterable[StoredContent]) -> None:
        """They are committed."""
        self._numbers.update({(each.payload, each.parts): each.variant for each in contents})


def _is_personal(variant: Variant, composition: Composition) -> bool:
    """What nobody is chosen for is the same for everybody."""
    return not variant.key and bool(composition.chosen)
