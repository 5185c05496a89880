"""`twinpath seal`: what earlier versions wrote in the clear is sealed, its fingerprints are keyed (decision 0022)."""

from typing import Annotated

import typer

from twinpath.cli.connection import Connection, ask
from twinpath.cli.output import AsJson, Output
from twinpath.cli.verifying.whole_log import WholeLog
from twinpath.domain.events import SEALED, NewEvent
from twinpath.log.commits import Commits, Document
from twinpath.log.layout import key_fingerprints
from twinpath.personal_data.fingerprints import PLAIN, keyed
from twinpath.personal_data.mongo import MongoKeyStore
from twinpath.personal_data.sealing import Whose, owner_of, sealed


def seal(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be done, and write nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Seal, in every commit, what is personal today and was stored in the clear, and key the commit's fingerprint.

    What an erased owner left there is lost by it for good, as it should be. Positions, versions, ids and times stay as
    they are. To be run once, when the last replica of version 0.1.0 has ended; a second run finds nothing. It may run
    while the services do; it needs an account that may write the log. Then build anew the views that it names.
    """
    out = Output(as_json)

    async def work(connection: Connection) -> int:
        log = await WholeLog.now(connection)
        if not dry_run:  # first, so that replicas that start from now on write no plain ones
            await key_fingerprints(connection.client[connection.settings.log_database])
        sealing = _Sealing(connection, log.commits, dry_run)
        for name in log.heads:
            async for commit in log.read(name, ["position"]):
                await sealing.put_right(commit)
        would = "would be " if dry_run else ""
        counts = {"sealed": sealing.sealed, "keyed": sealing.keyed}
        text = f"{sealing.sealed:,} events {would}sealed, {sealing.keyed:,} fingerprints {would}keyed"
        again = (
            ""
            if dry_run or not sealing.sealed
            else "; now build the views anew that show them: twinpath rebuild history …"
        )
        out.tell(text + again, **counts, dry_run=dry_run)
        return 0

    ask(work)


class _Sealing:
    """Puts one commit right after the other, and counts."""

    def __init__(self, connection: Connection, commits: Commits, dry_run: bool) -> None:
        self._keys = MongoKeyStore(connection.client, connection.settings.keys_database)
        self._catalogue = connection.events
        self._commits = commits
        self._dry_run = dry_run
        self.sealed, self.keyed = 0, 0

    async def put_right(self, commit: Document) -> None:
        """Seal its events, key its fingerprint; in one write, which meets nothing where somebody was quicker."""
        events, whose, count = [], None, 0
        for event in commit["events"]:
            owner = event["data"][SEALED]["of"] if SEALED in event["data"] else await self._owner(commit, event)
            if owner is not None:
                whose = Whose(owner, await self._keys.key_for(owner))
                if SEALED not in event["data"]:
                    event, count = self._closed(commit["stream"], event, whose), count + 1
            events.append(event)
        plain = commit["fingerprint"]
        fingerprint = plain if whose is None or not PLAIN.fullmatch(plain) else keyed(plain, whose.owner, whose.key)
        if not count and fingerprint == plain:
            return
        self.sealed += count
        self.keyed += fingerprint != plain
        if not self._dry_run:
            as_read = {"_id": commit["_id"], "events": commit["events"], "fingerprint": plain}
            await self._commits.update_one(as_read, {"$set": {"events": events, "fingerprint": fingerprint}})

    async def _owner(self, commit: Document, event: Document) -> str | None:
        """Whose personal data the event holds in the clear; None where it holds none."""
        today = self._catalogue.today(_stored(event))
        event_type = self._catalogue.event_type(event["type"])
        if event_type is None or all(today.data.get(name) is None for name in event_type.personal):
            return None
        owner = owner_of(event_type, commit["stream"], today.data)
        return owner or await self._owner_of_stream(commit)

    async def _owner_of_stream(self, commit: Document) -> str | None:
        """Whom the stream's first event names."""
        if commit["version"] == 1:
            return None
        first = await self._commits.find_one({"log": commit["log"], "stream": commit["stream"], "version": 1})
        if first is None:
            return None
        event = first["events"][0]
        return event["data"][SEALED]["of"] if SEALED in event["data"] else await self._owner(first, event)

    def _closed(self, stream: str, event: Document, whose: Whose) -> Document:
        """The event in the schema of today, sealed."""
        event_type = self._catalogue.event_type(event["type"])
        assert event_type is not None, "an owner of it was found"
        today = self._catalogue.today(_stored(event))
        if event_type.personal_of is not None and not event_type.sealed_alone:
            today.data[event_type.personal_of] = whose.owner
        closed = sealed(today, event_type.personal, stream, whose)
        return {"type": closed.type, "schema": closed.schema, "data": closed.data}


def _stored(event: Document) -> NewEvent:
    return NewEvent(event["type"], event["schema"], dict(event["data"]))
