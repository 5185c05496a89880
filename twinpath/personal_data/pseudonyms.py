"""Pseudonyms: what a commit names as its actor, and how a caller is found again in the table that erasure cuts."""

import hashlib
import hmac
import secrets


def new_pseudonym() -> str:
    """A name that tells nothing: 64 random bits."""
    return f"actor-{secrets.token_hex(8)}"


def caller_digest(key: bytes, issuer: str, subject: str) -> str:
    """What a caller's row is found by: without the key nobody can try whether somebody is in the table."""
    text = f"{len(issuer)}:{issuer}{subject}".encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()
