"""What the tests share: The shop's tests: clients, ledgers, views filled by hand."""
