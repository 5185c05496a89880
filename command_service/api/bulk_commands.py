"""The commands that a bulk request can name, and how each is made from an id and a body, as its endpoint does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from command_service.api import customers, orders, products, tickets
from command_service.customer import ChangeEmail, EraseCustomer, RegisterCustomer, RenameCustomer
from command_service.order import CancelOrder, ShipOrder
from command_service.product import Discontinue, Restock
from command_service.ticket import AddAgentNote, ChangeTicketStatus, CloseTicket
from twinpath.clock import utc_now
from twinpath.commands.accepting import Body
from twinpath.commands.bus import CommandBus
from twinpath.domain.aggregate import Command
from twinpath.ids import new_id

_Body = TypeVar("_Body", bound=Body)
Build = Callable[[CommandBus, str, dict[str, Any]], Awaitable[Command]]


@dataclass(frozen=True)
class BulkCommand:
    """`category` is that of the id that the command needs, None where it creates."""

    category: str | None
    build: Build


def _made(category: str | None, body_type: type[_Body], make: Callable[[str, _Body], Command]) -> BulkCommand:
    async def build(bus: CommandBus, aggregate_id: str, body: dict[str, Any]) -> Command:
        return make(aggregate_id, body_type.model_validate(body))

    return BulkCommand(category, build)


async def _place(bus: CommandBus, _: str, body: dict[str, Any]) -> Command:
    return await orders.place_command(bus, orders.PlaceOrderBody.model_validate(body))


COMMANDS: dict[str, BulkCommand] = {
    "open_ticket": _made(None, tickets.OpenTicketBody, lambda _, body: tickets.open_command(body)),
    "change_ticket_status": _made(
        "ticket",
        tickets.StatusBody,
        lambda of, body: ChangeTicketStatus(ticket_id=of, at=utc_now(), status=body.status),
    ),
    "add_agent_note": _made(
        "ticket", tickets.NoteBody, lambda of, body: AddAgentNote(ticket_id=of, at=utc_now(), note=body.note)
    ),
    "close_ticket": _made(
        "ticket",
        tickets.CloseBody,
        lambda of, body: CloseTicket(ticket_id=of, at=utc_now(), resolution=body.resolution),
    ),
    "create_product": _made(None, products.CreateProductBody, lambda _, body: products.create_command(body)),
    "update_price": _made("product", products.PriceBody, lambda of, body: products.price_command(of, body)),
    "restock": _made(
        "product", products.RestockBody, lambda of, body: Restock(product_id=of, at=utc_now(), quantity=body.quantity)
    ),
    "discontinue": _made("product", Body, lambda of, _: Discontinue(product_id=of, at=utc_now())),
    "register_customer": _made(
        None,
        customers.RegisterBody,
        lambda _, body: RegisterCustomer(
            customer_id=new_id("customer"), at=utc_now(), name=body.name, email=body.email
        ),
    ),
    "rename_customer": _made(
        "customer",
        customers.NameBody,
        lambda of, body: RenameCustomer(customer_id=of, at=utc_now(), name=body.name),
    ),
    "change_email": _made(
        "customer",
        customers.EmailBody,
        lambda of, body: ChangeEmail(customer_id=of, at=utc_now(), email=body.email),
    ),
    "erase_customer": _made("customer", Body, lambda of, _: EraseCustomer(customer_id=of, at=utc_now())),
    "place_order": BulkCommand(None, _place),
    "ship_order": _made(
        "order",
        orders.ShipBody,
        lambda of, body: ShipOrder(
            order_id=of, at=utc_now(), carrier=body.carrier, tracking_number=body.tracking_number
        ),
    ),
    "cancel_order": _made(
        "order", orders.CancelBody, lambda of, body: CancelOrder(order_id=of, at=utc_now(), reason=body.reason)
    ),
}
