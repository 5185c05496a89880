"""Where the state of processes lies: checkpoints beside the log, timers and parked streams in a database of their own.

Of their own, so that the command line may repair them without a right to write to the log.
"""


def processes_database_name(log_database: str) -> str:
    """The name of the database of timers and parked streams."""
    return f"{log_database}_processes"
