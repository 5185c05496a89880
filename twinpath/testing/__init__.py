"""What a team tests with: the whole system in memory, a clock to move."""
