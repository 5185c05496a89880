"""A connection to ClickHouse's HTTP interface that is made when it is first needed, and whose errors are ours."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from clickhouse_connect import get_async_client
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from twinpath.errors import Unavailable

CONNECT_SECONDS = 2.0


class Connection:
    """One address, as `http://user:password@host:8123`; with `https` the server's certificate is checked.

    Nothing is retried here: who calls knows whether a call may be repeated. Every call raises Unavailable.
    """

    def __init__(self, url: str, seconds: float = 30.0, connections: int = 20) -> None:
        self._url = url
        self._seconds = seconds
        self._connections = connections
        self._client: AsyncClient | None = None
        self._connecting = asyncio.Lock()

    async def command(self, sql: str) -> None:
        """Carry out a statement that answers nothing."""
        async with self._ours() as client:
            await client.command(sql)

    async def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Sequence[Any]]:
        """The rows of an answer."""
        async with self._ours() as client:
            return (await client.query(sql, dict(parameters or {}))).result_rows

    async def raw(self, sql: str, parameters: Mapping[str, Any], form: str) -> bytes:
        """An answer in one of the engine's formats."""
        async with self._ours() as client:
            return await client.raw_query(sql, dict(parameters), fmt=form)

    async def insert(
        self, database: str, table: str, columns: Mapping[str, str], values: Sequence[Sequence[Any]]
    ) -> None:
        """Insert values, a sequence a column."""
        async with self._ours() as client:
            await client.insert(
                table,
                values,
                list(columns),
                database=database,
                column_type_names=list(columns.values()),
                column_oriented=True,
                settings={"max_partitions_per_insert_block": 0},
            )

    async def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    @asynccontextmanager
    async def _ours(self) -> AsyncIterator[AsyncClient]:
        try:
            yield await self._connected()
        except (ClickHouseError, aiohttp.ClientError, TimeoutError, OSError) as error:
            # its first line alone: the engine goes on with the statement and where in its code it was
            text = (str(error) or type(error).__name__).splitlines()[0][:300]
            raise Unavailable(f"ClickHouse at {urlsplit(self._url).hostname}: {text}") from error

    async def _connected(self) -> AsyncClient:
        async with self._connecting:
            if self._client is None:
                self._client = await get_async_client(
                    dsn=self._url,
                    autogenerate_session_id=False,  # a session takes one query at a time
                    connect_timeout=CONNECT_SECONDS,
                    send_receive_timeout=self._seconds,
                    query_retries=0,
                    connector_limit_per_host=self._connections,
                    tz_mode="aware",
                )
            return self._client
