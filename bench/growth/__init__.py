"""Curves of cost: every script measures the same work at growing sizes of one quantity."""
