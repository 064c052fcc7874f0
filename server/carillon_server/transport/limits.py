"""The one table of limits: what every field of every request may hold.

The comments of the protos say the same. Limits that depend on the time of the call are in `time_limits.py`.
"""

from __future__ import annotations

from google.protobuf.message import Message

from carillon_server.transport.bundle_limits import BUNDLE_RULES
from carillon_server.transport.catalog_limits import CATALOG_RULES
from carillon_server.transport.delivery_limits import DELIVERY_RULES
from carillon_server.transport.notification_limits import NOTIFICATION_RULES
from carillon_server.transport.preference_limits import PREFERENCE_RULES
from carillon_server.transport.recipient_limits import RECIPIENT_RULES
from carillon_server.transport.topic_limits import TOPIC_RULES
from carillon_server.transport.validation.message import MessageRule

LIMITS: dict[type[Message], MessageRule] = {
    rule.message_type: rule
    for rule in (
        *NOTIFICATION_RULES,
        *PREFERENCE_RULES,
        *RECIPIENT_RULES,
        *DELIVERY_RULES,
        *CATALOG_RULES,
        *BUNDLE_RULES,
        *TOPIC_RULES,
    )
}
