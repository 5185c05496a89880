"""The views, as the projector writes them and the query service reads them."""
