"""`--check` says in a line each whether a service would start, and in its exit code whether it would."""

from collections.abc import Sequence

import pytest

from command_service.settings import Settings as CommandSettings
from deploy.local.ports import HOST, hold_port
from tests.shop.support.guarded import GuardedMongoDB
from twinpath.checking.report import CheckUp, report
from twinpath.commands.checking import checks as command_checks
from twinpath.projecting.checking import checks as projector_checks
from twinpath.projecting.settings import Settings as ProjectorSettings
from twinpath.queries.checking import checks as query_checks
from twinpath.queries.settings import Settings as QuerySettings


async def said(checks: Sequence[tuple[str, CheckUp]]) -> tuple[int, dict[str, str]]:
    """The exit code, and what is said of each check."""
    lines: list[str] = []
    code = await report(checks, lines.append)
    return code, {name: line for line in lines for name in [line[7:].partition(":")[0]]}


async def test_all_is_well_with_each_services_own_account(
    guarded: GuardedMongoDB, rabbitmq_url: str, redis_url: str
) -> None:
    projector = ProjectorSettings(mongodb_url=guarded.url("projector"), rabbitmq_url=rabbitmq_url, redis_url=redis_url)
    for checks in (
        command_checks(CommandSettings(mongodb_url=guarded.url("command"), rabbitmq_url=rabbitmq_url)),
        projector_checks(projector),
        query_checks(QuerySettings(mongodb_url=guarded.url("query"), redis_url=redis_url)),
    ):
        code, lines = await said(checks)
        assert code == 0, lines
        assert lines.keys() == {"settings", *(name for name, _ in checks)}
        assert all(line.startswith("ok     ") for line in lines.values())


async def test_rights_that_lack_are_named(guarded: GuardedMongoDB, rabbitmq_url: str, redis_url: str) -> None:
    settings = ProjectorSettings(mongodb_url=guarded.url("query"), rabbitmq_url=rabbitmq_url, redis_url=redis_url)
    code, lines = await said(projector_checks(settings))
    assert code == 1
    assert lines["mongodb"].startswith("ok ")
    assert lines["rights"].startswith("FAILED rights: query has no right to changeStream, find, listCollections in")
    assert lines["layout"].startswith("FAILED layout: not authorized")


async def test_without_a_login_a_server_that_wants_one_is_no_use(guarded: GuardedMongoDB, redis_url: str) -> None:
    settings = QuerySettings(mongodb_url=f"mongodb://{guarded.host}/?replicaSet=rs0", redis_url=redis_url)
    code, lines = await said(query_checks(settings))
    assert code == 1
    assert "authentication" in lines["rights"]


async def test_another_number_of_partitions_than_the_logs_is_refused(
    guarded: GuardedMongoDB, rabbitmq_url: str
) -> None:
    settings = CommandSettings(mongodb_url=guarded.url("command"), rabbitmq_url=rabbitmq_url, partitions=8)
    code, lines = await said(command_checks(settings))
    assert (code, lines["rabbitmq"][:2]) == (1, "ok")
    assert lines["layout"].endswith("set TWINPATH_PARTITIONS=4")


@pytest.mark.parametrize("password", ["", "wrong"])
async def test_what_cannot_be_reached_is_said_of_each(
    guarded: GuardedMongoDB, password: str, request: pytest.FixtureRequest
) -> None:
    nobody = hold_port()
    request.addfinalizer(nobody.release)
    mongodb = guarded.url("projector", password) if password else f"mongodb://{HOST}:{nobody.number}/"
    settings = ProjectorSettings(
        mongodb_url=mongodb,
        rabbitmq_url=f"amqp://{HOST}:{nobody.number}/",
        redis_url=f"redis://{HOST}:{nobody.number}/",
    )
    code, lines = await said(projector_checks(settings))
    assert code == 1
    assert [name for name, line in lines.items() if line.startswith("ok ")] == ["settings"]
    assert "\n" not in "".join(lines.values())
