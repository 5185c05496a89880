"""Personal data in the log: sealed with a key an owner, and unreadable for good once that key is destroyed."""
