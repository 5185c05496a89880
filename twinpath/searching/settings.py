"""Where searches go: the settings that the services which write, read and rebuild views share."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings

from twinpath.domain.views import View
from twinpath.searching.interface import SearchIndex
from twinpath.searching.language import Language
from twinpath.searching.tantivy.folder import FolderSearch

SEARCH_URL = r"^(|file:///.+)$"


def _is_language(name: str) -> str:
    return Language(name).name


class SearchSettings(BaseSettings):
    """Variables with the services' prefix."""

    search_url: str = Field(
        "",
        pattern=SEARCH_URL,
        description="the search index: a folder of this machine, as in file:///var/lib/twinpath/search, which one"
        " projector writes; without one search is off",
    )
    search_language: Annotated[str, AfterValidator(_is_language)] = Field(
        "english", description="whose endings of words searches know; the same in every service"
    )


def search_index(settings: SearchSettings, views: Iterable[View]) -> SearchIndex | None:
    """The index that the settings name; None where search is off."""
    if not settings.search_url:
        return None
    folder = Path(unquote(urlsplit(settings.search_url).path))
    return FolderSearch(views, Language(settings.search_language), folder)
