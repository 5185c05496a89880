"""Whether a task was asked to end."""

import asyncio


def is_ending() -> bool:
    """Whether somebody cancelled the task that asks.

    PyMongo 4.20 swallows a cancellation that comes while it waits for a server, so a loop around it must look.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
