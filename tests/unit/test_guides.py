"""What the guides say is built and run, so that they can't rot."""

import re
from pathlib import Path
from typing import Any

import pytest

from command_service.command_bus import CommandBus, Envelope
from command_service.snapshotting import Snapshots
from projector_service.projector import Projector
from shared.clock import utc_now
from shared.errors import NotFound, RuleViolation
from shared.event_store.in_memory import InMemoryEventStore
from shared.event_store.snapshots import InMemorySnapshotStore
from shared.events.catalogue import Catalogue
from shared.ids import logs_of, new_id
from shared.personal_data.in_memory import InMemoryKeyStore
from shared.personal_data.sealing import Seals
from shared.view_store.in_memory import InMemoryViewStore

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def built(*names: str) -> dict[str, Any]:
    """Every Python block of these guides, run one after the other as one module."""
    module: dict[str, Any] = {"__name__": "guides"}
    for name in names:
        for block in re.findall(r"```python\n(.*?)```", (GUIDES / name).read_text(), re.DOTALL):
            exec(compile(block, name, "exec"), module)
    return module


async def test_the_voucher_of_the_guides_takes_commands_and_is_shown_in_a_view() -> None:
    guide = built("add-an-aggregate.md", "add-a-view.md")
    catalogue = Catalogue(guide["VOUCHER_EVENTS"])
    store = InMemoryEventStore(catalogue.categories)
    seals = Seals(InMemoryKeyStore(), catalogue)
    bus = CommandBus(store, {"voucher": guide["VOUCHER"]}, catalogue, seals, Snapshots(InMemorySnapshotStore()))
    voucher = new_id("voucher")

    async def send(command: str, **fields: Any) -> None:
        await bus.handle(Envelope(guide[command](voucher_id=voucher, at=utc_now(), **fields)))

    with pytest.raises(NotFound):
        await send("RedeemVoucher", order_id="order-0")
    await send("IssueVoucher", percent=10, uses=2)
    await send("RedeemVoucher", order_id="order-1")
    await send("RedeemVoucher", order_id="order-2")
    with pytest.raises(RuleViolation):
        await send("RedeemVoucher", order_id="order-3")

    views, logs = InMemoryViewStore(), logs_of(catalogue.categories, 4)
    projector = Projector([guide["VoucherUsesProjection"]()], logs, store, views, seals, catalogue=catalogue)
    await projector.start()
    for log in logs:
        await projector.project(log, await store.read_log(log, 0, 100))
    await projector.stop()
    document = await views.get("voucher_uses", voucher)
    assert document is not None
    shown = guide["VOUCHER_USES"].rendered(document).body
    assert shown == f'{{"voucher_id":"{voucher}","percent":10,"redeemed":2,"left":0}}'.encode()
