"""Every status that is documented is made, and every status that is made is documented."""
