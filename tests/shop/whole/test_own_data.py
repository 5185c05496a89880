"""Whatever several customers do and ask for, in whatever order: nothing of others is ever shown to a customer."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.shop.support.callers import API, callers_shop
from tests.support.live_client import listening
from twinpath.identity.permissions import IDENTITY

NAMES = ("xerxes", "yvonne", "zoltan")
"""Of customers; everything that a customer or somebody for them writes has the name in it, which no id can have."""
STAFF_WORD = "grumbler"
ASKS = st.sampled_from(NAMES)
NUMBERS = st.integers(0, 1_000)
CHOICES = st.data()
LISTS = {"customers": "customer", "orders": "order", "tickets": "ticket"}


class CustomersMachine(RuleBasedStateMachine):
    """Customers and staff write; customers read whatever the document of the API has, about their own and others'."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.entered = callers_shop()
        self.shop = self.runner.run(self.entered.__aenter__())
        self.owned: defaultdict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for name, ids in self.shop.ids.items():
            for category in ("customer", "order", "ticket"):
                self.owned[name][category].append(ids[category])
        self.product = self.shop.ids["ada"]["product"]
        self.cursors: list[str] = []
        self.reads = [
            (path, [query for query in operation.get("parameters", []) if query["in"] == "query"])
            for path, methods in self.shop.app.openapi()["paths"].items()
            for method, operation in methods.items()
            if method == "get" and operation["security"] and "analytics:read" not in operation["security"][0][IDENTITY]
        ]

    @initialize()
    def everybody_has_something(self) -> None:
        for name in NAMES:
            body = {"name": f"The {name}", "email": f"{name}@example.org"}
            customer = self.made("agent", name, "customer", body)
            self.shop.ids[name] = {"customer": customer}
            self.order(name)
            self.complain(name)

    def made(self, by: str, name: str, category: str, body: dict[str, Any]) -> str:
        answer = self.ask(by, "POST", f"/{category}s", json=body)
        assert answer.status_code == 201, answer.text
        made = str(answer.json()[f"{category}_id"])
        self.owned[name][category].append(made)
        return made

    def ask(self, by: str, method: str, path: str, **more: Any) -> httpx.Response:
        return self.runner.run(self.shop.ask(by, method, f"{API}{path}", **more))

    @rule(name=ASKS)
    def order(self, name: str) -> None:
        address = {"name": name, "street": f"{name} street", "city": "c", "postal_code": "N1 1AA", "country": "GB"}
        lines = [{"product_id": self.product, "quantity": 1}]
        body = {"customer_id": self.shop.ids[name]["customer"], "lines": lines, "shipping_address": address}
        if len(self.owned[name]["order"]) < 5:
            self.made(name, name, "order", body)

    @rule(name=ASKS)
    def complain(self, name: str) -> None:
        words = {"subject": f"{name} waits", "message": f"{name} is waiting"}
        order = self.owned[name]["order"][-1]
        about = {"customer_id": self.shop.ids[name]["customer"], "order_id": order}
        self.made(name, name, "ticket", words | about)

    @rule(name=ASKS, number=NUMBERS, what=st.sampled_from(["note", "close", "ship", "cancel", "rename"]))
    def go_on(self, name: str, number: int, what: str) -> None:
        ticket, order = (f"/{kind}s/{pick(self.owned[name][kind], number)}" for kind in ("ticket", "order"))
        match what:
            case "note":
                self.ask("agent", "POST", f"{ticket}/notes", json={"note": f"{name} is a {STAFF_WORD}"})
            case "close":
                self.ask("agent", "POST", f"{ticket}/close", json={"resolution": f"{name} is happy"})
            case "ship":
                self.ask("warehouse", "POST", f"{order}/ship", json={"carrier": "DHL", "tracking_number": name})
            case "cancel":
                self.ask(name, "POST", f"{order}/cancel", json={"reason": f"{name} wants it no more"})
            case "rename":
                path = f"/customers/{self.shop.ids[name]['customer']}/name"
                self.ask(name, "PUT", path, json={"name": f"{name} the {number}."})

    @rule(name=ASKS, choice=CHOICES)
    def read(self, name: str, choice: st.DataObject) -> None:
        path, queries = choice.draw(st.sampled_from(self.reads), label="path")
        target = self.filled(path, choice)
        params = {query["name"]: choice.draw(self.values(query), label=query["name"]) for query in queries}
        params = {key: value for key, value in params.items() if value is not None}
        whole = str(httpx.URL(f"{API}{target.removeprefix(API)}", params=params))
        if path.endswith("/events"):
            self.expect_nothing_of_others(name, whole, self.runner.run(self.first_told(name, whole)))
            return
        answer = self.ask(name, "GET", whole.removeprefix(API))
        self.expect_nothing_of_others(name, whole, f"{answer.headers} {answer.text}")
        if foreign := [one for one in self.of_others(name) if one in target]:
            assert answer.is_client_error, (whole, answer.text, foreign)
        if "next" in answer.links:
            self.cursors.append(httpx.URL(answer.links["next"]["url"]).params["cursor"])

    @rule(name=ASKS)
    def see_all(self, name: str) -> None:
        """Lists are whole, and what searches count is what the caller owns."""
        for path, category in LISTS.items():
            items = self.ask(name, "GET", f"/{path}?limit=100").json()["items"]
            owned = set(self.owned[name][category])
            assert {item[f"{category}_id"] for item in items} == owned
            found = self.ask(name, "GET", f"/{path}/search?limit=100&q={name}").json()
            assert {item[f"{category}_id"] for item in found["items"]} <= owned
            assert (found["total"] or 0) <= len(owned)
            assert max(counts_in(found["facets"]), default=0) <= len(owned)

    def values(self, query: dict[str, Any]) -> st.SearchStrategy[Any]:
        """What a parameter may be: nothing, mostly."""
        words = [*NAMES, STAFF_WORD, "waits", "open", "closed", "confirmed", "true", "lamp", "active"]
        ids = [one for kinds in self.owned.values() for one in kinds["customer"]]
        known: dict[str, list[Any]] = {
            "limit": [1, 2, 100],
            "cursor": self.cursors,
            "customer_id": ids,
            "q": [*words, *ids],
        }
        sort = query["schema"].get("enum")
        some = known.get(query["name"], sort or words)
        needed = query.get("required", False)
        return st.sampled_from(some if needed else [None, None, *some])

    def filled(self, path: str, choice: st.DataObject) -> str:
        everything = [one for kinds in self.owned.values() for ids in kinds.values() for one in ids]
        everything += [f"allowance-{one.partition('-')[2]}" for one in everything if one.startswith("customer-")]
        for category in ("customer", "order", "ticket"):
            some = [one for one in everything if one.startswith(category)]
            if f"{{{category}_id}}" in path:
                path = path.replace(f"{{{category}_id}}", choice.draw(st.sampled_from(some), label=category))
        if "{stream}" in path:
            path = path.replace("{stream}", choice.draw(st.sampled_from(everything), label="stream"))
        return path.replace("{product_id}", self.product)

    async def first_told(self, name: str, target: str) -> str:
        """What a live stream begins with; nothing of one that is refused."""
        if (await self.shop.ask(name, "HEAD", target)).status_code != 200:
            return ""
        async with listening(self.shop.app, target.removeprefix(API), self.shop.headers(name)) as live:
            return str((await live.next()).data)

    def of_others(self, name: str) -> Iterator[str]:
        """The ids of everything that is somebody else's."""
        return (one for other, kinds in self.owned.items() if other != name for ids in kinds.values() for one in ids)

    def expect_nothing_of_others(self, name: str, asked: str, shown: str) -> None:
        """Words and ids of others may be in what the caller sent, nowhere else."""
        secrets = [*self.of_others(name), STAFF_WORD, *(other for other in NAMES if other != name)]
        assert [secret for secret in secrets if secret in shown and secret not in asked] == [], (asked, shown)

    def teardown(self) -> None:
        try:
            self.runner.run(self.entered.__aexit__(None, None, None))
        finally:
            self.runner.close()


def pick(some: list[str], number: int) -> str:
    return some[number % len(some)]


def counts_in(facets: Any) -> Iterator[int]:
    if isinstance(facets, list):
        for part in facets:
            yield from counts_in(part)
    elif isinstance(facets, dict):
        for name, part in facets.items():
            yield from [part] if name == "count" else counts_in(part)


@pytest.mark.timeout(300)
def test_no_customer_is_ever_shown_anything_of_others() -> None:
    phases = (Phase.explicit, Phase.reuse, Phase.generate)  # a failure is read as it is: to shrink it takes minutes
    thorough = settings(max_examples=8, stateful_step_count=40, deadline=None, phases=phases)
    run_state_machine_as_test(CustomersMachine, settings=thorough)
