"""Dead letters on a real broker: what can't be read is kept aside with its reason, looked at, and requeued."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from typer.testing import CliRunner, Result

from tests.support.eventually import eventually
from twinpath.cli.app import app
from twinpath.clock import utc_now
from twinpath.domain.events import RecordedEvent
from twinpath.errors import Unavailable
from twinpath.feed.dead_letters import DEAD_LETTERS, DeadLetters, dead_letter_box
from twinpath.feed.interface import EXCHANGE
from twinpath.feed.rabbit_feed import RabbitFeed
from twinpath.feed.rabbit_nodes import RabbitNodes

LOG, QUEUE = "repair.0", "twinpath.views.repair.0"


async def nothing(log: str, events: list[RecordedEvent]) -> None:
    """Take everything."""


async def never(log: str, events: list[RecordedEvent]) -> None:
    """Take nothing."""
    raise Unavailable("never")


@asynccontextmanager
async def following(url: str, handler: Callable[..., object] = nothing) -> AsyncIterator[AbstractChannel]:
    """A channel beside a feed that listens."""
    feed = RabbitFeed(url, "views", [LOG])
    await feed.start(handler)  # type: ignore[arg-type]

    async def listens() -> bool:
        return all(feed.consumers().values())

    try:
        await eventually(listens)
        async with await aio_pika.connect(url) as connection:
            yield await connection.channel()
    finally:
        await feed.stop()


async def publish(channel: AbstractChannel, *bodies: bytes) -> None:
    """To everyone who follows the log."""
    exchange = await channel.get_exchange(EXCHANGE)
    for body in bodies:
        await exchange.publish(aio_pika.Message(body, content_type="application/json", message_id="m-1"), LOG)


async def letters(url: str) -> list[tuple[str, str]]:
    """What died, and why."""
    async with dead_letter_box(url) as box:
        return [(letter.body.decode(), letter.reason) async for letter, _ in box.letters()]


async def die_in_order(channel: AbstractChannel, url: str, *bodies: str) -> None:
    """Have messages die one after the other; of two at once either may be first."""
    for number, body in enumerate(bodies):
        await publish(channel, body.encode())

        async def died(count: int = number + 1) -> bool:
            return len(await letters(url)) == count

        await eventually(died)


async def taken(channel: AbstractChannel) -> AbstractIncomingMessage:
    """The next letter, when there is one."""
    queue = await channel.get_queue(DEAD_LETTERS, ensure=False)

    async def get() -> AbstractIncomingMessage | None:
        return await queue.get(fail=False, no_ack=True)

    message = await eventually(get)
    assert message is not None
    return message


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["dead-letters", *arguments], env={"TWINPATH_RABBITMQ_URL": url})


@pytest.fixture(autouse=True)
def on_record(monkeypatch: pytest.MonkeyPatch, mongodb_url: str, unique: str) -> None:
    """A place for the audit record, on which every repair is put."""
    monkeypatch.setenv("TWINPATH_MONGODB_URL", mongodb_url)
    monkeypatch.setenv("TWINPATH_IDENTITY_DATABASE", f"{unique}_identity")


async def test_what_nobody_can_read_is_kept_with_its_reason_and_where_it_came_from(rabbitmq_url: str) -> None:
    async with following(rabbitmq_url) as channel:
        await publish(channel, b'[{"secret": "x"}]')

        message = await taken(channel)

        headers = message.headers
        assert (message.body, message.message_id, message.content_type) == (
            b'[{"secret": "x"}]',
            "m-1",
            "application/json",
        )
        assert str(headers["x-twinpath-reason"]).startswith("no list of recorded events: ")
        assert "secret" not in str(headers)
        assert (headers["x-twinpath-queue"], headers["x-twinpath-routing-key"]) == (QUEUE, LOG)
        assert abs((utc_now() - headers["x-twinpath-at"]).total_seconds()) < 60  # type: ignore[operator]
        assert message.delivery_mode == aio_pika.DeliveryMode.PERSISTENT
        queue = await channel.declare_queue(QUEUE, passive=True)
        assert queue.declaration_result.message_count == 0


async def test_what_came_back_too_often_is_kept_by_the_broker_with_its_reason(rabbitmq_url: str) -> None:
    async with following(rabbitmq_url, never) as channel:
        await publish(channel, b"[]")
        found = await eventually(lambda: letters(rabbitmq_url))

    assert found == [("[]", "delivery_limit")]
    listed = await asyncio.to_thread(run, rabbitmq_url, "list")
    assert f" {QUEUE} " in listed.stdout
    assert listed.stdout.splitlines()[-1] == "1 dead letters"


async def test_while_a_letter_can_not_be_kept_nothing_is_acknowledged(rabbitmq_url: str) -> None:
    """Neither we nor the broker get rid of it; when the dead letters are back, so is the message."""
    async with following(rabbitmq_url) as channel:
        await channel.exchange_delete(DEAD_LETTERS)
        await publish(channel, b"no JSON")

        async def given_up() -> bool:
            queue = await channel.declare_queue(QUEUE, passive=True)
            return not queue.declaration_result.message_count

        await eventually(given_up)  # the broker holds it, for its own try at the dead letters
        assert await letters(rabbitmq_url) == []
        await DeadLetters(RabbitNodes(rabbitmq_url, "test", "dead letters")).prepare()

        found = await eventually(lambda: letters(rabbitmq_url), limit=60)
        assert [body for body, _ in found] == ["no JSON"]


async def test_looking_at_a_letter_ever_so_often_does_not_lose_it(rabbitmq_url: str) -> None:
    async with following(rabbitmq_url) as channel:
        await die_in_order(channel, rabbitmq_url, "first", "second")
        for _ in range(30):
            assert [body for body, _ in await letters(rabbitmq_url)] == ["first", "second"]


async def test_letters_are_listed_shown_and_requeued(rabbitmq_url: str) -> None:
    async with following(rabbitmq_url) as channel:
        await die_in_order(channel, rabbitmq_url, "first", "second")
    first, second = [
        json.loads(line) for line in (await asyncio.to_thread(run, rabbitmq_url, "list", "--json")).stdout.splitlines()
    ]

    part = await asyncio.to_thread(run, rabbitmq_url, "list", "-n", "1")
    assert part.stdout.splitlines()[-1] == "1 dead letters, and there are more"
    shown = await asyncio.to_thread(run, rabbitmq_url, "show", first["id"][:6])
    planned = await asyncio.to_thread(run, rabbitmq_url, "requeue", "--all", "--dry-run")
    done = await asyncio.to_thread(run, rabbitmq_url, "requeue", first["id"])

    assert (first["queue"], first["routing_key"], first["requeued"], first["bytes"]) == (QUEUE, LOG, 0, 5)
    assert "body" not in first
    assert shown.stdout.splitlines()[-1] == "first"
    assert planned.stdout.splitlines()[-1] == "2 would be requeued, 0 without a queue"
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "1 requeued, 0 without a queue")
    assert [body for body, _ in await letters(rabbitmq_url)] == ["second"]
    async with await aio_pika.connect(rabbitmq_url) as connection:
        queue = await (await connection.channel()).get_queue(QUEUE)
        async with queue.iterator(no_ack=True, timeout=30) as messages:
            message = await anext(messages)
    assert (message.body, message.headers) == (b"first", {"x-twinpath-requeued": 1})
    assert second["id"] != first["id"]


def dead_letters(url: str) -> DeadLetters:
    return DeadLetters(RabbitNodes(url, "test", "dead letters"))


async def test_a_letter_is_counted_until_it_is_discarded(rabbitmq_url: str) -> None:
    async with following(rabbitmq_url) as channel:
        await die_in_order(channel, rabbitmq_url, "first", "second", "third")
    assert await dead_letters(rabbitmq_url).count() == 3
    listed = (await asyncio.to_thread(run, rabbitmq_url, "list", "--json")).stdout.splitlines()
    first = json.loads(listed[0])["id"]

    planned = await asyncio.to_thread(run, rabbitmq_url, "discard", "--all", "--dry-run")
    one = await asyncio.to_thread(run, rabbitmq_url, "discard", first, "--json")
    unknown = await asyncio.to_thread(run, rabbitmq_url, "discard", first)

    assert planned.stdout.splitlines()[-1] == "3 would be discarded"
    assert [json.loads(line) for line in one.stdout.splitlines()][-1] == {"discarded": 1, "dry_run": False}
    assert (unknown.exit_code, "there is no dead letter" in unknown.stderr) == (2, True)
    assert [body for body, _ in await letters(rabbitmq_url)] == ["second", "third"]
    assert (await asyncio.to_thread(run, rabbitmq_url, "discard", "--all")).exit_code == 0
    assert await dead_letters(rabbitmq_url).count() == 0


async def test_a_requeued_letter_that_dies_again_is_a_letter_again(rabbitmq_url: str) -> None:
    async with following(rabbitmq_url) as channel:
        await publish(channel, b"never readable", b"never readable")

        async def both() -> bool:
            return len(await letters(rabbitmq_url)) == 2

        await eventually(both)
        before = await asyncio.to_thread(run, rabbitmq_url, "list", "--json")

        done = await asyncio.to_thread(run, rabbitmq_url, "requeue", "--all")
        await eventually(both)
        after = await asyncio.to_thread(run, rabbitmq_url, "list", "--json")

    assert done.stdout.splitlines()[-1] == "2 requeued, 0 without a queue"
    [one, other] = [json.loads(line) for line in after.stdout.splitlines()]
    assert (one["id"], one["requeued"]) == (other["id"], other["requeued"])
    assert one["requeued"] == 1
    assert one["id"] in before.stdout


async def test_a_letter_whose_queue_is_gone_stays(rabbitmq_url: str) -> None:
    async with following(rabbitmq_url) as channel:
        await publish(channel, b"no JSON")
        await eventually(lambda: letters(rabbitmq_url))
    async with await aio_pika.connect(rabbitmq_url) as connection:
        await (await connection.channel()).queue_delete(QUEUE)

    done = await asyncio.to_thread(run, rabbitmq_url, "requeue", "--all")

    assert (done.exit_code, done.stdout.splitlines()[-1]) == (1, "0 requeued, 1 without a queue")
    assert [body for body, _ in await letters(rabbitmq_url)] == ["no JSON"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list"], "nobody has followed the log here"),
        (["requeue"], "name letters, or say --all"),
        (["requeue", "abc", "--all"], "name letters, or say --all"),
    ],
)
def test_what_can_not_be_done_is_said(rabbitmq_url: str, arguments: list[str], said: str) -> None:
    result = run(rabbitmq_url, *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


async def test_a_letter_that_is_not_there_is_said(rabbitmq_url: str) -> None:
    async with following(rabbitmq_url):
        for arguments in (["show", "abc"], ["requeue", "abc"]):
            result = await asyncio.to_thread(run, rabbitmq_url, *arguments)
            assert result.exit_code == 2
            assert "there is no dead letter abc" in result.stderr


async def test_a_queue_that_was_made_otherwise_is_taken_as_it_is(rabbitmq_url: str) -> None:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(DEAD_LETTERS, durable=True, arguments={"x-queue-type": "quorum"})
    async with following(rabbitmq_url) as channel:
        await publish(channel, b"no JSON")
        await eventually(lambda: letters(rabbitmq_url))
