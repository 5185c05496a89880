"""The network policies of every Kubernetes overlay allow the arrows of README.md's picture and nothing else."""

from ipaddress import ip_address, ip_network
from itertools import product

import pytest

from deploy.manifests.rendering import OVERLAYS
from tests.shop.support.manifests import NAME, SERVICES, WORKLOADS, Manifest, objects, pod_labels

Arrow = tuple[str, str, str]
"""From whom, to whom, at which port."""

ARROWS: set[Arrow] = {
    ("command", "mongodb", "27017"),
    ("command", "rabbitmq", "5672"),
    ("command", "redis", "6379"),
    ("projector", "mongodb", "27017"),
    ("projector", "rabbitmq", "5672"),
    ("projector", "redis", "6379"),
    ("query", "mongodb", "27017"),
    ("query", "redis", "6379"),
    ("init", "mongodb", "27017"),
    ("init", "rabbitmq", "15672"),
    ("tools", "mongodb", "27017"),
    ("tools", "rabbitmq", "5672"),
    ("tools", "redis", "6379"),
}
"""What one of our pods begins to say to another."""

SEARCH_AND_ANALYTICS: set[Arrow] = {
    (begins, server, port)
    for begins in ("projector", "query", "tools")
    for server, port in (("opensearch", "9200"), ("clickhouse", "8123"), ("clickhouse", "8443"))
}
"""In production these servers are somebody else's, who says who may talk to them."""

FROM_OUTSIDE: set[Arrow] = {
    ("envoy-gateway-system", "command", "http"),
    ("envoy-gateway-system", "query", "http"),
    ("monitoring prometheus", "command", "http"),
    ("monitoring prometheus", "projector", "http"),
    ("monitoring prometheus", "query", "http"),
}

MEMBERS: set[Arrow] = {
    ("mongodb", "mongodb", "27017"),
    ("rabbitmq", "rabbitmq", "4369"),
    ("rabbitmq", "rabbitmq", "25672"),
    ("redis", "redis", "6379"),
    ("redis", "redis", "26379"),
}
"""What the members of a server say to each other in production."""

OF_SERVERS: set[Arrow] = {("keda", "rabbitmq", "15672"), ("monitoring prometheus", "rabbitmq", "15692")}

NAMES = {("*", "kube-system kube-dns", "53"), ("*", "169.254.20.10/32", "53")}
"""The cluster's name server, and the cache of it on each node."""
API_SERVER = {("mongodb", "0.0.0.0/0", "443"), ("mongodb", "0.0.0.0/0", "6443")}
ISSUER = {(one, "issuer", "8003") for one in (*SERVICES, "tools")}
"""The keys of the development issuer, and tokens for scripts."""
IDENTITY = {(one, "0.0.0.0/0", "443") for one in SERVICES}
"""The keys of a provider outside the cluster, and nothing within it."""
BACKUP = {("backup", "mongodb", "27017")}
TRACES = {(one, "monitoring opentelemetry-collector", "4318") for one in SERVICES}
OVER_TLS = {"5672": "5671", "15672": "15671", "15692": "15691"}
"""RabbitMQ's ports, and those that it has for TLS; the other servers take it on the same port."""


def _expected(overlay: str, always: set[Arrow], in_production: set[Arrow]) -> set[Arrow]:
    arrows = always | (ISSUER if overlay == "local" else in_production)
    ports = OVER_TLS if overlay == "production-tls" else {}
    return {(begins, answers, ports.get(port, port)) for begins, answers, port in arrows}


def _whose(selector: Manifest) -> list[str]:
    """The names of the pods that a policy is about."""
    names = selector.get("matchLabels", {}).values()
    (expression,) = selector.get("matchExpressions", [{"values": ()}])
    return [*names, *expression["values"]] or ["*"]


def _peer(peer: Manifest) -> str:
    assert peer, "an empty peer is everybody"
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"])
    parts = [peer[key]["matchLabels"] for key in ("namespaceSelector", "podSelector") if key in peer]
    assert all(parts), f"selects everybody: {peer}"
    return " ".join(value for labels in parts for value in labels.values())


def _arrows(overlay: str, direction: str) -> set[Arrow]:
    found = set()
    for policy in objects(overlay, "NetworkPolicy"):
        owners = _whose(policy["spec"]["podSelector"])
        for rule in policy["spec"].get(direction, []):
            peers, ports = rule["to" if direction == "egress" else "from"], rule["ports"]
            assert all((peers, ports)), f"{policy['metadata']['name']} lets everything through"
            for own, peer, port in product(owners, map(_peer, peers), {str(port["port"]) for port in ports}):
                found.add((own, peer, port) if direction == "egress" else (peer, own, port))
    return found


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_may_begin_to_talk_to_whom_is_the_arrows_of_the_picture(overlay: str) -> None:
    in_production = MEMBERS | BACKUP | API_SERVER | TRACES | IDENTITY
    assert _arrows(overlay, "egress") == _expected(overlay, ARROWS | SEARCH_AND_ANALYTICS | NAMES, in_production)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_who_may_be_talked_to_is_the_same_and_what_comes_from_outside(overlay: str) -> None:
    in_production = MEMBERS | BACKUP | OF_SERVERS
    plain = {arrow for arrow in SEARCH_AND_ANALYTICS if arrow[2] != "8443"} if overlay == "local" else set()
    assert _arrows(overlay, "ingress") == _expected(overlay, ARROWS | plain | FROM_OUTSIDE, in_production)


@pytest.mark.parametrize("overlay", ["production", "production-tls"])
def test_the_way_to_the_identity_provider_leads_to_no_private_address(overlay: str) -> None:
    (policy,) = (one for one in objects(overlay, "NetworkPolicy") if one["metadata"]["name"] == "identity-provider")
    (rule,) = policy["spec"]["egress"]
    (peer,) = rule["to"]
    closed = [ip_network(network) for network in peer["ipBlock"]["except"]]
    for address in ("10.96.0.1", "172.17.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"):
        assert any(ip_address(address) in network for network in closed), address


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_no_policy_allows_is_dropped_for_every_pod(overlay: str) -> None:
    (policy,) = (one for one in objects(overlay, "NetworkPolicy") if one["metadata"]["name"] == "nothing-else")
    assert policy["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_policy_is_about_pods_that_are_there(overlay: str) -> None:
    workloads = objects(overlay, *WORKLOADS, "MongoDBCommunity", "RabbitmqCluster")
    labels = {pod_labels(one)[NAME] for one in objects(overlay, *WORKLOADS)}
    there = {one["metadata"]["name"] for one in workloads} | labels | {"redis"}  # in production it comes from its chart
    for policy in objects(overlay, "NetworkPolicy"):
        assert policy["spec"]["podSelector"].get("matchLabels", {}).get(NAME, "redis") in there
