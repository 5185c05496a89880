"""How much is measured: sizes that can be made small to try a script, as TWINPATH_BENCH_ROUNDS=1 and the like."""

from pathlib import Path

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.checkout import CHECKOUT

RESULTS = CHECKOUT / "bench" / "results"
TRIALS = CHECKOUT / ".local" / "bench"


class Sizes(BaseSettings):
    """The defaults are what a result is made with; whatever else is set makes the run a trial."""

    model_config = SettingsConfigDict(env_prefix="TWINPATH_BENCH_", extra="ignore")

    rounds: PositiveInt = Field(5, description="rounds a figure, each of ours and of its limit")
    callers: PositiveInt = Field(64, description="callers, or connections, in flight")
    seconds: PositiveFloat = Field(4.0, description="of load over HTTP, each of ours and of its limit")
    appends: PositiveInt = Field(20_000, description="appends a round")
    inserts: PositiveInt = Field(5_000, description="bare inserts, or appends of a peer, a round")
    alone: PositiveInt = Field(800, description="appends of one caller alone a round")
    events: PositiveInt = Field(1_000_000, description="in the log that views are built anew from")
    live_events: PositiveInt = Field(100_000, description="in the queues of the live projection")
    tickets: PositiveInt = Field(1_000_000, description="in the long list")
    few_tickets: PositiveInt = Field(10_000, description="in the short list")
    pages: PositiveInt = Field(200, description="pages asked of each list a round")
    stream_events: PositiveInt = Field(10_000, description="in the long stream")
    cost_seconds: PositiveFloat = Field(2.0, description="of each load that costs are measured at")
    knee_seconds: PositiveFloat = Field(6.0, ge=5, description="of each load that looks for the knee")
    knee_last_seconds: PositiveFloat = Field(25.0, ge=5, description="of the load at the knee that is drawn")
    commands: PositiveInt = Field(200, description="commands on each stream a round")
    parked: PositiveInt = Field(10_000, description="parked streams, at most")
    waits: PositiveInt = Field(5_000, description="open causal waits, at most")

    @property
    def trial(self) -> bool:
        """Whether anything was made smaller or larger: then nothing is written into the checkout's own files."""
        return self != Sizes.model_construct()

    @property
    def folder(self) -> Path:
        """Where results go."""
        return TRIALS if self.trial else RESULTS
