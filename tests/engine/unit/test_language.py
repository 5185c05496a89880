"""The names in the code are nouns that tell what a value is: not pronouns, and not verbs of how it was come by."""

import ast
from collections.abc import Iterator

import pytest

from deploy.checkout import CHECKOUT

PACKAGES = ("twinpath", "command_service", "projector_service", "query_service", "shared", "deploy", "bench")
"""Those of the shop may be deleted."""

REFUSED = frozenset({"each", "found", "its", "known", "of", "one", "said", "told"})


def names_bound(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, name) of each variable, attribute, parameter, function, class, alias, error and pattern that is bound."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(name, ast.Store()) | ast.Attribute(_, name, ast.Store()) | ast.arg(name):
                yield node.lineno, name
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                yield node.lineno, name
            case ast.alias(name, alias):
                yield node.lineno, alias or name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.MatchMapping(rest=str(name)):
                yield node.lineno, name


@pytest.mark.parametrize("package", [name for name in PACKAGES if (CHECKOUT / name).is_dir()])
def test_no_pronoun_names_a_value(package: str) -> None:
    files = sorted((CHECKOUT / package).rglob("*.py"))
    assert files
    places = [
        f"{file.relative_to(CHECKOUT)}:{line}: {name}"
        for file in files
        for line, name in names_bound(ast.parse(file.read_text()))
        if name in REFUSED
    ]
    assert places == [], "a noun says what it is"
