"""The calls of OpenSearch that an index needs, and its errors in our terms."""

import logging
import ssl
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import uuid4

import orjson
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConflictError, NotFoundError, OpenSearchException, RequestError
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from twinpath.errors import Unavailable

Json = dict[str, Any]

_CONNECTIONS = 20
"""To each host."""
_MERGE_SECONDS = 3_600


class _NoShard(Unavailable):
    """The index is there and its shard is not: it was made a moment ago, or a node is lost."""


_once_begun = retry(
    retry=retry_if_exception_type(_NoShard), stop=stop_after_delay(1.0), wait=wait_fixed(0.05), reraise=True
)


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is stored; `at` is for writing it over as it was seen."""

    source: Json
    version: int
    at: Json


class Server:
    """A cluster at an address `https://user:password@host:9200`, several hosts with commas between.

    With `https` its certificates are checked, by the authorities in the file `ca` or those of the system. A call takes
    `seconds` at most; where a host can't be reached the next one is asked.
    """

    def __init__(self, url: str, ca: str = "", seconds: float = 5.0) -> None:
        parts = urlsplit(url)
        logins, _, hosts = parts.netloc.rpartition("@")
        addresses = [urlunsplit((parts.scheme, host, parts.path, "", "")) for host in hosts.split(",")]
        user = urlsplit(f"{parts.scheme}://{logins}@x") if logins else None
        login = f"{unquote(user.username or '')}:{unquote(user.password or '')}" if user else ""
        basic = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
        secure: Json = {"ssl_context": ssl.create_default_context(cafile=ca or None)} if parts.scheme == "https" else {}
        self._seconds = seconds
        self._reader = uuid4().hex
        """What this process's searches name, so that all of them go to the same copy of an index while it is there:
        what one has seen the next sees too."""
        self._client = AsyncOpenSearch(
            addresses,
            headers=basic,
            timeout=seconds,
            max_retries=len(addresses) - 1,
            maxsize=_CONNECTIONS,
            **secure,
        )
        logging.getLogger("opensearch").setLevel(logging.CRITICAL)  # what fails is reported as Unavailable, once

    async def close(self) -> None:
        """Close its connections, those too that the client believes dead and would leave open."""
        for connection in getattr(self._client.transport.connection_pool, "orig_connections", ()):
            await connection.close()
        await self._client.close()

    async def version(self) -> str:
        """That of the server that answers. Raises Unavailable."""
        with our_errors():
            return str((await self._client.info())["version"]["number"])

    async def make(self, index: str, alias: str, body: Json) -> None:
        """Make an index that is written through an alias; one that is there keeps what it has. Raises Unavailable."""
        with our_errors():
            try:
                await self._client.indices.create(index=index, body={**body, "aliases": {alias: {}}})
            except RequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise
                await self._client.indices.put_alias(index=index, name=alias)

    async def aliases(self, pattern: str) -> dict[str, set[str]]:
        """The indexes whose names fit, with their aliases. Raises Unavailable."""
        with our_errors():
            indexes = await self._client.indices.get_alias(index=pattern, params={"ignore_unavailable": "true"})
        return {name: set(about["aliases"]) for name, about in indexes.items()}

    async def point(self, alias: str, index: str, before: Sequence[str]) -> None:
        """Have an alias name this index instead of those, at once. Raises Unavailable."""
        actions = [{"remove": {"index": other, "alias": alias}} for other in before]
        with our_errors():
            await self._client.indices.update_aliases(
                body={"actions": [*actions, {"add": {"index": index, "alias": alias}}]}
            )

    async def drop(self, indexes: Sequence[str]) -> None:
        """Raises Unavailable."""
        with our_errors():
            for index in indexes:
                await self._client.indices.delete(index=index, params={"ignore_unavailable": "true"})

    async def refresh(self, index: str) -> None:
        """Let searches see what was written; nothing where there is no index. Raises Unavailable."""
        with our_errors():
            await self._client.indices.refresh(index=index, params={"ignore_unavailable": "true"})

    async def expunge(self, index: str) -> None:
        """Have nothing on disk of what documents were before, which may take minutes. Raises Unavailable.

        What a replica may still ask for stays: the server looks every 30 seconds how far its replicas are.
        """
        parameters = {"only_expunge_deletes": "true", "ignore_unavailable": "true", "request_timeout": _MERGE_SECONDS}
        with our_errors():
            await self._client.indices.flush(index=index, params={"ignore_unavailable": "true"})
            await self._client.indices.forcemerge(index=index, params=parameters)
            await self._client.indices.refresh(index=index, params={"ignore_unavailable": "true"})

    @_once_begun
    async def get(self, index: str, ids: Sequence[str]) -> dict[str, Stored]:
        """Those of the documents that exist, as they were written last. Raises Unavailable."""
        if not ids:
            return {}
        with our_errors():
            try:
                answer = await self._client.mget(index=index, body={"ids": list(ids)})
            except NotFoundError:
                return {}
        stored = {}
        for document in answer["docs"]:
            if document.get("found"):
                at = {"if_seq_no": document["_seq_no"], "if_primary_term": document["_primary_term"]}
                stored[document["_id"]] = Stored(document.get("_source", {}), document["_version"], at)
            elif (error := document.get("error")) and error["type"] != "index_not_found_exception":
                kind = _NoShard if error["type"] == "no_shard_available_action_exception" else Unavailable
                raise _unavailable(f"{error['type']}: {error['reason']}", kind)
        return stored

    async def put(self, alias: str, document_id: str, source: Json, before: Stored | None) -> bool:
        """Write a document over what was seen of it; False when that is no longer so. Raises Unavailable."""
        condition = {"op_type": "create"} if before is None else before.at
        with our_errors():
            try:
                parameters = {**condition, "require_alias": "true"}
                await self._client.index(index=alias, id=document_id, body=source, params=parameters)
            except ConflictError:
                return False
        return True

    async def bulk(self, alias: str, documents: Sequence[tuple[str, int, Json]]) -> list[str]:
        """Write (id, version, source) each over a lower version; gives the ids where none was. Raises Unavailable."""
        if not documents:
            return []
        lines: list[bytes] = []
        for document_id, version, source in documents:
            action = {"_id": document_id, "version": version, "version_type": "external"}
            lines += [orjson.dumps({"index": action}), orjson.dumps(source)]
        with our_errors():
            body = b"\n".join([*lines, b""])
            answer = await self._client.bulk(index=alias, body=body, params={"require_alias": "true"})
        conflicts = []
        for item in (item["index"] for item in answer["items"]):
            if item["status"] == 409:
                conflicts.append(item["_id"])
            elif item["status"] >= 300:
                raise _unavailable(f"{item['error']['type']}: {item['error']['reason']}")
        return conflicts

    @_once_begun
    async def search(self, index: str, *bodies: Json) -> list[Json] | None:
        """The answers to these, one after the other by one copy of an index; None without it. Raises Unavailable."""
        about = orjson.dumps({"index": index, "preference": self._reader, "allow_partial_search_results": False})
        limited = [{**body, "timeout": f"{round(self._seconds * 1_000)}ms"} for body in bodies]
        lines = [line for body in limited for line in (about, orjson.dumps(body))]
        with our_errors():
            answer = await self._client.msearch(body=b"\n".join([*lines, b""]))
        answers: list[Json] = answer["responses"]
        for part in answers:
            if error := part.get("error"):
                if error["type"] == "index_not_found_exception":
                    return None
                causes = [cause["reason"] for cause in error.get("root_cause", ())]
                raise _unavailable("; ".join([error["type"], *causes]), Unavailable if causes else _NoShard)
            if part["timed_out"] or part["_shards"]["failed"]:
                raise _unavailable("a part of the index does not answer")
        return answers


def _unavailable(reason: object, kind: type[Unavailable] = Unavailable) -> Unavailable:
    return kind(f"OpenSearch can't be used: {reason}", code="search_unavailable")


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what opensearch-py raises into Unavailable, except for what a call handles itself."""
    try:
        yield
    except (OpenSearchException, OSError, TimeoutError) as error:
        raise _unavailable(str(error) or type(error).__name__) from error
