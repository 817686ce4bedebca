"""Merging ranges and judging accounts. Pure."""
