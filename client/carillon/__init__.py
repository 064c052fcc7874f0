"""The client of Carillon, a gRPC notification service."""

from importlib.metadata import version

from carillon import errors, types
from carillon._async_client import AsyncClient
from carillon._async_subscription import AsyncSubscription
from carillon._client import Client
from carillon._status import error_from_status
from carillon._subscription import Subscription
from carillon.errors import CarillonError

__version__ = version("carillon")

__all__ = [
    "AsyncClient",
    "AsyncSubscription",
    "CarillonError",
    "Client",
    "Subscription",
    "__version__",
    "error_from_status",
    "errors",
    "types",
]
