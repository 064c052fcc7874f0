"""One pool for the tests of a module that hurt nobody, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from carillon_server.domain.channel import Channel
from carillon_server.domain.layout import Layout
from carillon_server.domain.rendering import Rendered, RenderFailure
from carillon_server.rendering.pool import RenderPool
from tests.rendering.sheets import make_job, make_sheet


class Renderings:
    """Renders one sheet at a time."""

    def __init__(self, pool: RenderPool) -> None:
        self.pool = pool

    async def line(self, source: str, data: Mapping[str, Any] | None = None, **circumstances: Any) -> str:
        """What a title comes out as. `locale` is the template's."""
        locale = circumstances.pop("locale", "en")
        sheet = make_sheet(title=source, locale=locale)
        answer = await self._ask(make_job(sheet, data=data, **circumstances))
        assert isinstance(answer, Rendered), answer
        return answer.parts[Channel.IN_APP]["title"]

    async def failure(
        self, channel: Channel, data: Mapping[str, Any] | None = None, **parts: Any
    ) -> RenderFailure:
        """Why it does not come out."""
        answer = await self._ask(make_job(make_sheet(channel, **parts), data=data))
        assert isinstance(answer, RenderFailure), answer
        return answer

    async def parts(
        self,
        channel: Channel,
        data: Mapping[str, Any] | None = None,
        *,
        layout: Layout | None = None,
        partials: tuple[Layout, ...] = (),
        **sources: str,
    ) -> Mapping[str, str]:
        """What all parts come out as."""
        answer = await self._ask(
            make_job(make_sheet(channel, layout=layout, partials=partials, **sources), data=data)
        )
        assert isinstance(answer, Rendered), answer
        return answer.parts[channel]

    async def mail(self, data: Mapping[str, Any] | None = None, **sources: Any) -> Mapping[str, str]:
        """The parts of a mail."""
        return await self.parts(Channel.EMAIL, data, **{"subject": "S"} | sources)

    async def _ask(self, job: Any) -> Rendered | RenderFailure:
        (answer,) = await self.pool.render([job])
        return answer
