"""The questions that the endpoints ask of the views, one file a resource."""
