"""Facts: what is made of events, and how tables of them are kept."""
