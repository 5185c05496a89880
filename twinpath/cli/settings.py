"""Where the command line finds the servers: the services' own environment variables, or the stack of `make up`."""

import json
import os
from pathlib import Path

from pydantic import Field

from twinpath.cli.addresses import FILE
from twinpath.running.settings import CLICKHOUSE_URL, DATABASE, Locale, read_settings
from twinpath.running.sourced_settings import ServerSettings
from twinpath.searching.settings import SearchSettings

_TASTES = ("locale", "search_language")
"""Settings that name no system."""
_ROOT = Path(__file__).resolve().parents[2]
"""The checkout, where this is one."""


class Settings(SearchSettings, ServerSettings):
    """Every setting has a default that fits servers on the usual ports of this machine that ask for no password."""

    mongodb_url: str = Field(
        "mongodb://127.0.0.1:27017/?replicaSet=rs0&directConnection=true", description="the log and the views are in it"
    )
    log_database: str = Field("twinpath_log", description="database of the event log")
    keys_database: str = Field("twinpath_keys", description="database of the keys of personal data")
    views_database: str = Field("twinpath_views", description="database of the views")
    rabbitmq_url: str = Field(
        "amqp://guest:guest@127.0.0.1:5672/",
        description="where the dead letters are; of a cluster: host:port,host:port",
    )
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="the fast copy of the views")
    redis_prefix: str = Field("twinpath", description="what every key in Redis begins with")
    clickhouse_url: str = Field(
        "",
        pattern=CLICKHOUSE_URL,
        description="http://user:password@host:8123, which has the facts; empty: analytics are off",
    )
    facts_database: str = Field("twinpath_facts", pattern=DATABASE, description="database of the facts in ClickHouse")
    locale: Locale = Field("en", description="whose order lists have; as the services have it")
    identity_database: str = Field("twinpath_identity", description="database of the machine keys")
    identity_issuer: str = Field(
        "", description="the OpenID Connect provider; `twinpath token` asks one of development"
    )


def find_system(folders: tuple[Path, ...] | None = None) -> tuple[Settings, str]:
    """The settings of the system to talk to, and how it was found, for people.

    The environment comes first. Where it sets none of them, a running `make up` of this folder or of this checkout is
    taken, whose servers are on ports of their own; never some settings from here and some from there.
    """
    if any(f"TWINPATH_{name}".upper() in os.environ for name in Settings.model_fields if name not in _TASTES):
        return read_settings(Settings), "the system that TWINPATH_… in the environment names"
    for folder in folders or (Path.cwd(), _ROOT):
        file = folder / FILE
        if file.is_file():
            running = json.loads(file.read_text())
            names = [name for name in ("mongodb", "rabbitmq", "redis", "search") if name in running]
            addresses = {f"{name}_url": running[name] for name in names}
            addresses["clickhouse_url"] = running.get("clickhouse", "")
            return Settings(
                **addresses, identity_issuer=running.get("issuer", "")
            ), f"the system of `make up` in {folder}"
    return Settings(), "a system on the usual ports of this machine"
