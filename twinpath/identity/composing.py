"""Puts the authentication of a service together from its settings."""

from typing import Any

from pymongo import AsyncMongoClient

from twinpath.domain.application import Application
from twinpath.identity.access_tokens import AccessTokens, TokenRules
from twinpath.identity.audit.auditing import Auditing
from twinpath.identity.audit.mongo import MongoAuditLog
from twinpath.identity.audit.recorder import Recorder
from twinpath.identity.authentication import OPEN, Authentication
from twinpath.identity.machine_keys import MachineKeys
from twinpath.identity.mongo import MongoMachineKeys
from twinpath.identity.permissions import REPAIR
from twinpath.identity.rates import CallerRates
from twinpath.identity.settings import IdentitySettings, listed
from twinpath.identity.signing_keys import SigningKeys


def authentication_of(
    service: str, settings: IdentitySettings, application: Application, client: AsyncMongoClient[dict[str, Any]]
) -> Authentication:
    """Says who calls: by tokens of the issuer and by machine keys; nobody is asked where there is neither."""
    if not settings.has_identity:
        return OPEN
    rules = TokenRules(
        settings.identity_issuer,
        settings.identity_audience,
        listed(settings.identity_algorithms),
        settings.identity_roles_claim,
        settings.identity_owner_claim,
        {**application.roles, **settings.roles},
        settings.identity_leeway_seconds,
    )
    redis_url = settings.rates_redis_url or None
    rates = CallerRates(settings.caller_rate, settings.address_rate, redis_url, settings.redis_prefix)
    record = MongoAuditLog(client, settings.identity_database)
    auditing = Auditing(service, Recorder(record), record.read_key, {REPAIR, *application.audited})
    keys = MachineKeys(MongoMachineKeys(client, settings.identity_database))
    public = frozenset(listed(settings.public_permissions))
    if not settings.identity_issuer:
        return Authentication(keys=keys, public=public, rates=rates, auditing=auditing)
    signing = SigningKeys(settings.identity_issuer, settings.identity_jwks_url)
    return Authentication(AccessTokens(rules, signing), keys, public, signing, rates, auditing)
