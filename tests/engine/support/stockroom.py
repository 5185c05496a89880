"""A domain whose commands touch each other: parts, whose ids derive from their numbers, and jobs that look parts up."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar
from uuid import NAMESPACE_OID, uuid5

from pydantic import Field

from twinpath.domain import Aggregate, Application, Catalogue, Command, DomainEvent, Look, NotFound, RuleViolation

Count = Annotated[int, Field(ge=1, le=1000)]


class PartAdded(DomainEvent):
    """A part is kept."""

    type: ClassVar[str] = "part.added"

    number: str
    count: int


class PartStocked(DomainEvent):
    """More of it came."""

    type: ClassVar[str] = "part.stocked"

    count: int


class JobPlanned(DomainEvent):
    """A job needs a part; the stock of that moment is noted."""

    type: ClassVar[str] = "job.planned"

    part_id: str
    stock: int


@dataclass(frozen=True)
class Part:
    """How many there are."""

    count: int


class PartAction(Command):
    """A command to one part."""

    target: ClassVar[str] = "part_id"

    part_id: str


class AddPart(PartAction):
    """Keep a part."""

    type: ClassVar[str] = "add_part"
    creates: ClassVar[bool] = True

    number: str = Field(examples=["B-1"])
    count: Count = Field(1, examples=[3])


class StockPart(PartAction):
    """Put more of it on the shelf."""

    type: ClassVar[str] = "stock_part"

    count: Count = Field(examples=[2])


class CountPart(PartAction):
    """Say that it was counted, and nothing else: it takes no body."""

    type: ClassVar[str] = "count_part"


async def stock_of(look: Look, body: Any) -> int | None:
    """How many of the part there are."""
    part = await look(body.part_id)
    return None if part is None else part.count


class PlanJob(Command):
    """Plan a job with a part."""

    type: ClassVar[str] = "plan_job"
    target: ClassVar[str] = "job_id"
    creates: ClassVar[bool] = True
    looked_up: ClassVar = {"stock": stock_of}

    job_id: str
    part_id: str = Field(examples=["part-0198c0de-0000-7000-8000-000000000001"])
    stock: int | None


def part_id_of(number: str) -> str:
    """The id of the part with this number."""
    return f"part-{uuid5(NAMESPACE_OID, number)}"


def decide_part(command: PartAction, part: Part | None) -> list[Any]:
    """What happens to a part. Raises NotFound, RuleViolation."""
    if isinstance(command, AddPart):
        if part is not None:
            raise RuleViolation("It is kept already.", code="part_exists")
        return [PartAdded(number=command.number, count=command.count)]
    if part is None:
        raise NotFound("There is no such part.", code="part_not_found")
    if isinstance(command, CountPart):
        return []
    assert isinstance(command, StockPart)
    return [PartStocked(count=command.count)]


def evolve_part(part: Part | None, event: Any) -> Part:
    """The part after the event."""
    return Part(event.count) if part is None else replace(part, count=part.count + event.count)


def decide_job(command: PlanJob, job: Any) -> list[Any]:
    """What happens to a job. Raises NotFound."""
    if command.stock is None:
        raise NotFound(f"There is no part {command.part_id}.", code="part_not_found")
    return [JobPlanned(part_id=command.part_id, stock=command.stock)]


PART: Aggregate[Any, Part, Any] = Aggregate("part", decide_part, evolve_part, Part, (PartAdded, PartStocked))
PART.post("", AddPart, allow="parts:keep", summary="Keep a part", new_id=lambda body: part_id_of(body.number))
PART.post("/{id}/stock", StockPart, allow="parts:keep", summary="Stock a part")
PART.post("/{id}/count", CountPart, allow="parts:keep", summary="Count a part")

JOB: Aggregate[Any, Any, Any] = Aggregate("job", decide_job, lambda job, event: event, JobPlanned, (JobPlanned,))
JOB.post("", PlanJob, allow="jobs:plan", summary="Plan a job")

STOCKROOM = Application(Catalogue([PartAdded, PartStocked, JobPlanned]), aggregates=(PART, JOB))
