"""docs/settings.md names every setting of every program, as it is now."""

from deploy.settings_page import FILE, PROGRAMS, page
from twinpath.running.settings import variable


def test_the_page_is_up_to_date() -> None:
    assert FILE.read_text() == page(), "run `make pages`"


def test_every_setting_is_on_it_with_a_meaning() -> None:
    text = page()
    for settings in PROGRAMS.values():
        for name, field in settings.model_fields.items():
            assert f"`{variable(settings, name)}`" in text
            assert field.description
