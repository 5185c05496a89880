"""An open-loop load like a shop's: requests come when they are due, whether or not earlier ones are answered."""
