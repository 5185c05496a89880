"""The accounts on the servers: one a service, one for the command line, each with a password of its own."""

from typing import Literal

from pydantic import Field, SecretStr

from twinpath.running.sourced_settings import SourcedSettings

Account = Literal["command", "projector", "query", "tools"]
ADMINISTRATOR = "admin"
"""Of each server, with a password of its own there; no service knows it."""
ACCOUNTS: tuple[Account, ...] = ("command", "projector", "query", "tools")


class Passwords(SourcedSettings):
    """An account whose password is not set is neither made nor changed: somebody else, an operator say, keeps it."""

    rabbitmq_admin_password: SecretStr | None = Field(None, description="of `admin`, RabbitMQ's administrator")
    redis_admin_password: SecretStr | None = Field(None, description="of `admin`, Redis's administrator")
    command_password: SecretStr | None = Field(None, description="of the command service's accounts")
    projector_password: SecretStr | None = Field(None, description="of the projector's accounts")
    query_password: SecretStr | None = Field(None, description="of the query service's accounts")
    tools_password: SecretStr | None = Field(None, description="of the accounts of the command line")
    bi_password: SecretStr | None = Field(None, description="of the account by which BI tools read ClickHouse")
    mongodb_key: SecretStr | None = Field(None, description="by which members of the replica set know each other")

    def password_of(self, account: Account | Literal["bi"]) -> str | None:
        """The account's password, or None."""
        password: SecretStr | None = getattr(self, f"{account}_password")
        return None if password is None else password.get_secret_value()
