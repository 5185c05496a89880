"""A span for each statement that MongoDB is sent within a recorded span; never what it says, which may be personal."""

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from twinpath.observability.tracing import Attributes, Tracing


class MongoSpans(CommandListener):
    """Give it to the client as an event listener; the driver calls it in the task that waits for the answer.

    `marks` are set on the span that the statement is sent within: `twinpath.source` on a query's.
    """

    def __init__(self, tracing: Tracing, marks: Attributes | None = None) -> None:
        self._tracer = tracing.tracer
        self._marks = marks or {}
        self._open: dict[int, Span] = {}

    def started(self, event: CommandStartedEvent) -> None:
        around = trace.get_current_span()
        if not around.is_recording():
            return
        around.set_attributes(self._marks)
        operation, collection = event.command_name, event.command.get(event.command_name)
        attributes = {
            "db.system.name": "mongodb",
            "db.namespace": event.database_name,
            "db.operation.name": operation,
        }
        name = operation
        if isinstance(collection, str):
            attributes["db.collection.name"] = collection
            name = f"{operation} {collection}"
        self._open[event.request_id] = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        if (span := self._open.pop(event.request_id, None)) is not None:
            span.end()

    def failed(self, event: CommandFailedEvent) -> None:
        if (span := self._open.pop(event.request_id, None)) is not None:
            code = event.failure.get("code")
            if code is not None:
                span.set_attribute("db.response.status_code", str(code))
            span.set_attribute("error.type", str(event.failure.get("codeName", code or "error")))
            span.set_status(Status(StatusCode.ERROR))
            span.end()
