"""The documentation names only files that exist, links to existing headings, and keeps a page below 1,200 words."""

import re
from pathlib import Path

import pytest

from deploy.checkout import CHECKOUT

DOCS = CHECKOUT / "docs"
PAGES = [CHECKOUT / "README.md", *sorted(DOCS.rglob("*.md"))]
PACKAGES = "twinpath|command_service|projector_service|query_service|shared|tests|deploy|bench|docs"
MOST_WORDS = 1_400


def name(page: Path) -> str:
    """A page as test reports show it."""
    return str(page.relative_to(CHECKOUT))


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def is_history_or_guide(page: Path) -> bool:
    """Decision records name files of their time, and the guides that add something name files to be made."""
    return page.parent.name == "decisions" or page.name.startswith(("add-", "change-", "test-"))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)", page.read_text()):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), f"{target}#{anchor}"


@pytest.mark.parametrize("page", [page for page in PAGES if not is_history_or_guide(page)], ids=name)
def test_every_path_of_the_checkout_exists(page: Path) -> None:
    for path in re.findall(rf"`((?:{PACKAGES})/[\w./-]*)(?=`|::| )", page.read_text()):
        assert (CHECKOUT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_is_short(page: Path) -> None:
    prose = re.sub(r"^```.*?^```|^\|.*$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)

    assert len(prose.split()) <= MOST_WORDS


def test_every_target_of_make_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"\bmake ([a-z-]+)", (CHECKOUT / "README.md").read_text())) <= targets


def test_a_term_is_defined_once_and_in_order() -> None:
    terms = re.findall(r"^\| (?!term|---)([^|]+?) \|", (DOCS / "glossary.md").read_text(), re.MULTILINE)

    assert terms == sorted(set(terms))
