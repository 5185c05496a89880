"""ClickHouse's own engine (chdb) behind its HTTP interface in one process: `python clickhouse_door.py PORT FOLDER`.

For a run without Docker and for tests: as much of the interface as clickhouse-connect and curl use. No logins, so it
listens on loopback alone.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import lz4.frame
from aiohttp import web
from chdb.session import Session

_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s+.*?)\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(r"\sFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)")
_OUTPUT = re.compile(r"(output_format_|date_time_output_format|max_partitions_per_insert_block)")
_ENGINE = ThreadPoolExecutor(max_workers=1)  # the engine takes one statement at a time


def _decompressed(body: bytes) -> bytes:
    """What several frames hold: a block of an insert is a frame of its own. Raises RuntimeError."""
    blocks = []
    while body:
        frame = lz4.frame.LZ4FrameDecompressor()
        blocks.append(frame.decompress(body))
        if not frame.eof:
            raise RuntimeError("the body ends within a frame")
        body = frame.unused_data or b""
    return b"".join(blocks)


def _carry_out(session: Session, query: Mapping[str, str], body: bytes, form: str) -> tuple[bytes, str]:
    """The answer to a request, and its format. Raises RuntimeError with the engine's words."""
    settings = "".join(f", {name} = '{value}'" for name, value in query.items() if _OUTPUT.match(name))
    asked = query.get("query", "").encode()
    head, rows = (asked, body) if asked else (body.partition(b"\n")[0], body.partition(b"\n")[2])
    if insert := _INSERT.match(head):
        with tempfile.NamedTemporaryFile() as file:
            file.write(rows)
            file.flush()
            into, kind = insert[1].decode(), insert[2].decode()
            session.query(
                f"{into} SETTINGS max_partitions_per_insert_block = 0 SELECT * FROM file('{file.name}', {kind})"
            )
        return b"", form
    sql = (asked + b"\n" + body if asked else body).decode()
    if explicit := _FORMAT.search(sql):
        sql, form = sql[: explicit.start()], explicit[1]
    if settings and sql.split(maxsplit=1)[0].upper() in ("SELECT", "WITH"):
        sql += f" SETTINGS {settings[2:]}"
    parameters = {name.removeprefix("param_"): value for name, value in query.items() if name.startswith("param_")}
    return session.query(sql, form, params=parameters).bytes(), form


def door(folder: str) -> web.Application:
    """The application; `folder` takes the data."""
    session = Session(folder)

    async def answer(request: web.Request) -> web.Response:
        if request.method == "GET" and "query" not in request.query:
            return web.Response(text="Ok.\n")
        body = await request.read()
        if request.headers.get("Content-Encoding") == "lz4":
            body = _decompressed(body)
        form = request.headers.get("X-ClickHouse-Format") or request.query.get("default_format") or "TabSeparated"
        loop = asyncio.get_running_loop()
        try:
            content, form = await loop.run_in_executor(_ENGINE, _carry_out, session, request.query, body, form)
        except RuntimeError as error:
            code = _CODE.search(str(error))
            headers = {"X-ClickHouse-Exception-Code": code[1] if code else "1"}
            return web.Response(
                status=404 if code and code[1] in ("60", "81") else 500, text=str(error), headers=headers
            )
        return web.Response(body=content, headers={"X-ClickHouse-Format": form, "X-ClickHouse-Timezone": "UTC"})

    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


if __name__ == "__main__":
    web.run_app(door(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), print=None)
