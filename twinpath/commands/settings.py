"""The settings of the command service: environment variables with the prefix TWINPATH_."""

from pydantic import Field

from twinpath.http.settings import BulkLimits
from twinpath.identity.settings import IdentitySettings
from twinpath.running.settings import AMQP_URL, MONGODB_URL
from twinpath.running.sourced_settings import ServerSettings


class Settings(BulkLimits, IdentitySettings, ServerSettings):
    """Every setting has a default that fits servers on this machine."""

    mongodb_url: str = Field(
        "mongodb://127.0.0.1:27017/?replicaSet=rs0", pattern=MONGODB_URL, description="a replica set; the log is in it"
    )
    log_database: str = Field("twinpath_log", description="database of the event log")
    keys_database: str = Field("twinpath_keys", description="database of the keys that seal personal data")
    rabbitmq_url: str = Field(
        "amqp://guest:guest@127.0.0.1:5672/",
        pattern=AMQP_URL,
        description="where the relay publishes; of a cluster: host:port,host:port",
    )
    partitions: int = Field(4, ge=1, le=1024, description="logs a category; fixed when the log is created")
    live_examples: bool = Field(False, description="the API's page shows ids that exist: for development alone")
    port: int = Field(8000, ge=1, le=65535, description="port to listen on")
    cached_aggregates: int = Field(10_000, ge=0, description="aggregates kept folded in memory")
    append_patience_seconds: float = Field(8.0, gt=0, description="how long a command outlasts a store that is away")
    relay_lease_seconds: float = Field(5.0, ge=1, description="a standby relay takes over after this long")
    most_waiting_ms: float = Field(
        25.0, gt=0, description="what would wait for longer, beyond a command's own time, gets 503 overloaded"
    )
