"""Values that callers write in another form than commands hold them: checked in the one, kept in the other."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema

_Value = TypeVar("_Value", bound=BaseModel)


@dataclass(frozen=True)
class WrittenAs(Generic[_Value]):
    """Of a field that holds a value: callers write it, and are told to, in this form, of which `make` makes the value.

    The form belongs to the caller's body alone: a command that is made by a process, or read back, holds the value.
    """

    form: Any
    make: Callable[[Any], _Value]

    def __get_pydantic_core_schema__(self, kept: type[_Value], handler: GetCoreSchemaHandler) -> CoreSchema:
        form = TypeAdapter(self.form)

        def read(given: Any) -> Any:
            return given if isinstance(given, kept) else self.make(form.validate_python(given))

        as_written = handler.generate_schema(self.form)
        return core_schema.no_info_before_validator_function(read, handler(kept), json_schema_input_schema=as_written)
