"""A steady load from inside the network: tickets are opened, and each is read back with its token.

It runs in a container that has nothing but the standard library, until its standard input ends, and then prints what
happened as JSON. Each worker is a caller of its own, with one of the access tokens in TOKENS. As docs/guides say, a
client repeats a command that had no answer, or 503, with the same Idempotency-Key, and a query with 202 or 503; a
request has failed when that went on for 20 seconds, or when the answer was another.
"""

import http.client
import json
import os
import sys
import threading
import time
import uuid
from collections import Counter

LIMIT = 20.0
THOUGHT = 0.05
"""Seconds between a worker's requests; without them the load leaves a replica that starts no core to start on."""

happened: Counter[str] = Counter()
failures: list[str] = []
ended = threading.Event()


def ask(host: str, method: str, path: str, body: object, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """One request on a connection of its own, to whichever replica answers."""
    connection = http.client.HTTPConnection(host, 8000, timeout=10)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def insist(wanted: int, host: str, method: str, path: str, body: object, headers: dict[str, str]) -> dict[str, str]:
    """Repeat what may be repeated; the answer's headers, or an AssertionError that says what the last answer was."""
    deadline = time.monotonic() + LIMIT
    status: int | str
    while True:
        try:
            status, given, content = ask(host, method, path, body, headers)
            last = f"{method} {path}: {status} {content[:200]!r}"
            if status == wanted:
                return given
            assert status in (202, 503), last
        except (OSError, http.client.HTTPException) as error:
            last = f"{method} {path}: {error!r}"
            status = type(error).__name__
        assert time.monotonic() < deadline, last
        happened[f"{method} repeated after {status}"] += 1
        time.sleep(0.1)


def work(token: str) -> None:
    """Open a ticket, read it, again."""
    caller = {"Authorization": f"Bearer {token}"}
    while not ended.is_set():
        try:
            body = {"subject": "Parcel", "message": f"Where is it? {uuid.uuid4()}"}
            once = {"Idempotency-Key": str(uuid.uuid4()), **caller}
            opened = insist(201, "command", "POST", "/api/v1/tickets", body, once)
            happened["accepted"] += 1
            causal = {"Causal-Token": opened["causal-token"], **caller}
            insist(200, "query", "GET", opened["location"], None, causal)
            happened["read"] += 1
            time.sleep(THOUGHT)
        except AssertionError as failure:
            failures.append(str(failure))


if __name__ == "__main__":
    threads = [threading.Thread(target=work, args=[token]) for token in os.environ["TOKENS"].split()]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps({**happened, "failures": failures}))
