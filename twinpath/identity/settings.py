"""The settings that say who may call a service: shared by all three."""

from ipaddress import ip_address

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from twinpath.http.settings import HttpSettings
from twinpath.running.settings import REDIS_URL

_ALGORITHM = "((RS|PS|ES)(256|384|512)|EdDSA)"
"""Signatures by a pair of keys: with one by a shared secret, the provider's public key would do as the secret."""


_RATE = r"^([1-9]\d{0,8}/(second|minute|hour|day))?$"


class IdentitySettings(HttpSettings):
    """Without an issuer and without machine keys everybody may do everything: refused beyond this machine."""

    model_config = SettingsConfigDict(env_prefix="TWINPATH_", extra="ignore")

    identity_issuer: str = Field(
        "", pattern=r"^(https?://[^/]+.*)?$", description="the OpenID Connect provider that callers are known by"
    )
    machine_keys: bool = Field(
        False, description="yes: callers need machine keys although no issuer is named; with one they are taken anyway"
    )
    identity_jwks_url: str = Field("", description="where its keys are, if its discovery document shall not be asked")
    identity_audience: str = Field("twinpath", description="what `aud` of an access token must name")
    identity_algorithms: str = Field(
        "RS256,ES256",
        pattern=rf"^\s*{_ALGORITHM}(\s*,\s*{_ALGORITHM})*\s*$",
        description="the signatures that are taken, and no others: of those by a pair of keys alone",
    )
    identity_roles_claim: str = Field("roles", description="path of the claim with the caller's roles")
    identity_owner_claim: str = Field(
        "customer_id", description="path of the claim with the id whose documents are the caller's own"
    )
    identity_leeway_seconds: float = Field(10.0, ge=0, le=120, description="clock skew that is forgiven")
    identity_database: str = Field("twinpath_identity", description="database of the machine keys")
    caller_rate: str = Field(
        "6000/minute", pattern=_RATE, description="how much a known caller may ask for: more is 429. Empty: no limit"
    )
    address_rate: str = Field(
        "1200/minute", pattern=_RATE, description="how much a network address may ask for without a token, likewise"
    )
    rates_redis_url: str = Field(
        "", pattern=rf"({REDIS_URL})?$", description="Redis that counts for all replicas; without one each counts alone"
    )
    redis_prefix: str = Field("twinpath", description="what every key in Redis begins with")
    public_permissions: str = Field("", description="what callers without a token may do, as in catalogue:read")
    roles: dict[str, list[str]] = Field(
        default_factory=dict, description="role -> permissions, as JSON; replaces the application's own of that name"
    )
    insecure: bool = Field(False, description="yes: listen beyond this machine although everybody may do everything")

    @property
    def has_identity(self) -> bool:
        """Whether callers are asked who they are."""
        return bool(self.identity_issuer) or self.machine_keys


def refusal(settings: IdentitySettings) -> str | None:
    """Why a service with these settings must not listen, in a line, or None."""
    if settings.has_identity or settings.insecure or _is_loopback(settings.host):
        return None
    return (
        f"TWINPATH_HOST: {settings.host} is beyond this machine, and everybody may do everything: name a provider in"
        " TWINPATH_IDENTITY_ISSUER, ask for machine keys with TWINPATH_MACHINE_KEYS=yes, or say TWINPATH_INSECURE=yes"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listed(text: str) -> tuple[str, ...]:
    """The entries of a setting that is a list with commas."""
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())
