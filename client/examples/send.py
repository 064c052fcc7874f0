"""Sends one notification: python send.py TARGET TOKEN RECIPIENT TITLE"""

from __future__ import annotations

import sys

from carillon import Client, errors


def main(target: str, token: str, recipient_id: str, title: str) -> int:
    with Client(target, token=token) as client:
        try:
            response = client.send(recipient_ids=[recipient_id], type="example", content={"title": title})
        except errors.CarillonError as error:
            print(f"not sent: {error}", file=sys.stderr)
            return 1
    for result in response.results:
        print(f"{result.recipient_id} has {result.notification_id}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
