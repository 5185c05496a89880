"""What every service tells of itself: metrics for Prometheus, traces for OpenTelemetry, logs."""
