"""What a team declares to take the files of others: which columns hold what, and the commands that a row asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from twinpath.domain.aggregate import Command
from twinpath.ids import expect_name


@dataclass(frozen=True)
class Shape:
    """A form in which others write such files, recognised by the columns `when`, all of which it has.

    `columns` says from which columns a field is read: the first that has a value counts. Names of columns are compared
    in small letters, with blanks for underscores, without the `g:` of Google; a dot leads into a nested value. Rows
    that follow each other with the same value of the field `family` belong together: they have the fields `inherited`
    as the first of them has. A value of a field in `distinct` belongs to the first of them that has it; the others are
    read as if they had none.
    """

    name: str
    when: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    family: str = ""
    inherited: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """The fields of a row; a field may have several values, and blank ones are none."""

    values: Mapping[str, tuple[str, ...]]

    def first(self, name: str) -> str | None:
        """The first value of a field, None without any."""
        return next(iter(self.every(name)), None)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return self.values.get(name, ())


@dataclass(frozen=True)
class Wanted:
    """A command as `POST /commands` takes it; `id` names the aggregate unless it creates one.

    Those in `then` are sent when this one has taken effect.
    """

    command: type[Command]
    body: Mapping[str, Any]
    id: str | None = None
    then: Sequence["Wanted"] = field(default=())


class RowRefused(Exception):
    """A row that no command can be made of: of which kind it is, and why in words."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class Importer:
    """Takes a kind of files: `twinpath import <name> FILE`. `about` is a line for the command's help.

    The shapes are tried in order, and the first that fits is taken.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    shapes: ClassVar[tuple[Shape, ...]]

    def __init_subclass__(cls) -> None:
        if "name" in vars(cls):
            expect_name("importer", cls.name)

    def commands(self, item: Item, at: datetime) -> Sequence[Wanted]:
        """What a row asks for at this time (UTC); nothing for a row that is no item of its own.

        Pure: the same row at the same time gives the same. Raises RowRefused.
        """
        raise NotImplementedError
