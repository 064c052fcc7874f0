"""The SMTP provider and the moods of relays."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from carillon_server.delivery.providers import smtp_pool
from carillon_server.delivery.providers.mail import MailComposer
from carillon_server.delivery.providers.provider import Message
from carillon_server.delivery.providers.smtp import SmtpProvider
from carillon_server.delivery.providers.smtp_pool import SmtpPool
from carillon_server.delivery.providers.smtp_server import SmtpServer
from carillon_server.domain.ids import DeliveryId
from carillon_server.domain.notification import Content
from carillon_server.domain.outcome import Delivered, EndpointGone, Outcome, Rejected, Retry
from tests.delivery.relay import Relay

CONTENT = Content("Title", "Body\n.\n..dots", "", "", "")


def message(address: str = "ann@example.com") -> Message:
    return Message(DeliveryId(bytes(16), 7, 0), address, CONTENT, "")


@asynccontextmanager
async def provider(url: str) -> AsyncIterator[SmtpProvider]:
    pool = SmtpPool(SmtpServer.parse(url))
    smtp = SmtpProvider(pool, MailComposer("Carillon <carillon@example.com>"), lambda: datetime.now(UTC))
    try:
        yield smtp
    finally:
        await smtp.close()


async def send(url: str, address: str = "ann@example.com") -> Outcome:
    async with provider(url) as smtp:
        return await smtp.send(message(address))


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
    async with provider(relay.url) as smtp:
        assert await smtp.send(message()) == outcome
        # The connection is good for the next one.
        assert isinstance(await smtp.send(message()), Delivered)
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
        (b"220 relay\r\n", [b"garbage\r\n"], "smtp_-1"),
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


async def test_a_silent_relay_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_pool, "COMMAND_TIMEOUT_SECONDS", 0.2)
    async with scripted(b"250 relay\r\n", b"250 ok\r\n") as url:
        assert await send(url) == Retry("timeout", "the relay did not answer in time")


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
    async with provider(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}") as smtp:
        outcomes = [await smtp.send(message()), await smtp.send(message())]
    server.close()
    assert [type(outcome) for outcome in outcomes] == [Delivered, Delivered]
    assert connections == 2


async def test_a_cancelled_attempt_leaves_no_half_said_connection(relay: Relay) -> None:
    async with provider(relay.url) as smtp:
        await smtp.send(message())
        attempt = asyncio.create_task(smtp.send(message()))
        await asyncio.sleep(0)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert isinstance(await smtp.send(message()), Delivered)
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


async def test_a_wrong_password_throws_no_mail_away() -> None:
    relay = Relay(login=(b"us er", b"p@ss"))
    await relay.start()
    wrong = await send(relay.url.replace("//", "//us%20er:wrong@"))
    right = await send(relay.url.replace("//", "//us%20er:p%40ss@"))
    await relay.stop()
    assert isinstance(wrong, Retry)
    assert wrong.error_class == "smtp_535"
    assert isinstance(right, Delivered)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://relay", SmtpServer("relay", 25)),
        ("smtp://u:p%40@relay:587?starttls=required", SmtpServer("relay", 587, "u", "p@", start_tls=True)),
        ("smtp://[::1]:2525?starttls=never", SmtpServer("::1", 2525, start_tls=False)),
        ("smtps://relay", SmtpServer("relay", 465, tls=True, start_tls=False)),
    ],
)
def test_relay_addresses(url: str, server: SmtpServer) -> None:
    assert SmtpServer.parse(url) == server


@pytest.mark.parametrize(
    "url", ["", "relay:25", "http://relay", "smtp://", "smtp://u:secret@r?tls=1", "smtp://u:secret@r:x"]
)
def test_relay_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - what matters is what it does not say
        SmtpServer.parse(url)
    assert "secret" not in str(error.value)


def test_the_password_of_a_relay_is_not_shown() -> None:
    assert "secret" not in repr(SmtpServer.parse("smtp://u:secret@relay"))
