"""The far side of the network, for tests: servers on loopback that speak the real protocols and do as told.

`HttpFake` answers HTTP requests; the fakes of vendors are made of it. `SmtpFake` takes mails. Each module
shows how its fake is used. Reach one from a service under test by allowing loopback:
`CARILLON_EGRESS_ALLOWED_NETWORKS=127.0.0.0/8`.
"""

from carillon_server.testing.answers import Fault, Reply, Step
from carillon_server.testing.apns_fake import ApnsFake, ApnsNotification
from carillon_server.testing.certificate import Certificate
from carillon_server.testing.credentials import make_apns_key, make_service_account, make_vapid_key
from carillon_server.testing.fcm_fake import FcmFake
from carillon_server.testing.http2_fake import Http2Fake
from carillon_server.testing.http_fake import HttpFake, ReceivedRequest
from carillon_server.testing.sms_gateway_fake import SmsGatewayFake
from carillon_server.testing.smtp_fake import ReceivedMail, SmtpFake
from carillon_server.testing.twilio_fake import TwilioFake
from carillon_server.testing.web_push_fake import Browser, WebPushFake

__all__ = [
    "ApnsFake",
    "ApnsNotification",
    "Browser",
    "Certificate",
    "Fault",
    "FcmFake",
    "Http2Fake",
    "HttpFake",
    "ReceivedMail",
    "ReceivedRequest",
    "Reply",
    "SmsGatewayFake",
    "SmtpFake",
    "Step",
    "TwilioFake",
    "WebPushFake",
    "make_apns_key",
    "make_service_account",
    "make_vapid_key",
]
