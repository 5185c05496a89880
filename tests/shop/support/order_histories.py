"""Random histories of orders as events of a log, and what each step of an order means for what was sold."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from shared.events.money import Money
from shared.events.order import (
    OrderCancelled,
    OrderConfirmed,
    OrderEvent,
    OrderLine,
    OrderPlaced,
    OrderRejected,
    OrderReturned,
    OrderShipped,
    ReturnedPieces,
    ShippingAddress,
)
from twinpath.ids import new_id

FIRST, DAYS = datetime(2025, 12, 20, tzinfo=UTC), 110
_CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3}
_PRICES = (0, 1, 999, 12_345, 10**9)
_CATEGORIES = ("lighting", "Lighting", "", 'a "b", c')
_PAUSES = (timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=3), timedelta(days=40))
_ENDS = ("placed", "rejected", "cancelled", "confirmed", "taken back", "shipped", "returned", "returned")


@dataclass(frozen=True)
class Step:
    """A step of an order; `sign` says what it means for what was sold, `pieces` of which lines."""

    name: str
    at: datetime
    sign: int
    pieces: Mapping[int, int]


@dataclass
class Order:
    """An order with its events, and its steps after it was placed."""

    id: str
    customer: str
    lines: tuple[OrderLine, ...]
    country: str
    placed_at: datetime
    steps: list[Step] = field(default_factory=list)
    events: list[tuple[datetime, OrderEvent]] = field(default_factory=list)

    def at(self, name: str) -> list[datetime]:
        """When a step was taken."""
        return [step.at for step in self.steps if step.name == name]

    def sold(self) -> Iterator[tuple[Step, OrderLine, int, Decimal]]:
        """The changes of what was sold: step, line, pieces and amount."""
        for step in self.steps:
            for line, pieces in step.pieces.items() if step.sign else ():
                price = self.lines[line].unit_price
                yield step, self.lines[line], step.sign * pieces, price.times(step.sign * pieces).amount


def histories(random: Random, orders: int) -> list[Order]:
    """So many orders of a few customers, of free and dear things; no two steps have the same time."""
    return [_History(random).order() for _ in range(orders)]


class _History:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._now = FIRST + timedelta(milliseconds=random.randrange(DAYS * 86_400_000))
        self._currency = random.choice([*_CURRENCIES])
        self._catalogue: dict[str, tuple[str, int]] = {}

    def order(self) -> Order:
        random, country = self._random, self._random.choice(["DE", "FR", ""])
        lines = tuple(self._line() for _ in range(random.randint(1, 4)))
        order = Order(new_id("order"), f"customer-{random.randrange(12)}", lines, country, self._now)
        address = ShippingAddress(name="N", street="S", country=country) if country else None
        self._happened(
            order,
            OrderPlaced(
                customer_id=order.customer,
                lines=lines,
                total=self._money,
                shipping_address=address,
                placed_at=self._now,
            ),
        )
        self._go_on(order, random.choice(_ENDS))
        return order

    def _line(self) -> OrderLine:
        """Lines of one product have one price and one category, as in the catalogue."""
        product, random = f"product-{self._random.randrange(5)}", self._random
        category, minor = self._catalogue.setdefault(product, (random.choice(_CATEGORIES), random.choice(_PRICES)))
        return OrderLine(
            product_id=product,
            sku=product.upper(),
            name="n",
            category=category,
            quantity=random.randint(1, 5),
            unit_price=self._money.model_copy(update={"minor": minor}),
        )

    @property
    def _money(self) -> Money:
        return Money(minor=1, currency=self._currency, digits=_CURRENCIES[self._currency])

    def _go_on(self, order: Order, end: str) -> None:
        whole = {line: ordered.quantity for line, ordered in enumerate(order.lines)}
        if end == "rejected":
            rejected = OrderRejected(product_id="product-1", quantity=1, on_hand=0, reason="insufficient_stock")
            self._happened(order, rejected, wait=True)
        if end == "cancelled":
            self._cancel(order, whole, None)
        if end in ("confirmed", "taken back", "shipped", "returned"):
            self._step(order, "confirmed", 1, whole)
            self._happened(order, OrderConfirmed(total=self._money, revenue=(), confirmed_at=self._now))
        if end == "taken back":
            self._cancel(order, whole, self._now)
        if end in ("shipped", "returned"):
            self._step(order, "shipped", 0, whole)
            shipped = {"carrier": "DHL", "tracking_number": "1", "customer_id": order.customer}
            self._happened(order, OrderShipped(**shipped, products=()))
        if end == "returned":
            self._return(order, whole)

    def _cancel(self, order: Order, whole: Mapping[int, int], confirmed_at: datetime | None) -> None:
        self._step(order, "cancelled", -1 if confirmed_at else 0, whole)
        about = {"total": self._money, "revenue": (), "products": (), "reason": "x", "customer_id": order.customer}
        before = "confirmed" if confirmed_at else "placed"
        self._happened(order, OrderCancelled(**about, previous_status=before, confirmed_at=confirmed_at))

    def _return(self, order: Order, left: dict[int, int]) -> None:
        """Some pieces, twice at most."""
        for number in range(1, self._random.randint(1, 2) + 1):
            back = {line: self._random.randint(0, pieces) for line, pieces in left.items()}
            left = {line: pieces - back[line] for line, pieces in left.items()}
            products: Counter[str] = Counter()
            for line, pieces in back.items():
                products[order.lines[line].product_id] += pieces
            parts = [ReturnedPieces(product_id=p, restocked=n, written_off=0) for p, n in products.items() if n]
            if parts:
                self._step(order, "returned", -1, {line: pieces for line, pieces in back.items() if pieces})
                paid = {"refund": self._money, "refunded": self._money, "revenue": (), "returned_at": self._now}
                about = {"number": number, "reason": "x", "complete": False, "customer_id": order.customer}
                self._happened(order, OrderReturned(**about, **paid, products=tuple(parts)))

    def _step(self, order: Order, name: str, sign: int, pieces: Mapping[int, int]) -> None:
        self._wait()
        order.steps.append(Step(name, self._now, sign, pieces))

    def _happened(self, order: Order, event: OrderEvent, wait: bool = False) -> None:
        if wait:
            self._wait()
        order.events.append((self._now, event))

    def _wait(self) -> None:
        self._now += self._random.choice(_PAUSES) + timedelta(milliseconds=self._random.randrange(1_000))
