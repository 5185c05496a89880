"""Model checks: the real code of append, relay and projector under every order of steps, with crashes at each await."""
