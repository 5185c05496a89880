"""What a document that differs is shown as: its values, which may be personal, only to who asks for them."""

from twinpath.projecting.rebuilding.comparing import Difference

_LONGEST = 200


def values(difference: Difference, shown: bool) -> tuple[str, str]:
    """As it is in service, as it was built."""
    return _value(difference.in_service, shown), _value(difference.built, shown)


def _value(value: object, shown: bool) -> str:
    if value is None:
        return "nothing"
    if not shown:
        return "another value (--values shows it)"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
