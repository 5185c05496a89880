"""Live lists and dashboards of declared resources: what is told of a change, and what is not."""

from collections.abc import AsyncIterator

import pytest

from tests.engine.support.declared_workshop import COUNTS, REPAIRS, Workshop, declared_workshop
from tests.support.live_client import LiveClient, listening
from twinpath.domain.views import Change, Document, Order, Put, Remove
from twinpath.queries.reading.views import Selection
from twinpath.views.interface import Batch, CheckpointMove


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    async with declared_workshop() as workshop:
        yield workshop


class Follower:
    """Who follows the open repairs; a marker shows that nothing else was sent before it."""

    def __init__(self, workshop: Workshop, client: LiveClient) -> None:
        self._workshop = workshop
        self._client = client

    async def told(self) -> list[tuple[str, str]]:
        """What was sent until now: (event, id of the repair)."""
        marker = await self._workshop.repair()
        seen: list[tuple[str, str]] = []
        while (event := await self._client.next()).data.get("repair_id") != marker:
            if event.name == "repairs":  # the watch may have begun after the commit, so all is read anew
                marker = await self._workshop.repair()
            else:
                seen.append((event.name, event.data["repair_id"]))
        return seen


@pytest.fixture
async def follower(workshop: Workshop) -> AsyncIterator[Follower]:
    async with listening(workshop.app, "/repairs/events?status=open") as client:
        follower = Follower(workshop, client)
        await follower.told()
        yield follower


async def test_a_change_of_what_was_never_in_a_live_list_is_not_told(workshop: Workshop, follower: Follower) -> None:
    closed = await workshop.repair(status="closed")
    assert await follower.told() == []

    await workshop.commit(Change(REPAIRS.name, closed, set={"parts": ["a long note"], "version": 2}))

    assert await follower.told() == []


@pytest.mark.parametrize(
    ("document", "fields", "may"),
    [
        ({"status": "closed", "price.amount": 2}, {"status"}, True),
        ({"status": "closed", "price.amount": 0}, {"status"}, False),  # its price kept it out before, too
        ({"status": "open", "price.amount": 0}, {"price"}, True),
        ({"status": "closed", "price.amount": 0}, {"status", "price"}, True),
        ({"status": "closed", "price.amount": 2}, {"parts", "version"}, False),
        ({"status": "closed", "price.amount": 2}, {"opened_at"}, False),  # sorts, and takes nothing out
        ({"status": "closed", "price.amount": 2}, {"_id", "status"}, False),  # was not there before
        ({"status": "closed", "price.amount": 2}, None, True),
        (None, {"status"}, True),
    ],
)
def test_a_selection_may_have_lost_what_changed_where_it_asks(
    document: Document | None, fields: set[str] | None, may: bool
) -> None:
    selection = Selection(REPAIRS, {"status": "open"}, Order("opened_at"), {"price.amount": (1, None)})

    assert selection.may_have_lost(document, None if fields is None else frozenset(fields)) is may


async def test_what_leaves_a_live_list_or_is_gone_is_told(workshop: Workshop, follower: Follower) -> None:
    closing, gone = await workshop.repair(), await workshop.repair()
    assert await follower.told() == [("repair", closing), ("repair", gone)]

    await workshop.commit(Change(REPAIRS.name, closing, set={"status": "closed"}))
    assert await follower.told() == [("left", closing)]

    await workshop.commit(Remove(REPAIRS.name, gone))
    assert await follower.told() == [("left", gone)]


async def test_a_dashboard_is_computed_of_its_views_and_sent_when_it_changes(workshop: Workshop) -> None:
    repair = await workshop.repair()
    await workshop.commit(Put(COUNTS.name, "total/repair.0", {"opened": 2}))
    async with listening(workshop.app, "/repairs/counted/events") as client:
        first = await client.next()
        assert (first.name, first.data) == ("counted", {"day": "2026-03-10", "opened": 2, "newest": [repair]})
        await workshop.store.commit(
            Batch([Put(COUNTS.name, "total/repair.1", {"opened": 3})], [CheckpointMove("counts", "repair.1", 0, 1)])
        )
        assert (await client.next()).data["opened"] == 5

    assert (await workshop.get("/repairs/counted"))["opened"] == 5
    await workshop.get("/repairs/counted?day=1", 422)
