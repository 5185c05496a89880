"""Whether documents have what their views declare to be searched."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from twinpath.domain.application import Application
from twinpath.projecting.groups import view_projections


def unfit_searches(application: Application) -> Iterator[str]:
    """The paths that lead nowhere in the model of their view, a line each: nothing would ever be found by them."""
    views = [view for projection in view_projections(application) for view in projection.views]
    for view in views:
        if (search := view.search) is None or view.model is None:
            continue
        for path in dict.fromkeys((*search.text, *search.exact, *search.suggest, *search.counted)):
            if path not in search.computed and not _leads_somewhere(view.model, path.split(".")):
                yield f"view {view.name}: it is searched by {path}, which its model does not have"


def _leads_somewhere(annotation: Any, names: Sequence[str]) -> bool:
    """Whether a path leads to a field; through lists, and through what may be null. Any field may be in a mapping."""
    kind = get_origin(annotation) or annotation
    if not names or kind is Any or (isinstance(kind, type) and issubclass(kind, Mapping)):
        return True
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(names[0])
        return field is not None and _leads_somewhere(field.annotation, names[1:])
    return any(_leads_somewhere(part, names) for part in get_args(annotation) if part is not type(None))
