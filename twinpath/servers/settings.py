"""What `twinpath init` and `twinpath server-files` are told: environment variables with the prefix TWINPATH_."""

from pydantic import Field

from twinpath.cli.settings import Settings as CliSettings
from twinpath.servers.accounts import Passwords


class Settings(CliSettings, Passwords):
    """The addresses are an administrator's here."""

    partitions: int = Field(4, ge=1, le=1024, description="logs a category; fixed when the log is created")
    replica_set_members: str = Field(
        "", description="host:port, joined by commas: `twinpath init` makes them a replica set; empty where it is one"
    )
    rabbitmq_management_url: str = Field(
        "", description="http://user:password@host:15672: `twinpath init` hands it the definitions; empty: it does not"
    )
