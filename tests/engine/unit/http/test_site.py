"""Pages of other sites: what browsers say of them is refused, what no browser sent goes through."""

import pytest

from twinpath.errors import MalformedRequest, NotAllowed
from twinpath.http.site import Site

SHOP = "https://shop.example.com"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://api.test"},
        {"origin": "http://API.test:80"},
        {"origin": "http://api.test", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": "https://api.test"},
        {"origin": SHOP, "sec-fetch-site": "cross-site"},
        {"origin": SHOP.upper(), "sec-fetch-site": "same-site"},
    ],
)
def test_a_change_from_here_or_from_an_allowed_site_goes_through(headers: dict[str, str]) -> None:
    _checked("POST", headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "NEW"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "http://api.test.evil.test"},
        {"origin": "http://api.test:81"},
        {"origin": "http://api.test@evil.test"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://["},
        {"origin": "http://api.test:99999"},
        {"origin": "x"},
        {"origin": f"{SHOP}.evil.test"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "odd"},
        {"origin": "http://api.test", "sec-fetch-site": "cross-site"},
    ],
)
def test_a_change_from_elsewhere_is_refused_and_a_read_is_not(method: str, headers: dict[str, str]) -> None:
    with pytest.raises(NotAllowed) as refused:
        _checked(method, headers)

    assert refused.value.code == "foreign_origin"
    for read in ("GET", "HEAD", "OPTIONS"):
        _checked(read, headers)


@pytest.mark.parametrize(
    ("host", "path", "goes_through"),
    [
        ("shop.test", "/api/v1/x", True),
        ("SHOP.test:8000", "/api/v1/x", True),
        ("[::1]:8000", "/api/v1/x", True),
        ("10.0.0.7:8000", "/api/v1/x", False),
        ("evil.test", "/api/v1/x", False),
        ("shop.test.evil.test", "/api/v1/x", False),
        ("", "/api/v1/x", False),
        ("10.0.0.7:8000", "/health/ready", True),
        ("10.0.0.7:8000", "/metrics", True),
    ],
)
def test_only_named_hosts_are_answered_for_but_to_probes(host: str, path: str, goes_through: bool) -> None:
    site = Site(allowed_hosts="shop.test, [::1]")

    if goes_through:
        site.check("GET", path, {b"host": host.encode()})
    else:
        with pytest.raises(MalformedRequest):
            site.check("GET", path, {b"host": host.encode()})


def _checked(method: str, headers: dict[str, str]) -> None:
    given = {name.encode(): value.encode() for name, value in {"host": "api.test", **headers}.items()}
    Site(allowed_origins=f"https://other.test, {SHOP}").check(method, "/api/v1/repairs", given)
