"""Every error that Twinpath raises on purpose, as one tree.

TwinpathError
├── RuleViolation           a business rule said no                            -> 409
├── NotFound                no such aggregate                                  -> 404
├── ConcurrencyConflict     another writer was first                           -> retried, then 503
├── StaleVersion            the caller's If-Match is not the current version   -> 412
├── ClaimHeld               a commit holds a key that this one takes           -> the bus asks its stream
├── CommandIdReused         this command id was used for another command       -> 422
├── CommitTooLarge          the commit would not fit into one document         -> 413
├── UnhandledCommand        no aggregate here handles the command              -> 400
├── NotYetVisible           a view has not reached what the caller wants to see -> 202
├── NotAllowed              this caller may not do that                        -> 403
├── TooMany                 this caller has as much as one may have            -> 429
├── MalformedRequest        a header or cursor that can't be read              -> 400
├── NotAuthenticated        nobody, or a token or key that is not valid        -> 401
├── NotPermitted            the caller lacks the permission                    -> 403
├── Unavailable             a store or the broker is away; nothing was written -> 503
│   └── OutcomeUnknown      it went away mid-write: it may have been written   -> 503
├── CheckpointMoved         another consumer moved this projection's checkpoint
│   └── ParkedMoved         another one changed what is parked of a stream
├── CopyTrails              a copy of a view is behind what was asked of it: read the view
├── UnknownEvent            an event of no known type or schema                -> 503
│   └── NewerEvent          its schema is of a later version                   -> 503, waited out by processes
└── Unroutable              the broker has no queue for a message

The errors know nothing of HTTP; twinpath/http/problem_details.py maps them.
"""

from collections.abc import Mapping


class TwinpathError(Exception):
    """The root: `code` is stable and meant for programs, the message is meant for people."""

    code = "twinpath_error"

    def __init__(self, detail: str, *, code: str | None = None, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code
        self.facts: Mapping[str, object] = facts


class RuleViolation(TwinpathError):
    """A business rule refuses the command; nothing was written."""

    code = "rule_violation"


class NotFound(TwinpathError):
    """The command or query names an aggregate that does not exist."""

    code = "not_found"


class ConcurrencyConflict(TwinpathError):
    """The stream is not at the expected version; nothing was written."""

    code = "concurrency_conflict"


class StaleVersion(TwinpathError):
    """The caller asked for a version (If-Match) that is no longer, or not yet, the current one."""

    code = "stale_version"


class CommandIdReused(TwinpathError):
    """The command id already stands for a command with another content."""

    code = "idempotency_key_reused"


class ClaimHeld(TwinpathError):
    """A commit of `stream` holds `key`, which this one takes; nothing was written. It may be a leftover."""

    code = "claim_held"

    def __init__(self, key: str, stream: str) -> None:
        super().__init__(f"a commit of {stream} holds {key}")
        self.key = key
        self.stream = stream


class CommitTooLarge(TwinpathError):
    """The commit is larger than one document of the store may be; nothing was sent."""

    code = "commit_too_large"


class NotYetVisible(TwinpathError):
    """The write is safe, but the view has not reached what the causal token or X-Version names."""

    code = "not_yet_visible"


class UnhandledCommand(TwinpathError):
    """No aggregate of this application has the stream that the command names."""

    code = "unhandled_command"


class MalformedRequest(TwinpathError):
    """A header, token or cursor that can't be read."""

    code = "malformed_request"


class NotAuthenticated(TwinpathError):
    """The request names no caller, or its token or key is not valid."""

    code = "not_authenticated"


class NotAllowed(TwinpathError):
    """This caller may not do that; nothing was done."""

    code = "not_allowed"


class NotPermitted(NotAllowed):
    """The caller lacks the permission that the operation declares."""

    code = "not_permitted"


class TooMany(TwinpathError):
    """This caller has as much of it as one may have; nothing was done."""

    code = "too_many"


class Unavailable(TwinpathError):
    """A store or the broker does not answer; nothing was written, trying again is safe."""

    code = "unavailable"


class OutcomeUnknown(Unavailable):
    """The store went away while it wrote: the commit may stand or not. Repeat with the same command id to learn it."""

    code = "outcome_unknown"


class CheckpointMoved(TwinpathError):
    """A checkpoint is not where this consumer left it: another one is at work; nothing was written."""

    code = "checkpoint_moved"


class ParkedMoved(CheckpointMoved):
    """What is parked of a stream is not as this caller saw it; nothing was written: look again."""

    code = "parked_moved"


class CopyTrails(TwinpathError):
    """A copy of a view has not reached the positions that a reader needs: the view has to be read itself."""

    code = "copy_trails"


class UnknownEvent(TwinpathError):
    """An event whose type or schema the catalogue does not know."""

    code = "unknown_event"


class NewerEvent(UnknownEvent):
    """An event of a schema that a later version wrote: a replica of that version can read it."""


class Unroutable(TwinpathError):
    """The broker took a message but has no queue for it; it counts as not published."""

    code = "unroutable"
