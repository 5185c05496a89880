"""What the services of the shop share: the published language of events and read models."""
