"""The shop's dashboard as it changes."""

from shared.events.money import Money
from shared.events.product import ProductCreated, StockReserved, product_id_of
from tests.shop.support.query_app import in_memory
from twinpath.ids import new_id

PRICE = Money(minor=1999, currency="EUR")


async def test_the_shops_dashboard_follows_what_sells_too_and_tells_each_change_once() -> None:
    async with in_memory() as service:
        lamp = product_id_of("LAMP")
        await service.views.happened(lamp, ProductCreated(name="Lamp", category="light", sku="LAMP", price=PRICE))
        async with service.live("/shop/dashboard/events") as client:
            assert (await client.next()).data["top_products"] == []
            for pieces in (2, 4):
                await service.views.happened(lamp, StockReserved(order_id=new_id("order"), quantity=2, on_hand=1))
                told = await client.next()
                assert [(one["product_id"], one["units"]) for one in told.data["top_products"]] == [(lamp, pieces)]
            assert service.app.state.queries.live.subscribers() == {"shop_dashboard": 1}

        assert not service.app.state.queries.live._subscriptions
