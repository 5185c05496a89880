"""Commands at the whole shop in one process: what they answer and refuse, and what follows from them."""
