"""The calls of OpenSearch that an index needs, and its errors in our terms."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import orjson
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import ConflictError, NotFoundError, OpenSearchException, RequestError

from twinpath.errors import Unavailable

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as it is stored; `at` is for writing it over as it was seen."""

    source: Json
    version: int
    at: Json


class Server:
    """A cluster at an address `https://user:password@host:9200`, several hosts with commas between; `ca` is a file."""

    def __init__(self, url: str, ca: str = "", seconds: float = 5.0) -> None:
        parts = urlsplit(url)
        logins, _, hosts = parts.netloc.rpartition("@")
        addresses = [urlunsplit((parts.scheme, host, parts.path, "", "")) for host in hosts.split(",")]
        secure: dict[str, Any] = (
            {"ssl_context": ssl.create_default_context(cafile=ca or None)} if parts.scheme == "https" else {}
        )
        user = urlsplit(f"{parts.scheme}://{logins}@x") if logins else None
        login = (_unquoted(user.username), _unquoted(user.password)) if user else None
        self._client = AsyncOpenSearch(addresses, http_auth=login, timeout=seconds, max_retries=0, **secure)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.close()

    async def make(self, index: str, alias: str, body: Json) -> None:
        """Make an index that is written through an alias; one that is there is left as it is. Raises Unavailable."""
        with our_errors():
            try:
                await self._client.indices.create(index=index, body={**body, "aliases": {alias: {}}})
            except RequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise

    async def names(self, pattern: str) -> list[str]:
        """The indexes whose names fit. Raises Unavailable."""
        with our_errors():
            return list(await self._client.indices.get(index=pattern, params={"ignore_unavailable": "true"}))

    async def drop(self, indexes: Sequence[str]) -> None:
        """Raises Unavailable."""
        with our_errors():
            for index in indexes:
                await self._client.indices.delete(index=index, params={"ignore_unavailable": "true"})

    async def refresh(self, index: str) -> None:
        """Raises Unavailable."""
        with our_errors():
            await self._client.indices.refresh(index=index)

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

    async def search(self, index: str, body: Json) -> Json:
        """Raises Unavailable."""
        with our_errors():
            answer: Json = await self._client.search(index=index, body=body)
        if answer["timed_out"] or answer["_shards"]["failed"]:
            raise _unavailable("a part of the index does not answer")
        return answer


def _unquoted(text: str | None) -> str:
    return unquote(text or "")


def _unavailable(reason: object) -> Unavailable:
    return Unavailable(f"OpenSearch can't be used: {reason}", code="search_unavailable")


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what opensearch-py raises into Unavailable, except for what a call handles itself."""
    try:
        yield
    except (OpenSearchException, OSError, TimeoutError) as error:
        raise _unavailable(str(error) or type(error).__name__) from error
