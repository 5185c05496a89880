"""An import whose command service does not answer says so at once, tries on, and gives up in the end."""

from collections.abc import Iterator
from itertools import chain, repeat

import httpx
import pytest

from tests.engine.support.stockroom import AddPart
from twinpath.domain.importer import Wanted
from twinpath.errors import Unavailable
from twinpath.importing.batches import Asked
from twinpath.importing.sending import Service

ASKED = Asked(1, Wanted(AddPart, {"number": "A"}), "key")


def service(answers: Iterator[httpx.Response], said: list[str], patience: float = 60.0) -> Service:
    transport = httpx.MockTransport(lambda request: next(answers))
    return Service(httpx.Client(base_url="http://there", transport=transport), "import", patience, said.append)


def test_it_is_told_once_that_the_service_is_away_and_what_was_asked_is_carried_out() -> None:
    said: list[str] = []
    answers = iter(
        [httpx.Response(503), httpx.Response(502), httpx.Response(200, content=b'{"line":1,"status":201}\n')]
    )

    assert service(answers, said).carry_out([ASKED]) == [None]
    assert said == [
        "the command service at http://there does not answer: it answers 503; it is tried again for a while"
    ]


def test_who_stays_away_is_named_after_the_patience_is_over() -> None:
    said: list[str] = []
    with pytest.raises(Unavailable, match="at http://there does not answer: it answers 429"):
        service(chain([httpx.Response(503)], repeat(httpx.Response(429))), said, patience=1.0).carry_out([ASKED])
    assert len(said) == 1


@pytest.mark.parametrize("url", ["shop", "ftp://shop"])
def test_what_is_no_address_is_not_waited_for(url: str) -> None:
    said: list[str] = []
    with (
        httpx.Client(base_url=url) as client,
        pytest.raises(Unavailable, match=f"{url}/? is no address of a command service"),
    ):
        Service(client, "import", on_wait=said.append).carry_out([ASKED])
    assert said == []
