"""What a process is: a name, and one async method an event, which sends commands and sets timers."""

from typing import ClassVar, Literal


class Process:
    """A process manager: what follows from events and from the passing of time."""

    name: ClassVar[str]
    since: ClassVar[Literal["beginning", "now"]] = "beginning"
