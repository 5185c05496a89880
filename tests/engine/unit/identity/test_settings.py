"""Settings of identity: a service that everybody may call stays on this machine; signatures are by pairs of keys."""

import pytest
from pydantic import ValidationError

from twinpath.identity.settings import IdentitySettings, refusal

BEYOND = ("0.0.0.0", "::", "10.0.0.7", "shop.example.com")
LOOPBACK = ("127.0.0.1", "127.1.2.3", "::1", "localhost")


@pytest.mark.parametrize("host", BEYOND)
def test_a_service_beyond_this_machine_refuses_to_start_without_identity_and_says_how(host: str) -> None:
    why = refusal(IdentitySettings(host=host))
    assert why is not None
    assert "\n" not in why
    for way in ("TWINPATH_IDENTITY_ISSUER", "TWINPATH_MACHINE_KEYS", "TWINPATH_INSECURE=yes"):
        assert way in why


@pytest.mark.parametrize(
    "way", [{"identity_issuer": "https://id.example.com"}, {"machine_keys": True}, {"insecure": "yes"}]
)
@pytest.mark.parametrize("host", BEYOND)
def test_identity_or_so_many_words_let_it_start(host: str, way: dict[str, object]) -> None:
    assert refusal(IdentitySettings.model_validate({"host": host, **way})) is None


@pytest.mark.parametrize("host", LOOPBACK)
def test_on_this_machine_everybody_may_do_everything(host: str) -> None:
    assert refusal(IdentitySettings(host=host)) is None


@pytest.mark.parametrize("algorithms", ["none", "HS256", "RS256,HS256", "", "RS256;ES256", "rs256"])
def test_a_signature_that_a_public_key_could_make_is_no_setting(algorithms: str) -> None:
    with pytest.raises(ValidationError):
        IdentitySettings(identity_algorithms=algorithms)


@pytest.mark.parametrize("algorithms", ["RS256", "RS256, ES384", "EdDSA,PS512"])
def test_signatures_by_pairs_of_keys_are(algorithms: str) -> None:
    assert IdentitySettings(identity_algorithms=algorithms).identity_algorithms == algorithms
