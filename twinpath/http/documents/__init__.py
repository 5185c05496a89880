"""What callers and their tools read of an API: its OpenAPI document, and the page that shows it."""
