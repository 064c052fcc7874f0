"""Live streams: `Realtime` puts everything together."""

from carillon_server.realtime.realtime import Realtime
from carillon_server.realtime.stream import Stream

__all__ = ["Realtime", "Stream"]
