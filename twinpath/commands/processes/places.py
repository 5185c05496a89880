"""Where the state of processes lies: checkpoints beside the log, timers and parked streams in a database of their own.

Of their own, so that the command line may repair them without a right to write to the log.
"""

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase

from twinpath.log.commits import Document
from twinpath.views.mongodb.transactions import DURABLE, MAJORITY


def processes_database_name(log_database: str) -> str:
    """The name of the database of timers and parked streams."""
    return f"{log_database}_processes"


def processes_database(client: AsyncMongoClient[Document], log_database: str) -> AsyncDatabase[Document]:
    """That database, read at majority and written durably."""
    return client.get_database(processes_database_name(log_database), read_concern=MAJORITY, write_concern=DURABLE)
