"""What is stored in an older schema is sealed by the names that this schema has for what is personal."""

from typing import Any, ClassVar

import orjson

from twinpath.domain.catalogue import Catalogue
from twinpath.domain.events import SEALED, DomainEvent, Upcaster
from twinpath.ids import new_id
from twinpath.personal_data.in_memory import InMemoryKeyStore
from twinpath.personal_data.sealing import Seals


def _renamed(data: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    return {after if name == before else name: value for name, value in data.items()}


class Registered(DomainEvent):
    """Its name was called a title once."""

    type: ClassVar[str] = "owner.registered"
    upcasters: ClassVar[tuple[Upcaster, ...]] = (
        Upcaster(
            lambda data: _renamed(data, "title", "name"),
            personal=("title",),
            downcast=lambda data: _renamed(data, "name", "title"),
        ),
    )
    personal: ClassVar[tuple[str, ...]] = ("name",)

    name: str | None


async def test_personal_data_of_an_older_schema_are_sealed_under_their_older_names() -> None:
    catalogue = Catalogue([Registered])
    stored = catalogue.encode(Registered(name="Ada"))
    assert (stored.schema, stored.data) == (1, {"title": "Ada"})

    [sealed] = await Seals(InMemoryKeyStore(), catalogue).seal(new_id("owner"), [stored])

    assert sealed.data.keys() == {SEALED}
    assert b"Ada" not in orjson.dumps(sealed.data)
