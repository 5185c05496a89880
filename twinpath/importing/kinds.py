"""The kind of a refusal, the same whether a service or a dry run says it: the code, or the field that is wrong."""

from collections.abc import Mapping
from typing import Any


def kind_of(problem: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and words of a problem as a bulk line has it."""
    for fault in problem.get("errors", ()):
        return f"{fault['field'].removeprefix('body.')}: {fault['code']}", str(fault["message"])
    return str(problem["code"]), str(problem.get("detail", ""))
