"""The projector's engine: follows the logs and keeps the views."""
