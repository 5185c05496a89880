"""Personal data in the log: sealed with a key a customer, and unreadable for good once that key is destroyed."""
