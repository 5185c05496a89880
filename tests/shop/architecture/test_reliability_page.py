"""docs/reliability.md names tests: each of them exists, and each survival test is named."""

import ast
import re

from deploy.checkout import CHECKOUT

PAGE = (CHECKOUT / "docs" / "reliability.md").read_text()


def written_in(file: str) -> set[str]:
    """The tests of a file, as pytest names them."""
    tree = ast.parse((CHECKOUT / file).read_text())
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {f"{file}::{function.name}" for function in functions if function.name.startswith("test_")}


def test_every_test_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", PAGE))
    existing = set().union(*(written_in(file) for file in {name.partition("::")[0] for name in named}))

    assert named
    assert named - existing == set()
    assert [file for file in set(re.findall(r"`(tests/[\w/]+\.py)`", PAGE)) if not (CHECKOUT / file).exists()] == []


def test_every_survival_test_is_on_the_page() -> None:
    files = (CHECKOUT / "tests" / "shop" / "survival").glob("test_*.py")
    there = set().union(*(written_in(f"tests/shop/survival/{file.name}") for file in files))

    assert there - set(re.findall(r"tests/[\w/]+\.py::\w+", PAGE)) == set()
