"""The sizes of the measurements; small ones are for trying a script, such as TWINPATH_BENCH_ROUNDS=1."""

from pathlib import Path

from pydantic import Field, PositiveFloat, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.checkout import CHECKOUT

RESULTS = CHECKOUT / "bench" / "results"
TRIALS = CHECKOUT / ".local" / "bench"


class Sizes(BaseSettings):
    """A result is made with the defaults; any other value makes the run a trial."""

    model_config = SettingsConfigDict(env_prefix="TWINPATH_BENCH_", extra="ignore")

    rounds: PositiveInt = Field(5, description="rounds a figure, of Twinpath and of the limit")
    callers: PositiveInt = Field(64, description="callers, or connections, in flight")
    seconds: PositiveFloat = Field(4.0, description="of load over HTTP, of Twinpath and of the limit")
    appends: PositiveInt = Field(20_000, description="appends a round")
    inserts: PositiveInt = Field(5_000, description="bare inserts, or appends of a peer, a round")
    alone: PositiveInt = Field(800, description="appends of one caller alone a round")
    events: PositiveInt = Field(1_000_000, description="in the log of the rebuild")
    live_events: PositiveInt = Field(100_000, description="in the queues of the live projection")
    tickets: PositiveInt = Field(1_000_000, description="in the long list")
    pages: PositiveInt = Field(200, description="pages requested of either list a round")
    stream_events: PositiveInt = Field(10_000, description="in the long stream")
    cost_seconds: PositiveFloat = Field(2.0, description="of every load that measures costs")
    knee_seconds: PositiveFloat = Field(6.0, ge=5, description="of every load that searches for the knee")
    knee_last_seconds: PositiveFloat = Field(25.0, ge=5, description="of the load at the knee that is drawn")
    commands: PositiveInt = Field(200, description="commands a stream a round")
    parked: PositiveInt = Field(10_000, description="parked streams, at most")
    facts_events: PositiveInt = Field(1_000_000, description="in the log that fills a table of facts")
    facts_rows: PositiveInt = Field(10_000_000, description="in the table of facts that reports read")
    reports: PositiveInt = Field(20, description="calls of each report a round")
    products: PositiveInt = Field(1_000_000, description="in the search index")
    changes: PositiveInt = Field(1_000, description="of products a second while searches are measured")
    waits: PositiveInt = Field(5_000, description="open causal waits, at most")

    @property
    def trial(self) -> bool:
        """Whether any size differs from the default: a trial writes nothing into the files of the checkout."""
        return self != Sizes.model_construct()

    @property
    def folder(self) -> Path:
        """The folder for results."""
        return TRIALS if self.trial else RESULTS
