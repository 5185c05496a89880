"""What every store of views promises."""
