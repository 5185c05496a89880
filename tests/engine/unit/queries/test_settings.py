"""The settings of place: whose days and whose order; what is none is named by its variable."""

import pytest
from pydantic import ValidationError

from twinpath.queries.settings import Settings


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Argentina/Buenos_Aires"])
def test_a_time_zone_is_one_of_the_data_base(zone: str) -> None:
    assert Settings(time_zone=zone).time_zone == zone


@pytest.mark.parametrize("zone", ["", "Berlin", "UTC+2", "/etc/passwd", "../UTC", "Europe", "localtime", "right/UTC"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="is no time zone"):
        Settings(time_zone=zone)


@pytest.mark.parametrize("locale", ["en", "sv", "zh_Hant", "de@collation=phonebook"])
def test_a_locale_is_one_that_mongodb_knows(locale: str) -> None:
    assert Settings(locale=locale).locale == locale


@pytest.mark.parametrize("locale", ["", "xx", "EN", "de-AT", "de@collation=", "de@collation=a b", "simple"])
def test_what_is_no_locale_is_refused(locale: str) -> None:
    with pytest.raises(ValidationError, match="is no locale"):
        Settings(locale=locale)
