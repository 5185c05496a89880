"""The settings of the query service: environment variables with the prefix TWINPATH_."""

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field

from twinpath.http.settings import ReadLimits
from twinpath.identity.settings import IdentitySettings
from twinpath.running.settings import CLICKHOUSE_URL, DATABASE, MONGODB_URL, REDIS_URL, Locale
from twinpath.running.sourced_settings import ServerSettings
from twinpath.searching.settings import SearchSettings


def _is_zone(name: str) -> str:
    # localtime is that of whoever reads it; right/Europe/Berlin, which some machines have, counts leap seconds
    if name not in available_timezones() - {"localtime"}:
        raise ValueError(f"{name!r} is no time zone; one is called as in Europe/Berlin")
    return name


ZoneName = Annotated[str, AfterValidator(_is_zone)]


class Settings(ReadLimits, IdentitySettings, SearchSettings, ServerSettings):
    """Every setting has a default that fits servers on this machine."""

    mongodb_url: str = Field(
        "mongodb://127.0.0.1:27017/?replicaSet=rs0", pattern=MONGODB_URL, description="the views are in it"
    )
    views_database: str = Field("twinpath_views", description="database of the views")
    locale: Locale = Field(
        "en", description="whose order lists have that are sorted by text; the same in every service"
    )
    redis_url: str = Field("redis://127.0.0.1:6379/0", pattern=REDIS_URL, description="the fast copy of the views")
    clickhouse_url: str = Field(
        "",
        pattern=CLICKHOUSE_URL,
        description="http://user:password@host:8123, which answers for analytics; empty: analytics are off",
    )
    facts_database: str = Field("twinpath_facts", pattern=DATABASE, description="database of the facts in ClickHouse")
    live_examples: bool = Field(False, description="the API's page shows ids that exist: for development alone")
    port: int = Field(8001, ge=1, le=65535, description="port to listen on")
    time_zone: ZoneName = Field("UTC", description="whose days dashboards show, as in Europe/Berlin")
