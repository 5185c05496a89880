"""Where searches go: the settings that the services which write, read and rebuild views share."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field

from twinpath.domain.views import View
from twinpath.running.sourced_settings import ServerSettings
from twinpath.searching.interface import SearchIndex
from twinpath.searching.language import Language
from twinpath.searching.tantivy.folder import FolderSearch

SEARCH_URL = r"^(|file:///.+|https?://[^/]+/?)$"


def _is_language(name: str) -> str:
    return Language(name).name


class SearchSettings(ServerSettings):
    """Variables with the services' prefix."""

    search_url: str = Field(
        "",
        pattern=SEARCH_URL,
        description="the search index: OpenSearch, as in https://user:password@host:9200, of a cluster host:port,"
        "host:port; or a folder of this machine that one projector writes, as in file:///var/lib/twinpath/search;"
        " without one search is off",
    )
    search_prefix: str = Field(
        "twinpath",
        pattern=r"^[a-z0-9][a-z0-9_]*$",
        description="what the name of every index in OpenSearch begins with",
    )
    search_language: Annotated[str, AfterValidator(_is_language)] = Field(
        "english", description="whose endings of words searches know; the same in every service"
    )


def is_server(url: str) -> bool:
    """Whether searches go to a server rather than to a folder, or nowhere."""
    return url.startswith("http")


def search_index(settings: SearchSettings, views: Iterable[View]) -> SearchIndex | None:
    """The index that the settings name; None where search is off."""
    if not settings.search_url:
        return None
    language = Language(settings.search_language)
    if not is_server(settings.search_url):
        return FolderSearch(views, language, Path(unquote(urlsplit(settings.search_url).path)))
    # here, since a process that searches in a folder needs no client of a server
    from twinpath.searching.opensearch.index import OpenSearchIndex
    from twinpath.searching.opensearch.server import Server

    server = Server(settings.search_url, settings.servers_ca_file)
    return OpenSearchIndex(views, language, server, settings.search_prefix)
