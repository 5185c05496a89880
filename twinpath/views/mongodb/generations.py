"""Generations of views in MongoDB: a collection each, switched by the transaction that moves the checkpoints."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from bson import ObjectId
from pymongo import DeleteOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_concern import ReadConcern

from twinpath.domain.views import Document, View
from twinpath.errors import CheckpointMoved
from twinpath.views.generations import CatchUp, Frozen, GenerationStore, Plan
from twinpath.views.interface import Checkpoints
from twinpath.views.merging import merged
from twinpath.views.mongodb.statements import checkpoint_id, checkpoint_key, of_projection, our_errors
from twinpath.views.mongodb.stores import CHECKPOINTS, MongoViewWriter

RETIRED = "retired"


class MongoGenerations(MongoViewWriter, GenerationStore):
    """A ViewWriter that is a GenerationStore too."""

    @asynccontextmanager
    async def frozen(self) -> AsyncIterator["MongoFrozen"]:
        """See GenerationStore.frozen. MongoDB remembers a moment for minSnapshotHistoryWindowInSeconds, 5 minutes."""
        async with self._client.start_session(snapshot=True) as session:
            database = self._database.with_options(read_concern=ReadConcern())
            with our_errors():
                documents = await database[CHECKPOINTS].find(session=session).to_list()
            positions = {checkpoint_key(document["_id"]): document["position"] for document in documents}
            yield MongoFrozen(database, session, positions)

    async def begin(self, view: View, plan: Plan) -> None:
        await self.prepare([view], [], {plan.name: plan.version})
        start = {"position": 0, "generation": 1, "version": plan.version}
        made = [UpdateOne({"_id": checkpoint_id(plan.name, log)}, {"$setOnInsert": start}, True) for log in plan.logs]

        async def work(session: AsyncClientSession) -> None:
            await self._hold(plan, {"building": plan.number}, session)
            await self._database[CHECKPOINTS].bulk_write(made, session=session)

        await self._transactions.carry_out(work)
        await self.checkpoints()

    async def switch(self, plan: Plan, reached: Mapping[str, int], catch_up: CatchUp, at: datetime) -> None:
        await self._make(RETIRED)

        async def work(session: AsyncClientSession) -> None:
            positions = await self._hold(plan, {"generation": plan.number, "version": plan.version}, session)
            await self._change(merged(await catch_up(positions)), session)
            await self._forget_checkpoints(plan, reached, session)
            moves = [
                UpdateOne({"_id": checkpoint_id(plan.projection, log)}, {"$set": {"position": position}})
                for log, position in reached.items()
                if position > positions[log]
            ]
            if moves:
                await self._database[CHECKPOINTS].bulk_write(moves, session=session)
            await self.parked.hand_over(plan.name, plan.projection, session)
            await self._database[RETIRED].replace_one({"_id": plan.old_name}, {"at": at}, True, session=session)

        await self._transactions.carry_out(work)
        await self.checkpoints()

    async def discard(self, plan: Plan) -> None:
        """See GenerationStore.discard. Without its checkpoints nobody can put it into service any more."""

        async def work(session: AsyncClientSession) -> None:
            await self._hold(plan, {"building": None}, session)
            await self._database[CHECKPOINTS].delete_many(of_projection(plan.name), session=session)
            await self.parked.forget(plan.name, session)

        await self._transactions.carry_out(work)
        await self.drop(plan.name)

    async def retired(self, before: datetime) -> list[str]:
        with our_errors():
            generations = await self._database[RETIRED].find({"at": {"$lt": before}}).to_list()
        return [retired["_id"] for retired in generations]

    async def drop(self, name: str) -> None:
        with our_errors():
            await self._database.drop_collection(name)
            await self._database[RETIRED].delete_one({"_id": name})

    async def _hold(self, plan: Plan, fields: Document, session: AsyncClientSession) -> dict[str, int]:
        """Write to every checkpoint in service, so that whoever else would move one conflicts; log -> position."""
        checkpoints = self._database[CHECKPOINTS]
        logs = {checkpoint_id(plan.projection, log): log for log in plan.logs}
        wanted = {"_id": {"$in": list(logs)}, "generation": plan.instead_of}
        held = await checkpoints.update_many(wanted, {"$set": {**fields, "held": ObjectId()}}, session=session)
        if held.matched_count < len(logs):
            raise CheckpointMoved(f"generation {plan.instead_of} of {plan.projection} is not in service")
        documents = await checkpoints.find({"_id": {"$in": list(logs)}}, session=session).to_list()
        return {logs[document["_id"]]: document["position"] for document in documents}

    async def _forget_checkpoints(self, plan: Plan, reached: Mapping[str, int], session: AsyncClientSession) -> None:
        gone = [DeleteOne({"_id": checkpoint_id(plan.name, log), "position": at}) for log, at in reached.items()]
        deleted = await self._database[CHECKPOINTS].bulk_write(gone, session=session)
        if deleted.deleted_count < len(gone):
            raise CheckpointMoved(f"somebody else builds {plan.name} too")


class MongoFrozen(Frozen):
    """A Frozen."""

    def __init__(
        self, database: AsyncDatabase[Document], session: AsyncClientSession, checkpoints: Checkpoints
    ) -> None:
        self.checkpoints = checkpoints
        self._database = database
        self._session = session

    async def page(self, name: str, after: str | None, limit: int) -> list[Document]:
        there = {} if after is None else {"_id": {"$gt": after}}
        with our_errors():
            cursor = self._database[name].find(there, session=self._session)
            return await cursor.sort("_id").limit(limit).to_list()
