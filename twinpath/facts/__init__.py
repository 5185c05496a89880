"""Facts for analytics: rows made of events, kept in a table that tells by itself how far it is."""
