"""Everything that a shop's query service shows, and what its projector has parked."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.shop.upgrades.life import ADMIN

_LISTS = ("customers", "orders", "products", "tickets")
_BELOW = {"customers": ("history", "orders"), "orders": ("history",), "products": ("history", "prices")}
_DASHBOARDS = ("/shop/dashboard", "/tickets/dashboard")


async def ask_all(query: httpx.AsyncClient, ids: Mapping[str, str]) -> dict[str, Any]:
    """Path -> answer: every list, every document of `ids` with what lies below it, both dashboards."""
    paths = [*(f"/{name}" for name in _LISTS), *_DASHBOARDS]
    for document in ids.values():
        kind = f"{document.partition('-')[0]}s"
        below = _BELOW.get(kind, ("history",))
        paths += [f"/{kind}/{document}", *(f"/{kind}/{document}/{name}" for name in below)]
    return {path: await _answer(query, path) for path in paths}


async def _answer(query: httpx.AsyncClient, path: str) -> Any:
    pages = path.rsplit("/", 1)[-1] in (*_LISTS, "history", "prices")
    answer = await query.get(f"/api/v1{path}", params={"limit": 100} if pages else {})
    assert answer.status_code == 200, f"{path}: {answer.text}"
    return _lasting(answer.json())


def _lasting(answer: Any) -> Any:
    """An answer without the days up to today, which are others tomorrow."""
    if isinstance(answer, list):
        return [_lasting(item) for item in answer]
    if isinstance(answer, dict):
        return {name: _lasting(value) for name, value in answer.items() if name != "days"}
    return answer


async def parked(projector: httpx.AsyncClient) -> list[list[Any]]:
    """Projection, stream and version of everything that is parked."""
    answer = await projector.get("/admin/v1/parked", headers=ADMIN, params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return [[entry["projection"], entry["stream"], entry["version"]] for entry in answer.json()["items"]]
