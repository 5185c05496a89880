"""A fingerprint tells a repetition from another command, until its owner is erased: then it tells nothing."""

import hashlib
from datetime import UTC, datetime

import pytest

from tests.engine.support.commanding import bus_on
from tests.engine.workshop.application import EVENTS
from tests.engine.workshop.owners import EraseOwner, RegisterOwner, RenameOwner
from tests.engine.workshop.repairs import ChangeRepairStatus, OpenRepair
from twinpath.commands.bus import CommandBus
from twinpath.commands.envelope import Envelope
from twinpath.domain.aggregate import Command
from twinpath.errors import CommandIdReused
from twinpath.ids import new_id
from twinpath.log.in_memory import InMemoryEventStore
from twinpath.personal_data.fingerprints import FORGOTTEN, PLAIN, Fingerprints
from twinpath.personal_data.in_memory import InMemoryKeyStore

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Shop:
    """A bus, and an owner who will be erased."""

    def __init__(self) -> None:
        self.store, self.keys = InMemoryEventStore(EVENTS.categories), InMemoryKeyStore()
        self.bus = bus_on(self.store, keys=self.keys)
        self.owner = new_id("owner")

    def registered(self, name: str = "Ada") -> Command:
        return RegisterOwner(owner_id=self.owner, at=NOW, name=name, email="ada@example.org")

    def renamed(self, name: str = "Ada King") -> Command:
        return RenameOwner(owner_id=self.owner, at=NOW, name=name)

    def opened(self, message: str = "They squeak.") -> Command:
        return OpenRepair(repair_id=new_id("repair"), at=NOW, subject="Brakes", message=message, owner_id=self.owner)

    async def erase(self) -> None:
        await self.bus.handle(Envelope(EraseOwner(owner_id=self.owner, at=NOW), idempotency_key="erase"))


@pytest.fixture
def shop() -> Shop:
    return Shop()


async def fingerprint(shop: Shop, key: str) -> str:
    commit = await shop.store.commit_of(f"anonymous/{key}")
    assert commit is not None
    return commit.fingerprint


def plain(command: Command) -> str:
    return hashlib.blake2b(command.content(), digest_size=16).hexdigest()


async def send(bus: CommandBus, command: Command, key: str) -> tuple[int, bool]:
    answer = await bus.handle(Envelope(command, idempotency_key=key))
    return answer.position, answer.duplicate


async def live(shop: Shop) -> None:
    await send(shop.bus, shop.registered(), "register")
    await send(shop.bus, shop.renamed(), "rename")
    await send(shop.bus, shop.opened(), "open")


async def test_before_an_erasure_the_same_gets_the_first_answer_and_another_is_refused(shop: Shop) -> None:
    await live(shop)

    for command, key in ((shop.registered(), "register"), (shop.renamed(), "rename"), (shop.opened(), "open")):
        assert (await send(shop.bus, command, key))[1]
        assert (await send(bus_on(shop.store, keys=shop.keys), command, key))[1]
    for command, key in ((shop.registered("B"), "register"), (shop.renamed("B"), "rename"), (shop.opened("B"), "open")):
        with pytest.raises(CommandIdReused):
            await send(shop.bus, command, key)


async def test_who_has_the_log_alone_can_not_try_out_what_somebody_sent(shop: Shop) -> None:
    await live(shop)

    for command, key in ((shop.registered(), "register"), (shop.renamed(), "rename"), (shop.opened(), "open")):
        kept = await fingerprint(shop, key)
        assert kept.startswith(f"keyed:{shop.owner}:")
        assert plain(command) not in kept


async def test_after_an_erasure_right_and_wrong_guesses_get_the_first_answer(shop: Shop) -> None:
    await live(shop)
    await shop.erase()

    for bus in (shop.bus, bus_on(shop.store, keys=shop.keys)):
        for key, guesses in {
            "register": (shop.registered(), shop.registered("B")),
            "rename": (shop.renamed(), shop.renamed("B")),
            "open": (shop.opened(), shop.opened("B")),
        }.items():
            first = await shop.store.commit_of(f"anonymous/{key}")
            assert first is not None
            for guess in guesses:
                assert await send(bus, guess, key) == (first.appended.position, True)


async def test_the_erasure_itself_may_be_repeated(shop: Shop) -> None:
    await live(shop)
    await shop.erase()
    await shop.store.forget_fingerprints(shop.owner, {event.type for event in EVENTS.types if event.personal})

    again = await shop.bus.handle(Envelope(EraseOwner(owner_id=shop.owner, at=NOW), idempotency_key="erase"))

    assert again.duplicate


async def test_plain_fingerprints_of_the_first_version_are_compared_and_forgotten(shop: Shop) -> None:
    before = bus_on(shop.store, keys=shop.keys)
    before.fingerprints.are_keyed = False
    await send(before, shop.registered(), "register")
    assert await fingerprint(shop, "register") == plain(shop.registered())

    assert (await send(shop.bus, shop.registered(), "register"))[1]
    with pytest.raises(CommandIdReused):
        await send(shop.bus, shop.registered("B"), "register")
    await shop.store.forget_fingerprints(shop.owner, {"owner.registered"})
    await shop.erase()

    for guess in (shop.registered(), shop.registered("B")):
        assert (await send(shop.bus, guess, "register"))[1]


async def test_a_command_that_seals_nothing_keeps_the_form_of_the_first_version(shop: Shop) -> None:
    repair = await shop.bus.handle(Envelope(shop.opened()))
    triage = ChangeRepairStatus(repair_id=repair.stream, at=NOW, status="triaged")

    await send(shop.bus, triage, "triage")

    assert await fingerprint(shop, "triage") == plain(triage)


async def test_two_owners_fingerprints_of_the_same_content_differ() -> None:
    keys = InMemoryKeyStore()
    made = [Fingerprints(keys).make(b"content", owner, await keys.key_for(owner)) for owner in ("owner-1", "owner-2")]

    assert len({text.rpartition(":")[2] for text in made}) == 2
    assert not any(PLAIN.fullmatch(text) for text in (*made, FORGOTTEN))
    assert [await Fingerprints(keys).allows(text, b"content") for text in made] == [True, True]
    assert await Fingerprints(keys).allows(made[0], b"else") is False
