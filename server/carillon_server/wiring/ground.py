"""What servers and workers both stand on."""

from __future__ import annotations

from dataclasses import dataclass

from carillon_server.config import Settings
from carillon_server.realtime.realtime import Realtime
from carillon_server.rendering.pool import RenderPool
from carillon_server.services.identity import Identity
from carillon_server.storage.database import Database
from carillon_server.storage.installation import Installation


@dataclass(frozen=True, slots=True)
class Ground:
    """The parts of a process that are there before anything else."""

    settings: Settings
    database: Database
    installation: Installation
    identity: Identity
    realtime: Realtime
    renderer: RenderPool
