"""How files of others are read and mapped."""
