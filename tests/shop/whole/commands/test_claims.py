"""An e-mail address belongs to one customer, a SKU to one product, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.shop.support.desk import embedded_desk

ADA = {"name": "Ada", "email": "Éva@Example.org"}
SAME = ["Éva@Example.org", "éva@example.org", "E\u0301VA@EXAMPLE.ORG", "  éva@example.org "]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with embedded_desk() as client:
        yield client


async def register(client: httpx.AsyncClient, email: str = ADA["email"]) -> httpx.Response:
    return await client.post("/api/v1/customers", json={"name": "Bea", "email": email})


async def taken(answer: httpx.Response, holder: str) -> bool:
    body: dict[str, Any] = answer.json()
    assert holder not in answer.text
    return (answer.status_code, body.get("code")) == (409, "email_taken")


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> str:
    return str((await client.post("/api/v1/customers", json=ADA)).json()["customer_id"])


@pytest.mark.parametrize("email", SAME)
async def test_an_address_that_another_customer_has_is_refused_without_naming_them(
    client: httpx.AsyncClient, ada: str, email: str
) -> None:
    assert await taken(await register(client, email), ada)
    bea = (await register(client, "bea@example.org")).json()["customer_id"]
    assert await taken(await client.put(f"/api/v1/customers/{bea}/email", json={"email": email}), ada)


async def test_a_customer_may_write_their_own_address_otherwise(client: httpx.AsyncClient, ada: str) -> None:
    answer = await client.put(f"/api/v1/customers/{ada}/email", json={"email": SAME[1]})

    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    assert await taken(await register(client), ada)


async def test_an_address_is_free_once_its_customer_has_another(client: httpx.AsyncClient, ada: str) -> None:
    await client.put(f"/api/v1/customers/{ada}/email", json={"email": "ada@example.org"})

    assert (await register(client)).status_code == 201
    assert await taken(await register(client, "ada@example.org"), ada)


async def test_an_address_is_free_once_its_customer_is_erased(client: httpx.AsyncClient, ada: str) -> None:
    await client.delete(f"/api/v1/customers/{ada}")

    assert (await register(client)).status_code == 201


async def test_a_repeated_registration_is_not_refused_as_taken(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k"}
    answers = [await client.post("/api/v1/customers", json=ADA, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["customer_id"] for answer in answers}) == 1


async def test_what_the_page_says_of_registering_names_the_refusal(client: httpx.AsyncClient) -> None:
    page = (await client.get("/openapi.json")).json()

    assert "409" in page["paths"]["/api/v1/customers"]["post"]["responses"]
