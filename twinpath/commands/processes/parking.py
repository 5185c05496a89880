"""The streams that processes leave aside, kept as projections keep theirs: the same commands list, retry and skip them.

The command line repairs nothing by itself, since a repair of a process sends commands: it asks, with ASKED_AT, and the
command service takes the stream up within a second.
"""

from pymongo import AsyncMongoClient

from twinpath.commands.processes.places import processes_database_name
from twinpath.log.commits import Document
from twinpath.views.mongodb.stores import MongoViewWriter


def process_parking(client: AsyncMongoClient[Document], log_database: str) -> MongoViewWriter:
    """The writer of what processes park: a store without views and checkpoints."""
    return MongoViewWriter(client, processes_database_name(log_database))
