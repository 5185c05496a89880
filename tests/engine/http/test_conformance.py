"""Every service answers every case of the tables right, whatever bytes come: RFC 9110, 9112, 9457 and 6585."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tests.engine.http import cases, refused_cases
from tests.engine.http.cases import Case
from tests.engine.http.raw import talk

TABLES: dict[str, Callable[[], Iterator[Case]]] = {
    table.__name__: table
    for table in (
        cases.taken,
        cases.bodies,
        refused_cases.lines,
        refused_cases.other_protocols,
        refused_cases.headers,
        refused_cases.lengths,
        refused_cases.chunks,
        refused_cases.too_much,
    )
}
AT_ONCE = 24


@pytest.mark.parametrize("table", TABLES)
async def test_every_case_is_answered_right_by_every_service(ports: dict[str, int], table: str) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def tried(service: str, case: Case) -> str | None:
        async with places:
            try:
                await try_case(ports[service], case)
            except Exception as error:
                return f"{service}: {case.name}: {type(error).__name__}: {error}"
        return None

    tries = [tried(service, case) for case in TABLES[table]() for service in ports]
    wrong = list(filter(None, await asyncio.gather(*tries)))

    assert not wrong, "\n".join(wrong)


async def try_case(port: int, case: Case) -> None:
    async with talk(port) as connection:
        await connection.send(*case.packets)
        answer = await connection.answer(case.method)
        assert answer is not None, "no answer"
        assert answer.status in case.status, (answer.status, answer.body)
        assert answer.asked == case.asked, f"asked for the body {answer.asked} times"
        if answer.status >= 400 and case.method != b"HEAD":
            problem = answer.problem
            assert (problem["status"], problem["code"] != "") == (answer.status, True)
            assert len(answer.body) < 1000
        if case.closes:
            assert answer.headers.get("connection") == "close"
            assert await connection.ends(), "it goes on"
        else:
            assert await connection.goes_on(), "it does not go on"
