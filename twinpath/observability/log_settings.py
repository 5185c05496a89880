"""The settings of a service's logs: environment variables with the prefix TWINPATH_."""

from typing import Literal

from pydantic import Field

from twinpath.running.sourced_settings import SourcedSettings

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "json", "console"]


class LogSettings(SourcedSettings):
    """What every service's settings have of logs."""

    log_level: LogLevel = Field("info", description="the least that is logged; debug has a line a request")
    log_format: LogFormat = Field("auto", description="json, console, or auto: console on a terminal, else json")
