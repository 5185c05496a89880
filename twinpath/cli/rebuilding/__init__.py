"""`twinpath rebuild` and `twinpath views`: generations of views."""
