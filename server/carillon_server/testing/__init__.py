"""The far side of the network, for tests: servers on loopback that speak the real protocols and do as told.

`HttpFake` answers HTTP requests; the fakes of vendors are made of it. Reach one from a service under test by
allowing loopback: `CARILLON_EGRESS_ALLOWED_NETWORKS=127.0.0.0/8`.
"""

from carillon_server.testing.answers import Fault, Reply, Step
from carillon_server.testing.certificate import Certificate
from carillon_server.testing.http_fake import HttpFake, ReceivedRequest

__all__ = ["Certificate", "Fault", "HttpFake", "ReceivedRequest", "Reply", "Step"]
