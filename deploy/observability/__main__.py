"""Writes docs/metrics.md and Grafana's dashboard anew: `make pages`."""

from deploy.observability import dashboard, metrics_page

if __name__ == "__main__":
    metrics_page.write()
    dashboard.write()
