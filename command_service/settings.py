"""The settings of the shop's command service: those of the engine's, and what its processes need."""

from pydantic import Field

from twinpath.commands.settings import Settings as EngineSettings


class Settings(EngineSettings):
    """Every setting has a default."""

    reservation_hours: float = Field(72.0, gt=0, description="an order that is not shipped by then is cancelled")
    most_unshipped_units: int = Field(
        10_000, ge=1, description="pieces that the orders of a customer may hold which are not shipped, nor paid, yet"
    )
    ticket_retention_days: float = Field(
        365.0, gt=0, description="what a closed ticket says that is no customer's is erased after that"
    )
