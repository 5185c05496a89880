"""What watches Twinpath: rules and tests of the alerts, Prometheus' and Grafana's files, the page of metrics."""
