"""`twinpath dead-letters`: messages that nobody could read, or that came back too often; look at them, requeue them."""

from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated

import typer

from twinpath.cli.connection import ask_broker
from twinpath.cli.showing_events import Shown, time_text
from twinpath.errors import NotFound
from twinpath.feed.dead_letters import DeadLetter, dead_letter_box

NOWHERE = 1
MOST_SHOWN_BYTES = 4096

AsJson = Annotated[bool, typer.Option("--json", help="one JSON object a line")]
OfQueue = Annotated[str | None, typer.Option("--queue", help="that died in this queue alone")]

app = typer.Typer(no_args_is_help=True, help="Messages that nobody could read, or that came back too often.")


@app.command("list")
def list_letters(
    queue: OfQueue = None,
    most: Annotated[int, typer.Option("-n", min=1, help="letters to show")] = 100,
    as_json: AsJson = False,
) -> None:
    """The letters, oldest first, without what they say."""

    async def work(url: str) -> int:
        shown, more = 0, False
        async with dead_letter_box(url) as box, aclosing(box.letters()) as letters:
            async for letter, _ in letters:
                if queue in (None, letter.queue):
                    if more := shown == most:
                        break
                    _show(letter, as_json)
                    shown += 1
        if not as_json:
            print(f"{shown:,} dead letters{', and there are more' if more else ''}")
        return 0

    ask_broker(work)


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(help="its id, or how it begins, as `dead-letters list` shows it")],
    whole: Annotated[bool, typer.Option("--whole", help=f"all of it, not its first {MOST_SHOWN_BYTES} bytes")] = False,
) -> None:
    """One letter and what it says. That may be personal."""

    async def work(url: str) -> int:
        async with dead_letter_box(url) as box, aclosing(box.letters()) as letters:
            async for letter, _ in letters:
                if letter.id.startswith(letter_id):
                    _show(letter, as_json=False)
                    body = letter.body if whole else letter.body[:MOST_SHOWN_BYTES]
                    print(body.decode(errors="backslashreplace"))
                    return 0
        raise NotFound(f"there is no dead letter {letter_id}")

    ask_broker(work)


@app.command()
def requeue(
    ids: Annotated[list[str] | None, typer.Argument(help="ids, or how they begin")] = None,
    every: Annotated[bool, typer.Option("--all", help="every letter")] = False,
    queue: OfQueue = None,
    limit: Annotated[int, typer.Option(min=1, help="letters to requeue")] = 1000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, and do nothing")] = False,
) -> None:
    """Put letters back, oldest first, into the queues where they died. Ctrl-C stops it; no letter is lost.

    Exit code 1 when a queue is there no more: its letters stay.
    """
    if bool(ids) == every:
        raise typer.BadParameter("name letters, or say --all")

    async def work(url: str) -> int:
        done = nowhere = 0
        async with dead_letter_box(url) as box, aclosing(box.letters()) as letters:
            async for letter, message in letters:
                if queue in (None, letter.queue) and (every or letter.id.startswith(tuple(ids or ()))):
                    _show(letter, as_json=False)
                    if dry_run or await box.requeue(letter, message):
                        done += 1
                    else:
                        nowhere += 1
                        print(f"  there is no queue {letter.queue or 'known for it'}: it stays")
                if done + nowhere == limit:
                    break
        print(f"{done:,} {'would be requeued' if dry_run else 'requeued'}, {nowhere:,} without a queue")
        if ids and not done + nowhere:
            raise NotFound(f"there is no dead letter {' or '.join(ids)}")
        return NOWHERE if nowhere else 0

    ask_broker(work)


def _show(letter: DeadLetter, as_json: bool) -> None:
    if as_json:
        facts = {name: value for name, value in asdict(letter).items() if name != "body"}
        Shown(as_json).json({**facts, "bytes": len(letter.body)})
        return
    at = time_text(letter.at) if letter.at else "at an unknown time"
    again = f", requeued {letter.requeued} times" if letter.requeued else ""
    size = f"{len(letter.body):,} bytes"
    print(f"{letter.id} {letter.queue or 'unknown queue'} {at}{again}, {size}: {letter.reason}", flush=True)
