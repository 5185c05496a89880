"""Measurements of analytics: tables of facts that are filled, and reports over them."""
