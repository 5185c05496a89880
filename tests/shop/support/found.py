"""What a survival test of search looks at: whether searches are refused, and whether everything is found, once."""

from tests.shop.support.work import Work
from tests.support.eventually import eventually
from tests.support.services.scraped import scraped
from tests.support.services.system import System

SEARCH = "/api/v1/tickets/search"
MORE = 10
"""Commands, and answers, that prove that the shop goes on."""
LIMIT = 150
"""Seconds, on a machine that does other work too."""


async def goes_on_and_finds_everything(work: Work) -> None:
    """Commands and queries are answered meanwhile; after a while searches are as before."""
    await work.more(MORE, LIMIT)
    await work.more_answers(MORE, LIMIT)
    await everything_is_found(work)
    await eventually(lambda: is_kept(work.system), LIMIT)


async def everything_is_found(work: Work) -> None:
    """A search shows each ticket that there is by now, once."""
    tickets = set(work.ledger.tickets)

    async def found() -> bool:
        ids: list[str] = []
        url: str | None = f"{SEARCH}?q=ticket&limit=100"
        while url is not None:
            answer = await work.queries.get(url)
            if answer.status_code != 200:
                return False
            ids += [item["ticket_id"] for item in answer.json()["items"]]
            url = answer.links["next"]["url"] if answer.json()["next"] else None
        assert len(ids) == len(set(ids)), "found twice"
        return tickets <= set(ids)

    await eventually(found, LIMIT, pause=0.3)


async def is_refused(work: Work) -> None:
    """Searches are answered with 503, and nothing else is."""

    async def refused() -> bool:
        answer = await work.queries.get(SEARCH, params={"q": "ticket"})
        return answer.status_code == 503 and answer.json()["code"] == "search_unavailable"

    await eventually(refused, LIMIT, pause=0.005)


async def is_kept(system: System) -> bool:
    """Whether the metric says that the index is kept."""
    async with system.client("projector") as projector:
        return (await scraped(projector)).value("twinpath_search_kept") == 1
