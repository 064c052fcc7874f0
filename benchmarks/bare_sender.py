"""The limit of a channel: the bare library handing the same message to the same sink, connections kept.

Run as a process of its own, as a worker is: `python -m benchmarks.bare_sender KIND PORT COUNT IN_FLIGHT`,
with an example of the message on standard input. `smtp` writes each mail anew with the standard library, as
everyone who uses it must; `smtp-ready` hands over the same bytes each time; `http` posts them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import make_msgid

import aiosmtplib
import httpx2
import uvloop

_PEOPLE = 1_000


async def _mail(port: int, example: bytes, numbers: Iterator[int], *, ready: bool) -> None:
    read = BytesParser(EmailMessage, policy=SMTP).parsebytes(example)
    plain, html = (part.get_content() for part in read.iter_parts())
    async with aiosmtplib.SMTP(
        hostname="127.0.0.1", port=port, start_tls=False, local_hostname="bench"
    ) as connection:
        for number in numbers:
            recipient = f"person-{number % _PEOPLE}@example.com"
            if ready:
                await connection.sendmail("carillon@example.com", [recipient], example)
            else:
                await connection.send_message(_written(recipient, f"{read['Subject']} {number}", plain, html))


def _written(recipient: str, subject: str, plain: str, html: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Carillon <carillon@example.com>", recipient, subject
    mail["Message-ID"] = make_msgid(domain="example.com")
    mail.set_content(plain)
    mail.add_alternative(html, subtype="html")
    return mail


async def _post(client: httpx2.AsyncClient, port: int, body: bytes, numbers: Iterator[int]) -> None:
    headers = {"content-type": "application/json"}
    for number in numbers:
        url = f"http://127.0.0.1:{port}/person-{number % _PEOPLE}"
        (await client.post(url, content=body, headers=headers)).raise_for_status()


async def _send(kind: str, port: int, count: int, in_flight: int, message: bytes) -> None:
    numbers = iter(range(count))
    if kind.startswith("smtp"):
        ready = kind == "smtp-ready"
        await asyncio.gather(*(_mail(port, message, numbers, ready=ready) for _ in range(in_flight)))
        return
    limits = httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx2.AsyncClient(limits=limits, trust_env=False) as client:
        await asyncio.gather(*(_post(client, port, message, numbers) for _ in range(in_flight)))


if __name__ == "__main__":
    kind_, port_, count_, in_flight_ = sys.argv[1:5]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_send(kind_, int(port_), int(count_), int(in_flight_), sys.stdin.buffer.read()))
