"""The published events of the shop, and the catalogue of all of them."""

from twinpath.domain import About, Catalogue

CATALOGUE = Catalogue.of_package(__name__, About(contact="The maintainers of this shop", licence="Apache-2.0"))
"""Every event of the modules of this package, and whom the documents of the APIs name."""
