"""The limits of both gateways, Kubernetes' and compose's, follow from those of the services that they stand before."""

import json
import re

import pytest

from deploy.checkout import CHECKOUT
from tests.shop.support.manifests import Manifest, named
from twinpath.commands.admission import BULK_PATH
from twinpath.http.documents.problems import TYPE
from twinpath.http.settings import HttpSettings
from twinpath.queries.reading.live import HEARTBEAT_SECONDS

PRODUCTION = "production"
LIMITS = HttpSettings()
HAPROXY = (CHECKOUT / "deploy/haproxy/haproxy.cfg").read_text()


def _policy(kind: str, name: str, target: str) -> Manifest:
    policy: Manifest = named(PRODUCTION, kind, name)["spec"]
    assert [one["name"] for one in policy["targetRefs"]] == [target]
    return policy


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def _bytes(text: str) -> int:
    return int(text.removesuffix("Ki")) * 1024


def _of_haproxy(setting: str) -> int:
    found = re.search(rf"^\s*{setting} (\d+)s?(?=\s|$)", HAPROXY, re.MULTILINE)
    assert found, f"haproxy.cfg does not say {setting}"
    return int(found[1])


CLIENTS = _policy("ClientTrafficPolicy", "clients", "twinpath")
SERVICES = _policy("BackendTrafficPolicy", "apis", "apis")


def test_connections_to_services_are_closed_by_the_gateway_before_a_service_does() -> None:
    assert 1.2 * _seconds(SERVICES["timeout"]["http"]["connectionIdleTimeout"]) <= LIMITS.http_keep_alive_seconds
    assert 5 * _of_haproxy("default-server pool-purge-delay") < LIMITS.http_keep_alive_seconds


def test_a_gateway_gives_a_request_as_long_as_a_service_does_and_not_much_longer() -> None:
    longest = LIMITS.http_head_seconds + LIMITS.http_body_bytes / LIMITS.http_slowest_rate
    assert longest <= _seconds(CLIENTS["timeout"]["http"]["requestReceivedTimeout"]) <= 1.1 * longest
    assert _of_haproxy("timeout http-request") == LIMITS.http_head_seconds


def test_a_gateway_outlasts_the_pauses_that_a_service_allows_and_not_much_more() -> None:
    pause = max(2 * HEARTBEAT_SECONDS, LIMITS.http_body_seconds, LIMITS.http_write_seconds)
    for idle in (
        _seconds(CLIENTS["timeout"]["http"]["streamIdleTimeout"]),
        _of_haproxy("timeout client"),
        _of_haproxy("timeout server"),
    ):
        assert 2 * pause <= idle <= 3 * pause


def test_idle_clients_are_let_go() -> None:
    idle = _seconds(CLIENTS["timeout"]["http"]["idleTimeout"])
    assert 0 < idle <= LIMITS.http_keep_alive_seconds
    assert 0 < _of_haproxy("timeout http-keep-alive") <= LIMITS.http_keep_alive_seconds


def test_the_head_that_a_service_takes_passes_the_gateway() -> None:
    assert LIMITS.http_head_bytes <= _bytes(CLIENTS["connection"]["bufferLimit"]) <= 4 * LIMITS.http_head_bytes
    assert LIMITS.http_head_bytes + 1024 <= _of_haproxy("tune.bufsize") <= 2 * LIMITS.http_head_bytes


def test_a_gateway_opens_no_more_connections_than_a_single_service_takes() -> None:
    breaker = SERVICES["circuitBreaker"]
    assert breaker["maxConnections"] == breaker["maxParallelRequests"] == LIMITS.http_connections
    assert breaker["maxPendingRequests"] <= LIMITS.http_connections
    assert _of_haproxy("maxconn") == LIMITS.http_connections
    assert CLIENTS["connection"]["connectionLimit"]["value"] >= LIMITS.http_connections


def test_a_body_that_every_service_refuses_is_refused_at_once_and_a_bulk_request_passes() -> None:
    refused = re.search(r"status 413 .*content-length\) gt (\d+) } !{ path (\S+) }", HAPROXY)
    assert refused
    assert (int(refused[1]), refused[2]) == (LIMITS.http_body_bytes, f"/api/v1{BULK_PATH}")
    assert "requestBuffer" not in SERVICES, "bulk requests and live streams do not fit into a buffer"


def test_there_is_a_rate_beyond_which_a_gateway_sends_nothing_on() -> None:
    (rule,) = SERVICES["rateLimit"]["local"]["rules"]
    assert (SERVICES["rateLimit"]["type"], rule["limit"]["unit"]) == ("Local", "Second")
    limited = re.search(r"status 429 .*sc_http_req_rate\(0\) gt (\d+)", HAPROXY)
    assert limited
    assert "http_req_rate(10s)" in HAPROXY
    assert 0 < int(limited[1]) / 10 <= rule["limit"]["requests"]


@pytest.mark.parametrize("status", [413, 429])
def test_what_a_gateway_refuses_is_told_as_a_service_would(status: int) -> None:
    told = re.search(rf"return status {status} content-type application/problem\+json .*string '([^']+)'", HAPROXY)
    assert told
    problem = json.loads(told[1])
    assert problem["status"] == status
    assert problem["type"] == f"{TYPE}{problem['code']}"
