"""The sample people whom the development issuer signs in; Keycloak's example realm has the same."""

from dataclasses import dataclass, replace


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


def person_named(name: str) -> Person | None:
    """The person of this name; `agent+2` is another agent, so that a load can come from as many as it needs."""
    base, plus, number = name.partition("+")
    person = PEOPLE.get(base)
    if person is None or not plus:
        return person
    return replace(person, name=name, email="") if number.isascii() and number.isdigit() else None
