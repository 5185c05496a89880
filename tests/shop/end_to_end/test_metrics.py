"""What the three services tell a scraper, while they work on real servers."""

from shared.events import CATALOGUE
from tests.support.eventually import eventually
from tests.support.services.scraped import scraped
from tests.support.services.system import System


async def test_a_ticket_is_seen_in_the_metrics_of_all_three_services(system: System) -> None:
    async with system.client("command") as command, system.client("query") as query:
        created = await command.post("/api/v1/tickets", json={"subject": "Parcel", "message": "Where is it?"})
        path, token = created.headers["Location"], created.headers["Causal-Token"]
        log = token.partition(":")[0]
        assert (await query.get(path, headers={"Causal-Token": token})).status_code == 200

        async def is_read_from_redis() -> bool:
            await query.get(path)
            documents = (await scraped(query)).value(
                "twinpath_query_documents_total", view="ticket_details", source="redis"
            )
            return bool(documents)

        await eventually(is_read_from_redis)

        told = await scraped(command)
        assert told.value("twinpath_command_duration_seconds_count", command="open_ticket", outcome="accepted") == 1
        assert told.value("twinpath_append_batch_commits_count") == 1
        assert told.value("twinpath_append_duration_seconds_count") == 1
        assert told.value("twinpath_relay_leads") == 1
        assert told.value("twinpath_relay_events_total", log=log) == 1
        assert told.value("twinpath_relay_lag_events", log=log) == 0
        assert [
            told.value("twinpath_feed_consumer_registered", group=group) for group in ("fulfilment", "erasure")
        ] == [4, 8]  # people and tickets are erased
        assert told.value("twinpath_process_lag_events", process="fulfilment", log="order.0") == 0

        async with system.client("projector") as projector:
            told = await scraped(projector)
        assert told.value("twinpath_projection_events_total", projection="ticket_list", log=log) == 1
        assert told.value("twinpath_projection_lag_events", projection="ticket_list", log=log) == 0
        assert told.value("twinpath_projection_lag_seconds", projection="ticket_list", log=log) == 0
        transactions = "twinpath_projector_transaction_duration_seconds_count"
        assert told.value(transactions, group="views", outcome="committed") == 1
        assert told.value("twinpath_projector_logs", group="views", state="live") == 4 * len(CATALOGUE.categories)
        assert told.value("twinpath_feed_consumer_registered", group="views", log=log) == 1
        assert told.value("twinpath_copy_kept") == 1
        assert told.value("twinpath_projector_delay_seconds_count", group="views") == 1
        assert told.value("twinpath_feed_unreadable_messages_total", group="views") == 0
        assert told.value("twinpath_projection_parked_streams", projection="ticket_list", log=log) == 0
