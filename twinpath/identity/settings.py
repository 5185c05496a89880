"""The settings that say who may call a service: shared by all three."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from twinpath.observability.log_settings import LogSettings

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class IdentitySettings(LogSettings):
    """Without an issuer everybody may do everything: good for one machine, and refused beyond it."""

    model_config = SettingsConfigDict(env_prefix="TWINPATH_", extra="ignore")

    identity_issuer: str = Field(
        "", pattern=r"^(https?://[^/]+.*)?$", description="the OpenID Connect provider that callers are known by"
    )
    identity_jwks_url: str = Field("", description="where its keys are, if its discovery document shall not be asked")
    identity_audience: str = Field("twinpath", description="what `aud` of an access token must name")
    identity_algorithms: str = Field("RS256,ES256", description="the signatures that are taken, and no others")
    identity_roles_claim: str = Field("roles", description="path of the claim with the caller's roles")
    identity_owner_claim: str = Field(
        "customer_id", description="path of the claim with the id whose documents are the caller's own"
    )
    identity_leeway_seconds: float = Field(10.0, ge=0, le=120, description="clock skew that is forgiven")
    identity_database: str = Field("twinpath_identity", description="database of the machine keys")
    public_permissions: str = Field("", description="what callers without a token may do, as in catalogue:read")
    roles: dict[str, list[str]] = Field(
        default_factory=dict, description="role -> permissions, as JSON; replaces the application's own of that name"
    )
    insecure: bool = Field(False, description="yes: listen beyond this machine although everybody may do everything")

    @property
    def has_identity(self) -> bool:
        """Whether callers are asked who they are."""
        return bool(self.identity_issuer)


def refusal(settings: IdentitySettings, host: str) -> str | None:
    """Why a service with these settings must not listen on `host`, or None."""
    if settings.has_identity or settings.insecure or host in LOOPBACK:
        return None
    return (
        f"TWINPATH_HOST: {host} is beyond this machine, and without TWINPATH_IDENTITY_ISSUER everybody may do"
        " everything. Name an issuer, or say TWINPATH_INSECURE=yes"
    )


def listed(text: str) -> tuple[str, ...]:
    """The entries of a setting that is a list with commas."""
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())
