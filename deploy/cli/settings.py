"""Where the command line finds the servers: the same environment variables as the services have."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting has a default that fits servers on this machine."""

    model_config = SettingsConfigDict(env_prefix="TWINPATH_", extra="ignore")

    mongodb_url: str = Field("mongodb://127.0.0.1:27017/?replicaSet=rs0", description="the log and the views are in it")
    log_database: str = Field("twinpath_log", description="database of the event log")
    keys_database: str = Field("twinpath_keys", description="database of the keys of what is personal")
    views_database: str = Field("twinpath_views", description="database of the views")
    rabbitmq_url: str = Field("amqp://guest:guest@127.0.0.1:5672/", description="where the dead letters are")
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="the fast copy of the views")
    redis_prefix: str = Field("twinpath", description="what every key in Redis begins with")
