"""What a team writes against: events, commands, aggregates, projections, views."""
