"""How each status is made: a table of what is done to a request that would be taken, and on which state of a service.

Each way is gone for every operation of every service, whether or not it makes a difference there.
"""

from collections.abc import Iterator
from dataclasses import replace

from tests.engine.http.statuses import ways
from tests.engine.http.statuses.callers import KINDS
from twinpath.errors import CommitTooLarge, ConcurrencyConflict, OutcomeUnknown, Unavailable

NOBODY = "0198c0de-0000-7000-8000-0000000000ff"


def edge() -> Iterator[ways.Way]:
    """What the server refuses before an operation sees it."""
    yield ways.header("Host", "another.test")  # a second one
    yield ways.query("a" * 9000)
    yield ways.header("Expect", "the-best")
    yield ways.header("X-Long", "a" * 40_000)
    yield ways.changed("200 headers", lambda asking: asking.with_headers(*[(b"X-%d" % n, b"") for n in range(200)]))
    coded = [(b"Transfer-Encoding", b"gzip, chunked")]
    yield ways.changed("a coding", lambda asking: replace(asking, frames=coded))
    yield ways.changed("HTTP/1.2", lambda asking: replace(asking, version=b"HTTP/1.2"))
    long = [(b"Content-Length", b"%d" % 2**22)]
    yield ways.changed("4 MiB", lambda asking: replace(asking, frames=long), "hasty")
    late = [(b"Content-Length", b"900000")]
    yield ways.changed("a body that does not come", lambda asking: replace(asking, frames=late), "hasty")
    yield ways.Way("a connection too many", "hasty", ways.crowded)


def border() -> Iterator[ways.Way]:
    """What is refused whatever the operation does."""
    yield ways.changed("another host", lambda asking: replace(asking, host=b"another.test"))
    yield replace(ways.header("Origin", "https://evil.test"), readable=False)
    yield ways.header("Content-Type", "text/plain")
    yield ways.header("Content-Type", "application/json; charset=latin-1")
    yield ways.header("Content-Encoding", "gzip")
    yield ways.query("unheard=of")
    yield ways.changed("no parameters' values", lambda asking: replace(asking, query="limit=0&cursor=x&sort=x"))
    for body in (b"{", b"{}", b'{"unheard": "of"}', b"\n"):
        yield ways.body(body)
    yield ways.changed("plain", lambda asking: asking, "starting")
    yield ways.changed("plain", lambda asking: asking, "down")


def callers() -> Iterator[ways.Way]:
    """Who may do it."""
    yield ways.changed("plain", lambda asking: asking, "limited")
    yield ways.changed("plain, once more", lambda asking: asking, "limited")
    yield ways.changed("nobody", lambda asking: asking, "asking")
    for kind in KINDS:
        yield ways.of_caller(kind)
    yield ways.of_caller("staff", (b"Authorization", b"Bearer x"))
    yield ways.of_caller("staff", (b"X-On-Behalf-Of", b"Ada"))
    yield ways.of_caller("an owner of nothing")
    yield ways.of_caller("staff", state="without provider")


def conditions() -> Iterator[ways.Way]:
    """Keys, conditions, tokens and cursors."""
    for name in ("If-Match", "If-None-Match"):
        for value in ("x", '"99"', "*"):
            yield ways.header(name, value)
    yield ways.header("Idempotency-Key", "two words")
    yield ways.Way("a key of another command", "plain", ways.reused)
    yield ways.header("X-Actor", "two words")
    for token in ("x", "nothing.0:1", "repair.0:99999,owner.0:99999"):
        yield ways.header("Causal-Token", token)
    for version in ("x", "99"):
        yield ways.header("X-Version", version)
    yield ways.query("cursor=x")


def stores() -> Iterator[ways.Way]:
    """What stores and other callers bring about."""
    yield ways.changed("plain", lambda asking: asking, "without search")
    for error in (Unavailable("away"), RuntimeError("a defect")):
        yield ways.troubled(error, "troubled")
    for refusal in (OutcomeUnknown("halfway"), ConcurrencyConflict("not first"), CommitTooLarge("too large")):
        yield ways.troubled(refusal, "troubled in writing")
    yield ways.Way("an event of tomorrow", "plain", ways.of_tomorrow)
    yield ways.changed("plain", lambda asking: asking, "full")
    yield ways.changed("plain", lambda asking: asking, "full of one caller")


def domain() -> Iterator[ways.Way]:
    """What is there, and what the rules say."""
    yield ways.Way("plain, twice", "plain", ways.twice)
    nobody = {"repair_id": f"repair-{NOBODY}", "owner_id": f"owner-{NOBODY}", "projection": "nothing"}
    for name, stream in (("no repair", nobody["repair_id"]), ("no owner", nobody["owner_id"])):
        missing = nobody | {"stream": stream}
        yield ways.of(name, missing)
    yield ways.Way("of a closed repair", "plain", ways.closed)
    yield ways.Way("of an erased owner", "plain", ways.erased)
    yield ways.changed("closed without a word", lambda asking: asking.with_body(status="closed"))
    yield ways.changed("the last version first", lambda asking: asking.with_body(version=9))
    for query in ("projection=nothing", "projection=also_seen", f"stream=repair-{NOBODY}"):
        yield ways.query(query)
        yield ways.instead(dict([query.split("=")]))


def bulk() -> Iterator[ways.Way]:
    """Bodies of many lines."""
    yield ways.body(b"\n\n")
    yield ways.Way("a body that is shorter than it says", "plain", ways.cut_short, readable=False)
    yield ways.Way("many bodies at once", "plain", ways.many)


WAYS = [way for table in (domain, edge, border, callers, conditions, stores, bulk) for way in table()]
