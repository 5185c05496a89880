"""The published events of the shop, and the catalogue of all of them."""

from twinpath.domain import Catalogue

CATALOGUE = Catalogue.of_package(__name__)
"""Every event of the modules of this package."""
