"""The sample that `make up` loads through the REST endpoints: three dozen support tickets in every state.

Each command carries an Idempotency-Key made from its place here, so that loading twice changes nothing.
"""

import httpx

_QUESTIONS = [
    ("Parcel has not arrived", "Tracking says delivered on Monday, but nothing came and the neighbours know nothing."),
    ("Wrong size sent", "I ordered the jacket in M and got an XL. Can I swap it before the weekend?"),
    ("Invoice without VAT number", "Our bookkeeping needs the company's VAT number on the invoice."),
    ("Cup broken in transit", "One of the four cups arrived in pieces. Photos are attached to my mail of today."),
    ("Cannot log in", "The password mail never arrives, I looked into the spam folder as well."),
    ("Refund still missing", "You confirmed my return two weeks ago. When will the money be back?"),
    ("Change of address", "Please send the order to my office instead; it has not been shipped yet, has it?"),
    ("Coupon not accepted", "The code from your newsletter is said to be unknown at the checkout."),
    ("Lamp flickers", "The desk lamp flickers from time to time, with every bulb that I tried."),
]
_NOTES = ["Asked the carrier for a proof of delivery.", "Called back, no answer. Wrote a mail."]
_RESOLUTION = "Sent a replacement and apologised."
TICKETS = 36


def load_sample(command_url: str) -> int:
    """Load it; the number of tickets. Raises httpx.HTTPError."""
    with httpx.Client(base_url=f"{command_url}/api/v1", timeout=30) as client:
        for number in range(TICKETS):
            _load_ticket(client, number)
    return TICKETS


def _load_ticket(client: httpx.Client, number: int) -> None:
    subject, message = _QUESTIONS[number % len(_QUESTIONS)]
    opened = _send(client, "POST", "/tickets", f"{number}-open", {"subject": subject, "message": message})
    ticket = f"/tickets/{opened['ticket_id']}"
    state = number % 4  # open, triaged, closed after triage, closed at once; every third of them has notes
    if number % 3 == 0:
        for place, note in enumerate(_NOTES):
            _send(client, "POST", f"{ticket}/notes", f"{number}-note-{place}", {"note": note})
    if state in (1, 2):
        _send(client, "PUT", f"{ticket}/status", f"{number}-triage", {"status": "triaged"})
    if state in (2, 3):
        _send(client, "POST", f"{ticket}/close", f"{number}-close", {"resolution": _RESOLUTION})


def _send(client: httpx.Client, method: str, path: str, key: str, body: dict[str, str]) -> dict[str, str]:
    headers = {"Idempotency-Key": f"sample-{key}", "X-Actor": "agent-ann"}
    answer = client.request(method, path, json=body, headers=headers)
    answer.raise_for_status()
    accepted: dict[str, str] = answer.json()
    return accepted
