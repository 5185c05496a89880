"""The sample people whom the development issuer signs in; Keycloak's example realm has the same."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody with a role. `email` is a customer's, by which the sample's customers are found."""

    name: str
    title: str
    role: str
    email: str = ""

    def get_user_id(self) -> str:
        """The subject of its tokens."""
        return self.name


PEOPLE = {
    person.name: person
    for person in (
        Person("customer", "Ada, a customer", "customer", "ada.lovelace@example.org"),
        Person("another-customer", "Grace, another customer", "customer", "grace.hopper@example.org"),
        Person("agent", "an agent of the support desk", "agent"),
        Person("merchandiser", "a merchandiser, who keeps the catalogue", "merchandiser"),
        Person("warehouse", "a worker in the warehouse", "warehouse"),
        Person("operator", "an operator of the system", "operator"),
    )
}
