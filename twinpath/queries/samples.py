"""Ids of documents that exist, for the page on which queries are tried out."""

from collections.abc import Mapping

from twinpath.domain.application import Application
from twinpath.domain.resource import Resource
from twinpath.http.documents.samples import Sample
from twinpath.queries.reading.views import Selection, ViewQueries


async def samples_of(application: Application, views: ViewQueries) -> Mapping[str, Sample]:
    """See FindSamples: the newest document of each resource. Raises Unavailable."""
    ids: dict[str, str] = {}
    for resource in application.resources:
        if isinstance(resource, Resource):
            view = resource.listing.view if resource.listing else resource.document
            page = await views.page(Selection(view), None, 1)
            ids |= {f"{resource.category}_id": document["_id"] for document in page.documents}
    return {"*": Sample({**ids, **({"stream": next(iter(ids.values()))} if ids else {})})}
