"""Routed topics to destinations. Each sink is a consumer group of its own: at its own speed, in nobody's way."""
