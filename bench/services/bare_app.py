"""The limit that our services are compared with: bare FastAPI on the same server, which only answers."""

import sys

from fastapi import FastAPI, Response
from pydantic import BaseModel

from twinpath.http.settings import HttpSettings
from twinpath.running.serving import serve

app = FastAPI()
READY = b'{"ticket_id":"ticket-0198c0de-0000-7000-8000-000000000001","message":"' + b"x" * 600 + b'"}'


class Ticket(BaseModel):
    """The body of POST /api/v1/tickets."""

    subject: str
    message: str
    customer_id: str | None = None
    order_id: str | None = None


@app.post("/api/v1/tickets", status_code=201)
async def post(body: Ticket) -> dict[str, object]:
    """An answer in the form of the command service."""
    return {"ticket_id": "ticket-0198c0de-0000-7000-8000-000000000001", "version": 1, "status": "accepted"}


@app.get("/api/v1/tickets/{ticket_id}")
async def get(ticket_id: str) -> Response:
    """Ready bytes of about the length of a ticket."""
    return Response(READY, media_type="application/json")


if __name__ == "__main__":
    serve(app, int(sys.argv[1]), HttpSettings())
