"""An open-loop load like a shop's: requests are sent when they are due, whether or not earlier ones are answered."""
