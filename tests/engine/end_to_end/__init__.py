"""The workshop's services as processes, on real servers, with the shop not importable."""
