"""Search by OpenSearch, a server or a cluster of them."""
