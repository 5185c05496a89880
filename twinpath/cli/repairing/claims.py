"""`twinpath claims repair`: what streams claim is held by their commits again, as the log has it."""

import sqlite3
from typing import Annotated

import typer
from pymongo.errors import DuplicateKeyError

from twinpath.cli.connection import Connection, ask
from twinpath.cli.output import AsJson, Output
from twinpath.cli.verifying.claims import ClaimReader
from twinpath.cli.verifying.folded_claims import StreamClaims
from twinpath.cli.verifying.whole_log import WholeLog
from twinpath.log.commits import find_holders, without_claim

CONFLICTS = 1

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def claims() -> None:
    """What one stream alone may have, such as an e-mail address."""  # without it the one command would be the app


@app.command()
def repair(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, and write nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Fold every stream and let its commits hold what it claims; take out what it no longer claims.

    Also for a log that was written before its aggregates claimed anything. Who holds a claim keeps it; of several who
    claim what nobody holds, the first in the order of logs and streams gets it. The others are listed, and the exit
    code is 1. It may run while the services do; it needs an account that may write the log.
    """

    out = Output(as_json)

    async def work(connection: Connection) -> int:
        log = await WholeLog.now(connection)
        repairing = (_DryRun if dry_run else _Repair)(log, out)
        async for stream in repairing.reader.streams():
            await repairing.put_right(stream)
        would = "would be " if dry_run else ""
        counts = {"given": repairing.given, "freed": repairing.freed, "conflicts": repairing.conflicts}
        out.tell(
            f"{repairing.given:,} claims {would}given, {repairing.freed:,} leftovers {would}removed, "
            f"{repairing.conflicts:,} conflicts",
            **counts,
            dry_run=dry_run,
        )
        return CONFLICTS if repairing.conflicts else 0

    ask(work, None if dry_run else "claims repair")


class _Repair:
    """Puts one stream right after the other, and counts."""

    def __init__(self, log: WholeLog, out: Output) -> None:
        self._out = out
        self.reader = ClaimReader(log)
        self._commits = log.commits
        self.given, self.freed, self.conflicts = 0, 0, 0

    async def put_right(self, stream: StreamClaims) -> None:
        """Free what it has left over, then let the commits that took its claims hold them."""
        await self._free(stream)
        for key in stream.missing:
            await self._give(stream, key)

    async def _free(self, stream: StreamClaims) -> None:
        if keys := stream.leftover:
            releases = [without_claim(stream.log, stream.stream, version, key) for key, version in keys.items()]
            self.freed += (await self._commits.bulk_write(releases, ordered=False)).modified_count

    async def _give(self, stream: StreamClaims, key: str) -> None:
        """Twice at most: the holder's leftover is freed in between."""
        for _ in range(2):
            if (holder := await self._holder(key)) is not None:
                if key in holder.claimed and holder.stream != stream.stream:
                    await self._yield(stream, key, holder.stream)
                    return
                await self._free(holder)
            if await self._held_by(stream, key):
                self.given += 1
                return
        # somebody took it this moment: the stream is right, or the next repair says what is not

    async def _held_by(self, stream: StreamClaims, key: str) -> bool:
        """Write it into the commit that took it. A stream that no longer claims it by now has a leftover, no more."""
        given = {"$addToSet": {"claims": key}, "$pull": {"yielded": key}}
        try:
            await self._commits.update_one({"_id": stream.missing[key]}, given)
        except DuplicateKeyError:
            return False
        return True

    async def _holder(self, key: str) -> StreamClaims | None:
        """The stream of the commit that holds it, as it is now."""
        commit = (await find_holders(self._commits, [key])).get(key)
        return None if commit is None else await self.reader.now(commit["log"], commit["stream"])

    async def _yield(self, stream: StreamClaims, key: str, holder: str) -> None:
        """Note in its commit that it is known to go without: `twinpath verify` then warns of it, and no more."""
        self.conflicts += 1
        text = f"{key}: {stream.stream} claims it, and {holder} has it"
        self._out.tell(text, claim=key, stream=stream.stream, holder=holder)
        await self._note_yielded(stream, key)

    async def _note_yielded(self, stream: StreamClaims, key: str) -> None:
        await self._commits.update_one({"_id": stream.missing[key]}, {"$addToSet": {"yielded": key}})


class _DryRun(_Repair):
    """Writes nothing but what would be held by then, into a file that nobody sees, as it may be much."""

    def __init__(self, log: WholeLog, out: Output) -> None:
        super().__init__(log, out)
        self._would_hold = sqlite3.connect("")
        self._would_hold.execute("CREATE TABLE held (key TEXT PRIMARY KEY, stream TEXT)")

    async def _free(self, stream: StreamClaims) -> None:
        self.freed += len(stream.leftover)

    async def _held_by(self, stream: StreamClaims, key: str) -> bool:
        given = self._would_hold.execute("INSERT OR IGNORE INTO held VALUES (?, ?)", (key, stream.stream))
        if not given.rowcount:
            [holder] = self._would_hold.execute("SELECT stream FROM held WHERE key = ?", (key,)).fetchone()
            await self._yield(stream, key, holder)
            self.given -= 1
        return True

    async def _note_yielded(self, stream: StreamClaims, key: str) -> None:
        """It writes nothing."""
