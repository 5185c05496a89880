"""Measurements of the services over HTTP: throughput, overload, lag, and the start of everything."""
