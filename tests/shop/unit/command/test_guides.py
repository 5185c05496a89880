"""What the guides say is built and run, so that they can't rot."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.checkout import CHECKOUT
from tests.shop.golden.complaints import complaints
from tests.shop.golden.entries import write_new
from twinpath.clock import utc_now
from twinpath.commands.bus import CommandBus, Envelope
from twinpath.commands.processes.checkpoints import InMemoryCheckpoints
from twinpath.commands.processes.means import Means
from twinpath.commands.processes.parking import InMemoryProcessParking
from twinpath.commands.processes.registry import Processes
from twinpath.commands.processes.timers import InMemoryTimers
from twinpath.commands.snapshotting import Snapshots
from twinpath.domain.application import Application
from twinpath.domain.catalogue import Catalogue
from twinpath.errors import NotFound, RuleViolation
from twinpath.ids import logs_of, new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.log.snapshots import InMemorySnapshotStore
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals
from twinpath.projecting.following.projector import Projector
from twinpath.queries.app import create_app
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

GUIDES = CHECKOUT / "docs" / "guides"


def built(*names: str) -> dict[str, Any]:
    """Every Python block of these guides, run one after the other as one module."""
    module: dict[str, Any] = {"__name__": "guides"}
    for name in names:
        for block in re.findall(r"```python\n(.*?)```", (GUIDES / name).read_text(), re.DOTALL):
            exec(compile(block, name, "exec"), module)
    return module


class Vouchers:
    """The shop with the guides' vouchers, on a log that others may have written before."""

    def __init__(self, guide: dict[str, Any], store: InMemoryEventStore) -> None:
        self.guide, self.store, self.now = guide, store, utc_now()
        self.catalogue = Catalogue(guide["VOUCHER_EVENTS"])
        self._seals = Seals(InMemoryKeyStore(), self.catalogue)
        deciders, snapshots = {"voucher": guide["VOUCHER"]}, Snapshots(InMemorySnapshotStore())
        self._bus = CommandBus(store, deciders, self.catalogue, self._seals, snapshots)

    async def send(self, command: str, voucher: str, **fields: Any) -> None:
        """Send one of the guide's commands."""
        await self._bus.handle(Envelope(self.guide[command](voucher_id=voucher, at=utc_now(), **fields)))

    def processes(self) -> Processes:
        """The guide's process, by the clock `now`."""
        application = Application(self.catalogue, (self.guide["VOUCHER"],), (self.guide["VoucherExpiry"],))
        means = Means(self._bus, self.store, InMemoryTimers(), self.catalogue, application.deciders, lambda: self.now)
        kept = (InMemoryCheckpoints(), InMemoryProcessParking())
        return Processes(application, None, means, InMemoryKeyStore(), 1, *kept)

    async def shown(self, voucher: str) -> bytes:
        """What the guide's view shows of a voucher."""
        views, logs = InMemoryViewStore(), logs_of(self.catalogue.categories, 4)
        projection = self.guide["VoucherUsesProjection"]()
        projector = Projector([projection], logs, self.store, views, self._seals, self.catalogue)
        await projector.start()
        for log in logs:
            await projector.project(log, await self.store.read_log(log, 0, 100))
        await projector.stop()
        application = Application(self.catalogue, resources=[self.guide["VOUCHER_RESOURCE"]])
        app = create_app(views, InMemoryViewCache(), application)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://q") as client:
            shown = await client.get(f"/api/v1/vouchers/{voucher}")
            assert shown.json() in (await client.get("/api/v1/vouchers?sort=-redeemed")).json()["items"]
        return shown.content


async def test_the_voucher_of_the_guides_takes_commands_and_is_shown_in_a_view() -> None:
    vouchers = Vouchers(built("add-an-aggregate.md", "add-a-view.md"), InMemoryEventStore(("voucher",)))
    voucher = new_id("voucher")

    async def send(command: str, **fields: Any) -> None:
        await vouchers.send(command, voucher, **fields)

    with pytest.raises(NotFound):
        await send("RedeemVoucher", order_id="order-0")
    await send("IssueVoucher", percent=10, uses=2)
    await send("RedeemVoucher", order_id="order-1")
    await send("RedeemVoucher", order_id="order-2")
    with pytest.raises(RuleViolation):
        await send("RedeemVoucher", order_id="order-3")

    shown = f'{{"voucher_id":"{voucher}","percent":10,"redeemed":2,"left":0}}'
    assert await vouchers.shown(voucher) == shown.encode()


async def test_the_process_of_the_guide_takes_a_use_of_a_voucher_that_nobody_uses_in_time() -> None:
    vouchers = Vouchers(built("add-an-aggregate.md", "add-a-process.md"), InMemoryEventStore(("voucher",), 1))
    processes = vouchers.processes()
    await processes.prepare()
    unused, used = new_id("voucher"), new_id("voucher")
    for voucher in (unused, used):
        await vouchers.send("IssueVoucher", voucher, percent=10, uses=2)
    await vouchers.send("RedeemVoucher", used, order_id="order-1")

    await processes.deliver("voucher.0", await vouchers.store.read_log("voucher.0", 0, 100))
    assert await processes.carry_out_due() == 0
    vouchers.now += timedelta(days=31)
    assert await processes.carry_out_due() == 1

    [_, lost] = await vouchers.store.load(unused)
    assert (lost.data, lost.actor) == ({"order_id": "none", "left": 1}, "voucher-expiry")
    assert len(await vouchers.store.load(used)) == 2


async def test_the_changed_event_of_the_guide_reads_what_was_written_before(tmp_path: Path) -> None:
    then = Vouchers(built("add-an-aggregate.md", "add-a-view.md"), InMemoryEventStore(("voucher",)))
    voucher = new_id("voucher")
    await then.send("IssueVoucher", voucher, percent=10, uses=2)
    issued = then.guide["VoucherIssued"](percent=10, uses=2)
    redeemed = then.guide["VoucherRedeemed"](order_id="order-1", left=1)
    await write_new(then.catalogue, [issued, redeemed], tmp_path)

    now = Vouchers(built("add-an-aggregate.md", "change-an-event.md", "add-a-view.md"), then.store)
    await now.send("RedeemVoucher", voucher, order_id="order-1")
    await now.send("IssueVoucher", new_id("voucher"), percent=20, uses=1)

    [old, _] = await now.store.load(voucher)
    assert now.catalogue.decode(old) == now.guide["VoucherIssued"](percent=10, uses=2, campaign="unknown")
    assert b'"percent":10,"redeemed":1,"left":1' in await now.shown(voucher)

    examples = [now.guide["VoucherIssued"](percent=10, uses=2, campaign="spring"), redeemed]
    [complaint] = await complaints(now.catalogue, examples, tmp_path)
    assert "schema 2 of voucher.issued has no golden entry" in complaint
    assert await write_new(now.catalogue, examples, tmp_path) == ["voucher.issued.2.json"]
    assert await complaints(now.catalogue, examples, tmp_path) == []
