"""The SMTP provider and the moods of relays."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from carillon_server.delivery.ending import end_tasks
from carillon_server.delivery.providers.email import smtp
from carillon_server.delivery.providers.email.smtp_settings import Security, SmtpSettings, read_smtp_url
from carillon_server.delivery.providers.http.egress import Egress
from carillon_server.delivery.providers.provider import Message, Provider, Workshop
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Rejected, Retry
from tests.delivery.relay import Relay

CONTENT = Content("Title", "Body\n.\n..dots", "", "", "")


def utc_now() -> datetime:
    return datetime.now(UTC)


def message(address: str = "ann@example.com") -> Message:
    return Message(DeliveryId(bytes(16), 7, 0), address, CONTENT, "")


@asynccontextmanager
async def provider(
    url: str, networks: Sequence[str] = ("127.0.0.0/8",), **settings: object
) -> AsyncIterator[Provider]:
    """With the settings of the URL, and others."""
    workshop = Workshop(utc_now, Egress(networks), mail_from="Carillon <carillon@example.com>")
    provider = smtp.KIND.build("smtp", SmtpSettings(**{**read_smtp_url(url), **settings}), workshop)
    try:
        yield provider
    finally:
        await provider.close()


async def send(url: str, address: str = "ann@example.com", **settings: object) -> Outcome:
    async with provider(url, **settings) as relay:
        return await relay.send(message(address))


@asynccontextmanager
async def scripted(*lines: bytes, greet: bytes = b"220 relay\r\n") -> AsyncIterator[str]:
    """Answers each command with the next line; then says nothing more, or hangs up after b""."""
    done = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greet)
        for line in lines:
            await reader.readline()
            if not line:
                break
            writer.write(line)
        else:
            await done.wait()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        done.set()
        server.close()


@asynccontextmanager
async def dripping(slow: bytes) -> AsyncIterator[str]:
    """Says the same again and again, a little at a time."""
    talks: set[asyncio.Task[None]] = set()

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        talks.add(task)
        try:
            while not writer.is_closing():
                writer.write(slow)
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        await end_tasks(talks)
        server.close()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("450 4.2.1 greylisted", Retry("smtp_450", "450 4.2.1 greylisted")),
        ("550 5.1.1 no such user", EndpointGone("smtp_5.1.1", "550 5.1.1 no such user")),
        ("550 5.2.1 disabled", EndpointGone("smtp_5.2.1", "550 5.2.1 disabled")),
        ("550 5.7.1 relaying denied", Rejected("smtp_550", "550 5.7.1 relaying denied")),
        ("552 5.2.2 mailbox full", Rejected("smtp_552", "552 5.2.2 mailbox full")),
        ("550 denied by policy 15.1.1", Rejected("smtp_550", "550 denied by policy 15.1.1")),
    ],
)
async def test_answers_to_the_recipient(relay: Relay, answer: str, outcome: Outcome) -> None:
    relay.recipient_answers.append(answer)
    async with provider(relay.url) as relay_provider:
        assert await relay_provider.send(message()) == outcome
        # The connection is good for the next one.
        assert isinstance(await relay_provider.send(message()), Delivered)
    assert relay.connections == 1


async def test_dots_at_the_start_of_lines_arrive(relay: Relay) -> None:
    assert isinstance(await send(relay.url), Delivered)
    body = relay.mails[0].message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == ["Title", "", "Body", ".", "..dots"]


async def test_an_address_beyond_ascii_goes_out_as_it_is(relay: Relay) -> None:
    assert isinstance(await send(relay.url, "jürgen@example.com"), Delivered)
    assert relay.mails[0].recipient == "jürgen@example.com"


async def test_an_address_beyond_ascii_is_rejected_by_relays_of_old() -> None:
    async with scripted(b"250 relay\r\n") as url:
        outcome = await send(url, "jürgen@example.com")
    assert outcome == Rejected("smtputf8_unsupported", "the relay takes no such addresses")


async def test_an_address_that_is_none_is_rejected_without_a_call(relay: Relay) -> None:
    assert await send(relay.url, "ann@example.com\r\nRCPT TO:<eve@example.com>") == Rejected(
        "address_invalid", "not one mail address"
    )
    assert relay.connections == 0


@pytest.mark.parametrize(
    ("greet", "lines", "error_class"),
    [
        (b"554 go away\r\n", [], "smtp_554"),
        (b"421 too many connections\r\n", [], "smtp_421"),
        (b"220 relay\r\n", [b"250 relay\r\n", b"550 who are you\r\n"], "smtp_550"),
        (b"220 relay\r\n", [b"250 relay\r\n", b"250 ok\r\n", b""], "disconnected"),
        (b"220 relay\r\n", [b"250 relay\r\n", b"250 ok\r\n", b"250 ok\r\n", b""], "disconnected"),
        (b"220 relay\r\n", [b"garbage\r\n"], "protocol"),
        (b"220 relay\r\n", [b""], "disconnected"),
    ],
    ids=["refused", "busy", "sender", "hang-up after MAIL", "hang-up after RCPT", "garbage", "hang-up"],
)
async def test_what_says_nothing_of_the_address_is_tried_again(
    greet: bytes, lines: list[bytes], error_class: str
) -> None:
    async with scripted(*lines, greet=greet) as url:
        outcome = await send(url)
    assert isinstance(outcome, Retry)
    assert outcome.error_class == error_class


async def test_a_silent_relay_is_given_up() -> None:
    async with scripted(b"250 relay\r\n", b"250 ok\r\n") as url:
        assert await send(url, timeout_seconds=0.2) == Retry("timeout", "the relay did not answer in time")


async def test_nobody_there_is_tried_again() -> None:
    outcome = await send("smtp://127.0.0.1:1")
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "unreachable"


async def test_a_kept_connection_that_was_closed_politely_gets_a_second_chance() -> None:
    """421 in answer to MAIL is how relays end an idle connection; the next mail must not wait for a retry."""
    taken = [b"250 relay\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"]
    answers = [[*taken, b"250 done\r\n", b"421 idle\r\n"], [*taken, b"250 done\r\n", b"221 bye\r\n"]]
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        script = answers[connections]
        connections += 1
        writer.write(b"220 relay\r\n")
        for line in script:
            if line == b"250 done\r\n":
                while await reader.readline() != b".\r\n":
                    pass
            else:
                await reader.readline()
            writer.write(line)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with provider(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}") as relay_provider:
        outcomes = [await relay_provider.send(message()), await relay_provider.send(message())]
    server.close()
    assert [type(outcome) for outcome in outcomes] == [Delivered, Delivered]
    assert connections == 2


async def test_a_cancelled_attempt_leaves_no_half_said_connection(relay: Relay) -> None:
    async with provider(relay.url) as relay_provider:
        await relay_provider.send(message())
        attempt = asyncio.create_task(relay_provider.send(message()))
        await asyncio.sleep(0)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert isinstance(await relay_provider.send(message()), Delivered)
    assert relay.connections == 2


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(minutes=10))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, secret = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain, secret


async def test_starttls_is_used_where_it_is_offered_and_certificates_are_checked(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    relay = Relay(tls=context)
    await relay.start()
    unknown = await send(relay.url)
    assert isinstance(unknown, Retry)
    assert relay.mails == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    assert isinstance(await send(relay.url + "?starttls=required"), Delivered)
    assert isinstance(await send(relay.url + "?starttls=never"), Delivered)
    await relay.stop()


async def test_starttls_that_is_required_and_not_offered_is_no_mail_in_the_clear(relay: Relay) -> None:
    outcome = await send(relay.url + "?starttls=required")
    assert isinstance(outcome, Retry)
    assert relay.mails == []


@pytest.fixture
async def closed_relay() -> AsyncIterator[Relay]:
    """Takes mails of those who log in; speaks no TLS."""
    relay = Relay(login=(b"us er", b"p@ss"))
    await relay.start()
    yield relay
    await relay.stop()


async def test_a_wrong_password_throws_no_mail_away(closed_relay: Relay) -> None:
    login = {"security": "none", "username": "us er", "password": "p@ss"}
    wrong = await send(closed_relay.url, **{**login, "password": "wrong"})
    assert isinstance(wrong, Retry)
    assert wrong.error_class == "credentials_refused"
    assert isinstance(await send(closed_relay.url, **login), Delivered)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.STARTTLS_REQUIRED, Security.TLS])
async def test_no_password_travels_where_tls_was_asked_for_and_is_missing(
    closed_relay: Relay, security: Security
) -> None:
    """Somebody in between can take the offer of STARTTLS away."""
    outcome = await send(closed_relay.url, security=security, username="us er", password="p@ss")
    assert isinstance(outcome, Retry)
    assert closed_relay.logins == []


async def test_no_password_travels_in_the_clear_over_a_network_that_nobody_allowed(
    closed_relay: Relay,
) -> None:
    class PublicRelay(Egress):
        """To which this machine is an address as any other on the Internet."""

        async def resolve(self, host: str, port: int) -> Sequence[str]:
            return [host]

    workshop = Workshop(utc_now, PublicRelay(), mail_from="carillon@example.com")
    login = {"security": "none", "username": "us er", "password": "p@ss"}
    relay_provider = smtp.KIND.build(
        "smtp", SmtpSettings(host="127.0.0.1", port=closed_relay.port, **login), workshop
    )
    assert await relay_provider.send(message()) == Retry("tls", "no password is sent without TLS")
    assert closed_relay.logins == []


async def test_a_relay_without_logins_is_told_from_one_that_refuses() -> None:
    async with scripted(b"250 relay\r\n") as url:
        outcome = await send(url, security="none", username="us er", password="p@ss")
    assert outcome == Retry("credentials_refused", "the relay takes no login")


async def test_a_relay_next_door_is_nobodys_to_name(relay: Relay) -> None:
    outcome = await send(relay.url, networks=())
    assert isinstance(outcome, Retry)
    assert outcome.error_class == "address_forbidden"
    assert relay.connections == 0


@pytest.mark.parametrize("slow", [b"2", b"250-and\r\n"], ids=["bytes", "lines"])
async def test_an_answer_that_never_ends_is_given_up(slow: bytes) -> None:
    async with dripping(slow) as url:
        outcome = await send(url, timeout_seconds=0.2)
    assert outcome == Retry("timeout", "the relay did not answer in time")


async def test_a_relay_that_is_slow_at_every_step_is_given_up_all_the_same(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer would be in time; all together are not."""
    monkeypatch.setattr(smtp, "_LONGEST_MAIL_SECONDS", 0.3)
    relay.recipient_pause_seconds = relay.data_pause_seconds = 0.2
    assert await send(relay.url) == Retry("timeout", "the relay did not answer in time")


async def test_no_more_connections_are_kept_than_are_wanted(relay: Relay) -> None:
    async with provider(relay.url, kept_connections=1) as relay_provider:
        await asyncio.gather(*(relay_provider.send(message()) for _ in range(3)))
        opened = relay.connections
        await asyncio.gather(*(relay_provider.send(message()) for _ in range(3)))
    assert opened == 3
    assert relay.connections == 5


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("smtp://relay", {"host": "relay", "port": 25, "security": "starttls"}),
        (
            "smtp://u:p%40@relay:587?starttls=required",
            {
                "host": "relay",
                "port": 587,
                "security": "starttls_required",
                "username": "u",
                "password": "p@",
            },
        ),
        ("smtp://[::1]:2525?starttls=never", {"host": "::1", "port": 2525, "security": "none"}),
        ("smtps://relay", {"host": "relay", "port": 465, "security": "tls"}),
    ],
)
def test_relay_addresses(url: str, settings: dict[str, object]) -> None:
    assert read_smtp_url(url) == settings
    SmtpSettings(**settings)


@pytest.mark.parametrize(
    "url", ["", "relay:25", "http://relay", "smtp://", "smtp://u:secret@r?tls=1", "smtp://u:secret@r:x"]
)
def test_relay_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - what matters is what it does not say
        read_smtp_url(url)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("host", value) for value in ("", "a b", "relay\r\nQUIT", "relay/x", "[::1]", "x" * 254, "-a")),
        *(("port", value) for value in (0, 65_536, "x")),
        ("security", "ssl"),
        *(("username", value) for value in ("a\r\nb", "a\0b")),
        ("password", "a\nb"),
        *(
            ("from_address", value)
            for value in ("Ann", "Ann <a@b.ch>\r\nBcc: x@y.ch", "a@b.ch, c@d.ch", "<>")
        ),
        *(("ca", value) for value in ("x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")),
        *(("timeout_seconds", value) for value in (0, 61, float("nan"), float("inf"))),
        ("validate_certificates", False),
    ],
)
def test_settings_that_make_no_sense_are_refused_when_configured(field: str, value: object) -> None:
    good = {"host": "relay.example.com", "username": "u", "password": "p"}
    SmtpSettings(**good)
    with pytest.raises(ValidationError) as error:
        SmtpSettings(**{**good, field: value})
    assert error.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize("half", [{"username": "u"}, {"password": "s3cret"}])
def test_half_a_login_is_refused(half: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as error:
        SmtpSettings(host="relay.example.com", **half)
    assert "s3cret" not in str(error.value)


def test_the_password_of_a_relay_is_not_shown() -> None:
    assert "hunter2" not in repr(SmtpSettings(**read_smtp_url("smtp://u:hunter2@relay")))
