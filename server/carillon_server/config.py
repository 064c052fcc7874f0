"""Every setting of the service, read once from the environment and frozen.

`DATABASE_URL` and `REDIS_URL` keep the names that every platform gives them; all others start with
`CARILLON_`.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from ipaddress import ip_address, ip_network
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class Settings(BaseSettings):
    """The settings; each field's description is its documentation."""

    model_config = SettingsConfigDict(env_prefix="CARILLON_", frozen=True, extra="ignore")

    database_url: SecretStr = Field(
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="Where Postgres is: `postgresql://user:password@host:port/database`.",
    )
    redis_url: SecretStr = Field(
        validation_alias=AliasChoices("REDIS_URL", "redis_url"),
        description="Where Redis is: `redis://:password@host:port/0`. Nothing in it needs to last.",
    )
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        description="Sign cursors and page tokens and seal hints: base64url of 32 random bytes each, "
        "separated by commas. The first one is used, all are accepted; the same list on every process.",
    )
    development: bool = Field(
        default=False,
        description="Development mode: as run by `carillon up`. Listens on loopback only.",
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")

    grpc_address: str = Field(
        default="127.0.0.1:50051",
        description="Where the gRPC server listens: host:port; port 0 means any.",
    )
    grpc_inner_address: str = Field(
        default="",
        description="A second address, for callers that strangers cannot pose as because they cannot reach "
        "it: services and gateways. Its calls wait in a queue of their own, so a flood at `grpc_address` "
        "does not hold them up. Empty: none.",
    )
    grpc_share_port: bool = Field(
        default=False,
        description="Other servers of the same user may listen at `grpc_address` too (SO_REUSEPORT, Linux): "
        "the kernel spreads connections over them. For one server a service unit or container.",
    )
    server_processes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Processes of `carillon serve`, all on one port. Each has its own pool of "
        "`database_max_connections` connections and its own `render_processes`.",
    )
    tls_certificate: str = Field(
        default="", description="Path of a PEM certificate chain; with `tls_key` the server speaks TLS."
    )
    tls_key: str = Field(default="", description="Path of the certificate's PEM private key.")
    metrics_address: str = Field(
        default="127.0.0.1:9464", description="Where the server's Prometheus metrics are served: host:port."
    )
    worker_metrics_address: str = Field(
        default="127.0.0.1:9465", description="Where the worker's Prometheus metrics are served: host:port."
    )

    jwt_issuer: str = Field(default="", description="The `iss` that tokens must carry. Empty: no JWTs.")
    jwt_audience: str = Field(default="carillon", description="The `aud` that tokens must carry.")
    jwt_tenant_claim: str = Field(default="tenant", description="The claim that names the caller's tenant.")
    jwt_jwks_url: str = Field(default="", description="https URL of the issuer's public keys (JWKS).")
    jwt_static_keys: str = Field(
        default="", description="Path of a JWKS file with the issuer's public keys, instead of a URL."
    )

    database_max_connections: int = Field(default=10, ge=2, le=200, description="Connections per process.")
    writer_concurrency: int = Field(
        default=2,
        ge=1,
        le=16,
        description="Write transactions under way at once in a process; more than one only while a full "
        "batch waits.",
    )
    writer_max_batch: int = Field(
        default=256, ge=1, le=2000, description="Notifications in one write transaction, at most."
    )
    writer_max_queue: int = Field(
        default=10_000,
        ge=1,
        description="Notifications waiting to be written; more are OVERLOADED.",
    )

    render_processes: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Processes of each server and worker that render templates. They are started when they "
        "are first needed, with one more that waits to replace a lost one.",
    )

    call_target_ms: int = Field(
        default=250,
        ge=1,
        le=10_000,
        description="How long unary calls may take on average before fewer are let in at once: several times "
        "what a Send takes without load.",
    )
    call_limit_min: int = Field(
        default=16, ge=1, description="Unary calls let in at once in a process, however long they take."
    )
    call_limit_max: int = Field(
        default=2_048,
        ge=1,
        le=100_000,
        description="Unary calls let in at once in a process, at most. Further ones wait for up to 30 ms, in "
        "turn by tenant, and are OVERLOADED then.",
    )
    call_queue: int = Field(
        default=256,
        ge=1,
        description="Unary calls that wait to be let in, and never more than a quarter of those that are let "
        "in; more are OVERLOADED at once.",
    )
    max_message_bytes: int = Field(
        default=4 * 1024 * 1024, ge=64 * 1024, description="Largest message taken from a caller."
    )
    max_concurrent_streams: int = Field(
        default=1_000,
        ge=1,
        description="HTTP/2 streams of one connection at once; further ones wait in their client, which the "
        "client `carillon` avoids with more connections. The fewer, the less a hostile one can take: 100 "
        "will do where all clients open several connections, and is the most at `grpc_address` where "
        "there is a `grpc_inner_address`.",
    )
    max_pending_calls: int = Field(
        default=15_000,
        ge=1,
        description="Calls that have come to an address and wait to be begun; further ones are cancelled at "
        "once. Each keeps its metadata, so this is memory that anybody can take.",
    )
    max_connections: int = Field(
        default=20_000,
        ge=1,
        description="Connections from callers at once; further ones are closed. Never more than the process "
        "may open files (`ulimit -n`), less what it needs itself.",
    )
    connection_setup_seconds: float = Field(
        default=10.0,
        gt=0,
        le=120,
        description="How long a new connection may take to begin with TLS and HTTP/2.",
    )
    connection_idle_seconds: float = Field(
        default=600.0, gt=0, le=86_400, description="How long a connection may stay open without a call."
    )
    max_streams_per_user: int = Field(default=50, ge=1, description="Subscribe streams of one inbox at once.")
    max_streams_per_tenant: int = Field(
        default=20_000, ge=1, description="Subscribe streams of one tenant on one process at once."
    )
    default_deadline_seconds: float = Field(
        default=10.0, gt=0, description="Deadline of unary calls that come without one."
    )
    stream_poll_seconds: float = Field(
        default=1.5, gt=0, description="How often the versions of all connected inboxes are compared."
    )
    slow_reader_seconds: float = Field(
        default=30.0, gt=0, description="How long a stream may take nothing before it is ended."
    )
    drain_seconds: float = Field(
        default=10.0, ge=0, description="Time that a stopping process spreads its streams over."
    )

    unknown_types: Literal["refuse", "accept"] = Field(
        default="refuse",
        description="What a Send of a type that its tenant does not have leads to: `refuse` (NOT_FOUND), or "
        "`accept`: sent with the content that it brings. A tenant's own setting goes before it.",
    )

    smtp_url: SecretStr | None = Field(
        default=None,
        description="The mail relay: `smtp://user:password@host:port`, `smtps://…` for TLS from the start, "
        "`?starttls=required|never` (default: when offered). Empty: no e-mail channel.",
    )
    mail_from: str = Field(
        default="Carillon <carillon@localhost>", description="The sender of mails, as in a From header."
    )
    link_base_url: str = Field(
        default="",
        description="Where links that are mere paths lead from a mail or a message: "
        "`https://app.example.com`. Empty: action URLs are left out, links of templates stay paths.",
    )
    egress_allowed_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Networks that webhooks and providers may be reached in though they are not public: CIDR "
        "blocks, separated by commas. To addresses in them, plain http is allowed too.",
    )
    sandbox_directory: str = Field(
        default="",
        description="Where the `file` provider writes what would be sent, for tenants in the sandbox. It "
        "holds content: readable by the worker's user alone. Empty: their deliveries wait, then fail.",
    )
    worker_concurrency: int = Field(
        default=50, ge=1, description="Deliveries of normal or low priority under way at once in a worker."
    )
    worker_urgent_concurrency: int = Field(
        default=20,
        ge=1,
        description="Deliveries of high priority under way at once in a worker, beside those.",
    )
    worker_batch: int = Field(default=100, ge=1, le=1_000, description="Deliveries claimed at once.")
    worker_grace_seconds: float = Field(
        default=20.0, ge=0, description="How long a stopping worker lets deliveries under way finish."
    )
    lease_seconds: float = Field(
        default=15.0, gt=0, description="How long a worker holds a delivery without a heartbeat."
    )
    sweep_seconds: float = Field(
        default=1.0, gt=0, description="How often due work is looked for without a wake-up."
    )
    idempotency_retention_hours: int = Field(
        default=48, ge=24, description="How long a `request_id` is remembered."
    )
    attachment_retention_days: int = Field(
        default=7,
        ge=5,
        description="How long the content of attachments is there after a notification is due; mails are "
        "tried for up to three days.",
    )
    tombstone_retention_days: int = Field(
        default=30, ge=1, description="How long removed notifications can be told to resuming readers."
    )

    @field_validator("secret_keys", "egress_allowed_networks", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not keys or any(len(_raw_key(key)) != 32 for key in keys):
            raise ValueError("each key is the base64url of 32 random bytes")
        return keys

    @field_validator("egress_allowed_networks")
    @classmethod
    def _networks(cls, blocks: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_network(block)) for block in blocks)

    @model_validator(mode="after")
    def _development_is_local(self) -> Self:
        addresses = filter(None, (self.grpc_address, self.grpc_inner_address))
        if self.development and not all(map(is_loopback, addresses)):
            raise ValueError("development mode listens on loopback only: set grpc_address to 127.0.0.1:PORT")
        return self

    @property
    def raw_secret_keys(self) -> tuple[bytes, ...]:
        """The keys as bytes; the first one is used, all are accepted."""
        return tuple(_raw_key(key) for key in self.secret_keys)


def is_loopback(address: str) -> bool:
    """Whether `host:port` is reachable from this machine alone."""
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _raw_key(key: SecretStr) -> bytes:
    text = key.get_secret_value()
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def load_settings() -> Settings:
    """Reads the environment; raises pydantic's `ValidationError` naming each wrong setting."""
    return Settings()
