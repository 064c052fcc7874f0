"""From a Send to what each recipient reads.

A type completes what the sender left open, and its templates are rendered once for each way in which the
notification reads: by language, by time zone where a time is shown, by recipient where it speaks of them. All
of it happens before anything is written: what cannot be rendered is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from carillon_server.domain.content_parts import find_source
from carillon_server.domain.delivery_settings import Fallback
from carillon_server.domain.errors import FieldsInvalid, NotFound, Reason, Refusal
from carillon_server.domain.fallback import channels_of, choose_chains
from carillon_server.domain.inbox import InboxAddress
from carillon_server.domain.notification import Draft
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.reader import UNKNOWN_READER, Reader, patched
from carillon_server.domain.rendering import Circumstances, RenderJob
from carillon_server.domain.type_policy import NO_POLICY, TypePolicy
from carillon_server.services.assembly import COLLAPSE, THREAD, add_keys, assemble
from carillon_server.services.catalog_snapshot import ActiveTemplates, KnownType, TenantCatalog
from carillon_server.services.composition import Composition, Variant
from carillon_server.services.ports import Clock, PayloadEditor, Renderer
from carillon_server.services.tenant_catalog import TenantCatalogs
from carillon_server.services.type_defaults import apply_defaults
from carillon_server.services.wordings import Wording, Wordings, templates_for
from carillon_server.storage.database import Database
from carillon_server.storage.readers import fetch_readers


@dataclass(frozen=True, slots=True)
class _Work:
    """A Send of a known type, on its way."""

    tenant: str
    catalog: TenantCatalog
    kind: NotificationType
    draft: Draft
    """With the defaults of the type."""
    data: Mapping[str, Any]
    recipient_ids: Sequence[str]
    chains: tuple[Fallback, ...]
    now: datetime

    @property
    def circumstances(self) -> Mapping[str, Any]:
        """What templates may ask of the notification."""
        draft = self.draft
        return {
            "type": draft.type,
            "category": draft.category,
            "priority": draft.priority.name.lower(),
            "actor_id": draft.actor_id,
            "labels": dict(draft.labels or {}),
            "create_time": self.now.isoformat(),
        }


class Composer:
    """Composes Sends."""

    def __init__(
        self,
        database: Database,
        catalogs: TenantCatalogs,
        renderer: Renderer,
        payloads: PayloadEditor,
        clock: Clock,
        *,
        fallbacks_of: Callable[[str], Sequence[Fallback]],
    ) -> None:
        """`fallbacks_of` a tenant: the chains for sends that name none."""
        self._database = database
        self._catalogs = catalogs
        self._renderer = renderer
        self._payloads = payloads
        self._clock = clock
        self._fallbacks_of = fallbacks_of

    async def compose(
        self,
        tenant: str,
        draft: Draft,
        recipient_ids: Sequence[str],
        *,
        tolerant: bool = False,
        now: datetime | None = None,
    ) -> Composition:
        """What the recipients read. `tolerant`: recipients that it cannot be rendered for are told apart, and
        do not refuse the whole; what concerns all of them still does. `now`: when it was sent, where that
        was before.

        Raises TYPE_NOT_FOUND, TEMPLATE_NOT_FOUND, TEMPLATE_FAILED, FIELD_INVALID (`data.…`, `content`),
        UNAVAILABLE.
        """
        catalog, known = await self._find_type(tenant, draft)
        now = now or self._clock()
        if known is None or _is_plain(known, draft):
            return self._compose_plainly(tenant, known, draft, now)
        completed = apply_defaults(draft, known.type, now, self._payloads)
        policy = TypePolicy(known.type.mandatory, known.type.channels)
        chains = self._chains(tenant, draft, policy)
        rules = _rules(known.type, draft)
        data = self._payloads.data_of(draft.payload)
        if known.validator is not None and (violations := known.validator.violations(data)):
            raise FieldsInvalid(violations)
        readable = [id_ for id_ in recipient_ids if id_ != draft.actor_id] or recipient_ids
        work = _Work(tenant, catalog, known.type, completed, data, readable, chains, now)
        return await self._render(work, rules, tolerant=tolerant)

    async def plain_composer(self, tenant: str) -> Callable[[Draft], Composition | None]:
        """What composes without waiting, for many sends at once; None: `compose` is to be asked."""
        catalog, now = await self._catalogs.of(tenant), self._clock()

        def compose(draft: Draft) -> Composition | None:
            known = catalog.type_of(draft.type)
            if known is None:
                lacks = _find_lack(catalog, draft) is not None
                return None if lacks else self._compose_plainly(tenant, None, draft, now)
            return self._compose_plainly(tenant, known, draft, now) if _is_plain(known, draft) else None

        return compose

    def _compose_plainly(
        self, tenant: str, known: KnownType | None, draft: Draft, now: datetime
    ) -> Composition:
        if known is None:
            return Composition((Variant(draft),), chains=self._chains(tenant, draft, NO_POLICY))
        policy = TypePolicy(known.type.mandatory, known.type.channels)
        completed = apply_defaults(draft, known.type, now, self._payloads)
        chains = self._chains(tenant, draft, policy)
        return Composition((Variant(completed),), type=known.type, chains=chains)

    async def _find_type(self, tenant: str, draft: Draft) -> tuple[TenantCatalog, KnownType | None]:
        catalog = await self._catalogs.of(tenant)
        refusal = _find_lack(catalog, draft)
        if refusal is not None:
            # Another process may have put it there a moment ago.
            catalog = await self._catalogs.look_again(tenant)
            if (refusal := _find_lack(catalog, draft)) is not None:
                raise refusal
        return catalog, catalog.type_of(draft.type)

    def _chains(self, tenant: str, draft: Draft, policy: TypePolicy) -> tuple[Fallback, ...]:
        defaults = self._fallbacks_of(tenant)
        if not (draft.fallbacks or defaults):
            return ()
        return choose_chains(draft.channels or policy.channels_on, draft.fallbacks, defaults)

    async def _render(self, work: _Work, rules: Mapping[str, str], *, tolerant: bool) -> Composition:
        wordings = [] if work.draft.has_content else await self._word(work)
        jobs = [wording.job(work.data) for wording in wordings]
        if rules:
            scene = Circumstances(work.catalog.default_time_zone, {}, work.circumstances)
            jobs.append(RenderJob((), work.data, scene, rules))
        answers = list(await self._renderer.render(jobs)) if jobs else []
        draft = add_keys(self._payloads, work.draft, answers.pop()) if rules else work.draft
        if draft.has_content:
            return Composition((Variant(draft),), type=work.kind, chains=work.chains)
        variants, chosen, failures = assemble(self._payloads, draft, zip(wordings, answers, strict=True))
        if failures and not tolerant:
            raise next(iter(failures.values()))
        return Composition(variants, chosen, work.kind, work.chains, failures)

    async def _word(self, work: _Work) -> list[Wording]:
        wordings = Wordings(
            _asked_templates(work),
            work.circumstances,
            default_locale=work.catalog.default_locale,
            default_time_zone=work.catalog.default_time_zone,
        )
        readers: Mapping[str, Reader] = {}
        if wordings.need_readers:
            readers = await self._read(work, attributes=wordings.need_attributes)
        read = ((id_, readers.get(id_, UNKNOWN_READER)) for id_ in work.recipient_ids)
        if work.draft.locale:
            read = ((id_, replace(reader, locale=work.draft.locale)) for id_, reader in read)
        return wordings.group(read)

    async def _read(self, work: _Work, *, attributes: bool) -> dict[str, Reader]:
        inboxes = {InboxAddress(work.tenant, id_).inbox_id: id_ for id_ in work.recipient_ids}
        found = await fetch_readers(self._database, inboxes, attributes=attributes)
        readers = {inboxes[inbox_id]: reader for inbox_id, reader in found.items()}
        for patch in work.draft.profiles:
            known = readers.get(patch.recipient_id, UNKNOWN_READER)
            readers[patch.recipient_id] = patched(known, patch)
        return readers


def _find_lack(catalog: TenantCatalog, draft: Draft) -> Refusal | None:
    """Why nothing can be made of it, as far as the catalog tells."""
    if catalog.type_of(draft.type) is None:
        if not catalog.accepts_unknown:
            return NotFound(Reason.TYPE_NOT_FOUND)
        return None if draft.has_content else FieldsInvalid.of("content", "is required: no template tells it")
    if draft.has_content or find_source(catalog.templates_of(draft.type)) is not None:
        return None
    return NotFound(Reason.TEMPLATE_NOT_FOUND)


def _is_plain(known: KnownType, draft: Draft) -> bool:
    """Nothing is rendered, and nothing looks at the data."""
    return draft.has_content and known.validator is None and not _rules(known.type, draft)


def _rules(kind: NotificationType, draft: Draft) -> dict[str, str]:
    """Those of the type that the sender has not answered already."""
    rules = {
        COLLAPSE: "" if draft.collapse_key else kind.collapse_rule,
        THREAD: "" if draft.thread_key else kind.thread_rule,
    }
    return {name: rule for name, rule in rules.items() if rule}


def _asked_templates(work: _Work) -> ActiveTemplates:
    """Those of the channels that it may go out on, and of the one that tells the content."""
    templates = work.catalog.templates_of(work.draft.type)
    source = find_source(templates)
    offered = work.draft.channels or TypePolicy(offered=work.kind.channels).channels
    asked = (*offered, *channels_of(work.chains), *([source] if source else []))
    return templates_for(templates, asked)
