"""`twinpath verify`: the log, the snapshots and the views against what they promise."""
