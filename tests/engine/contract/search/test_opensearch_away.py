"""A search server that is not there is a refusal in our terms, whatever is asked of it."""

from collections.abc import Awaitable, Callable

import pytest

from deploy.local.ports import HOST, hold_port
from tests.engine.contract.search.feed import ARTICLES
from tests.engine.contract.search.indexes import ENGLISH, LOG, VIEW, article, skus, whole
from twinpath.errors import Unavailable
from twinpath.searching.opensearch.index import OpenSearchIndex
from twinpath.searching.opensearch.server import Server

CALLS: dict[str, Callable[[OpenSearchIndex], Awaitable[object]]] = {
    "write": lambda index: index.write(VIEW, {LOG: (0, 1)}, [whole(article("a"))], []),
    "positions": lambda index: index.positions(VIEW),
    "adopt": lambda index: index.adopt(VIEW, {LOG: 1}),
    "fill state": lambda index: index.fill_state(VIEW),
    "begin fill": lambda index: index.begin_fill(VIEW, "token"),
    "fill": lambda index: index.fill(VIEW, "token", [], True),
    "forget": lambda index: index.forget(VIEW),
    "search": lambda index: skus(index, "lamp"),
    "seen": lambda index: index.seen(VIEW),
    "refresh": lambda index: index.refresh(VIEW),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
async def test_every_call_raises_unavailable(call: Callable[[OpenSearchIndex], Awaitable[object]]) -> None:
    nobody = hold_port()
    index = OpenSearchIndex([ARTICLES], ENGLISH, Server(f"http://user:secret@{HOST}:{nobody.number}"), "test")
    try:
        with pytest.raises(Unavailable) as refused:
            await call(index)
        assert refused.value.code == "search_unavailable"
        assert "secret" not in str(refused.value)
    finally:
        await index.close()
        nobody.release()
