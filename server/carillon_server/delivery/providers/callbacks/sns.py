"""Messages of Amazon SNS over HTTPS: whether they are genuine, and what they carry.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. The certificate comes from the
SNS of the region that the configured topic is in and from nowhere else, whatever the message says, or is
given by the settings. A message is good for an hour, as AWS advises: SNS repeats it under its first time
while we cannot be reached. What comes twice changes nothing.
"""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from carillon_server.delivery.providers.http.http_answer import HttpAnswer
from carillon_server.delivery.providers.provider import CallbackRefusedError, Workshop
from carillon_server.domain.errors import Unavailable
from carillon_server.services.expiring_cache import ExpiringCache

_MAX_AGE = timedelta(hours=1)
_MAX_AHEAD = timedelta(minutes=5)
_CERTIFICATE_SECONDS = 24 * 3600.0
_SIGNED_OF_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_OF_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
TOPIC_ARN = r"^arn:aws(?:-cn|-us-gov)?:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$"

# Public, and named by a digest of what is in it: one cache serves all tenants.
_certificates: ExpiringCache[str, bytes] = ExpiringCache(64)


class SnsMessage(BaseModel):
    """The envelope."""

    model_config = ConfigDict(frozen=True)

    type: Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"] = Field(alias="Type")
    message_id: str = Field(alias="MessageId", min_length=1)
    topic_arn: str = Field(alias="TopicArn")
    message: str = Field(alias="Message")
    timestamp: str = Field(alias="Timestamp")
    signature_version: Literal["1", "2"] = Field(alias="SignatureVersion")
    signature: str = Field(alias="Signature")
    signing_certificate_url: str = Field(alias="SigningCertURL")
    subject: str | None = Field(default=None, alias="Subject")
    subscribe_url: str | None = Field(default=None, alias="SubscribeURL")
    token: str | None = Field(default=None, alias="Token")

    def signed(self) -> bytes:
        """The text that is signed."""
        names = _SIGNED_OF_NOTIFICATION if self.type == "Notification" else _SIGNED_OF_CONFIRMATION
        fields = self.model_dump(by_alias=True, include=None)
        return "".join(f"{name}\n{fields[name]}\n" for name in names if fields[name] is not None).encode()


class _Stamp(BaseModel):
    time: AwareDatetime


async def read_sns(topic_arn: str, certificate_pem: str, body: bytes, workshop: Workshop) -> SnsMessage:
    """A genuine message of this topic; raises `CallbackRefusedError`, `Unavailable` without a certificate."""
    try:
        message = SnsMessage.model_validate_json(body)
        time = _Stamp(time=message.timestamp).time
    except ValidationError as error:
        raise CallbackRefusedError("the body is no message of SNS") from error
    now = workshop.clock()
    if message.topic_arn != topic_arn:
        raise CallbackRefusedError("it is of another topic")
    if not now - _MAX_AGE <= time <= now + _MAX_AHEAD:
        raise CallbackRefusedError("it is not of this time")
    pem = certificate_pem.encode() or await _certificate(message, workshop)
    _verify(message, pem, now)
    return message


async def confirm_subscription(message: SnsMessage, workshop: Workshop) -> None:
    """Tells SNS that the topic, which the settings name, may call here; raises `Unavailable`.

    Nobody is asked: who configured the topic wants its messages, and the address to visit is a secret that
    belongs in no log.
    """
    url = message.subscribe_url or ""
    if not url.startswith(f"https://{_host(message.topic_arn)}/"):
        raise CallbackRefusedError("it would be confirmed elsewhere")
    await _fetch(url, workshop)


def _host(topic_arn: str) -> str:
    region = topic_arn.split(":")[3]
    return f"sns.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}"


async def _certificate(message: SnsMessage, workshop: Workshop) -> bytes:
    url = message.signing_certificate_url
    place = rf"https://{re.escape(_host(message.topic_arn))}/SimpleNotificationService-[A-Za-z0-9]+\.pem"
    if re.fullmatch(place, url) is None:
        raise CallbackRefusedError("the certificate is not of the topic's SNS")
    pem = _certificates.get(url)
    if pem is None:
        pem = await _fetch(url, workshop)
        _certificates.put(url, pem, _CERTIFICATE_SECONDS)
    return pem


async def _fetch(url: str, workshop: Workshop) -> bytes:
    client = workshop.http_client()
    try:
        answer = await client.request("GET", url, {})
    finally:
        await client.close()
    if not isinstance(answer, HttpAnswer) or not answer.ok:
        raise Unavailable("SNS cannot be reached")
    return answer.body


def _verify(message: SnsMessage, pem: bytes, now: datetime) -> None:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        signature = b64decode(message.signature, validate=True)
    except ValueError as error:
        raise CallbackRefusedError("certificate or signature cannot be read") from error
    key = certificate.public_key()
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise CallbackRefusedError("the certificate is not of this time")
    if not isinstance(key, RSAPublicKey):
        raise CallbackRefusedError("the certificate has another kind of key")
    # SNS signs with SHA-1 unless the topic says otherwise.
    algorithm = SHA256() if message.signature_version == "2" else SHA1()  # noqa: S303
    try:
        key.verify(signature, message.signed(), PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise CallbackRefusedError("no good signature") from error
