"""Decisions about HTTP requests, without files, clients or clocks."""
