"""What a commit expects of the checkpoints that it does not move, checked within its transaction."""

from collections.abc import Mapping

from bson import ObjectId
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from twinpath.domain.views import Document
from twinpath.errors import CheckpointMoved
from twinpath.views.interface import StillKept
from twinpath.views.mongodb.statements import checkpoint_key, of_projection


async def expect_in_service(
    checkpoints: AsyncCollection[Document], generations: Mapping[str, int], session: AsyncClientSession
) -> None:
    """Whether of each projection this generation is in service. Raises CheckpointMoved."""
    for name, number in generations.items():
        checkpoint = await checkpoints.find_one(of_projection(name), session=session)
        if checkpoint is not None and checkpoint["generation"] != number:
            raise CheckpointMoved(f"another generation of {name} is in service")


async def expect_kept(checkpoints: AsyncCollection[Document], kept: StillKept, session: AsyncClientSession) -> None:
    """Whether it holds; the checkpoints that an erasure would move are written to, so that one that is being applied
    just now conflicts. Raises CheckpointMoved."""
    documents = await checkpoints.find(of_projection(kept.projection), session=session).to_list()
    logs = {document["_id"]: checkpoint_key(document["_id"])[1] for document in documents}
    for document in documents:
        kept.expect(document["generation"], {logs[document["_id"]]: document.get("erased")})
    theirs = {"_id": {"$in": [name for name, log in logs.items() if kept.counts(log)]}}
    await checkpoints.update_many(theirs, {"$set": {"held": ObjectId()}}, session=session)
