"""What the pods of every Kubernetes overlay are told: settings that exist, right addresses, few secrets."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic_settings import BaseSettings
from typer.core import TyperGroup
from typer.main import get_command

import command_service.settings
import twinpath.projecting.settings
import twinpath.queries.settings
from deploy.issuer.serving import PORT
from deploy.local.services import PUBLIC
from deploy.manifests.checking import exceptions
from deploy.manifests.rendering import KUBERNETES, OVERLAYS
from tests.shop.support.manifests import (
    SECRETS,
    SERVICES,
    WORKLOADS,
    containers,
    environment,
    named,
    objects,
    pod,
    secrets_of,
)
from twinpath.cli.app import app
from twinpath.identity.settings import IdentitySettings
from twinpath.mongo_client import mongo_client
from twinpath.servers.settings import Settings as CommandLineSettings

SETTINGS: dict[str, type[BaseSettings]] = {
    "command": command_service.settings.Settings,
    "projector": twinpath.projecting.settings.Settings,
    "query": twinpath.queries.settings.Settings,
}

_SERVICES_ONLY = {f"TWINPATH_{name.upper()}" for name in (*IdentitySettings.model_fields, "port")}
"""What `twinpath init` shares with the command service's settings, and has no use for."""

ADDRESSES = ("mongodb_url", "rabbitmq_url", "redis_url", "rates_redis_url", "search_url", "clickhouse_url")
OF_OTHERS = {"search", "clickhouse"}
"""Whoever keeps these servers in production has certificates for them."""


def _told(overlay: str, service: str) -> dict[str, str]:
    (container,) = pod(named(overlay, "Deployment", service))["containers"]
    found = environment(overlay, container)
    return {name.removeprefix("TWINPATH_").lower(): found[name] for name in found if name.startswith("TWINPATH_")}


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_exists_and_has_a_value_of_its_type(overlay: str, service: str) -> None:
    told = _told(overlay, service)
    if "servers_ca_file" in told:
        told["servers_ca_file"] = __file__  # any file that is there
    assert told.keys() <= SETTINGS[service].model_fields.keys()
    settings = SETTINGS[service].model_validate(told)
    assert settings.model_dump()["host"] == "0.0.0.0"
    (container,) = pod(named(overlay, "Deployment", service))["containers"]
    assert [port["containerPort"] for port in container["ports"]] == [settings.model_dump()["port"]]


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_callers_are_asked_who_they_are_and_prometheus_is_not(overlay: str, service: str) -> None:
    told = _told(overlay, service)
    settings = SETTINGS[service].model_validate({name: told[name] for name in told.keys() - {"servers_ca_file"}})
    assert isinstance(settings, IdentitySettings)
    assert settings.has_identity
    assert not settings.insecure
    assert set(settings.public_permissions.split(",")) == set(PUBLIC.split(","))


def test_the_issuer_that_asks_for_no_password_is_of_the_local_overlay_alone() -> None:
    (issuer,) = containers(named("local", "Deployment", "issuer"))
    for service in SERVICES:
        told = _told("local", service)
        assert issuer["args"][issuer["args"].index("--issuer") + 1] == told["identity_issuer"]
        assert told["identity_jwks_url"] == f"http://issuer:{PORT}/keys"
    for overlay in set(OVERLAYS) - {"local"}:
        assert not [one for of in objects(overlay, *WORKLOADS) for one in containers(of) if "issuer" in one["image"]]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_command_line_in_a_pod_is_told_what_it_knows(overlay: str) -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    ours = [one for of in objects(overlay, *WORKLOADS) for one in containers(of) if "twinpath/tools" in one["image"]]
    assert ours
    for container in ours:
        assert "command" in container or container.get("args", ["verify"])[0] in group.commands
        told = {name for name in environment(overlay, container) if name.startswith("TWINPATH_")} - _SERVICES_ONLY
        assert {name.removeprefix("TWINPATH_").lower() for name in told} <= CommandLineSettings.model_fields.keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
async def test_every_address_is_set_and_has_the_services_own_account(overlay: str, service: str) -> None:
    told = _told(overlay, service)
    needed = SETTINGS[service].model_fields.keys() & set(ADDRESSES)
    assert needed == told.keys() & set(ADDRESSES), "an address that is not set would be the one of a laptop"
    for address in needed:
        parts = urlsplit(told[address].partition(",")[0])
        assert (parts.username, parts.password) == (service, f"<{service}>")
    async with mongo_client(told["mongodb_url"].replace("<", "").replace(">", ""), service) as client:
        assert client.options.replica_set_name is not None, "transactions and change streams need a replica set"


def test_local_addresses_lead_to_ports_of_services() -> None:
    ports = {
        (one["metadata"]["name"], port["port"]) for one in objects("local", "Service") for port in one["spec"]["ports"]
    }
    for key, value in named("local", "ConfigMap", "servers")["data"].items():
        host, port = re.split(r"[:/]", value)[:2]
        assert (host.rpartition(".")[2], int(port)) in ports, key


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_command_service_projector_and_init_are_told_the_same_number_of_partitions(overlay: str) -> None:
    said = {named(overlay, "ConfigMap", f"{of}-settings")["data"]["TWINPATH_PARTITIONS"] for of in SERVICES[:2]}
    (init,) = pod(named(overlay, "Job", "init"))["containers"]
    assert said == {environment(overlay, init)["TWINPATH_PARTITIONS"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_secret_of_its_own_account_and_no_other(overlay: str, service: str) -> None:
    besides = {"query": {"cursor-key"}}.get(service, set())  # for its callers
    trusted = {"mongodb-tls"} if overlay == "production-tls" else set()
    assert secrets_of(named(overlay, "Deployment", service)) == {service} | besides | trusted


@pytest.mark.parametrize("service", [*SERVICES, "tools"])
def test_with_tls_every_address_is_encrypted_and_a_service_has_the_authority_without_its_key(service: str) -> None:
    deployment = named("production-tls", "Deployment", service)
    (container,) = pod(deployment)["containers"]
    told = environment("production-tls", container)
    schemes = {name: told[name].partition(":")[0] for name in told if re.fullmatch(r"TWINPATH_\w+_URL", name)}
    encrypted = {"MONGODB": "mongodb", "RABBITMQ": "amqps", "REDIS": "rediss"}  # MongoDB's driver: by the authority
    encrypted |= dict.fromkeys(("SEARCH", "CLICKHOUSE"), "https")
    assert schemes == {name: encrypted[name.split("_")[-2]] for name in schemes}
    (mount,) = (one for one in container["volumeMounts"] if one["name"] == "trusted")
    assert told["TWINPATH_SERVERS_CA_FILE"] == f"{mount['mountPath']}/ca.crt"
    (volume,) = (one["secret"] for one in pod(deployment)["volumes"] if one["name"] == "trusted")
    assert [item["key"] for item in volume["items"]] == ["ca.crt"]


def test_with_tls_each_server_has_a_certificate_for_the_names_by_which_it_is_called() -> None:
    certificates = {one["spec"]["secretName"]: one["spec"] for one in objects("production-tls", "Certificate")}
    servers = named("production-tls", "ConfigMap", "servers")["data"]
    for key in servers.keys() - OF_OTHERS:
        address = servers[key]
        hosts = {re.split(r"[:/]", member)[0] for member in address.partition("/")[0].split(",")}
        assert hosts <= set(certificates[f"{key.partition('-')[0]}-tls"]["dnsNames"])
    (mongodb,), (rabbitmq,) = (objects("production-tls", kind) for kind in ("MongoDBCommunity", "RabbitmqCluster"))
    assert mongodb["spec"]["security"]["tls"]["certificateKeySecretRef"]["name"] in certificates
    assert rabbitmq["spec"]["tls"]["secretName"] in certificates
    assert rabbitmq["spec"]["tls"]["disableNonTLSListeners"]
    redis = (KUBERNETES / "overlays/production-tls/redis-tls-values.yaml").read_text()
    assert set(re.findall(r"secretName: (\S+)", redis)) <= certificates.keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_is_in_the_manifests_and_all_that_are_referred_to_are_made(overlay: str) -> None:
    assert not objects(overlay, "Secret")
    script = (KUBERNETES / "make-secrets.sh").read_text()
    environment_of = overlay.removesuffix("-tls")
    listed = re.search(rf"^  {environment_of}\) names=\((.+?)\)", script, re.MULTILINE)
    assert listed is not None
    by_operators = {"rabbitmq-default-user"} if environment_of == "production" else set()
    by_cert_manager = {one["spec"]["secretName"] for one in objects(overlay, "Certificate")}
    used = {name for workload in objects(overlay, *WORKLOADS) for name in secrets_of(workload)}
    if environment_of == "production":  # Redis comes from its chart
        values = (KUBERNETES / "overlays/production/redis-values.yaml").read_text()
        used |= set(re.findall(r"secretName: ([\w-]+)", values))
    assert used - by_cert_manager == set(listed[1].split()) | by_operators


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_files_for_the_users_group_alone_and_never_variables(overlay: str) -> None:
    for workload in objects(overlay, *WORKLOADS):
        volumes = {one["name"]: one["secret"] for one in pod(workload).get("volumes", []) if "secret" in one}
        assert all(volume["defaultMode"] == 0o440 for volume in volumes.values())
        for container in containers(workload):
            assert not [one for one in container.get("env", []) if "secretKeyRef" in one.get("valueFrom", {})]
            for mount in container.get("volumeMounts", []):
                if mount["mountPath"].startswith(f"{SECRETS}/"):
                    assert volumes[mount["name"]]["secretName"] == mount["mountPath"].removeprefix(f"{SECRETS}/")
                    assert mount["readOnly"]
        assert not volumes or pod(workload)["securityContext"]["fsGroup"]


def test_every_exception_says_why() -> None:
    allowed = exceptions()
    reasons = [*allowed["without_schema"].values(), *(why for of in allowed["checkov"].values() for why in of.values())]
    assert all(len(reason) > 10 for reason in reasons)
    assert allowed["checkov"].keys() == set(OVERLAYS)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_kinds_without_a_schema_are_those_that_are_excused(overlay: str) -> None:
    kubernetes = {"v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1", "autoscaling/v2"}
    rendered = {
        f"{one['apiVersion']}/{one['kind']}"
        for one in objects(overlay, *_kinds(overlay))
        if one["apiVersion"] not in kubernetes
    }
    excused = {"local": set(), "production-tls": set(exceptions()["without_schema"])}
    excused["production"] = {kind for kind in excused["production-tls"] if not kind.startswith("cert-manager.io/")}
    assert rendered == excused[overlay]


def _kinds(overlay: str) -> set[str]:
    text = Path(KUBERNETES / "rendered" / f"{overlay}.yaml").read_text()
    return set(re.findall(r"^kind: (\w+)$", text, re.MULTILINE))
