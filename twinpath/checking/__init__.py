"""What `python -m command_service --check` asks of the servers before a service is started for good."""
