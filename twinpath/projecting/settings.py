"""The settings of the projector service: environment variables with the prefix TWINPATH_."""

from pydantic import Field

from twinpath.identity.settings import IdentitySettings
from twinpath.running.settings import AMQP_URL, CLICKHOUSE_URL, DATABASE, MONGODB_URL, REDIS_URL, Locale
from twinpath.running.sourced_settings import ServerSettings
from twinpath.searching.settings import SearchSettings


class Settings(IdentitySettings, SearchSettings, ServerSettings):
    """Every setting has a default that fits servers on this machine."""

    mongodb_url: str = Field(
        "mongodb://127.0.0.1:27017/?replicaSet=rs0", pattern=MONGODB_URL, description="the log and the views are in it"
    )
    log_database: str = Field("twinpath_log", description="database of the event log; read only")
    keys_database: str = Field("twinpath_keys", description="database of the keys of personal data; read only")
    views_database: str = Field("twinpath_views", description="database of the views")
    rabbitmq_url: str = Field(
        "amqp://guest:guest@127.0.0.1:5672/",
        pattern=AMQP_URL,
        description="where the log's batches come from; of a cluster: host:port,host:port",
    )
    locale: Locale = Field(
        "en", description="whose order lists have that are sorted by text; the same in every service"
    )
    redis_url: str = Field("redis://127.0.0.1:6379/0", pattern=REDIS_URL, description="the fast copy of the views")
    clickhouse_url: str = Field(
        "",
        pattern=CLICKHOUSE_URL,
        description="http://user:password@host:8123, where facts are kept; empty: analytics are off",
    )
    facts_database: str = Field("twinpath_facts", pattern=DATABASE, description="database of the facts in ClickHouse")
    partitions: int = Field(4, ge=1, le=1024, description="logs a category; as the command service has it")
    retired_seconds: int = Field(60, ge=30, description="how long a generation of a view stays that was replaced")
    publish_events: bool = Field(True, description="tell the outside world of every event, on twinpath.events")
    port: int = Field(8002, ge=1, le=65535, description="port to listen on")
