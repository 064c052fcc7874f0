"""Which addresses chat messages may go to. An address is a credential: whoever has it can post.

Endpoints name a service in the cloud, whose host is fixed: by the URL that the service gives out, or by a URL
of Apprise. Anything else could make the service call a host of somebody's choice, so it is refused. Nothing
but what the service itself needs may stand in the query: Apprise takes options there, and some of them read
files or turn checks off.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

_MAX_CHARACTERS = 2_048
_NO_ADDRESS = (
    "is neither a webhook URL of Slack, Discord, Teams workflows, Google Chat or Webex, nor a URL of Apprise "
    "for slack, discord, gchat, tgram or wxteams"
)


@dataclass(frozen=True, slots=True)
class ChatService:
    """One service, and the plugin of Apprise that speaks to it."""

    schemes: frozenset[str]
    plugin: str
    """`module:class` below `apprise.plugins`."""
    web: re.Pattern[str] | None = None
    """What the URL that the service itself gives out looks like, without its query."""
    query: frozenset[str] = frozenset()
    """What must be in that query."""
    self_hosted: bool = False
    """Its URL names a host."""


def _service(schemes: str, plugin: str, web: str = "", query: str = "") -> ChatService:
    return ChatService(
        frozenset(schemes.split()), plugin, re.compile(web) if web else None, frozenset(query.split())
    )


_ID = "[A-Za-z0-9_-]+"
_AZURE = r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:logic\.azure\.com|api\.powerplatform\.com)(?::443)?"
_CLOUD = (
    _service(
        "slack",
        "slack:NotifySlack",
        rf"https://hooks\.slack(?:-gov)?\.com/(?:services(?:/{_ID}){{3}}|(?:workflows|triggers)(?:/{_ID}){{3,4}})/?",
    ),
    _service(
        "discord",
        "discord:NotifyDiscord",
        rf"https://discord(?:app)?\.com/api/webhooks/[0-9]+/{_ID}/?",
    ),
    _service(
        "",
        "workflows:NotifyWorkflows",
        rf"https://{_AZURE}(?:/powerautomate/automations/direct(?:/cu/[0-9]+)?)?/workflows/{_ID}"
        "/triggers/manual/paths/invoke/?",
        "api-version sp sv sig",
    ),
    _service(
        "gchat",
        "google_chat:NotifyGoogleChat",
        rf"https://chat\.googleapis\.com/v1/spaces/{_ID}/messages",
        "key token",
    ),
    _service("tgram", "telegram:NotifyTelegram"),
    _service(
        "wxteams",
        "webexteams:NotifyWebexTeams",
        rf"https://(?:webexapis\.com|api\.ciscospark\.com)/v1/webhooks/incoming/{_ID}/?",
    ),
)
_SELF_HOSTED = tuple(
    ChatService(frozenset(schemes), plugin, self_hosted=True)
    for schemes, plugin in (
        (("mmost", "mmosts"), "mattermost:NotifyMattermost"),
        (("rocket", "rockets"), "rocketchat:NotifyRocketChat"),
        (("gotify", "gotifys"), "gotify:NotifyGotify"),
        (("nctalk", "nctalks"), "nextcloudtalk:NotifyNextcloudTalk"),
    )
)
# No query, no fragment, no escapes: what is read is what is meant.
_OWN_URL = re.compile(r"([a-z]+)://[A-Za-z0-9_:@.,+#/-]+")
_BRACKETED_URL = re.compile(
    r"([a-z]+)://(?:[A-Za-z0-9_.+-]+(?::[A-Za-z0-9_.+-]+)?@)?\[[0-9A-Fa-f:.]+\][A-Za-z0-9_:@.,+#/-]*"
)


def check_chat_address(address: str) -> str | None:
    """Why an endpoint cannot have this address; None: it can."""
    return None if find_cloud_service(address) else _NO_ADDRESS


def find_cloud_service(address: str) -> ChatService | None:
    """The service that an endpoint's address belongs to; None: no service that endpoints may name."""
    if len(address) > _MAX_CHARACTERS:
        return None
    return next((service for service in _CLOUD if _matches(service, address)), None)


def find_service(url: str) -> ChatService | None:
    """The same for a URL that operators configured: it may name a host of their own."""
    found = find_cloud_service(url)
    return found or next((service for service in _SELF_HOSTED if _has_scheme(service, url)), None)


def _matches(service: ChatService, address: str) -> bool:
    if service.web is None or not address.startswith("https:"):
        return _has_scheme(service, address)
    path, _, query = address.partition("?")
    return service.web.fullmatch(path) is not None and _has_query(service, query)


def _has_scheme(service: ChatService, url: str) -> bool:
    found = _OWN_URL.fullmatch(url) or (service.self_hosted and _BRACKETED_URL.fullmatch(url))
    if not found or found.group(1) not in service.schemes:
        return False
    try:
        return urlsplit(url).port != 0 if service.self_hosted else True
    except ValueError:
        return False


def _has_query(service: ChatService, query: str) -> bool:
    if not query.isascii() or not query.isprintable() or "#" in query:
        return False
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        return False
    names = [name for name, _ in pairs]
    return len(names) == len(service.query) and frozenset(names) == service.query
