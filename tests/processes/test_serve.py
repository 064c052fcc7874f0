"""`carillon serve --processes 2`: two servers on one port, which callers take for one."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from carillon.errors import UnavailableError
from tests.eventually import eventually, wait_until
from tests.processes.serving import ENDS_SECONDS, Serving, has_ended, launched

# Processes start and end here, on machines that do other things besides.
pytestmark = pytest.mark.timeout(180)

_SENT = {"result": "sent"}
_SUBSCRIBE = {"method": "carillon.v1.NotificationService/Subscribe"}


async def send(serving: Serving, title: str, to: str = "ann") -> None:
    """As a caller does, on a connection of its own: again with the same `request_id` until it is answered."""
    async with serving.producer() as client:

        async def sent() -> bool:
            try:
                await client.send(
                    request_id=title, recipient_ids=[to], type="demo.hello", content={"title": title}
                )
            except UnavailableError:
                return False
            return True

        await eventually(sent, 10)


async def test_what_is_sent_through_one_is_live_on_the_streams_of_both(serving: Serving) -> None:
    async with serving.screens("ann") as screens:
        assert min(serving.streams().values()) >= 1
        await send(serving, "hello")
        async with asyncio.timeout(10):
            await asyncio.gather(*(screen.shows("hello") for screen in screens))


async def test_both_share_the_inner_address_too(serving: Serving) -> None:
    async with serving.screens("eve", target=serving.inner) as screens:
        assert min(serving.streams().values()) >= 1
        await send(serving, "hello within", to="eve")
        async with asyncio.timeout(10):
            await asyncio.gather(*(screen.shows("hello within") for screen in screens))


async def test_a_request_id_through_both_makes_one_notification(serving: Serving) -> None:
    # On sixteen connections, all of which are to one process once in 30,000 runs.
    before = serving.metric("carillon_sends_total", **_SENT)
    await asyncio.gather(*(send(serving, "once", to="bob") for _ in range(16)))
    async with serving.client("inbox", subject="bob") as bob:
        assert [told.content.title async for told in bob.list_all()] == ["once"]
    assert serving.metric("carillon_sends_total", **_SENT) == before + 1


async def test_a_killed_process_takes_only_its_own_streams_and_comes_back(serving: Serving) -> None:
    async with serving.screens("cleo", at_least=2) as screens:
        killed, other = serving.streams(), serving.pids["2"]
        started = serving.metric("carillon_streams_started_total", **_SUBSCRIBE)
        await asyncio.to_thread(serving.kill, "1")
        await send(serving, "after the kill", to="cleo")
        async with asyncio.timeout(20):
            await asyncio.gather(*(screen.shows("after the kill") for screen in screens))
        again = serving.metric("carillon_streams_started_total", **_SUBSCRIBE) - started
        assert again == killed["1"]
        assert serving.pids["2"] == other
    (ended,) = serving.events("process.ended")
    assert (ended["process"], ended["exit_code"]) == (1, -signal.SIGKILL)


async def test_metrics_are_summed_and_survive_the_processes(serving: Serving) -> None:
    before = serving.metrics()
    for number in range(20):
        await send(serving, f"counted-{number}", to="dora")
    name = ("carillon_sends_total", frozenset(_SENT.items()))
    after = serving.metrics()
    assert after[name] == before[name] + 20
    for number in ("1", "2"):
        await asyncio.to_thread(serving.kill, number)
    later = serving.metrics()
    assert later[name] == after[name]
    fallen = {
        key
        for key, value in after.items()
        if key[0].endswith(("_total", "_count", "_bucket")) and later[key] < value
    }
    assert fallen == set()
    assert later["carillon_processes_ready", frozenset()] == 2
    await send(serving, "counted at last", to="dora")
    assert serving.metrics()[name] == after[name] + 1


async def test_hangup_replaces_all_without_an_error_and_streams_go_on(serving: Serving) -> None:
    pids, sends, before = serving.pids, 0, serving.metric("carillon_sends_total", **_SENT)
    async with serving.screens("eve", at_least=2) as screens:
        serving.process.send_signal(signal.SIGHUP)
        while not serving.events("processes.renewed"):
            await send(serving, f"meanwhile-{sends}", to="eve")
            sends += 1
        async with asyncio.timeout(20):
            await asyncio.gather(*(screen.shows(f"meanwhile-{sends - 1}") for screen in screens))
        for screen in screens:
            assert screen.titles == [f"meanwhile-{number}" for number in range(sends)]
    assert not {*pids.values()} & {*serving.pids.values()}
    # Who ends by itself tells what it counted last.
    assert serving.metric("carillon_sends_total", **_SENT) == before + sends
    drained = [record["others_take_over"] for record in serving.events("process.draining")]
    assert drained == [True, True]


async def test_a_successor_that_does_not_come_up_leaves_the_old_one(serving: Serving) -> None:
    pids, keys = serving.pids, serving.issuer.jwks_path
    keys.rename(keys.with_suffix(".away"))
    try:
        serving.process.send_signal(signal.SIGHUP)
        serving.wait_for("processes.renewal_failed")
    finally:
        keys.with_suffix(".away").rename(keys)
    assert serving.pids == pids
    await send(serving, "still here")


def test_the_supervisor_never_loads_grpc(serving: Serving) -> None:
    def loads_grpc(pid: int) -> bool:
        return "cygrpc" in Path(f"/proc/{pid}/maps").read_text()

    assert not loads_grpc(serving.process.pid)
    assert all(loads_grpc(pid) for pid in serving.pids.values())


def test_a_second_service_on_the_port_is_told(
    serving: Serving, tmp_path: Path, shared_postgres_url: str, shared_redis_url: str
) -> None:
    taken = {"grpc_address": serving.target}
    with launched(tmp_path, shared_postgres_url, shared_redis_url, **taken) as second:
        assert second.process.wait(ENDS_SECONDS) == 3
        assert f"cannot listen on {serving.target}" in second.last_words


def test_sigterm_ends_all_with_0(serving: Serving) -> None:
    pids = serving.pids
    assert serving.stop() == 0
    assert all(has_ended(pid) for pid in pids.values())
    (ready,) = serving.events("server.ready")
    assert ready["processes"] == 2


def test_the_processes_end_with_a_killed_supervisor_also_one_that_hangs(
    tmp_path: Path, shared_postgres_url: str, shared_redis_url: str
) -> None:
    with launched(tmp_path, shared_postgres_url, shared_redis_url) as serving:
        serving.wait_for("process.ready")
        pids = serving.pids
        assert len(pids) == 2
        os.kill(pids["2"], signal.SIGSTOP)
        os.kill(serving.process.pid, signal.SIGKILL)
        wait_until(lambda: all(has_ended(pid) for pid in pids.values()), 10)


def test_settings_that_cannot_work_end_the_command_with_the_words_of_a_process(
    tmp_path: Path, shared_postgres_url: str, shared_redis_url: str
) -> None:
    wrong = {"jwt_static_keys": str(tmp_path / "missing.json")}
    with launched(tmp_path, shared_postgres_url, shared_redis_url, **wrong) as serving:
        assert serving.process.wait(ENDS_SECONDS) == 3
        assert "missing.json" in serving.last_words
        assert "ended while it started (exit code 1)" in serving.last_words
        assert not serving.events("server.ready")
