"""Facts in ClickHouse."""
