"""Addresses in every country: what each needs, kept as it was written; and what was stored before stays the same."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from command_service.allowance.commands import AllowanceFact
from command_service.order.address import AskedAddress, form_of
from command_service.order.commands import PlaceOrder
from shared.events.order import ShippingAddress
from tests.shop.support.shop import ADDRESS
from twinpath.clock import utc_now

ASKED: TypeAdapter[Any] = TypeAdapter(AskedAddress)
SOMEWHERE = {"name": "Ada", "street": "12 Square"}


def taken(**fields: str) -> dict[str, Any]:
    """What is kept of an address that a caller wrote."""
    kept = ASKED.validate_python({**SOMEWHERE, **fields})
    assert isinstance(kept, ShippingAddress)
    return kept.model_dump()


@pytest.mark.parametrize(
    "fields",
    [
        {"country": "HK", "region": "Kowloon"},
        {"country": "AE", "region": "Dubai"},
        {"country": "IE", "city": "Dublin"},
        {"country": "IE", "city": "Dublin", "postal_code": "d02 x285", "region": "Co. Dublin"},
        {"country": "XK", "city": "Prishtina", "postal_code": "10000"},
        {"country": "XK", "city": "Prishtina"},
        {"country": "GB", "city": "London", "postal_code": "sw1y4jh"},
        {"country": "US", "city": "Cupertino", "region": "California", "postal_code": "95014"},
        {"country": "JP", "region": "東京都", "postal_code": "１５４－００２３".replace("－", "-")},
        {"country": "FR", "city": "Paris", "postal_code": "75008", "sorting_code": "CEDEX 08"},
        {"country": "SG", "postal_code": "546080", "second_line": "#05-11"},
        {"country": "KR", "region": "서울", "city": "강남구", "district": "역삼동", "postal_code": "06236"},
    ],
    ids=lambda fields: fields["country"],
)
def test_an_address_is_taken_as_its_country_has_it_and_kept_as_it_was_written(fields: dict[str, str]) -> None:
    assert taken(**fields) == {**SOMEWHERE, **fields}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"country": "HK"}, {"region"}),
        ({"country": "DE"}, {"city", "postal_code"}),
        ({"country": "US", "city": "Cupertino"}, {"region", "postal_code"}),
        ({"country": "GB", "city": "London", "postal_code": "12345"}, {"postal_code"}),
        ({"country": "GB", "city": "London", "postal_code": "SW1Y 4JH 4JH"}, {"postal_code"}),
        ({"country": "DE", "city": "Berlin", "postal_code": "1011"}, {"postal_code"}),
        ({"country": "ZZ", "city": "Nowhere"}, {"country"}),
        ({"country": "EU", "city": "Nowhere"}, {"country"}),
        ({"country": "gb", "city": "London", "postal_code": "SW1Y 4JH"}, {"country"}),
        ({"country": "IE", "city": "\u3164"}, {"city"}),
        ({"country": "IE", "city": "Dublin", "second_line": ""}, {"second_line"}),
    ],
)
def test_each_field_that_its_country_lacks_is_named(fields: dict[str, str], wrong: set[str]) -> None:
    with pytest.raises(ValidationError) as refused:
        taken(**fields)

    assert {error["loc"][-1] for error in refused.value.errors()} == wrong


@pytest.mark.parametrize(
    ("country", "code"),
    [
        *(
            ("JP", code)
            for code in ("〒154-0023", "１５４－００２３", "154\u20100023", "154ー0023", "154 0023", "1540023")
        ),
        *(("IN", code) for code in ("110034", "110 034")),
        *(("BR", code) for code in ("40301-110", "40301 110", "40301\u2013110", "40301110")),
        *(("US", code) for code in ("95014-1234", "95014 1234", "950141234")),
        *(("CA", code) for code in ("h3z2y7", "H3Z 2Y7", "H3Z-2Y7")),
        *(("PL", code) for code in ("00-950", "00950", "00 950")),
        *(("SE", code) for code in ("114 55", "SE-114 55", "SE11455")),
        *(("LV", code) for code in ("LV-1073", "1073", "LV1073")),
        *(("LT", code) for code in ("04340", "LT-04340")),
        *(("AD", code) for code in ("AD100", "100")),
    ],
)
def test_a_postal_code_is_taken_however_its_parts_are_parted(country: str, code: str) -> None:
    assert taken(country=country, city="C", region="R", postal_code=code)["postal_code"] == code


@pytest.mark.parametrize(
    ("country", "code"),
    [("JP", "154-002"), ("IN", "110 03"), ("PL", "00-9500"), ("US", "95014-1"), ("SE", "DE-114 55")],
)
def test_a_postal_code_with_too_few_or_too_many_signs_is_refused(country: str, code: str) -> None:
    with pytest.raises(ValidationError, match="it looks like"):
        taken(country=country, city="C", region="R", postal_code=code)


def test_every_country_has_a_form() -> None:
    for country in ("AC", "AQ", "CU", "KP", "SY", "TA", "XK"):
        assert form_of(country).required >= {"street"}


def test_the_fingerprint_of_an_address_of_the_first_version_is_as_it_was() -> None:
    order = PlaceOrder(
        order_id="order-1",
        customer_id="customer-1",
        lines=(),
        shipping_address=ASKED.validate_python(ADDRESS),
        customer=None,
        allowance=AllowanceFact(held=0, most=10),
        products={},
        at=utc_now(),
    )

    assert order.content() == (
        b'PlaceOrder{"customer_id":"customer-1","lines":[],"shipping_address":{"name":"Ada","street":"12 Square",'
        b'"city":"London","postal_code":"SW1Y 4JH","country":"GB"}}'
    )
