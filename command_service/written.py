"""Values that callers write in another form than commands hold them: checked in the one, kept in the other."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, PlainSerializer, ValidatorFunctionWrapHandler, WrapValidator

_Form = TypeVar("_Form", bound=BaseModel)
_Value = TypeVar("_Value", bound=BaseModel)


def written_as(form: type[_Form], value: type[_Value], make: Callable[[_Form], _Value]) -> Any:
    """The type of a field that holds a `value` and is read, and described to callers, as a `form`."""

    def read(given: Any, check: ValidatorFunctionWrapHandler) -> _Value:
        return given if isinstance(given, value) else make(check(given))

    return Annotated[form, WrapValidator(read), PlainSerializer(lambda kept: kept.model_dump(), return_type=dict)]
