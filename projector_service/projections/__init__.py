"""What each view shows: one class a projection, one small method an event."""
