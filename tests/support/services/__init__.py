"""The services as processes: started, killed, frozen, watched."""
