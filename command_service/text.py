"""What text in commands may be: no control characters, no mere blanks, never without a limit; and well-formed ids."""

from typing import Annotated

from pydantic import StringConstraints

from twinpath.ids import id_pattern

_NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_NO_CONTROL_BUT_LINES_AND_TABS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_CONTROL_CHARACTERS)
]
"""One line of 1 to 200 characters."""

Message = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000, pattern=_NO_CONTROL_BUT_LINES_AND_TABS),
]
"""Text of 1 to 10,000 characters, in as many lines as it takes."""

Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000, pattern=_NO_CONTROL_BUT_LINES_AND_TABS),
]
"""Text of 1 to 5,000 characters, in as many lines as it takes."""

CustomerId = Annotated[str, StringConstraints(pattern=id_pattern("customer"))]
OrderId = Annotated[str, StringConstraints(pattern=id_pattern("order"))]
ProductId = Annotated[str, StringConstraints(pattern=id_pattern("product"))]
