"""Settings that take secrets from files, and the addresses of servers that are spoken to over TLS.

Files are safer than environment variables, which every child process inherits and every look into a container shows.
"""

import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_FILE = re.compile(r"\{file:([^{}]+)\}")


class SourcedSettings(BaseSettings):
    """Any value may hold `{file:PATH}`, which stands for the content of that file, without white space at its ends.

    In an address the content is percent-encoded, so that a password may hold any character. The form is that of
    Caddy's `{file.*}` and of the OpenTelemetry Collector's `${file:…}`.
    """

    model_config = SettingsConfigDict(env_prefix="TWINPATH_", extra="ignore")

    @field_validator("*", mode="before")
    @classmethod
    def _with_files(cls, value: Any) -> Any:
        return with_files(value) if isinstance(value, str) else value


class ServerSettings(SourcedSettings):
    """Settings with the addresses of servers."""

    servers_ca_file: str = Field(
        "",
        description="certificates of the authorities that vouch for the servers (PEM): all of them are then spoken to "
        "over TLS alone; empty: as each address says, by the system's authorities",
    )

    @model_validator(mode="after")
    def _verified_by(self) -> Self:
        if not self.servers_ca_file:
            return self
        if not Path(self.servers_ca_file).is_file():
            raise ValueError(f"TWINPATH_SERVERS_CA_FILE: there is no file {self.servers_ca_file}")
        for name in sorted(self.model_fields_set):  # the defaults are on this machine
            address = getattr(self, name)
            if name.endswith("_url") and address:
                setattr(self, name, _over_tls(f"TWINPATH_{name.upper()}", address, self.servers_ca_file))
        return self


def with_files(value: str) -> str:
    """The value with each `{file:PATH}` replaced by the file's content. Raises ValueError, which names the file."""
    content = [_content(path) for path in _FILE.findall(value)]
    if "://" in value:
        content = [quote(text, safe="") for text in content]
    return _FILE.sub(lambda _: content.pop(0), value)


def _content(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}") from None


_PLAIN = ("amqp", "redis")
_PARAMETERS = {"mongodb": "tlsCAFile", "mongodb+srv": "tlsCAFile", "amqps": "cafile", "rediss": "ssl_ca_certs"}
"""Scheme -> the parameter by which the driver takes a file of authorities; MongoDB's driver then uses TLS."""
_OVER_HTTP = ("MANAGEMENT_URL", "SEARCH_URL", "CLICKHOUSE_URL")
_CLICKHOUSE = "CLICKHOUSE_URL"


def _over_tls(variable: str, address: str, authorities: str) -> str:
    scheme, _, rest = address.partition("://")
    if scheme in _PLAIN or (scheme == "http" and variable.endswith(_OVER_HTTP)):
        raise ValueError(f"{variable}: TWINPATH_SERVERS_CA_FILE asks for TLS, which {scheme}:// is not")
    parameter = "ca_cert" if variable.endswith(_CLICKHOUSE) else _PARAMETERS.get(scheme)
    if parameter is None:  # of another kind, or who asks it is given the file
        return address
    if f"{parameter.lower()}=" in address.lower():
        return address
    if scheme.startswith("mongodb") and "/" not in rest:
        address += "/"
    return f"{address}{'&' if '?' in address else '?'}{parameter}={quote(authorities, safe='')}"
