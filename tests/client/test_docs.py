"""What the documentation shows is run as it stands."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import inspect
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from carillon import AsyncClient
from carillon.testing import FakeCarillon
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "client" / "examples"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
ITEM = {"recipient_ids": ["ada"], "type": "t", "content": {"title": "Hello"}}


async def run(block: str, namespace: dict[str, Any]) -> None:
    code = compile(block, "documentation", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, namespace)
    if inspect.isawaitable(result):
        await result


async def run_until(
    block: str, namespace: dict[str, Any], name: str, act: Callable[[], Awaitable[object]]
) -> None:
    """Runs what goes on for ever, until what happens has made it set `name`."""
    running = asyncio.ensure_future(run(block, namespace))
    await act()

    async def is_set() -> bool:
        return name in namespace or running.done()

    await eventually(is_set)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_the_how_to_works_from_top_to_bottom(fake: FakeCarillon, producer: AsyncClient) -> None:
    blocks = BLOCK.findall((ROOT / "docs/how-to/use-the-client.md").read_text())
    token = fake.token("user", "ada")
    async with AsyncClient(fake.target, token=token) as client:
        namespace: dict[str, Any] = {"fake": fake, "target": fake.target, "token": token, "shown": {}}
        for block in blocks:
            namespace |= {"client": client, "producer": producer}
            if "async for event" in block:
                await run_until(block, namespace, "saved_cursor", lambda: producer.send(**ITEM))
            else:
                await run(block, namespace)
    assert namespace["shown"]
    namespace["test_ada_is_told"]()


def test_the_readme_works_but_for_its_address() -> None:
    for block in BLOCK.findall((ROOT / "client/README.md").read_text()):
        assert compile(block, "README", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def run_example(name: str, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, EXAMPLES / name, *arguments, stdout=subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
    return output.decode()


async def test_what_the_examples_send_and_tail(fake: FakeCarillon, tmp_path: Path) -> None:
    access = fake.target, fake.token("user", "ada")
    cursor_file = str(tmp_path / "cursor")
    await run_example("send.py", fake.target, fake.token("producer"), "ada", "First")
    assert (await run_example("tail.py", *access, cursor_file, "1")).startswith("snapshot")
    await run_example("send.py", fake.target, fake.token("producer"), "ada", "Second")
    resumed = await run_example("tail.py", *access, cursor_file, "1")
    assert resumed.startswith("created")
    assert resumed.endswith(" Second\n")


def load_example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_mirror_shows_what_the_inbox_holds(fake: FakeCarillon, producer: AsyncClient) -> None:
    mirror = load_example("mirror").Mirror()
    async with AsyncClient(fake.target, token=fake.token("user", "ada")) as client:
        async with client.subscribe() as inbox:
            mirror.apply(await anext(inbox))
            for _ in range(3):
                await producer.send(**ITEM)
                mirror.apply(await anext(inbox))
            page = await client.list()
            await client.mark_read(ids=[page.notifications[0].id])
            mirror.apply(await anext(inbox))
            await client.delete(ids=[page.notifications[1].id])
            mirror.apply(await anext(inbox))
        page = await client.list()
        counts = (await client.get_counts()).counts
    assert list(mirror.notifications.values()) == list(page.notifications)
    assert mirror.counts == counts
