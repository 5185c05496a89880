"""Examples of every event of today, a module an aggregate; `python -m tests.shop.golden` records new schemas from them.

An event with personal data is also sealed there: customer_id names the owner, or the event is the customer's.
"""

import pkgutil
from importlib import import_module

from twinpath.domain.events import DomainEvent

EXAMPLES: list[DomainEvent] = [
    example
    for module in pkgutil.iter_modules(__path__, f"{__name__}.")
    for example in import_module(module.name).EXAMPLES
]
