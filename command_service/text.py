"""What text in commands may be: something to read, never without a limit; and well-formed ids."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

from twinpath.domain import readable
from twinpath.ids import id_pattern

_NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_NO_CONTROL_BUT_LINES_AND_TABS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"


@dataclass(frozen=True)
class FreeText:
    """Of every free text: 1 to `most` characters without blanks around them, of which some can be seen, in one line or,
    with `lines`, in as many as it takes. What `readable` says, the pattern tells clients as far as patterns can."""

    most: int
    lines: bool = False

    def __get_pydantic_core_schema__(self, kept: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        pattern = _NO_CONTROL_BUT_LINES_AND_TABS if self.lines else _NO_CONTROL_CHARACTERS
        within = core_schema.str_schema(strip_whitespace=True, min_length=1, max_length=self.most, pattern=pattern)
        return core_schema.no_info_after_validator_function(partial(readable, lines=self.lines), within)


Line = Annotated[str, FreeText(200)]
Message = Annotated[str, FreeText(10_000, lines=True)]
Note = Annotated[str, FreeText(5_000, lines=True)]

CustomerId = Annotated[str, StringConstraints(pattern=id_pattern("customer"))]
OrderId = Annotated[str, StringConstraints(pattern=id_pattern("order"))]
ProductId = Annotated[str, StringConstraints(pattern=id_pattern("product"))]
