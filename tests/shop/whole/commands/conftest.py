"""The whole shop in memory, a client of it, and what a clerk does with that client."""

from collections.abc import AsyncIterator

import httpx
import pytest

from deploy.shop import SHOP
from tests.shop.support.desk import embedded_desk
from tests.shop.support.shop import Shop
from twinpath.testing import InMemorySystem


@pytest.fixture
def embedded() -> InMemorySystem:
    return InMemorySystem(SHOP)


@pytest.fixture
async def client(embedded: InMemorySystem) -> AsyncIterator[httpx.AsyncClient]:
    async with embedded_desk(embedded) as client:
        yield client


@pytest.fixture
def shop(client: httpx.AsyncClient) -> Shop:
    return Shop(client)
