"""A good folder becomes the bundle that the client takes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from carillon_server.bundle.loader import load_catalog
from carillon_server.bundle.place import Place
from tests.bundle.folders import GOOD, write_folder


def test_a_folder_is_a_bundle(tmp_path: Path) -> None:
    loaded = load_catalog(write_folder(tmp_path / "audit", GOOD))
    assert [str(problem) for problem in loaded.notes.problems] == []
    bundle = loaded.bundle
    assert bundle["name"] == "audit"
    assert bundle["settings"] == {"default_locale": "en"}
    [kind] = bundle["types"]
    assert kind["priority"] == "HIGH"
    assert kind["channels"] == [
        {"channel": "IN_APP", "enabled": True},
        {"channel": "EMAIL", "enabled": True},
        {"channel": "SMS", "enabled": False},
    ]
    assert kind["retention"] == {"archive_after": timedelta(days=30), "delete_after": timedelta(hours=12)}
    assert kind["digest"]["weekday"] == "FRIDAY"
    assert kind["escalation"]["steps"] == [
        {"after": timedelta(minutes=30), "channels": ["SMS"], "topic": "team/oncall"}
    ]
    assert kind["sample_data"] == {"project_name": "Apollo", "issue_count": 3}
    assert bundle["layouts"][0] == {"name": "base", "format": "MJML", "source": GOOD["layouts/base.mjml"]}
    assert bundle["topics"][0]["name"] == "briefings"


def test_templates_are_one_for_each_channel_and_language(tmp_path: Path) -> None:
    bundle = load_catalog(write_folder(tmp_path / "audit", GOOD)).bundle
    templates = {
        (each["locale"], channel): each[channel]
        for each in bundle["templates"]
        for channel in each.keys() - {"type", "locale"}
    }
    assert templates.keys() == {
        ("en", "in_app"),
        ("en", "push"),
        ("en", "sms"),
        ("en", "email"),
        ("de-CH", "in_app"),
    }
    assert templates["en", "email"] == {
        "subject": "Scan complete",
        "layout": "base",
        "markdown": "# Hello\n\n{{ project_name }}\n",
    }
    assert templates["en", "sms"]["text"] == "Scan complete:\n{{ project_name }}\n"


def test_every_value_remembers_its_line(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "audit", GOOD)
    loaded = load_catalog(folder)
    types, english = (str(folder / name) for name in ("types/all.yaml", "templates/scan.completed/en.yaml"))
    place_of = loaded.notes.place_of
    assert place_of("types[0].channels[2].enabled") == Place(types, 7)
    assert place_of("types[0].data_schema.properties.issue_count.type") == Place(types, 15)
    assert place_of("types[0].data_schema.properties.issue_count.type.deeper[3].still") == Place(types, 15)
    sms = next(number for number, each in enumerate(loaded.bundle["templates"]) if "sms" in each)
    text = place_of(f"templates[{sms}].sms.text")
    assert text is not None
    assert text.at_text_line(2) == Place(english, 8)
    mail = next(number for number, each in enumerate(loaded.bundle["templates"]) if "email" in each)
    body = place_of(f"templates[{mail}].email.markdown")
    assert body is not None
    assert body.at_text_line(3) == Place(str(folder / "templates/scan.completed/en.email.md"), 7)


def test_words_of_old_yaml_are_texts(tmp_path: Path) -> None:
    sample = "types: [{name: x, sample_data: {a: no, b: 2026-01-01, c: on, d: 08:30, e: 1_000, f: 010}}]\n"
    files = {"catalog.yaml": "", "types/x.yaml": sample}
    [kind] = load_catalog(write_folder(tmp_path / "audit", files)).bundle["types"]
    assert kind["sample_data"] == {
        "a": "no",
        "b": "2026-01-01",
        "c": "on",
        "d": "08:30",
        "e": "1_000",
        "f": 10,
    }


def test_a_large_catalog_is_read(tmp_path: Path) -> None:
    files = {"catalog.yaml": "description: x\n"}
    for number in range(1_000):
        files[f"types/t{number}.yaml"] = f"types:\n  - name: t{number}\n    display_name: T\n"
        for locale in ("de", "en", "fr", "it", "pt-BR"):
            files[f"templates/t{number}/{locale}.yaml"] = "in_app:\n  title: x\n  body: |\n    a\n    b\n"
    folder = write_folder(tmp_path / "large", files)
    loaded = load_catalog(folder)
    assert loaded.is_good
    assert (len(loaded.bundle["types"]), len(loaded.bundle["templates"])) == (1_000, 5_000)
