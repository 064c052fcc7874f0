"""What people see on a terminal: tables and colours, the live inbox, ids in full."""

from __future__ import annotations

import signal
from pathlib import Path

from carillon.testing import FakeCarillon
from carillon_server.cli.output import plain
from tests.cli.command import Run
from tests.cli.terminal import Terminal


def send(carillon: Run, title: str) -> str:
    sent = carillon("send", "scan.completed", "--to", "user-a", "--title", title).document
    notification_id: str = sent["results"][0]["notification_id"]
    return notification_id


def test_a_list_is_a_table_with_whole_ids(carillon: Run, data_dir: Path) -> None:
    notification_id = send(
        carillon, "A title as long as it takes to fill a line of this terminal from end to end " * 2
    )
    with Terminal(["list", "--data-dir", data_dir]) as terminal:
        assert terminal.finish() == 0
        assert terminal.colourful
        assert notification_id in terminal.text
        assert "1 unread" in terminal.text


def test_text_from_others_is_shown_as_it_is(carillon: Run, data_dir: Path) -> None:
    send(carillon, "[bold]not markup[/bold] :smile:")
    with Terminal(["list", "--data-dir", data_dir]) as terminal:
        terminal.finish()
        assert "[bold]not markup[/bold] :smile:" in terminal.text


def test_text_from_others_cannot_steer_the_terminal() -> None:
    assert plain("a\x1b[2Jb\rc\x9bd") == "a [2Jb c d"


def test_tail_shows_what_happens_and_where_to_go_on(carillon: Run, data_dir: Path) -> None:
    with Terminal(["tail", "--data-dir", data_dir]) as terminal:
        terminal.wait_for("0 in the inbox")
        notification_id = send(carillon, "Look here")
        terminal.wait_for(notification_id)
        carillon("read", notification_id)
        terminal.wait_for("[read]")
        terminal.press_control_c()
        assert terminal.finish() == 128 + signal.SIGINT
        assert "--cursor" in terminal.text
        assert "Traceback" not in terminal.text


def test_tail_outlives_a_lost_connection(carillon: Run, service: FakeCarillon, data_dir: Path) -> None:
    with Terminal(["tail", "--data-dir", data_dir]) as terminal:
        terminal.wait_for("0 in the inbox")
        service.cut_streams()
        missed = send(carillon, "Sent meanwhile")
        terminal.wait_for(missed)
        last = send(carillon, "Sent after it")
        terminal.wait_for(last)
        assert terminal.text.count(missed) == 1


def test_tail_goes_on_after_a_cursor(carillon: Run, data_dir: Path) -> None:
    send(carillon, "Seen before")
    cursor = carillon("read", "--all").document["cursor"]
    after = send(carillon, "Sent since")
    with Terminal(["tail", "--cursor", cursor, "--data-dir", data_dir]) as terminal:
        terminal.wait_for(after)
        assert "Seen before" not in terminal.text


def test_help_is_there_for_every_command() -> None:
    with Terminal(["--help"]) as terminal:
        assert terminal.finish() == 0
        assert "tail" in terminal.text
