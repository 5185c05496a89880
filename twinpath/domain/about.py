"""What the documents of an application tell their readers, besides what it can do: its name, a contact, a licence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """What OpenAPI and AsyncAPI name. `licence` is an identifier of SPDX, such as `Apache-2.0`; "" leaves a thing out.

    The services' titles begin with `title`.
    """

    title: str = "Twinpath"
    contact: str = ""
    contact_url: str = ""
    contact_email: str = ""
    licence: str = ""

    @property
    def contact_entry(self) -> dict[str, str] | None:
        """The contact as OpenAPI and AsyncAPI have it, None without one."""
        entry = {"name": self.contact, "url": self.contact_url, "email": self.contact_email}
        return {name: value for name, value in entry.items() if value} or None

    @property
    def licence_url(self) -> str:
        """Where SPDX has the licence's text."""
        return f"https://spdx.org/licenses/{self.licence}.html"
