"""Every status that is documented can be made, and every one that is made is documented: of each operation of the three
services, by each way of the table. A page of an allowed site may read them all, whichever layer refuses."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

import pytest
from structlog.testing import capture_logs

from tests.engine.http.raw import Answer
from tests.engine.http.statuses.asking import ORIGIN, Operation
from tests.engine.http.statuses.callers import CALLERS
from tests.engine.http.statuses.desk import Desk
from tests.engine.http.statuses.makers import WAYS
from tests.engine.http.statuses.services import Workshop, served_workshop
from twinpath.http.documents.problems import PROBLEM_JSON

Seen = tuple[int, str]


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    await CALLERS.prepare()
    async with served_workshop() as served:
        with capture_logs():  # of defects, which are many
            yield served


def seen(answer: Answer) -> Seen:
    """The status, and the code where it has one."""
    problem = answer.problem if answer.headers.get("content-type") == PROBLEM_JSON else {}
    return answer.status, problem.get("code", "")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", ["command", "query", "projector"])
async def test_every_status_is_made_and_every_one_that_is_made_is_documented(workshop: Workshop, name: str) -> None:
    service = workshop.services[name]
    documented = service.documented
    desk = Desk(workshop, service)
    wrong: list[str] = []
    made: dict[str, set[Seen]] = defaultdict(set)
    by_kind: dict[str, set[Seen]] = defaultdict(set)
    for operation in service.operations:
        for way in WAYS:
            if way.state not in service.ports:
                continue
            for answer in await way.go(desk, operation):
                media_type = answer.headers.get("content-type", "").partition(";")[0]
                complaint = documented.complaint(
                    operation.method, operation.path, answer.status, media_type, answer.body
                )
                if (answer.headers.get("access-control-allow-origin") == ORIGIN.decode()) != way.readable:
                    wrong.append(f"{way.name}: {answer.status} is readable by a page that should not, or the reverse")
                if complaint is not None:
                    wrong.append(f"{way.name}: {complaint}")
                made[operation.name].add(seen(answer))
                by_kind[operation.kind].add(seen(answer))
    for operation in service.operations:
        wrong += not_made(operation, documented.codes(operation.described), made[operation.name], by_kind)
    assert not wrong, "\n".join(wrong)


def not_made(
    operation: Operation, documented: set[Seen], made: set[Seen], by_kind: dict[str, set[Seen]]
) -> Iterator[str]:
    """What an operation's document has and no way leads to: a status or a rule's code here, or another code at no
    operation of its kind."""
    for status, code in sorted(documented):
        by_rule = status in (404, 409)
        missing = (status, code) not in (made if by_rule else by_kind[operation.kind])
        if missing or status not in {status for status, _ in made}:
            yield f"{operation.name}: nothing makes {status} {code}"
