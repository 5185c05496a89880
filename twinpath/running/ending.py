"""Whether a task was asked to end."""

import asyncio


def is_ending() -> bool:
    """Whether somebody cancelled the task that asks.

    aio-pika 10.2 swallows a cancellation that comes while it closes a connection, so a loop around it must look. Not
    behind an asyncio.TaskGroup of the task's own: before Python 3.13 one that fails leaves the task as if cancelled.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
