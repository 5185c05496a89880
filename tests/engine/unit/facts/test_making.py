"""Rows made of events: what is recalled of a stream, and that nothing personal reaches a row."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import pytest
from pydantic import BaseModel

from tests.engine.unit.facts.facts_world import FactsWorld
from twinpath.domain import Catalogue, DomainEvent, Earlier, Earliest, Facts, Happened, Label
from twinpath.domain.facts import UnfitFacts
from twinpath.errors import Unavailable
from twinpath.facts.in_memory import InMemoryFacts
from twinpath.facts.keeping import FactsKeeper
from twinpath.facts.making import Making
from twinpath.facts.tables import Row, Table, table_of, unfit


class Address(BaseModel):
    """Where somebody lives."""

    street: str
    country: str | None = None
    lines: list[str] | None = None
    place: "Address | None" = None


class Placed(DomainEvent):
    """Somebody ordered."""

    type: ClassVar[str] = "order.placed"
    personal: ClassVar[tuple[str, ...]] = ("address", "note")
    personal_of: ClassVar[str | None] = "customer_id"

    customer_id: str | None
    address: Address | None
    note: str | None = None


class Paid(DomainEvent):
    """The money is there."""

    type: ClassVar[str] = "order.paid"

    cents: int


CATALOGUE = Catalogue([Placed, Paid])


class PaymentRow(NamedTuple):
    """A step of an order."""

    step: Label
    country: Label
    cents: int = 0


class Payments(Facts):
    """A row a payment, with the country of the order."""

    name = "payments"
    row = PaymentRow
    recalls = (Placed, Paid)
    parts: ClassVar[Any] = {Placed: ("address.country",)}

    def placed(self, event: Placed, earlier: Earlier) -> Iterable[PaymentRow]:
        """What a handler sees of a person is None."""
        assert (event.address, event.note) == (None, None)
        assert "Secret Lane" not in str(earlier.recorded.data)
        yield PaymentRow("placed", earlier.parts["address.country"] or "")

    def paid(self, event: Paid, earlier: Earlier) -> Iterable[PaymentRow]:
        """The first payment alone."""
        placed: Happened[Placed] | None = earlier.last(Placed)
        assert placed is not None
        assert placed.event.address is None
        assert "Secret Lane" not in str(placed.recorded.data)
        if earlier.last(Paid) is None:
            yield PaymentRow("paid", placed.parts["address.country"] or "", event.cents)


def placed(customer: str | None = "customer-1") -> Placed:
    return Placed(customer_id=customer, address=Address(street="Secret Lane 1", country="SE"), note="ring twice")


async def test_rows_have_what_happened_before_in_their_stream_and_marks_stand_for_events_without() -> None:
    world = FactsWorld(CATALOGUE, [Payments()])
    await world.append("order-1", placed(), Paid(cents=5), Paid(cents=7))

    assert [(row[1], row[2], *row[6:]) for row in await world.rows("payments")] == [
        (1, 1, "placed", "SE", 0),
        (2, 1, "paid", "SE", 5),
        (3, 0, "", "", 0),
    ]


async def test_what_another_process_kept_is_recalled_from_the_log() -> None:
    world = FactsWorld(CATALOGUE, [Payments()])
    await world.append("order-1", placed())
    await world.rows("payments")

    world.begin_anew()
    await world.append("order-1", Paid(cents=5))

    assert [row[6:] for row in await world.rows("payments")][1:] == [("paid", "SE", 5)]


async def test_streams_that_find_no_room_in_memory_are_recalled_from_the_log() -> None:
    world, facts = FactsWorld(CATALOGUE, []), Payments()
    making = Making(facts, table_of(facts), world.log, world.seals, CATALOGUE, most_recalled=2)
    for cents in (0, 5, 7):
        for number in range(5):
            await world.append(f"order-{number}", Paid(cents=cents) if cents else placed())

    rows = await making.rows(await world.log.read_log("order.0", 0, 100))

    orders = [f"order-{number}" for number in range(5)]
    assert [(row[4], *row[6:]) for row in rows] == [
        *((order, "placed", "SE", 0) for order in orders),
        *((order, "paid", "SE", 5) for order in orders),
        *((order, "", "", 0) for order in orders),
    ]


async def test_events_that_are_taken_again_after_a_failure_recall_nothing_that_came_later() -> None:
    class FailsFirst(InMemoryFacts):
        has_failed = False

        async def insert(self, table: Table, rows: Sequence[Row]) -> None:
            if not self.has_failed:
                self.has_failed = True
                raise Unavailable("not yet")
            await super().insert(table, rows)

    store = FailsFirst()
    world = FactsWorld(CATALOGUE, [Payments()], store=store)
    await world.append("order-1", placed(), Paid(cents=5), Paid(cents=7))
    await world.keeper.caught_up()

    assert [row[6:] for row in store.rows(table_of(Payments()))] == [
        ("placed", "SE", 0),
        ("paid", "SE", 5),
        ("", "", 0),
    ]


async def test_of_an_erased_owner_not_even_the_part_is_left_for_a_table_built_anew() -> None:
    world = FactsWorld(CATALOGUE, [Payments()])
    await world.append("order-1", placed("customer-1"))
    await world.seals.erase("customer-1")

    assert [row[6:] for row in await world.rows("payments")] == [("placed", "", 0)]


class RecordRow(NamedTuple):
    """What the record of an event has."""

    data: str


class Records(Facts):
    """The data of every record that a handler can look at; of `Placed` it is sealed where the customer is known."""

    name = "records"
    row = RecordRow
    recalls = (Placed,)
    parts: ClassVar[Any] = {Placed: ("address.country",)}

    def happened(self, event: Placed | Paid, earlier: Earlier) -> Iterable[RecordRow]:
        """Of the event, and of the one that is recalled."""
        placed = earlier.last(Placed)
        yield RecordRow(str([earlier.recorded.data, placed and placed.recorded.data]))


class ClosedRecords(Records):
    """The same, where no part is opened."""

    name = "closed_records"
    parts: ClassVar[Any] = {}


@pytest.mark.parametrize("customer", ["customer-1", None])
@pytest.mark.parametrize("facts", [Records(), ClosedRecords()])
async def test_the_record_of_an_event_shows_nothing_personal_either(facts: Facts, customer: str | None) -> None:
    world = FactsWorld(CATALOGUE, [facts])
    await world.append("order-1", placed(customer), Paid(cents=5))
    rows = await world.rows(facts.name)
    world.begin_anew()  # which recalls from the log
    await world.append("order-1", Paid(cents=7))

    texts = [row[6] for row in (*rows, *await world.rows(facts.name))]
    assert "'cents': 7" in texts[-1]
    assert [text for text in texts for word in ("Secret Lane", "'SE'", "ring twice") if word in text] == []


class _OfPerson(Payments):
    name = "of_person"

    class row(NamedTuple):  # noqa: N801
        note: str


class _WholeField(Payments):
    name = "whole_field"
    parts: ClassVar[Any] = {Placed: ("address",)}


class _NotPersonal(Payments):
    name = "not_personal"
    parts: ClassVar[Any] = {Placed: ("customer_id.prefix",)}


class _NoSuchPart(Payments):
    name = "no_such_part"
    parts: ClassVar[Any] = {Placed: ("address.contry",)}


class _SeveralLines(Payments):
    name = "several_lines"
    parts: ClassVar[Any] = {Placed: ("address.lines",)}


class _WholePart(Payments):
    name = "whole_part"
    parts: ClassVar[Any] = {Placed: ("address.place",)}


class _NoColumnType(Payments):
    name = "no_column_type"

    class row(NamedTuple):  # noqa: N801
        sizes: list[int]


class _OwnColumn(Payments):
    name = "own_column"

    class row(NamedTuple):  # noqa: N801
        position: int


class _DigestOfNothing(Payments):
    name = "digest_of_nothing"
    earliest: ClassVar[Mapping[str, Earliest]] = {"firsts": Earliest("hour", key="position", where="line = 1")}


class _DigestOfGaps(Payments):
    name = "digest_of_gaps"
    earliest: ClassVar[Mapping[str, Earliest]] = {"firsts": Earliest("cents", key="shop", where="line = 1")}

    class row(NamedTuple):  # noqa: N801
        cents: int
        shop: str | None


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (_DigestOfGaps(), "the digest firsts is of shop, which is empty in some rows"),
        (_DigestOfNothing(), "the digest firsts is of hour, which is no column"),
        (_OfPerson(), "the column note is called like a personal field of order.placed"),
        (_WholeField(), "address of order.placed is a whole personal field"),
        (_NotPersonal(), "customer_id of order.placed is no personal field"),
        (_NoSuchPart(), "address.contry of order.placed is not there"),
        (_SeveralLines(), "address.lines of order.placed has parts itself"),
        (_WholePart(), "address.place of order.placed has parts itself"),
        (_NoColumnType(), "the column sizes has a type that no column can have"),
        (_OwnColumn(), "a column can't be called position"),
    ],
)
async def test_a_declaration_that_can_not_be_kept_is_refused_at_the_start(facts: Facts, fault: str) -> None:
    assert fault in "; ".join(unfit(facts, CATALOGUE))
    world = FactsWorld(CATALOGUE, [])
    with pytest.raises(UnfitFacts, match=f"facts {facts.name}: .*{fault}"):
        FactsKeeper([facts], ["order.0"], world.means)


def test_a_fit_declaration_has_no_fault() -> None:
    assert list(unfit(Payments(), CATALOGUE)) == []
