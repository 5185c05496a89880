"""What the projector tells of itself: its public events as AsyncAPI, its administration as OpenAPI."""
