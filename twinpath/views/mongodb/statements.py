"""Operations on views as MongoDB's statements, and MongoDB's errors as ours."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from bson.errors import BSONError
from pymongo import ASCENDING, DESCENDING, DeleteOne, InsertOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError

from twinpath.domain.views import ChangeWhere, Document, Order, Place, Range, Remove
from twinpath.errors import OutcomeUnknown, Unavailable
from twinpath.mongo_client import driver_message
from twinpath.views.interface import NEW, CheckpointMove, Fields
from twinpath.views.merging import Operation
from twinpath.views.writes import Write

Statement = InsertOne[Document] | UpdateOne | UpdateMany | DeleteOne

_DUPLICATE_KEY = 11000
_MISFITS = frozenset({2, 9, 14, 16, 28, 40, 52, 56, 57, 66, 10334, 15981, 16837, 17280, 17419, 51270})
"""Codes that say that a statement does not fit the document or what a document may be: waiting changes nothing."""


def statement(operation: Operation, *, insert: bool) -> Statement:
    """The statement to MongoDB for an operation; with `insert`, a whole document is taken for a new one."""
    match operation:
        case Write() if insert and operation.whole:
            return InsertOne({"_id": operation.id, "revision": 1, **operation.set})
        case Write():
            return UpdateOne({"_id": operation.id}, _update(operation), upsert=operation.create)
        case Remove():
            return DeleteOne({"_id": operation.id})
        case ChangeWhere():
            where = equal_to(operation.where)
            if operation.list is not None:  # which must be there, or MongoDB refuses the path
                where[f"{operation.list}.0"] = {"$exists": True}
            return UpdateMany(where, {"$set": dict(operation.set), "$inc": {"revision": 1}})


def _update(write: Write) -> Document:
    update: Document = {"$inc": {**write.increment, "revision": 1}}
    if write.set:
        update["$set"] = write.set
    if write.append:
        update["$push"] = {
            path: {"$each": tail.values} if tail.keep is None else {"$each": tail.values, "$slice": -tail.keep}
            for path, tail in write.append.items()
        }
    return update


def move_statement(move: CheckpointMove, generation: int, version: int) -> UpdateOne:
    """Move a checkpoint that is where it is expected, in this generation; else meet nothing."""
    expected = {"_id": checkpoint_id(move.projection, move.log), "position": move.expected}
    moved: Document = {"position": move.position, "opened": sorted(move.opened)}
    if move.erased:
        moved["erased"] = move.erased
    return UpdateOne({**expected, "generation": generation, "version": version}, {"$set": moved})


def checkpoint_id(projection: str, log: str) -> str:
    """The id of the checkpoint's document."""
    return f"{projection}/{log}"


def of_projection(projection: str) -> Document:
    """The filter for whatever begins with its name: checkpoints, parked streams."""
    return {"_id": {"$gte": f"{projection}/", "$lt": f"{projection}0"}}  # 0 follows /


def checkpoint_key(document_id: str) -> tuple[str, str]:
    """(projection, log) of a checkpoint's document."""
    projection, _, log = document_id.rpartition("/")
    return projection, log


def equal_to(where: Mapping[str, Any]) -> Document:
    """The filter for these fields; a value is never taken for an operator."""
    return {path: {"$eq": value} for path, value in where.items()}


def within(ranges: Mapping[str, Range]) -> Document:
    """The filter for numbers that lie within bounds."""
    bounds = {
        path: {name: bound for name, bound in zip(("$gte", "$lte"), ends, strict=True) if bound is not None}
        for path, ends in ranges.items()
    }
    return {path: ends for path, ends in bounds.items() if ends}


def beyond(after: Place | None, order: Order) -> Document:
    """The filter for what comes after a place; the bound on the field alone lets an index begin there."""
    if after is None:
        return {}
    value, document_id = after
    further = "$lt" if order.descending else "$gt"
    if order.field is None:
        return {"_id": {further: document_id}}
    tie = {order.field: {"$eq": value}, "_id": {further: document_id}}
    if value is None:  # null comes first, and nothing is compared with it
        return tie if order.descending else {"$or": [{order.field: {"$ne": None}}, tie]}
    if order.descending:  # what is not above also takes null, which is last
        return {order.field: {"$not": {"$gt": value}}, "$or": [{order.field: {"$not": {"$gte": value}}}, tie]}
    return {order.field: {"$gte": value}, "$or": [{order.field: {"$gt": value}}, tie]}


def sort_by(order: Order) -> list[tuple[str, int]]:
    """The sort, which an index of the same fields serves in either direction."""
    direction = DESCENDING if order.descending else ASCENDING
    return [*([] if order.field is None else [(order.field, direction)]), ("_id", direction)]


NAMES_OF_CHANGE: Document = {
    "documentKey": 1,
    "ns": 1,
    "operationType": 1,
    "set": {
        "$map": {"input": {"$objectToArray": "$updateDescription.updatedFields"}, "as": "field", "in": "$$field.k"}
    },
    "removed": "$updateDescription.removedFields",
    "cut": "$updateDescription.truncatedArrays.field",
}
"""Of a change stream's event, which document and which of its fields changed; no value is sent."""


def changed_fields(change: Document) -> Fields:
    """The change that an event of NAMES_OF_CHANGE tells of."""
    if change["operationType"] == "insert":
        return NEW
    if change["operationType"] != "update":
        return None
    paths = (*(change.get("set") or ()), *(change.get("removed") or ()), *(change.get("cut") or ()))
    return frozenset(path.partition(".")[0] for path in paths)


def segments(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    """Runs of operations of one kind: those that name their document, those that meet any number."""
    for _, run in groupby(operations, lambda operation: isinstance(operation, ChangeWhere)):
        yield list(run)


def passes(error: PyMongoError) -> bool:
    """Whether the same transaction may well succeed at once: a server is there, and it lost against another one."""
    if isinstance(error, BulkWriteError):
        return met_duplicate(error)
    return isinstance(error, OperationFailure) and error.has_error_label("TransientTransactionError")


def met_duplicate(error: BulkWriteError) -> bool:
    """Whether a document that was to be made is there already."""
    return any(failed["code"] == _DUPLICATE_KEY for failed in error.details.get("writeErrors", ()))


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what PyMongo raises into ours: Unavailable, OutcomeUnknown, or ValueError where the data is at fault."""
    try:
        yield
    except PyMongoError as error:
        failed = error.details.get("writeErrors", ()) if isinstance(error, BulkWriteError) else ()
        codes = {refusal["code"] for refusal in failed} or {getattr(error, "code", None)}
        what = failed[0]["errmsg"] if failed else error
        if codes & _MISFITS:
            raise ValueError(f"a change does not fit its document: {what}") from error
        if error.has_error_label("UnknownTransactionCommitResult"):
            raise OutcomeUnknown(f"the views went away during a commit: {driver_message(error)}") from error
        raise Unavailable(f"the views do not answer: {driver_message(error)}") from error
    except (BSONError, OverflowError) as error:
        raise ValueError(f"a change can't be stored: {error}") from error
