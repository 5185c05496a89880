"""The settings of the query service: environment variables with the prefix TWINPATH_."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from twinpath.identity.settings import IdentitySettings
from twinpath.running.settings import MONGODB_URL, REDIS_URL


class Settings(IdentitySettings):
    """Every setting has a default that fits servers on this machine."""

    model_config = SettingsConfigDict(env_prefix="TWINPATH_", extra="ignore")

    mongodb_url: str = Field(
        "mongodb://127.0.0.1:27017/?replicaSet=rs0", pattern=MONGODB_URL, description="the views are in it"
    )
    views_database: str = Field("twinpath_views", description="database of the views")
    redis_url: str = Field("redis://127.0.0.1:6379/0", pattern=REDIS_URL, description="the fast copy of the views")
    redis_prefix: str = Field("twinpath", description="what every key in Redis begins with")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8001, ge=1, le=65535, description="port to listen on")
    causal_wait_seconds: float = Field(5.0, gt=0, le=60, description="how long a query waits for its causal token")
