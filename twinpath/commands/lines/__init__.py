"""The lines of a bulk request: reading them, their order by aggregate, and sending their results."""
