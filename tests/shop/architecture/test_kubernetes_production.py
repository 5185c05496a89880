"""The production overlay: what goes where, how many replicas there are, and servers as services expect them."""

import re

import pytest
import yaml
from fastapi import FastAPI

import twinpath.projecting.groups
from command_service.application import COMMANDS
from deploy.manifests.rendering import KUBERNETES
from query_service.application import QUERIES
from shared.events import CATALOGUE
from tests.shop.support.manifests import SERVICES, Manifest, environment, named, objects, pod
from twinpath.backup.archive import KINDS
from twinpath.cli.app import COMMANDS as COMMAND_LINE
from twinpath.commands.endpoints import command_router, declared_commands
from twinpath.commands.lines.route import bulk_router
from twinpath.feed.dead_letters import DEAD_LETTERS
from twinpath.ids import logs_of
from twinpath.queries.app import create_app
from twinpath.views.in_memory.cache import InMemoryViewCache
from twinpath.views.in_memory.stores import InMemoryViewStore

PRODUCTION = "production"


def _routes(*routers: object) -> set[tuple[str, str]]:
    app = FastAPI()
    for router in routers:
        app.include_router(router, prefix="/api/v1")  # type: ignore[arg-type]
    return {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}


def _backend(method: str, path: str, **headers: str) -> str | None:
    """Where the gateway sends a request: by the match with the most headers. None: it answers 404 itself."""
    fits: list[tuple[int, str]] = []
    for rule in named(PRODUCTION, "HTTPRoute", "apis")["spec"]["rules"]:
        for match in rule["matches"]:
            assert match["path"]["type"] == "PathPrefix"
            wanted = {header["name"]: header["value"] for header in match.get("headers", [])}
            in_path = f"{path}/".startswith(match["path"]["value"] + "/")
            if match["method"] == method and in_path and wanted.items() <= headers.items():
                (backend,) = rule["backendRefs"]
                fits.append((len(wanted), str(backend["name"])))
    return max(fits)[1] if fits else None


def test_every_command_goes_to_the_command_service_and_every_query_to_the_query_service() -> None:
    declared = declared_commands(COMMANDS.aggregates)
    commands = _routes(command_router(declared), bulk_router(declared, 1))
    query_app = create_app(InMemoryViewStore(), InMemoryViewCache(), QUERIES)
    queries = {
        (method.upper(), path)
        for path, methods in query_app.openapi()["paths"].items()
        for method in methods
        if path.startswith("/api/")
    }
    assert len(commands) > 10
    assert len(queries) > 10
    assert {_backend(*route) for route in commands} == {"command"}
    assert {_backend(*route) for route in queries} == {"query"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_who_asks_what_may_be_done_asks_the_service_that_would_do_it(method: str) -> None:
    path = "/api/v1/orders"
    asked = {"Access-Control-Request-Method": method}
    assert _backend("OPTIONS", path, **asked) == _backend(method, path) is not None
    assert _backend("OPTIONS", path) == "query"


@pytest.mark.parametrize("path", ["/health/ready", "/metrics", "/docs", "/admin/v1/parked", "/api/v10/x"])
def test_nothing_but_the_apis_is_reachable_from_outside(path: str) -> None:
    assert [_backend(method, path) for method in ("GET", "POST", "OPTIONS")] == [None] * 3


def test_routes_lead_to_ports_of_services() -> None:
    for route in objects(PRODUCTION, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            for backend in rule.get("backendRefs", []):
                ports = named(PRODUCTION, "Service", backend["name"])["spec"]["ports"]
                assert backend["port"] in {port["port"] for port in ports}


def _scaled() -> dict[str, Manifest]:
    scalers = objects(PRODUCTION, "HorizontalPodAutoscaler", "ScaledObject")
    return {one["spec"]["scaleTargetRef"]["name"]: one for one in scalers}


def test_every_service_is_scaled_and_says_no_number_of_its_own() -> None:
    assert _scaled().keys() == set(SERVICES)
    for service in SERVICES:
        assert "replicas" not in named(PRODUCTION, "Deployment", service)["spec"], (
            "each `kubectl apply` would set it back"
        )
    for scaler in _scaled().values():
        smallest = scaler["spec"].get("minReplicas", scaler["spec"].get("minReplicaCount"))
        assert smallest >= 2, "with one, every restart is an outage"


def test_the_projector_is_scaled_by_the_queues_it_empties_and_never_beyond_their_number() -> None:
    specification = _scaled()["projector"]["spec"]
    partitions = int(named(PRODUCTION, "ConfigMap", "projector-settings")["data"]["TWINPATH_PARTITIONS"])
    queues = [f"twinpath.{twinpath.projecting.groups.VIEWS}.{log}" for log in logs_of(CATALOGUE.categories, partitions)]
    (trigger,) = specification["triggers"]
    assert all(re.search(trigger["metadata"]["queueName"], queue) for queue in queues)
    assert not re.search(trigger["metadata"]["queueName"], DEAD_LETTERS)
    assert specification["maxReplicaCount"] <= len(queues)
    servers = named(PRODUCTION, "ConfigMap", "servers")["data"]
    assert servers["rabbitmq"].endswith(f"/{trigger['metadata']['vhostName']}")


def test_servers_are_where_the_services_look_for_them() -> None:
    (mongodb,) = objects(PRODUCTION, "MongoDBCommunity")
    (rabbitmq,) = objects(PRODUCTION, "RabbitmqCluster")
    redis = yaml.safe_load((KUBERNETES / "overlays" / PRODUCTION / "redis-values.yaml").read_text())
    name = mongodb["metadata"]["name"]
    members = [f"{name}-{number}.{name}-svc:27017" for number in range(mongodb["spec"]["members"])]
    servers = named(PRODUCTION, "ConfigMap", "servers")["data"]
    assert servers["mongodb"] == f"{','.join(members)}/?replicaSet={name}"
    assert servers["rabbitmq"].startswith(f"{rabbitmq['metadata']['name']}:5672/")
    assert servers["redis"].startswith(f"{redis['fullnameOverride']}-haproxy:6379/")


def test_each_server_outlasts_the_loss_of_one_member() -> None:
    (mongodb,) = objects(PRODUCTION, "MongoDBCommunity")
    (rabbitmq,) = objects(PRODUCTION, "RabbitmqCluster")
    assert mongodb["spec"]["members"] >= 3
    assert rabbitmq["spec"]["replicas"] >= 3
    budgets = {one["metadata"]["name"]: one["spec"] for one in objects(PRODUCTION, "PodDisruptionBudget")}
    assert budgets["mongodb"]["maxUnavailable"] == budgets["rabbitmq"]["maxUnavailable"] == 1


def test_what_is_backed_up_is_restored_from_where_it_lies() -> None:
    restore = yaml.safe_load((KUBERNETES / "restore.yaml").read_text())
    (restoring,) = pod(restore)["containers"]
    lies = {volume["name"]: volume["persistentVolumeClaim"]["claimName"] for volume in pod(restore)["volumes"][:2]}
    mounted = {mount["name"]: mount["mountPath"] for mount in restoring["volumeMounts"]}
    assert restoring["args"][0] in COMMAND_LINE
    for kind in KINDS:
        backup = named(PRODUCTION, "CronJob", f"backup-{kind}")
        assert restore["metadata"]["namespace"] == backup["metadata"]["namespace"]
        labels = backup["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
        assert restore["spec"]["template"]["metadata"]["labels"] == labels
        (dumping,) = pod(backup)["containers"]
        assert f"backup {kind} /backups" in dumping["args"][0]
        assert pod(backup)["volumes"][0] == {"name": "backups", "persistentVolumeClaim": {"claimName": lies[kind]}}
        assert [one for one in restoring["args"] if one.startswith(f"{mounted[kind]}/{kind}-")]
        for same in ("image", "securityContext"):
            assert restoring[same] == dumping[same]
        assert environment(PRODUCTION, dumping)["TWINPATH_MONGODB_URL"].startswith("mongodb://tools:<tools>@")
    members = environment(PRODUCTION, dumping)["MONGODB"]
    assert environment(PRODUCTION, restoring)["TWINPATH_MONGODB_URL"] == f"mongodb://admin:<mongodb-admin>@{members}"


def test_keys_are_backed_up_after_the_log_onto_a_volume_of_their_own() -> None:
    jobs = {kind: named(PRODUCTION, "CronJob", f"backup-{kind}") for kind in KINDS}
    hour = {kind: int(job["spec"]["schedule"].split()[1]) for kind, job in jobs.items()}
    latest = hour["log"] + jobs["log"]["spec"]["startingDeadlineSeconds"] / 3600
    assert hour["keys"] > latest, "keys that are older than the log do not open all of it"
    claims = {pod(job)["volumes"][0]["persistentVolumeClaim"]["claimName"] for job in jobs.values()}
    assert len(claims) == len(jobs)
