"""Requests are cut out of bytes in one way, however the network cuts those."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinpath.http.edge.framing import Framing, Piece
from twinpath.http.edge.in_hand import InHand
from twinpath.http.edge.refusal import Refusal
from twinpath.http.settings import HttpSettings

LIMITS = HttpSettings()
HOST = b"Host: x\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
REQUESTS = (
    b"GET / HTTP/1.1\r\n" + HOST + b"\r\n",
    b"\r\nGET /?a HTTP/1.1\r\nUpgrade: h2c\r\n" + HOST + b"\r\n",
    b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 19\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
    b"POST /a HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n4;x=y\r\n0\r\n\r\r\n1\r\n\n\r\n0\r\nX-A: b\r\n\r\n",
    b"POST /lines HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
)


def pieces_of(framing: Framing, packets: list[bytes]) -> list[Piece]:
    pieces = []
    for packet in packets:
        framing.add(packet)
        while piece := framing.next():
            pieces.append(piece)
    return pieces


def whole(pieces: list[Piece]) -> list[tuple[bytes, bytes]]:
    """Head and body of each request; a streamed body as the data of its chunks."""
    requests: list[tuple[bytes, bytes]] = []
    for piece in pieces:
        head, body = (piece.head.raw, b"") if piece.head else requests.pop()
        streamed = b"chunked" in head
        requests.append((head, body + (_data_of(piece.body) if streamed else piece.body)))
    return requests


def _data_of(chunks: bytes) -> bytes:
    return b"".join(chunks.split(b"\r\n")[1::2])


@given(st.lists(st.sampled_from(REQUESTS), min_size=1, max_size=6), st.data())
def test_requests_are_the_same_however_their_bytes_are_cut(requests: list[bytes], data: st.DataObject) -> None:
    sent = b"".join(requests)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(sent) - 1), max_size=len(sent) - 1)))
    packets = [sent[start:end] for start, end in pairwise([0, *cuts, len(sent)])]

    framing = Framing(LIMITS, frozenset({"/lines"}))
    in_packets = whole(pieces_of(framing, packets))

    assert in_packets == whole(pieces_of(Framing(LIMITS, frozenset({"/lines"})), [sent]))
    assert len(in_packets) == len(requests)
    assert not framing.has_begun


def test_a_trailer_and_an_upgrade_are_not_handed_on() -> None:
    pieces = pieces_of(Framing(LIMITS, frozenset()), [REQUESTS[1], REQUESTS[3]])

    assert [(piece.head.raw if piece.head else b"", piece.body) for piece in pieces] == [
        (b"GET /?a HTTP/1.1\r\n" + HOST + b"\r\n", b""),
        (b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\n", b"0\r\n\r\n"),
    ]


def test_a_body_of_a_path_that_is_not_streamed_has_a_limit() -> None:
    framing = Framing(LIMITS, frozenset({"/lines"}))
    framing.add(b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 1048577\r\n\r\n")

    with pytest.raises(Refusal) as refused:
        framing.next()

    assert refused.value.status == 413


class Client:
    """A connection that notes whether it had to give way."""

    def __init__(self, waits_since: float | None) -> None:
        self.waits_since = waits_since
        self.gave_way = False

    def give_way(self) -> None:
        self.gave_way = True


def test_the_client_that_makes_the_service_keep_the_most_gives_way_unless_it_waits_itself() -> None:
    in_hand = InHand(most_bytes=100, most_connections=10)
    honest, biggest, big = Client(None), Client(1.0), Client(2.0)
    for client, count in ((honest, 50), (biggest, 30), (big, 20), (honest, 60)):
        in_hand.keeps(client, count)

    assert [client.gave_way for client in (honest, biggest, big)] == [False, True, False]


def test_one_connection_too_many_closes_the_one_that_has_waited_longest() -> None:
    in_hand = InHand(most_bytes=100, most_connections=2)
    answered, oldest, newest = Client(None), Client(1.0), Client(2.0)
    for client in (answered, oldest, newest):
        in_hand.opened(client)

    assert [client.gave_way for client in (answered, oldest, newest)] == [False, True, False]
