"""The whole shop in one process, with no server: slower than unit tests, so `make check` leaves it to `make test`."""
