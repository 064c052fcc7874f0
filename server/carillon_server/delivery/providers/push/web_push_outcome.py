"""What the answers of push services mean (RFC 8030, 5 and 7.3).

2xx is taken; `Location` names the message. 404 and 410: the subscription ended, so the endpoint is gone.
413: too large. 401 and 403: our key; somebody will mend it. 429 and 503 are about this service alone, and
each kind of browser has another one: Retry, so that the others go on. All else as `http_answer.py` has it.
"""

from __future__ import annotations

from datetime import datetime

from carillon_server.delivery.providers.http.http_answer import HttpAnswer, classify_answer
from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Retry, Throttled

_GONE = (404, 410)


def classify(answer: HttpAnswer, now: datetime, message_id: str) -> Outcome:
    """The outcome of a request; `message_id`: our own id, for services that give none."""
    if answer.ok:
        return Delivered(answer.headers.get("location", "") or message_id)
    if answer.status in _GONE:
        return EndpointGone("web_push_gone", f"answered {answer.status}: the subscription ended")
    outcome = classify_answer(answer, now)
    if isinstance(outcome, Throttled):
        return Retry(outcome.error_class, outcome.detail, outcome.after_seconds)
    return outcome
