"""A bundle is applied as a whole or not at all, and once however often it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from carillon_server.domain.catalog_bundle import CatalogBundle, CatalogPlan, ChangeKind
from carillon_server.domain.catalog_settings import CatalogSettings, UnknownTypes
from carillon_server.domain.channel import Channel
from carillon_server.domain.errors import FieldsInvalid, FieldViolation
from carillon_server.domain.layout import Layout, LayoutFormat
from carillon_server.domain.notification_type import NotificationType
from carillon_server.domain.rendering import (
    Rendered,
    RenderFailure,
    RenderJob,
    Sheet,
    SheetReport,
    SourceProblem,
)
from carillon_server.domain.template import Dependence, Template
from carillon_server.domain.topic import Topic, TopicMember
from carillon_server.services.catalog.apply import CatalogApplier
from carillon_server.services.catalog.desk import CatalogDesk
from carillon_server.services.catalog.inspector import Inspector
from carillon_server.services.catalog.types import TypeService
from carillon_server.services.topics import TopicService
from carillon_server.storage.catalog_state import fetch_revisions
from carillon_server.storage.database import Database
from tests.services.conftest import Core


class Reader:
    """Takes whatever does not say `wrong`."""

    async def render(self, jobs: Sequence[RenderJob]) -> Sequence[Rendered | RenderFailure]:
        raise NotImplementedError

    async def check(
        self, sheet: Sheet, data_schema: Mapping[str, Any], sample_data: Mapping[str, Any]
    ) -> SheetReport:
        problems = [
            SourceProblem(part, 1, "is wrong") for part, text in sheet.parts.items() if "wrong" in text
        ]
        personal = any("recipient" in text for text in sheet.parts.values())
        return SheetReport(tuple(problems), Dependence.RECIPIENT if personal else Dependence.NOTHING)


class Anything:
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def violations(self, data: Mapping[str, Any]) -> Sequence[FieldViolation]:
        return ()


def process(database: Database) -> tuple[CatalogApplier, CatalogDesk, Inspector]:
    """What each server process has of its own."""
    desk = CatalogDesk(database, lambda _: None)
    inspector = Inspector(Reader(), Anything)
    return CatalogApplier(database, desk, inspector), desk, inspector


def template(kind: str, text: str = "Done", *, channel: Channel = Channel.SMS) -> Template:
    return Template(kind, channel, "en", {"text" if channel is Channel.SMS else "title": text})


SCAN, ISSUE = NotificationType("scan.completed"), NotificationType("issue.created")
MAIL = Template("scan.completed", Channel.EMAIL, "en", {"subject": "Done", "html": "x"}, "base")
BASE = Layout("base", LayoutFormat.HTML, "{{ content }}")
AUDIT = CatalogBundle(
    "audit",
    (SCAN,),
    (template("scan.completed"), MAIL),
    (BASE,),
    (Topic("team", "Team"),),
    CatalogSettings(default_locale="de"),
)


class World:
    def __init__(self, core: Core) -> None:
        self.database = core.database
        self.applier, self.desk, self.inspector = process(core.database)

    async def apply(
        self, bundle: CatalogBundle = AUDIT, *, dry_run: bool = False, prune: bool = False
    ) -> CatalogPlan:
        return await self.applier.apply("acme", bundle, dry_run=dry_run, prune=prune)

    async def revision(self) -> int:
        return (await fetch_revisions(self.database, ["acme"])).get("acme", 0)

    async def versions(self) -> list[tuple[str, int, bool, str]]:
        rows = await self.database.fetch("SELECT * FROM template ORDER BY type, channel, version")
        return [(row["type"], row["version"], row["active"], row["catalog"]) for row in rows]


@pytest.fixture
def world(core: Core) -> World:
    return World(core)


def told(plan: CatalogPlan) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(change.kind.name, change.noun.value, change.name, change.fields) for change in plan.changes]


async def test_what_is_new_is_created_and_once_is_as_good_as_twice(world: World) -> None:
    assert told(await world.apply()) == [
        ("CREATED", "layout", "base", ()),
        ("CHANGED", "settings", "", ("default_locale",)),
        ("CREATED", "template", "scan.completed EMAIL en", ()),
        ("CREATED", "template", "scan.completed SMS en", ()),
        ("CREATED", "topic", "team", ()),
        ("CREATED", "type", "scan.completed", ()),
    ]
    revision, versions = await world.revision(), await world.versions()
    again = await world.apply()
    assert (again.changes, again.unchanged_count) == ((), 5)
    assert (await world.revision(), await world.versions()) == (revision, versions)


async def test_a_dry_run_tells_the_same_and_does_nothing(world: World) -> None:
    planned = await world.apply(dry_run=True)
    assert (await world.revision(), await world.versions()) == (0, [])
    assert told(await world.apply()) == told(planned)


async def test_what_differs_becomes_a_version_in_use(world: World) -> None:
    await world.apply()
    changed = replace(AUDIT, templates=(template("scan.completed", "{{ recipient.id }}"), MAIL))
    assert told(await world.apply(changed)) == [("CHANGED", "template", "scan.completed SMS en", ("text",))]
    held = (await world.applier.export("acme", "audit")).templates[1]
    assert (held.version, held.active, held.dependence) == (2, True, Dependence.RECIPIENT)


async def test_all_that_is_wrong_is_told_and_nothing_is_applied(world: World) -> None:
    bad = replace(
        AUDIT,
        templates=(
            template("scan.completed", "wrong"),
            template("scan.completed", "wrong", channel=Channel.PUSH),
            MAIL,
        ),
    )
    with pytest.raises(FieldsInvalid) as refused:
        await world.apply(bad)
    assert [each.field for each in refused.value.violations] == [
        "bundle.templates[0].sms.text",
        "bundle.templates[1].push.title",
    ]
    assert (await world.revision(), await world.versions()) == (0, [])


async def test_a_template_of_no_type_is_refused(world: World) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        await world.apply(replace(AUDIT, types=()))
    assert refused.value.violations[0].field == "bundle.templates[0].type"


async def test_what_another_catalog_brought_is_shared_but_not_changed(world: World) -> None:
    await world.apply()
    same = CatalogBundle("mail", (SCAN, ISSUE))
    assert told(await world.apply(same)) == [("CREATED", "type", "issue.created", ())]
    with pytest.raises(FieldsInvalid) as refused:
        await world.apply(CatalogBundle("mail", (ISSUE, replace(SCAN, mandatory=True))))
    assert refused.value.violations[0].field == "bundle.types[1]"
    assert "audit" in refused.value.violations[0].description


async def test_what_was_made_by_hand_is_taken_over(world: World) -> None:
    await TypeService(world.database, world.desk, world.inspector).put("acme", SCAN)
    changes = told(await world.apply(CatalogBundle("audit", (SCAN,))))
    assert changes == [("CHANGED", "type", "scan.completed", ("catalog",))]
    assert (await world.applier.export("acme", "audit")).types[0].catalog == "audit"


async def test_what_was_changed_by_hand_is_brought_back(world: World) -> None:
    await world.apply()
    types = TypeService(world.database, world.desk, world.inspector)
    await types.put("acme", replace(SCAN, description="by hand"))
    assert told(await world.apply()) == [("CHANGED", "type", "scan.completed", ("description",))]


async def test_pruning_removes_only_what_this_catalog_brought(world: World) -> None:
    await world.apply()
    await world.apply(CatalogBundle("issues", (ISSUE,), (template("issue.created"),)))
    topics = TopicService(world.database)
    await topics.add_members("acme", "team", [TopicMember("ada")], timeout=None)
    less = CatalogBundle("audit")
    assert (await world.apply(less)).changes == ()
    assert [each.name for each in (await world.apply(less, prune=True)).changes] == [
        "base",
        "scan.completed EMAIL en",
        "scan.completed SMS en",
        "scan.completed",
    ]
    left = await world.applier.export("acme", "")
    assert [kind.name for kind in left.types] == ["issue.created"]
    assert [topic.name for topic in left.topics] == ["team"]
    assert [row[0] for row in await world.versions()] == ["issue.created"]


async def test_a_layout_that_is_still_used_is_not_pruned(world: World) -> None:
    await world.apply()
    changes = told(await world.apply(replace(AUDIT, layouts=()), prune=True))
    assert changes == []


async def test_members_of_topics_stay(world: World) -> None:
    await world.apply()
    topics = TopicService(world.database)
    await topics.add_members("acme", "team", [TopicMember("ada")], timeout=None)
    changed = replace(AUDIT, topics=(Topic("team", "The team"),))
    assert told(await world.apply(changed)) == [("CHANGED", "topic", "team", ("display_name",))]
    [topic] = (await world.applier.export("acme", "audit")).topics
    assert (topic.display_name, topic.member_count) == ("The team", 1)


async def test_settings_that_a_bundle_does_not_name_stay(world: World) -> None:
    await world.apply(replace(AUDIT, settings=CatalogSettings(UnknownTypes.ACCEPT, "fr", "Europe/Zurich")))
    await world.apply()
    settings = (await world.applier.export("acme", "")).settings
    assert settings == CatalogSettings(UnknownTypes.ACCEPT, "de", "Europe/Zurich")


async def test_tenants_do_not_see_each_other(world: World) -> None:
    await world.apply()
    assert (await world.applier.export("other", "")).types == ()
    await world.applier.apply("other", CatalogBundle("audit"), dry_run=False, prune=True)
    assert len((await world.applier.export("acme", "")).types) == 1


async def test_processes_that_apply_the_same_at_once_change_it_once(world: World) -> None:
    processes = [process(world.database)[0] for _ in range(5)]
    plans = await asyncio.gather(
        *(each.apply("acme", AUDIT, dry_run=False, prune=False) for each in processes)
    )
    assert sorted(len(plan.changes) for plan in plans) == [0, 0, 0, 0, 6]
    assert await world.revision() == 1
    assert [row[1] for row in await world.versions()] == [1, 1]


async def test_what_breaks_off_leaves_nothing(world: World) -> None:
    await world.database.fetch("ALTER TABLE topic ADD CONSTRAINT full_house CHECK (name <> 'team') NOT VALID")
    try:
        with pytest.raises(Exception, match="CheckViolation"):
            await world.apply()
    finally:
        await world.database.fetch("ALTER TABLE topic DROP CONSTRAINT full_house")
    assert (await world.revision(), await world.versions()) == (0, [])
    assert await world.applier.export("acme", "audit") == CatalogBundle("audit")


async def test_a_large_bundle_is_applied_whole(world: World) -> None:
    names = [f"type.{number}" for number in range(1_000)]
    locales = ("de", "en", "fr", "it", "pt")
    bundle = CatalogBundle(
        "large",
        tuple(NotificationType(name) for name in names),
        tuple(replace(template(name), locale=locale) for name in names for locale in locales),
    )
    plan = await world.apply(bundle)
    assert len(plan.changes) == 6_000
    assert all(change.kind is ChangeKind.CREATED for change in plan.changes)
    assert (await world.apply(bundle)).changes == ()


async def test_what_one_tenant_has_is_promoted_to_another(world: World) -> None:
    await world.apply()
    exported = await world.applier.export("acme", "audit")
    for changes in (5, 0):
        plan = await world.applier.apply("live", exported, dry_run=False, prune=True)
        assert len(plan.changes) == changes
    promoted = await world.applier.export("live", "audit")
    assert [(each.name, each.catalog) for each in promoted.types] == [("scan.completed", "audit")]
    assert [dict(each.parts) for each in promoted.templates] == [
        dict(each.parts) for each in exported.templates
    ]
