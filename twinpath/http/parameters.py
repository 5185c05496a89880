"""Query parameters that no endpoint takes, or that are given twice, are refused, so that a mistake is noticed."""

from collections.abc import Collection

from fastapi import Request
from fastapi.exceptions import RequestValidationError


def refuse_parameters(request: Request) -> None:
    """Refuse every query parameter. Raises RequestValidationError."""
    if request.scope["query_string"]:
        _refuse("extra_forbidden", "Unknown parameter", dict.fromkeys(request.query_params))


def refuse_unheard(request: Request) -> None:
    """A dependency of FastAPI: refuse what the route does not declare, or takes once. Raises RequestValidationError."""
    if request.scope["query_string"]:
        declared = {parameter.alias for parameter in request.scope["route"].dependant.query_params}
        _refuse("extra_forbidden", "Unknown parameter", dict.fromkeys(request.query_params), declared)
        refuse_repeated(request)


def refuse_repeated(request: Request, lists: Collection[str] = ()) -> None:
    """Refuse what is given twice, but for these names, which take several values. Raises RequestValidationError."""
    if b"&" in request.scope["query_string"]:
        names = [name for name, _ in request.query_params.multi_items()]
        _refuse("repeated", "Give it once", [name for name in dict.fromkeys(names) if names.count(name) > 1], lists)


def _refuse(code: str, message: str, names: Collection[str], but: Collection[str] = ()) -> None:
    faults = [{"type": code, "loc": ("query", name), "msg": message} for name in names if name not in but]
    if faults:
        raise RequestValidationError(faults)
