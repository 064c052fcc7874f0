"""A topic of SNS with a certificate of its own, as far as its messages go."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from carillon_server.domain.provider_event import Callback

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:ses-events"
CERTIFICATE_URL = (
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-7ff5318490ec183fbaddaa2a969abfda.pem"
)
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}


class SnsTopic:
    """Signs what it sends."""

    def __init__(self, arn: str = TOPIC_ARN) -> None:
        self.arn = arn
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(self._key, SHA256())
        )
        self.pem = certificate.public_bytes(Encoding.PEM).decode()

    def envelope(self, message: str, **changes: Any) -> dict[str, Any]:
        """Signed; `changes` are made before."""
        fields = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": self.arn,
            "Message": message,
            "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "SignatureVersion": "2",
            "SigningCertURL": CERTIFICATE_URL,
            **changes,
        }
        signed = "".join(f"{name}\n{fields[name]}\n" for name in _SIGNED[fields["Type"]] if name in fields)
        algorithm = SHA256() if fields["SignatureVersion"] == "2" else SHA1()
        signature = self._key.sign(signed.encode(), PKCS1v15(), algorithm)
        return {**fields, "Signature": b64encode(signature).decode()}

    def callback(self, event: dict[str, Any] | str, **changes: Any) -> Callback:
        """As SNS posts it."""
        message = event if isinstance(event, str) else json.dumps(event)
        return post(self.envelope(message, **changes))


def post(envelope: dict[str, Any]) -> Callback:
    headers = {"x-amz-sns-message-type": str(envelope.get("Type")), "content-type": "text/plain"}
    return Callback("https://hooks.example.com/ses", headers, json.dumps(envelope).encode())


def ses_event(name: str, message_id: str, **part: Any) -> dict[str, Any]:
    """An event of SES about the mail with this Message-ID."""
    keys = {"Rendering Failure": "failure"}
    return {
        "eventType": name,
        "mail": {
            "timestamp": "2026-11-21T10:00:00.000Z",
            "messageId": "0100016-ses",
            "headers": [{"name": "Subject", "value": "Hi"}, {"name": "Message-Id", "value": message_id}],
        },
        keys.get(name, name.lower()): {"timestamp": "2026-11-21T10:00:05.000Z", **part},
    }
