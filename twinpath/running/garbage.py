"""How often Python looks for garbage: seldom, in a process that keeps thousands of events in hand.

Reference counts free nearly everything here; the collector only finds cycles. By default it begins after 700 new
objects and walks through all that a batch holds, again and again: a quarter of a command's and of the projector's time.
"""

import gc

_NEW_OBJECTS = 100_000
_OF_YOUNGER = 20
IN_BULK = 10_000_000
"""New objects before a collection, for a process that fills tables and ends: what it recalls of streams is a million
objects and no garbage."""


def collect_seldom(new_objects: int = _NEW_OBJECTS) -> None:
    """To be called when what lasts as long as the process is made: it is never walked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(new_objects, _OF_YOUNGER, _OF_YOUNGER)
