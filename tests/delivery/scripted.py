"""Routes of a test: several providers on a channel, each answering as it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence

from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.routing.route import Route, Wait
from carillon_server.domain.channel import Channel, Platform
from carillon_server.domain.delivery_settings import DeliverySettings
from carillon_server.domain.lane import Lane
from carillon_server.domain.outcome import Delivered, Outcome

Answer = Outcome | Callable[[Message], Outcome]


class Far:
    """A provider that answers from a list, the last answer for ever."""

    def __init__(self, name: str, *answers: Answer, at_most_once: bool = False) -> None:
        self.name = name
        self.at_most_once = at_most_once
        self.calls: list[Message] = []
        self._answers = list(answers or [Delivered("accepted")])

    @property
    def taken(self) -> Counter[str]:
        return Counter(str(message.delivery_id) for message in self.calls)

    async def send(self, message: Message) -> Outcome:
        self.calls.append(message)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return answer(message) if callable(answer) else answer

    async def close(self) -> None:
        """Nothing is open."""


class ScriptedRoutes:
    """Asks the first that was not tried; `waits` are answered before anybody is asked."""

    def __init__(
        self,
        providers: Mapping[Channel, Sequence[Far]],
        waits: Sequence[Wait] = (),
        settings: DeliverySettings = DeliverySettings(),  # noqa: B008 - frozen
    ) -> None:
        self.providers = providers
        self.waits = list(waits)
        self.held = 0
        self.refreshed: list[str] = []
        self.asked = 0
        self._settings = settings

    async def refresh(self, tenants: Collection[str]) -> None:
        self.refreshed.extend(tenants)

    def choose(
        self, tenant: str, channel: Channel, platform: Platform, tried: Collection[str], lane: Lane
    ) -> Route | Wait:
        self.asked += 1
        if self.waits:
            return self.waits.pop(0)
        free = [each for each in self.providers.get(channel, ()) if each.name not in tried]
        if not free:
            return Wait(0.05, "provider_missing")
        self.held += 1
        return _Place(self, free[0], has_alternative=len(free) > 1)

    def settings_of(self, tenant: str) -> DeliverySettings:
        return self._settings

    async def close(self) -> None:
        """Nothing is open."""


class _Place:
    def __init__(self, routes: ScriptedRoutes, far: Far, *, has_alternative: bool) -> None:
        self._routes = routes
        self._far = far
        self.name = far.name
        self.at_most_once = far.at_most_once
        self.has_alternative = has_alternative

    async def send(self, message: Message) -> Outcome:
        try:
            return await self._far.send(message)
        finally:
            self._routes.held -= 1

    def release(self) -> None:
        self._routes.held -= 1
