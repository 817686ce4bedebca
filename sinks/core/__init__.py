"""What sinks share and decide: pure functions and small state, without clients or clocks."""
