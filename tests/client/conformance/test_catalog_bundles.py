"""Whole catalogs: applied as one thing, told apart from what is there, given back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from carillon import AsyncClient, errors
from carillon.v1.catalog_service_pb2 import ApplyCatalogResponse, CatalogChangeKind


class Names:
    """Of things that no other test knows."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex[:12]
        self.catalog, self.type = f"audit-{self.mark}", f"scan.{self.mark}"
        self.layout, self.topic = f"frame-{self.mark}", f"team/{self.mark}"

    def bundle(self, **changes: Any) -> Any:
        email = {"subject": "Scan of {{ project }}", "markdown": "# {{ project }}", "layout": self.layout}
        return {
            "name": self.catalog,
            "types": [self.kind()],
            "templates": [self.template("Done: {{ project }}"), {**self.template(""), "email": email}],
            "layouts": [{"name": self.layout, "format": "HTML", "source": "<p>{{ content }}</p>"}],
            "topics": [{"name": self.topic, "display_name": "Team"}],
            **changes,
        }

    def kind(self, **changes: Any) -> Any:
        schema = {
            "type": "object",
            "properties": {"project": {"type": "string"}, "count": {"type": "integer"}},
            "required": ["project"],
        }
        return {
            "name": self.type,
            "data_schema": schema,
            "sample_data": {"project": "Apollo", "count": 3},
            "channels": [{"channel": "IN_APP", "enabled": True}, {"channel": "EMAIL", "enabled": False}],
            "time_to_live": timedelta(days=7),
            **changes,
        }

    def template(self, text: str) -> Any:
        said = {"sms": {"text": text}} if text else {}
        return {"type": self.type, "locale": "en", **said}


@pytest.fixture
def names() -> Names:
    return Names()


def told(answer: ApplyCatalogResponse) -> list[tuple[str, str, str]]:
    return [
        (CatalogChangeKind.Name(each.kind).removeprefix("CATALOG_CHANGE_KIND_"), each.noun, each.name)
        for each in answer.changes
    ]


def fields_of(refused: pytest.ExceptionInfo[errors.FieldInvalidError]) -> Iterable[str]:
    return [violation.field for violation in refused.value.field_violations]


async def test_a_bundle_is_created_and_then_found_as_it_is(operator: AsyncClient, names: Names) -> None:
    bundle = names.bundle()
    planned = await operator.apply_catalog(bundle=bundle, dry_run=True)
    with pytest.raises(errors.TypeNotFoundError):
        await operator.get_type(name=names.type)
    assert told(await operator.apply_catalog(bundle=bundle)) == told(planned)
    assert told(planned) == [
        ("CREATED", "layout", names.layout),
        ("CREATED", "template", f"{names.type} EMAIL en"),
        ("CREATED", "template", f"{names.type} SMS en"),
        ("CREATED", "topic", names.topic),
        ("CREATED", "type", names.type),
    ]
    again = await operator.apply_catalog(bundle=bundle)
    assert (told(again), again.unchanged_count) == ([], 5)
    assert (await operator.get_type(name=names.type)).type.catalog == names.catalog


async def test_what_differs_is_named_field_by_field(operator: AsyncClient, names: Names) -> None:
    await operator.apply_catalog(bundle=names.bundle())
    types = [names.kind(description="New", mandatory=True)]
    templates = [names.template("Ready: {{ project }}"), names.bundle()["templates"][1]]
    answer = await operator.apply_catalog(bundle=names.bundle(types=types, templates=templates))
    assert told(answer) == [
        ("CHANGED", "template", f"{names.type} SMS en"),
        ("CHANGED", "type", names.type),
    ]
    assert [list(each.fields) for each in answer.changes] == [["text"], ["description", "mandatory"]]
    template = (await operator.get_template(type=names.type, channel="SMS", locale="en")).template
    assert (template.version, template.sms.text) == (2, "Ready: {{ project }}")


async def test_one_error_and_nothing_is_applied(operator: AsyncClient, names: Names) -> None:
    templates = [
        {**names.template("x"), "type": f"{names.type}.unknown"},
        {**names.template(""), "push": {"body": "no title"}},
    ]
    with pytest.raises(errors.FieldInvalidError) as refused:
        await operator.apply_catalog(bundle=names.bundle(templates=templates))
    assert "bundle.templates[1].push.title" in fields_of(refused)
    with pytest.raises(errors.TypeNotFoundError):
        await operator.get_type(name=names.type)


async def test_two_of_one_name_are_refused(operator: AsyncClient, names: Names) -> None:
    with pytest.raises(errors.FieldInvalidError) as refused:
        await operator.apply_catalog(bundle=names.bundle(types=[names.kind(), names.kind()]))
    assert "bundle.types[1]" in fields_of(refused)


async def test_another_catalog_may_have_the_same_but_nothing_else(
    operator: AsyncClient, names: Names
) -> None:
    await operator.apply_catalog(bundle=names.bundle())
    other = f"other-{names.mark}"
    same = await operator.apply_catalog(bundle=names.bundle(name=other))
    assert (told(same), same.unchanged_count) == ([], 5)
    with pytest.raises(errors.FieldInvalidError) as refused:
        await operator.apply_catalog(bundle=names.bundle(name=other, types=[names.kind(mandatory=True)]))
    assert fields_of(refused) == ["bundle.types[0]"]
    assert (await operator.get_type(name=names.type)).type.catalog == names.catalog


async def test_what_was_made_by_hand_is_taken_over(operator: AsyncClient, names: Names) -> None:
    await operator.put_type(type=names.kind())
    answer = await operator.apply_catalog(bundle=names.bundle(templates=[], layouts=[], topics=[]))
    assert (told(answer), list(answer.changes[0].fields)) == ([("CHANGED", "type", names.type)], ["catalog"])


async def test_pruning_removes_what_the_catalog_no_longer_has(
    operator: AsyncClient, producer: AsyncClient, names: Names, ada: str
) -> None:
    await operator.apply_catalog(bundle=names.bundle())
    await producer.add_topic_members(topic=names.topic, members=[{"recipient_id": ada}])
    less = {"name": names.catalog, "types": [names.kind()]}
    assert told(await operator.apply_catalog(bundle=less)) == []
    assert told(await operator.apply_catalog(bundle=less, prune=True)) == [
        ("REMOVED", "layout", names.layout),
        ("REMOVED", "template", f"{names.type} EMAIL en"),
        ("REMOVED", "template", f"{names.type} SMS en"),
    ]
    assert names.topic in [topic.name async for topic in producer.list_all_topics()]


async def test_an_export_applies_without_a_change(operator: AsyncClient, names: Names) -> None:
    await operator.apply_catalog(bundle=names.bundle())
    bundle = (await operator.export_catalog(catalog=names.catalog)).bundle
    assert (bundle.name, bundle.types[0].catalog, bundle.templates[0].version) == (names.catalog, "", 0)
    assert [each.name for each in bundle.layouts] == [names.layout]
    assert told(await operator.apply_catalog(bundle=bundle)) == []
    everything = (await operator.export_catalog()).bundle
    assert everything.HasField("settings")
    assert names.type in [kind.name for kind in everything.types]


async def test_only_operators_change_catalogs(producer: AsyncClient, names: Names) -> None:
    with pytest.raises(errors.ScopeMissingError):
        await producer.apply_catalog(bundle=names.bundle())
    with pytest.raises(errors.ScopeMissingError):
        await producer.export_catalog()
