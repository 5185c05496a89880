"""The page of the API on the sample: each operation, sent as the page fills it in, succeeds."""

import httpx

from tests.shop.support.served import served_shop
from tests.shop.support.trying_out import requests_of


def test_every_operation_succeeds_on_the_sample_as_the_page_fills_it_in() -> None:
    with served_shop() as address, httpx.Client(base_url=address, timeout=10) as client:
        document = client.get("/docs/openapi.json").json()
        refused = []
        for request in requests_of(document):
            headers = {"Content-Type": request.media_type} if request.media_type else {}
            with client.stream(request.method, request.path, content=request.content, headers=headers) as answer:
                if not answer.is_success:
                    refused.append((request.operation, request.path, answer.read()))
    needs_clickhouse = [operation for operation, _, body in refused if b"analytics_off" in body]
    assert all(operation.startswith("get_analytics_") for operation in needs_clickhouse)
    assert len(refused) == len(needs_clickhouse), refused
