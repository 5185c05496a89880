"""What a stream claims, by its state."""

from typing import Any

from twinpath.domain.aggregate import AnyAggregate
from twinpath.domain.claim import Claim
from twinpath.personal_data.sealing import Seals


async def claims_of(aggregate: AnyAggregate, state: Any, seals: Seals) -> dict[str, Claim]:
    """What a stream in this state has for itself alone, by what stands for it in the log. Raises Unavailable."""
    if aggregate.claims is None or state is None:
        return {}
    return await seals.claim_keys(aggregate.claims(state))
