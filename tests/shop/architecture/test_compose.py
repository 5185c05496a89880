"""docker-compose.yml holds to its rules, also where no engine is there to try it: `make compose-test` does."""

import ast
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from pydantic_settings import BaseSettings

from command_service.settings import Settings as CommandSettings
from deploy.checkout import CHECKOUT
from deploy.issuer.serving import PORT
from deploy.local.services import PUBLIC
from deploy.rolling import JOBS, SERVICES, replace_replicas
from deploy.secrets_file import PROJECT, SECRETS
from tests.support.provided.container_servers import MONGODB_IMAGE, RABBITMQ_IMAGE, REDIS_IMAGE
from twinpath.cli.settings import Settings as CliSettings
from twinpath.projecting.settings import Settings as ProjectorSettings
from twinpath.queries.settings import Settings as QuerySettings
from twinpath.running.settings import variable
from twinpath.servers.settings import Settings as ServerSettings

TEXT = (CHECKOUT / "docker-compose.yml").read_text()
COMPOSE: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
OURS = {name for name, service in COMPOSE.items() if service["image"].startswith("twinpath/")}
PROGRAMS: dict[str, type[BaseSettings]] = {
    "command": CommandSettings,
    "projector": ProjectorSettings,
    "query": QuerySettings,
    "tools": CliSettings,
    "init": ServerSettings,
    "server-files": ServerSettings,
}


@pytest.mark.parametrize("name", COMPOSE)
def test_every_port_is_on_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:${") for port in COMPOSE[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_images_have_no_right_and_no_writable_file(name: str) -> None:
    service = COMPOSE[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["CHOWN"] if name == "server-files" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", COMPOSE)
def test_whatever_stays_up_has_limits_and_comes_back(name: str) -> None:
    if name not in ("init", "server-files", "tools", "load"):
        assert COMPOSE[name]["deploy"]["resources"]["limits"]["memory"]
        assert COMPOSE[name]["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(OURS - {"load", "issuer"}))
def test_a_program_is_told_only_what_it_knows(name: str) -> None:
    settings = PROGRAMS[name.removesuffix("-2")]
    known = {variable(settings, field) for field in settings.model_fields}
    told = {told for told in COMPOSE[name]["environment"] if told.startswith("TWINPATH_")}
    assert told <= known


def test_secrets_come_from_the_environment_and_a_missing_one_says_what_makes_it() -> None:
    used = re.findall(r"\$\{(\w+)([^}]*)\}", TEXT)
    assert {name for name, _ in used} >= SECRETS.keys()
    for name, otherwise in used:
        wanted = ":?run python3 deploy/secrets_file.py" if name in {*SECRETS, PROJECT} else ":-"
        assert otherwise.startswith(wanted), name
    assert "guest" not in TEXT


def test_every_service_asks_its_callers_for_tokens_of_the_issuer_that_a_browser_here_reaches() -> None:
    assert "INSECURE" not in TEXT
    issuer = f"http://127.0.0.1:${{ISSUER_PORT:-{PORT}}}"
    for name in ("command", "projector", "query"):
        told = COMPOSE[name]["environment"]
        assert told["TWINPATH_IDENTITY_ISSUER"] == issuer == COMPOSE["issuer"]["command"][3]
        assert told["TWINPATH_IDENTITY_JWKS_URL"] == f"http://issuer:{PORT}/keys"
        assert told["TWINPATH_PUBLIC_PERMISSIONS"] == PUBLIC


def test_replicas_count_their_callers_together() -> None:
    for name in ("command", "projector", "query"):
        told = COMPOSE[name]["environment"]["TWINPATH_RATES_REDIS_URL"]
        address = urlsplit(re.sub(r"\$\{[^}]*\}", "secret", told))
        assert (address.scheme, address.username, address.hostname) == ("redis", name, "redis")


@pytest.mark.parametrize("account", ["command", "projector", "query", "tools"])
def test_a_service_knows_no_password_but_its_own(account: str) -> None:
    known = re.findall(r"TWINPATH_\w+_PASSWORD", str(COMPOSE[account]["environment"]))
    assert set(known) == {f"TWINPATH_{account.upper()}_PASSWORD"}


def test_whoever_reaches_the_server_that_asks_for_no_password_searches_or_fills_it() -> None:
    assert [*COMPOSE["opensearch"]["networks"]] == ["search"]
    assert "ports" not in COMPOSE["opensearch"]
    reach = {name for name, service in COMPOSE.items() if "search" in service.get("networks", ())}
    told = {name for name, service in COMPOSE.items() if "TWINPATH_SEARCH_URL" in service.get("environment", ())}
    assert reach == {"opensearch", *told}


def test_a_rolling_restart_replaces_every_replica_of_every_service() -> None:
    replicas = {name for name in OURS if name.removesuffix("-2") in ("command", "projector", "query")}
    assert set(SERVICES) == replicas
    for second in (name for name in replicas if name.endswith("-2")):
        assert COMPOSE[second]["networks"]["default"]["aliases"] == [second.removesuffix("-2")]
        assert not COMPOSE[second]["ports"]


def test_a_rolling_restart_leaves_nothing_for_the_next_up_to_make_anew() -> None:
    conditions = [service.get("depends_on", {}) for service in COMPOSE.values()]
    completed = {
        name
        for needed in conditions
        for name in needed
        if needed[name]["condition"] == "service_completed_successfully"
    }
    calls: list[tuple[str, ...]] = []

    def compose(*arguments: str) -> str:
        calls.append(arguments)
        return "mongo query projector query-2 redis" if arguments[0] == "ps" else ""

    replaced = replace_replicas(compose)

    assert set(JOBS) == completed
    assert replaced == ["query", "query-2", "projector"]
    assert calls[1] == ("rm", "--force", *JOBS)
    steps = ("rm", "create", "up")
    assert [(call[0], call[-1]) for call in calls[2:]] == [(verb, name) for name in replaced for verb in steps]
    assert not {"--force-recreate", "--build"} & {argument for call in calls for argument in call}
    assert all("--no-recreate" in call for call in calls if call[0] in ("create", "up"))
    assert ["--no-deps" in call for call in calls if call[0] == "up"] == [False, True, True]  # the jobs run once
    assert not any("--no-deps" in call for call in calls if call[0] == "create")


def test_no_image_is_whatever_is_newest() -> None:
    assert all(re.search(r":[\w.-]+$", service["image"]) for service in COMPOSE.values())
    assert "latest" not in TEXT


def test_a_server_has_the_version_that_it_has_in_kubernetes() -> None:
    rendered = [(CHECKOUT / f"deploy/kubernetes/rendered/{name}.yaml").read_text() for name in ("local", "production")]
    pinned = dict(
        re.findall(
            r"image: \"?((?:[a-z]+/)?(?:mongo|rabbitmq|redis|clickhouse-server|opensearch)):([\w.-]+)",
            "".join(rendered),
        )
    )
    for name in ("mongo", "rabbitmq", "redis", "clickhouse", "opensearch"):
        server, _, version = COMPOSE[name]["image"].partition(":")
        assert pinned[server] == version
    assert {MONGODB_IMAGE, RABBITMQ_IMAGE, REDIS_IMAGE} <= {service["image"] for service in COMPOSE.values()}


def test_a_tag_names_a_minor_version_at_least() -> None:
    for service in COMPOSE.values():
        if not service["image"].startswith("twinpath/"):
            assert re.search(r":v?\d+\.\d+", service["image"]), service["image"]


def test_containers_and_volumes_are_this_checkouts_alone() -> None:
    assert yaml.safe_load(TEXT)["name"].startswith("${COMPOSE_PROJECT_NAME:?")


def test_only_make_clean_deletes_data() -> None:
    """Neither `make down` nor any other command passes `--volumes`, and `clean` names the volumes before."""
    functions = {
        node.name: ast.unparse(node)
        for node in ast.walk(ast.parse((CHECKOUT / "deploy/up.py").read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    assert [name for name, text in functions.items() if "--volumes" in text] == ["clean"]
    assert functions["clean"].index("Deleting") < functions["clean"].index("--volumes")
    assert "--volumes" not in (CHECKOUT / "Makefile").read_text()
    assert "deploy.up clean" in (CHECKOUT / "Makefile").read_text().partition("\nclean:")[2]
