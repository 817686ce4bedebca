"""Decisions about files of containers, programs and system components, without files, clients or clocks."""
