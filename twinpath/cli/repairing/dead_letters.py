"""`twinpath dead-letters`: messages that nobody could read, or that came back too often; look, requeue, discard."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from aio_pika.abc import AbstractIncomingMessage

from twinpath.cli.connection import ask_broker
from twinpath.cli.output import MOST, AsJson, Output
from twinpath.cli.showing_events import time_text
from twinpath.errors import MalformedRequest, NotFound
from twinpath.feed.dead_letters import DeadLetter, DeadLetterBox, dead_letter_box

NOWHERE = 1
MOST_SHOWN_BYTES = 4096

OfQueue = Annotated[str | None, typer.Option("--queue", help="that died in this queue alone")]
Ids = Annotated[list[str] | None, typer.Argument(help="ids, or how they begin")]
Every = Annotated[bool, typer.Option("--all", help="every letter")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would be done, and do nothing")]
Deed = Callable[[DeadLetterBox, DeadLetter, AbstractIncomingMessage], Awaitable[bool]]

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.command("list")
def list_letters(
    queue: OfQueue = None,
    most: Annotated[int, typer.Option("-n", min=1, max=MOST, help="letters to show")] = 100,
    as_json: AsJson = False,
) -> None:
    """The letters, oldest first, without what they say."""
    out = Output(as_json)

    async def work(url: str) -> int:
        shown, more = 0, False
        async with _letters(url) as (_, letters):
            async for letter, _ in letters:
                if queue in (None, letter.queue):
                    if more := shown == most:
                        break
                    _show(letter, out)
                    shown += 1
        if not as_json:
            out.note(f"{shown:,} dead letters{', and there are more' if more else ''}")
        return 0

    ask_broker(work)


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(help="its id, or how it begins, as `dead-letters list` shows it")],
    whole: Annotated[bool, typer.Option("--whole", help=f"all of it, not its first {MOST_SHOWN_BYTES} bytes")] = False,
    as_json: AsJson = False,
) -> None:
    """One letter and what it says. That may be personal."""
    out = Output(as_json)

    async def work(url: str) -> int:
        async with _letters(url) as (_, letters):
            async for letter, _ in letters:
                if letter.id.startswith(letter_id):
                    body = (letter.body if whole else letter.body[:MOST_SHOWN_BYTES]).decode(errors="backslashreplace")
                    _show(letter, out, **({"body": body} if as_json else {}))
                    if not as_json:
                        print(body)
                    return 0
        raise NotFound(f"there is no dead letter {letter_id}")

    ask_broker(work)


@app.command()
def requeue(
    ids: Ids = None,
    every: Every = False,
    queue: OfQueue = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="letters to requeue")] = 1000,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put letters back, oldest first, into the queues where they died. Ctrl-C stops it; no letter is lost.

    Exit code 1 when a queue is there no more: its letters stay.
    """
    out = Output(as_json)

    async def put_back(box: DeadLetterBox, letter: DeadLetter, message: AbstractIncomingMessage) -> bool:
        if dry_run or await box.requeue(letter, message):
            return True
        out.note(f"  there is no queue {letter.queue or 'known for it'}: it stays")
        return False

    async def work(url: str) -> int:
        done, nowhere = await _done(url, out, ids, every, queue, limit, put_back)
        text = f"{done:,} {'would be requeued' if dry_run else 'requeued'}, {nowhere:,} without a queue"
        out.tell(text, requeued=done, without_queue=nowhere, dry_run=dry_run)
        return NOWHERE if nowhere else 0

    ask_broker(work, None if dry_run else "dead-letters requeue")


@app.command()
def discard(
    ids: Ids = None,
    every: Every = False,
    queue: OfQueue = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="letters to discard")] = 1000,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove letters for good, oldest first. No event is lost with them: followers have read it from the log."""
    out = Output(as_json)

    async def remove(_: DeadLetterBox, letter: DeadLetter, message: AbstractIncomingMessage) -> bool:
        if not dry_run:
            await message.ack()
        return True

    async def work(url: str) -> int:
        done, _ = await _done(url, out, ids, every, queue, limit, remove)
        out.tell(f"{done:,} {'would be discarded' if dry_run else 'discarded'}", discarded=done, dry_run=dry_run)
        return 0

    ask_broker(work, None if dry_run else "dead-letters discard")


async def _done(
    url: str, out: Output, ids: list[str] | None, every: bool, queue: str | None, limit: int, deed: Deed
) -> tuple[int, int]:
    """Do it to the letters that are meant; how many it was done to, and how many not. Raises NotFound."""
    if bool(ids) == every:
        raise MalformedRequest("name letters, or say --all")
    done = left = 0
    async with _letters(url) as (box, letters):
        async for letter, message in letters:
            if queue in (None, letter.queue) and (every or letter.id.startswith(tuple(ids or ()))):
                _show(letter, out)
                if await deed(box, letter, message):
                    done += 1
                else:
                    left += 1
            if done + left == limit:
                break
    if ids and not done + left:
        raise NotFound(f"there is no dead letter {' or '.join(ids)}")
    return done, left


@asynccontextmanager
async def _letters(
    url: str,
) -> AsyncIterator[tuple[DeadLetterBox, AsyncIterator[tuple[DeadLetter, AbstractIncomingMessage]]]]:
    async with dead_letter_box(url) as box, aclosing(box.letters()) as letters:
        yield box, letters


def _show(letter: DeadLetter, out: Output, **more: str) -> None:
    facts = {name: value for name, value in asdict(letter).items() if name != "body"}
    at = time_text(letter.at) if letter.at else "at an unknown time"
    again = f", requeued {letter.requeued} times" if letter.requeued else ""
    text = f"{letter.id} {letter.queue or 'unknown queue'} {at}{again}, {len(letter.body):,} bytes: {letter.reason}"
    out.tell(text, **facts, bytes=len(letter.body), **more)
