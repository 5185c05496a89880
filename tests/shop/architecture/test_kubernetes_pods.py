"""The pods of every Kubernetes overlay: probed, bounded, restricted, spread, drained, and of known images."""

import pytest

from deploy.manifests.rendering import OVERLAYS, is_fresh
from tests.shop.support.manifests import NAME, SERVICES, WORKLOADS, containers, named, objects, pod, selects
from twinpath.http.health import health_routes
from twinpath.running.serving import DRAIN_SECONDS

STOPS_WITHIN = {"command": 15.0, "projector": 20.0, "query": 2.0}
"""Seconds that a service's own stop takes at most after its last answer: followers, the broker's connection, stores."""


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_is_rendered_is_of_todays_sources(overlay: str) -> None:
    assert is_fresh(overlay), "run `make manifests`"


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_each_probe_at_a_path_that_it_answers(overlay: str, service: str) -> None:
    (container,) = pod(named(overlay, "Deployment", service))["containers"]
    paths = {route.path for route in health_routes({})}
    probes = {kind: container[f"{kind}Probe"] for kind in ("startup", "liveness", "readiness")}
    assert {probe["httpGet"]["path"] for probe in probes.values()} <= paths
    assert probes["readiness"]["httpGet"]["path"] == "/health/ready"
    assert probes["liveness"]["httpGet"]["path"] == "/health/live", "a store that is away must not restart a service"
    # readiness takes up to two seconds to answer
    assert probes["readiness"]["timeoutSeconds"] > 2
    # Python, imports and a busy node; a server that is away is a matter of readiness
    assert probes["startup"]["periodSeconds"] * probes["startup"]["failureThreshold"] >= 60
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {probe["httpGet"]["port"] for probe in probes.values()} <= ports.keys()


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_container_has_requests_and_limits(overlay: str) -> None:
    for workload in objects(overlay, *WORKLOADS):
        for container in containers(workload):
            for what in ("requests", "limits"):
                assert {"cpu", "memory"} <= container["resources"][what].keys(), (workload["metadata"]["name"], what)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_keeps_to_the_restricted_profile_and_writes_nothing_to_its_root(overlay: str) -> None:
    (namespace,) = objects(overlay, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for workload in objects(overlay, *WORKLOADS):
        specification = pod(workload)
        assert specification["securityContext"]["runAsNonRoot"] is True
        assert specification["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & specification.keys()
        for container in containers(workload):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["readOnlyRootFilesystem"] is True
            assert own["capabilities"] == {"drop": ["ALL"]}
        assert all(
            volume.keys() <= {"name", "emptyDir", "secret", "persistentVolumeClaim"}
            for volume in specification.get("volumes", [])
        )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_our_own_pods_run_as_the_user_of_their_image(overlay: str) -> None:
    for workload in objects(overlay, "Deployment", "Job", "CronJob"):
        assert pod(workload)["securityContext"]["runAsUser"] == 10001


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_has_a_token_of_the_cluster(overlay: str) -> None:
    for workload in objects(overlay, *WORKLOADS):
        specification = pod(workload)
        account = named(overlay, "ServiceAccount", specification["serviceAccountName"])
        assert account["automountServiceAccountToken"] is False
        assert specification["automountServiceAccountToken"] is False


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_service_has_a_budget_and_is_spread(overlay: str) -> None:
    budgets = objects(overlay, "PodDisruptionBudget")
    for deployment in (named(overlay, "Deployment", service) for service in SERVICES):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert [one for one in budgets if selects(one["spec"]["selector"], labels)], deployment["metadata"]["name"]
        constraints = pod(deployment)["topologySpreadConstraints"]
        keys = {one["topologyKey"] for one in constraints if selects(one["labelSelector"], labels)}
        assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_replica_that_is_replaced_finishes_what_is_in_hand(overlay: str, service: str) -> None:
    deployment = named(overlay, "Deployment", service)
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    (container,) = pod(deployment)["containers"]
    waits = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    assert waits > 0 or service == "projector", "the gateway still sends it something when it is told to stop"
    assert pod(deployment)["terminationGracePeriodSeconds"] >= waits + DRAIN_SECONDS + STOPS_WITHIN[service]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_image_is_of_a_version(overlay: str) -> None:
    for workload in objects(overlay, *WORKLOADS):
        for container in containers(workload):
            name, _, version = container["image"].partition("@" if "@" in container["image"] else ":")
            assert version not in ("", "latest"), name


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_services_and_workloads_find_each_other(overlay: str) -> None:
    templates = [one["spec"]["template"]["metadata"]["labels"] for one in objects(overlay, "Deployment", "StatefulSet")]
    for service in objects(overlay, "Service"):
        assert [labels for labels in templates if selects({"matchLabels": service["spec"]["selector"]}, labels)]
    for workload in objects(overlay, "Deployment", "StatefulSet"):
        assert selects(workload["spec"]["selector"], workload["spec"]["template"]["metadata"]["labels"])
        assert workload["spec"]["template"]["metadata"]["labels"][NAME] == workload["metadata"]["name"]
