"""The pages that show the APIs: everything they need comes from the service itself."""

import re

import pytest

from tests.shop.support.desk import embedded_desk


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_a_page_loads_nothing_from_elsewhere(page: str) -> None:
    async with embedded_desk() as desk:
        shown = (await desk.get(page)).raise_for_status().text
        needed = re.findall(r'(?:src|href)="([^"]+)"', shown)

        assert needed
        for path in needed:
            assert path.startswith("/"), path
            assert len((await desk.get(path)).raise_for_status().content) > 1_000
