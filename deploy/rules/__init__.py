"""Live rules as an operator sees them: set, tried, listed, explained and removed through the topic logs.control."""
