"""`carillon recipients import`: what is taken, and what is said of each line that is not."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from carillon import Client
from carillon.testing import FakeCarillon
from tests.cli.command import Finished, Run
from tests.eventually import wait_until

HEADER = "recipient_id,locale,time_zone,email,phone,attributes.name,attributes.team\n"


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def write(content: str | bytes, name: str = "people.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def _said(finished: Finished) -> list[str]:
    return [line for line in finished.stderr.splitlines() if line.startswith(("line ", "carillon: line "))]


def _held(carillon: Run, recipient_id: str) -> dict[str, Any]:
    held = carillon("recipients", "get", recipient_id).document
    return {name: held.get(name) for name in ("locale", "time_zone", "attributes")}


def test_a_csv_file_becomes_recipients_with_addresses(carillon: Run, write: Any) -> None:
    file = write(
        "\ufeff" + HEADER + "ada,de-CH,Europe/Zurich,ada@example.com,+41446681800,Ada,core\r\n"
        'bob,,,bob@example.com,,"Bob\n""the builder""",\n\ncleo,fr,,,,,\n'
    )
    finished = carillon("recipients", "import", file)
    assert (finished.exit_code, finished.document) == (0, {"stored": 3, "refused": 0})
    assert _held(carillon, "ada") == {
        "locale": "de-CH",
        "time_zone": "Europe/Zurich",
        "attributes": {"name": "Ada", "team": "core"},
    }
    assert _held(carillon, "bob")["attributes"] == {"name": 'Bob\n"the builder"'}
    addresses = [each["address"] for each in carillon("endpoints", "list", "--recipient", "ada").lines]
    assert addresses == ["ada@example.com", "+41446681800"]


def test_again_changes_nothing_and_empty_cells_keep_what_was_there(carillon: Run, write: Any) -> None:
    carillon("recipients", "import", write(HEADER + "ada,de-CH,,a@example.com,,Ada,core\n"))
    before = _held(carillon, "ada")
    for _ in range(2):
        carillon("recipients", "import", write(HEADER + "ada,,,a@example.com,,,\n"))
    assert _held(carillon, "ada") == before
    assert len(carillon("endpoints", "list", "--recipient", "ada").lines) == 1


def test_json_lines_have_the_shape_of_the_api(carillon: Run, write: Any) -> None:
    lines = [
        {"recipient": {"recipient_id": "ada", "locale": "de", "attributes": {"age": 36, "tags": ["x"]}}},
        {"recipient": {"recipient_id": "ada"}, "update_mask": "locale"},
        {
            "recipient": {"recipient_id": "bob"},
            "endpoints": [
                {"channel": "email", "address": "b@example.com", "verification": "VERIFIED"},
                {"channel": "CHANNEL_SMS", "address": "+41446681800"},
            ],
        },
    ]
    file = write("\n".join(map(json.dumps, lines)), "people.jsonl")
    assert carillon("recipients", "import", file).document == {"stored": 3, "refused": 0}
    assert _held(carillon, "ada") == {
        "locale": None,
        "time_zone": None,
        "attributes": {"age": 36, "tags": ["x"]},
    }
    endpoints = carillon("endpoints", "list", "--recipient", "bob").lines
    assert [each["verification"] for each in endpoints] == [
        "VERIFICATION_STATE_VERIFIED",
        "VERIFICATION_STATE_UNVERIFIED",
    ]


def test_a_bad_line_fails_alone_under_its_number_and_column(
    carillon: Run, write: Any, tmp_path: Path
) -> None:
    rows = [
        '"a\nb",,,,,,',
        "bad-mail,,,nowhere,,,",
        "ada,,,ada@example.com,,,",
        ",,,x@example.com,,,",
        "short,",
        "bad-phone,,,p@example.com,044,,",
        "latin,,,,,M\xfcller,".encode("latin-1"),
    ]
    content = HEADER.encode() + b"".join(
        (row if isinstance(row, bytes) else row.encode()) + b"\n" for row in rows
    )
    log = tmp_path / "errors.txt"
    finished = carillon("recipients", "import", write(content), "--errors", log)
    assert (finished.exit_code, finished.document) == (1, {"stored": 1, "refused": 6})
    places = [line.split(":")[:2] for line in _said(finished)]
    assert places == [
        ["line 2", " recipient_id"],
        ["line 4", " email"],
        ["line 6", " recipient_id"],
        ["line 7", " has 2 values for 7 columns"],
        ["line 8", " phone"],
        ["line 9", " attributes.name"],
    ]
    assert log.read_text().splitlines() == _said(finished)
    assert carillon("recipients", "get", "ada").exit_code == 0


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{",
        '{"recipient": {"recipient_id": "x", "recipient_id": "y"}}',
        '{"recipient": {"recipient_id": "x", "attributes": {"n": NaN}}}',
        '{"recipient": {"recipient_id": "x", "nickname": "y"}}',
        '{"recipient_id": "x"}',
        '{"recipient": {"recipient_id": "\\ud800"}}',
        '{"recipient": {"recipient_id": "x"}, "endpoints": [{"channel": "PIGEON", "address": "y"}]}',
        '{"recipient": {"recipient_id": "x"}, "endpoints": [7]}',
        '{"recipient": ' + "[" * 100_000,
        '{"recipient": {"recipient_id": 7}}',
        "{}",
    ],
)
def test_a_line_that_is_no_recipient_fails_alone(carillon: Run, write: Any, line: str) -> None:
    good = '{"recipient": {"recipient_id": "ada"}}'
    finished = carillon("recipients", "import", write(f"{good}\n\n{line}\n{good}\n", "people.jsonl"))
    assert (finished.exit_code, finished.document) == (1, {"stored": 2, "refused": 1})
    [said] = _said(finished)
    assert said.startswith("line 3: ")


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("", "line 1: "),
        ("recipient_id,mail\nada,a@example.com\n", "line 1: mail: "),
        ("recipient_id,locale,locale\nada,de,fr\n", "line 1: locale: "),
        ("locale,email\nde,a@example.com\n", "line 1: recipient_id: "),
        ("recipient_id,attributes.\nada,x\n", "line 1: attributes.: "),
        ("recipient_id;locale\nada;de\n", "line 1: recipient_id;locale: "),
        ('\n\nrecipient_id,"locale', "line 3: "),
        ("recipient_id\nada\n".encode("utf-16"), "line 1: "),
        ("recipient_id\n" + "x" * 2_000_000 + "\n", "line 2: "),
    ],
)
def test_a_file_that_cannot_be_understood_stores_nothing(
    carillon: Run, write: Any, content: str | bytes, where: str
) -> None:
    finished = carillon("recipients", "import", write(content))
    assert finished.exit_code == 1
    assert finished.stderr.startswith(f"carillon: {where}")
    assert not carillon("recipients", "list").lines


def test_what_comes_before_a_quote_that_never_closes_is_stored(carillon: Run, write: Any) -> None:
    finished = carillon("recipients", "import", write('recipient_id,locale\nada,de\nbob,"fr\ncleo,it\n'))
    assert finished.exit_code == 1
    assert "carillon: line 3: " in finished.stderr
    assert [each["recipient_id"] for each in carillon("recipients", "list").lines] == ["ada"]


def test_a_dry_run_checks_and_stores_nothing(carillon: Run, write: Any) -> None:
    rows = "ada,de-CH,Europe/Zurich,ada@example.com,+41446681800,,\n" + "bob,de_CH,Mars/Olympus,b,044,,\n"
    finished = carillon("recipients", "import", write(HEADER + rows), "--dry-run")
    assert (finished.exit_code, finished.document) == (1, {"stored": 0, "refused": 1})
    assert sorted(line.split(":")[1] for line in _said(finished)) == [
        " email",
        " locale",
        " phone",
        " time_zone",
    ]
    assert not carillon("recipients", "list").lines


def test_standard_input_is_read_too(carillon: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"recipient_id\nada\n"))
    monkeypatch.setattr("sys.stdin", stdin)
    assert carillon("recipients", "import", "-", "--format", "csv").document["stored"] == 1
    assert carillon("recipients", "import", "-").exit_code == 2


def test_lines_of_one_recipient_count_in_their_order_across_batches(carillon: Run, write: Any) -> None:
    many = "".join(f"r{number},,,,,,\n" for number in range(1_700))
    last = "ada,fr,,,,,\n"
    finished = carillon("recipients", "import", write(HEADER + "ada,de,,,,,\n" + many + last + many + last))
    assert finished.document == {"stored": 3_403, "refused": 0}
    assert _held(carillon, "ada")["locale"] == "fr"


def test_a_service_that_fails_ends_it_with_how_far_it_came(
    carillon: Run, write: Any, service: FakeCarillon
) -> None:
    service.fail_next("INTERNAL", method="BatchUpsertRecipients")
    finished = carillon("recipients", "import", write(HEADER + "ada,,,,,,\n"))
    assert finished.exit_code == 4
    assert "Settled up to line 0" in finished.stderr


def test_ctrl_c_ends_it_with_how_far_it_came(write: Any, data_dir: Path, service: FakeCarillon) -> None:
    file = write("recipient_id\n" + "".join(f"r{number}\n" for number in range(200_000)))
    command = [sys.executable, "-m", "carillon_server", "recipients", "import", str(file)]
    with (
        Client(service.target, token=service.token("producer")) as client,
        subprocess.Popen(
            [*command, "--data-dir", str(data_dir)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        wait_until(lambda: client.list_recipients(page_size=1).recipients, within_seconds=20)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    assert process.returncode not in (0, None)
    assert "Stopped. Settled up to line " in stderr
    assert "Traceback" not in stderr


def test_an_export_is_written_line_by_line_to_a_file_of_ones_own(carillon: Run, tmp_path: Path) -> None:
    carillon("recipients", "upsert", "ada", "--email", "ada@example.com")
    lines = carillon("recipients", "export", "ada").lines
    assert [line["noun"] for line in lines][:2] == ["profile", "endpoint"]
    assert lines[0]["record"]["recipient_id"] == "ada"
    file = tmp_path / "ada.jsonl"
    assert carillon("recipients", "export", "ada", "--output", file).exit_code == 0
    assert [json.loads(line) for line in file.read_text().splitlines()] == lines
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_export_of_nobody_leaves_no_file(carillon: Run, tmp_path: Path) -> None:
    assert carillon("recipients", "export", "nobody", "--output", tmp_path / "x.jsonl").exit_code == 1
    assert not list(tmp_path.glob("*x.jsonl*"))
