"""What the servers must be told before the services can use them: accounts, rights, topology, indexes."""
