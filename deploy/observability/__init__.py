"""Observability: rules and tests of the alerts, files of Prometheus and Grafana, the page of metrics."""
