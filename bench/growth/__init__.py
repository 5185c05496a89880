"""Cost that does not grow: one script a curve, each measures the same work at growing sizes of one thing."""
