"""The projector service: turns the log into views, exactly once."""
